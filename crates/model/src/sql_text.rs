//! SQL text with its bind parameters, and the proof that no parameter stands inside a
//! string, a quoted name or a comment, where it would not be a parameter at all.

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// How a dialect of SQL writes strings and comments, as far as finding them needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlLexis {
    /// `\'` does not end a string (MySQL).
    pub backslash_escapes: bool,
    /// `$tag$ ... $tag$` is a string (PostgreSQL).
    pub dollar_quotes: bool,
    /// `#` starts a comment (MySQL).
    pub hash_comments: bool,
    /// `/* /* */ */` nests (PostgreSQL).
    pub nested_comments: bool,
}

impl SqlLexis {
    /// The lexis of the SQL standard: no extensions.
    pub const STANDARD: Self =
        Self { backslash_escapes: false, dollar_quotes: false, hash_comments: false, nested_comments: false };
}

/// A value that goes to the database beside the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bind {
    /// The expression as written between the braces, for messages: `period.start_date`.
    pub expression: String,
    /// The value.
    pub value: Value,
}

/// A piece of SQL text or a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fragment {
    /// Text as written.
    Sql(String),
    /// A parameter.
    Bind(Bind),
}

/// SQL with its parameters in place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SqlText {
    /// Text and parameters in order.
    pub fragments: Vec<Fragment>,
}

/// A parameter stands where it is no parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{{{{ {expression} }}}}` stands inside {place}, where it is not a parameter; write it outside of {place}")]
pub struct MisplacedBind {
    /// The expression as written.
    pub expression: String,
    /// Where it stands: "an SQL string", "a comment", "a quoted name".
    pub place: &'static str,
}

impl SqlText {
    /// SQL without parameters.
    pub fn plain(sql: impl Into<String>) -> Self {
        Self { fragments: vec![Fragment::Sql(sql.into())] }
    }

    /// The parameters in order.
    pub fn binds(&self) -> impl Iterator<Item = &Bind> {
        self.fragments.iter().filter_map(|f| match f {
            Fragment::Bind(bind) => Some(bind),
            Fragment::Sql(_) => None,
        })
    }

    /// The text with each parameter written by `placeholder`, which is told its number from 1.
    pub fn with_placeholders(&self, placeholder: impl Fn(usize) -> String) -> String {
        let mut text = String::new();
        let mut number = 0;
        for fragment in &self.fragments {
            match fragment {
                Fragment::Sql(sql) => text.push_str(sql),
                Fragment::Bind(_) => {
                    number += 1;
                    text.push_str(&placeholder(number));
                }
            }
        }
        text
    }

