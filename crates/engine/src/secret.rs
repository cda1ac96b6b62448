//! References to secrets in definitions, `env:NAME` and `file:PATH`, become values at the last
//! moment, and only in options that their type declares secret. Values are never logged or stored.
//!
//! A definition's author may be someone who must not read the machine: files are read only below the
//! project's folder, never in its data folder (where the master key lies), and variables only where
//! the resolver's owner allows them.

use std::{
    io::Read,
    path::{Component, Path, PathBuf},
};

use punctual_model::kinds::{KindSpec, is_reference};
use serde_json::{Map, Value};

/// The longest secret that a file may hold.
const LONGEST_SECRET: u64 = 64 << 10;

/// Why a reference has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The environment has no such variable.
    #[error("the environment variable `{0}` is not set; `{1}` refers to it")]
    Variable(String, String),
    /// Definitions may not read this variable.
    #[error("the environment variable `{0}`, to which `{1}` refers, is not one that definitions may read")]
    Forbidden(String, String),
    /// The option is not secret, so nobody would treat its value as one.
    #[error("`{0}` is not a secret option, so it cannot refer to `{1}`; write the value itself")]
    Place(String, String),
    /// A secret stands in the definition itself.
    #[error("`{0}` holds a secret in plain text; write {0}: env:NAME or {0}: file:PATH")]
    Plain(String),
    /// The file cannot be read.
    #[error("the file `{path}` cannot be read ({error}); `{key}` refers to it")]
    File {
        /// The path as written.
        path: String,
        /// The option.
        key: String,
        /// Why.
        error: String,
    },
}

/// Where variables come from: the process's environment, or a test's.
pub type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// The process's environment.
#[expect(clippy::disallowed_methods, reason = "the one place that reads variables that definitions refer to")]
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What references may reach.
#[derive(Clone, Copy)]
pub struct Resolver<'a> {
    /// The project's folder: files are read below it and nowhere else.
    pub project: &'a Path,
    /// The data folder, which is never read: the master key lies in it.
    pub data: &'a Path,
    /// Where variables come from.
    pub environment: Environment<'a>,
    /// Which variables definitions may read; `None` for all of them, where whoever runs the program
    /// wrote the definitions too.
    pub allowed: Option<&'a [String]>,
}

