//! References to secrets in definitions, `env:NAME` and `file:PATH`, become values at the last
//! moment. Values are never logged or stored.

use std::path::Path;

use serde_json::{Map, Value};

/// Why a reference has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The environment has no such variable.
    #[error("the environment variable `{0}` is not set; `{1}` refers to it")]
    Variable(String, String),
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

/// The options with every reference replaced by its value.
///
/// # Errors
/// The first reference that has none.
pub fn resolve(
    options: &Map<String, Value>,
    project: &Path,
    environment: Environment<'_>,
) -> Result<Map<String, Value>, SecretError> {
    options.iter().map(|(key, value)| Ok((key.clone(), resolve_one(key, value, project, environment)?))).collect()
}

fn resolve_one(key: &str, value: &Value, project: &Path, environment: Environment<'_>) -> Result<Value, SecretError> {
    let Some(text) = value.as_str() else { return Ok(value.clone()) };
    if let Some(name) = text.strip_prefix("env:") {
        let value = environment(name).ok_or_else(|| SecretError::Variable(name.to_owned(), key.to_owned()))?;
        return Ok(value.into());
    }
    if let Some(path) = text.strip_prefix("file:") {
        let content = std::fs::read_to_string(project.join(path)).map_err(|error| SecretError::File {
            path: path.to_owned(),
            key: key.to_owned(),
            error: error.to_string(),
        })?;
        return Ok(content.trim_end_matches(['\r', '\n']).into());
    }
    Ok(value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_values_and_the_rest_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("pw"), "s3cret\n").expect("written");
        let environment = |name: &str| (name == "URL").then(|| "postgres://x".to_owned());
        let options = serde_json::json!({"url": "env:URL", "password": "file:pw", "port": 5432});
        let resolved = resolve(options.as_object().expect("a map"), folder.path(), &environment).expect("resolved");
        assert_eq!(
            Value::Object(resolved),
            serde_json::json!({"url": "postgres://x", "password": "s3cret", "port": 5432})
        );
        let missing = serde_json::json!({"password": "env:NOPE"});
        let error = resolve(missing.as_object().expect("a map"), folder.path(), &environment).expect_err("not set");
        assert_eq!(error.to_string(), "the environment variable `NOPE` is not set; `password` refers to it");
    }
}