    /// Refuses parameters inside strings, quoted names and comments.
    ///
    /// # Errors
    /// The first misplaced parameter.
    pub fn check_placement(&self, lexis: SqlLexis) -> Result<(), MisplacedBind> {
        let mut scanner = Scanner { lexis, state: State::Code };
        for fragment in &self.fragments {
            match fragment {
                Fragment::Sql(sql) => scanner.scan(sql),
                Fragment::Bind(bind) => {
                    if let Some(place) = scanner.place() {
                        return Err(MisplacedBind { expression: bind.expression.clone(), place });
                    }
                }
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Code,
    Quoted { end: char, backslash: bool },
    Dollar { tag: String },
    LineComment,
    BlockComment { depth: u32 },
}

struct Scanner {
    lexis: SqlLexis,
    state: State,
}

impl Scanner {
    fn place(&self) -> Option<&'static str> {
        match &self.state {
            State::Code => None,
            State::Quoted { end: '\'', .. } | State::Dollar { .. } => Some("an SQL string"),
            State::Quoted { .. } => Some("a quoted name"),
            State::LineComment | State::BlockComment { .. } => Some("a comment"),
        }
    }

    fn scan(&mut self, sql: &str) {
        let mut rest = sql;
        let mut previous = ' ';
        while let Some(c) = rest.chars().next() {
            let taken = self.step(rest, c, previous);
            previous = rest[..taken].chars().next_back().unwrap_or(c);
            rest = &rest[taken..];
        }
    }

    /// Consumes at least one character and returns how many bytes it took.
    fn step(&mut self, rest: &str, c: char, previous: char) -> usize {
        let one = c.len_utf8();
        match &mut self.state {
            State::Code => self.step_code(rest, c, previous),
            State::Quoted { end, backslash } => {
                let (end, backslash) = (*end, *backslash);
                if backslash && c == '\\' {
                    return one + rest[one..].chars().next().map_or(0, char::len_utf8);
                }
                if c == end {
                    if rest[one..].starts_with(end) {
                        return one * 2;
                    }
                    self.state = State::Code;
                }
                one
            }
            State::Dollar { tag } => {
                if rest.starts_with(tag.as_str()) {
                    let taken = tag.len();
                    self.state = State::Code;
                    return taken;
                }
                one
            }
            State::LineComment => {
                if c == '\n' {
                    self.state = State::Code;
                }
                one
            }
            State::BlockComment { depth } => {
                if rest.starts_with("*/") {
                    *depth -= 1;
                    if *depth == 0 {
                        self.state = State::Code;
                    }
                    return 2;
                }
                if self.lexis.nested_comments && rest.starts_with("/*") {
                    *depth += 1;
                    return 2;
                }
                one
            }
        }
    }

    fn step_code(&mut self, rest: &str, c: char, previous: char) -> usize {
        let one = c.len_utf8();
        match c {
            '\'' => {
                let escape_string = matches!(previous, 'e' | 'E') && self.lexis.dollar_quotes;
                let backslash = self.lexis.backslash_escapes || escape_string;
                self.state = State::Quoted { end: '\'', backslash };
            }
            '"' | '`' => {
                let backslash = c == '"' && self.lexis.backslash_escapes;
                self.state = State::Quoted { end: c, backslash };
            }
            '#' if self.lexis.hash_comments => self.state = State::LineComment,
            '-' if rest.starts_with("--") => self.state = State::LineComment,
            '/' if rest.starts_with("/*") => {
                self.state = State::BlockComment { depth: 1 };
                return 2;
            }
            '$' if self.lexis.dollar_quotes && !previous.is_alphanumeric() && previous != '_' => {
                if let Some(tag) = dollar_tag(rest) {
                    let taken = tag.len();
                    self.state = State::Dollar { tag: tag.to_owned() };
                    return taken;
                }
            }
            _ => {}
        }
        one
    }
}

/// `$$` or `$tag$` at the start of the text.
fn dollar_tag(rest: &str) -> Option<&str> {
    let end = rest[1..].find('$')? + 1;
    let name = &rest[1..end];
    let valid =
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    valid.then(|| &rest[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSTGRES: SqlLexis =
        SqlLexis { backslash_escapes: false, dollar_quotes: true, hash_comments: false, nested_comments: true };
    const MYSQL: SqlLexis =
        SqlLexis { backslash_escapes: true, dollar_quotes: false, hash_comments: true, nested_comments: false };

    /// `@` in the text marks the parameter.
    fn place(lexis: SqlLexis, text: &str) -> Option<&'static str> {
        let (before, after) = text.split_once('@').expect("a marked parameter");
        let bind = Bind { expression: "x".into(), value: Value::Int(1) };
        let sql = SqlText {
            fragments: vec![Fragment::Sql(before.into()), Fragment::Bind(bind), Fragment::Sql(after.into())],
        };
        sql.check_placement(lexis).err().map(|e| e.place)
    }

    #[test]
    fn a_parameter_in_a_string_or_comment_is_refused() {
        for lexis in [SqlLexis::STANDARD, POSTGRES, MYSQL] {
            assert_eq!(place(lexis, "SELECT 1 WHERE a = @"), None);
            assert_eq!(place(lexis, "SELECT 'it''s' || @"), None);
            assert_eq!(place(lexis, "SELECT '@'"), Some("an SQL string"));
            assert_eq!(place(lexis, "SELECT \"@\""), Some("a quoted name"));
            assert_eq!(place(lexis, "SELECT 1 -- @\n"), Some("a comment"));
            assert_eq!(place(lexis, "SELECT 1 -- x\n + @"), None);
            assert_eq!(place(lexis, "SELECT /* @ */ 1"), Some("a comment"));
        }
    }

    #[test]
    fn dialects_differ_where_they_differ() {
        assert_eq!(place(MYSQL, r"SELECT 'a\' @ '"), Some("an SQL string"));
        assert_eq!(place(POSTGRES, r"SELECT 'a\' || @"), None);
        assert_eq!(place(POSTGRES, r"SELECT E'a\' @ '"), Some("an SQL string"));
        assert_eq!(place(POSTGRES, "SELECT $q$ ' @ $q$"), Some("an SQL string"));
        assert_eq!(place(POSTGRES, "SELECT $$ ' $$ || @"), None);
        assert_eq!(place(POSTGRES, "SELECT /* /* */ @ */ 1"), Some("a comment"));
        assert_eq!(place(MYSQL, "SELECT 1 # @"), Some("a comment"));
    }
}