impl Resolver<'_> {
    /// The options with every reference in a secret option replaced by its value.
    ///
    /// # Errors
    /// The first reference that has none, that reaches too far, or that stands where none belongs; a
    /// secret in plain text.
    pub fn resolve(&self, kind: &KindSpec, options: &Map<String, Value>) -> Result<Map<String, Value>, SecretError> {
        options.iter().map(|(key, value)| Ok((key.clone(), self.value(kind, key, value)?))).collect()
    }

    fn value(&self, kind: &KindSpec, key: &str, value: &Value) -> Result<Value, SecretError> {
        let option = kind.options.iter().find(|option| option.name == key).map(|option| option.value);
        let secret = option.is_some_and(|option| option.is_secret());
        let Some(text) = value.as_str().filter(|_| is_reference(value)) else {
            return match option {
                Some(option) if secret && !option.accepts(value) => Err(SecretError::Plain(key.to_owned())),
                _ => Ok(value.clone()),
            };
        };
        if !secret {
            return Err(SecretError::Place(key.to_owned(), text.to_owned()));
        }
        match text.split_once(':') {
            Some(("env", name)) => self.variable(key, name).map(Value::from),
            Some((_, path)) => self.file(key, path).map(Value::from),
            None => Ok(value.clone()),
        }
    }

    fn variable(&self, key: &str, name: &str) -> Result<String, SecretError> {
        if self.allowed.is_some_and(|allowed| !allowed.iter().any(|a| a == name)) {
            return Err(SecretError::Forbidden(name.to_owned(), key.to_owned()));
        }
        (self.environment)(name).ok_or_else(|| SecretError::Variable(name.to_owned(), key.to_owned()))
    }

    fn file(&self, key: &str, written: &str) -> Result<String, SecretError> {
        let fault = |error: String| SecretError::File { path: written.to_owned(), key: key.to_owned(), error };
        let path = self.beneath(written).map_err(fault)?;
        let read = || -> std::io::Result<String> {
            let mut text = String::new();
            std::fs::File::open(&path)?.take(LONGEST_SECRET + 1).read_to_string(&mut text)?;
            Ok(text)
        };
        let content = read().map_err(|error| fault(error.to_string()))?;
        if content.len() as u64 > LONGEST_SECRET {
            return Err(fault("it is too long to be a secret".to_owned()));
        }
        Ok(content.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The file's real path, which lies in the project and not in its data folder. Links are followed
    /// only to see where they end: Kubernetes mounts secrets as links within one folder.
    fn beneath(&self, written: &str) -> Result<PathBuf, String> {
        const OUTSIDE: &str = "only files of the project's folder are read";
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(written).components().all(plain) {
            return Err(OUTSIDE.to_owned());
        }
        let real = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
        let path = real(&self.project.join(written))?;
        if !path.starts_with(real(self.project)?) {
            return Err(format!("{OUTSIDE}, and it is a link that leads out of it"));
        }
        if self.data.canonicalize().is_ok_and(|data| path.starts_with(data)) {
            return Err("the data folder holds the master key and is never read".to_owned());
        }
        if !path.is_file() {
            return Err("it is not a file".to_owned());
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use punctual_model::kinds::{OptionSpec, OptionType};
    use serde_json::json;

    use super::*;

    const fn option(name: &'static str, value: OptionType) -> OptionSpec {
        OptionSpec { name, summary: "", value, required: false }
    }

    const KIND: KindSpec = KindSpec {
        name: "db",
        summary: "",
        options: &[
            option("url", OptionType::Url),
            option("password", OptionType::Secret),
            option("host", OptionType::Text),
            option("port", OptionType::Port),
        ],
        sql: None,
    };

    fn resolved(project: &Path, allowed: Option<&[String]>, options: Value) -> Result<Value, String> {
        let environment = |name: &str| (name == "URL").then(|| "postgres://u:s3cret@x".to_owned());
        let data = project.join("state");
        let resolver = Resolver { project, data: &data, environment: &environment, allowed };
        resolver.resolve(&KIND, options.as_object().expect("a map")).map(Value::Object).map_err(|e| e.to_string())
    }

    #[test]
    fn references_become_values_and_the_rest_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("pw"), "s3cret\n").expect("written");
        let options = json!({"url": "env:URL", "password": "file:pw", "host": "db", "port": 5432});
        assert_eq!(
            resolved(folder.path(), None, options),
            Ok(json!({"url": "postgres://u:s3cret@x", "password": "s3cret", "host": "db", "port": 5432}))
        );
        assert_eq!(
            resolved(folder.path(), None, json!({"password": "env:NOPE"})),
            Err("the environment variable `NOPE` is not set; `password` refers to it".to_owned())
        );
    }

    #[test]
    fn references_and_secrets_keep_to_their_places() {
        let folder = tempfile::tempdir().expect("a folder");
        for (options, says) in [
            (json!({"host": "env:URL"}), "`host` is not a secret option"),
            (json!({"unheard_of": "env:URL"}), "`unheard_of` is not a secret option"),
            (json!({"password": "s3cret"}), "`password` holds a secret in plain text"),
            (json!({"url": "postgres://u:s3cret@x"}), "`url` holds a secret in plain text"),
        ] {
            let error = resolved(folder.path(), None, options).expect_err("refused");
            assert!(error.starts_with(says) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn variables_are_read_from_an_allow_list_where_there_is_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = || json!({"url": "env:URL"});
        assert!(resolved(folder.path(), Some(&["URL".to_owned()]), options()).is_ok());
        let error = resolved(folder.path(), Some(&["OTHER".to_owned()]), options()).expect_err("refused");
        assert!(error.ends_with("is not one that definitions may read"), "{error}");
    }

    #[test]
    fn files_are_read_below_the_project_and_never_in_the_data_folder() {
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("pw"), "s3cret").expect("written");
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for made in ["state", "..data", "dir"] {
            std::fs::create_dir(at(made)).expect("a folder");
        }
        std::fs::write(at("state/master.key"), "s3cret").expect("written");
        std::fs::write(at("..data/pw"), "inside").expect("written");
        std::fs::write(at("long"), "x".repeat(70_000)).expect("written");
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, at(name)).expect("a link");
        link(&outside.path().join("pw"), "out");
        link(outside.path(), "outdir");
        link(&at("state/master.key"), "key");
        link(Path::new("..data/pw"), "mounted");

        let file = |path: &str| resolved(folder.path(), None, json!({"password": format!("file:{path}")}));
        assert_eq!(file("mounted"), Ok(json!({"password": "inside"})));
        assert_eq!(file("./..data/pw"), Ok(json!({"password": "inside"})));
        let absolute = outside.path().join("pw").display().to_string();
        for (path, says) in [
            ("../pw", "only files of the project's folder"),
            ("dir/../../pw", "only files of the project's folder"),
            (absolute.as_str(), "only files of the project's folder"),
            ("out", "a link that leads out of it"),
            ("outdir/pw", "a link that leads out of it"),
            ("state/master.key", "the data folder holds the master key"),
            ("key", "the data folder holds the master key"),
            ("dir", "it is not a file"),
            ("long", "it is too long"),
            ("none", "No such file"),
        ] {
            let error = file(path).expect_err("refused");
            assert!(error.contains(says) && !error.contains("s3cret"), "{path}: {error}");
        }
    }
}
