//! Whether a text holds one SQL statement, and one that asks: SQLite runs all statements that it
//! finds, and the servers know statements that return rows and are no queries.

/// Whether nothing but blanks and comments follows the first semicolon outside of strings,
/// quoted names and comments (SQLite's lexis).
pub(crate) fn is_single(sql: &str) -> bool {
    let behind = &sql[end_of_first(sql)..];
    let bytes = behind.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at += match bytes[at] {
            b';' => 1,
            blank if blank.is_ascii_whitespace() => 1,
            _ => match comment(&bytes[at..]) {
                Some(length) => length,
                None => return false,
            },
        };
    }
    true
}

/// The first statement without the semicolon that ends it.
pub(crate) fn first_statement(sql: &str) -> &str {
    &sql[..end_of_first(sql)]
}

/// Where the first semicolon outside of strings, quoted names and comments stands; the end if there is none.
fn end_of_first(sql: &str) -> usize {
    let bytes = sql.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        at += match rest[0] {
            b';' => return at,
            quote @ (b'\'' | b'"' | b'`') => until(rest, 1, &[quote]),
            b'[' => until(rest, 1, b"]"),
            _ => comment(rest).unwrap_or(1),
        };
    }
    sql.len()
}

/// The length of the comment that a text begins with.
fn comment(text: &[u8]) -> Option<usize> {
    if text.starts_with(b"--") {
        Some(until(text, 2, b"\n"))
    } else if text.starts_with(b"/*") {
        Some(until(text, 2, b"*/"))
    } else {
        None
    }
}

/// Whether the first word, behind blanks, comments and parentheses, begins a query.
pub(crate) fn starts_as_query(sql: &str) -> bool {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == '\u{feff}');
        let comment = if rest.starts_with("--") || rest.starts_with('#') {
            until(rest.as_bytes(), 1, b"\n")
        } else if rest.starts_with("/*") {
            until(rest.as_bytes(), 2, b"*/")
        } else {
            break;
        };
        rest = &rest[comment..];
    }
    let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    ["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|query| word.eq_ignore_ascii_case(query))
}

/// The length up to and with `end`, looked for from `from`; all of the text if it never comes.
/// A doubled quote ends one string and begins the next, which comes to the same.
fn until(text: &[u8], from: usize, end: &[u8]) -> usize {
    text[from..].windows(end.len()).position(|w| w == end).map_or(text.len(), |at| from + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_may_end_with_a_semicolon() {
        for one in [
            "SELECT 1",
            "SELECT 1; -- done\n /* really */ ",
            "SELECT 'a;b', \"c;d\", `e;f`, [g;h] FROM t",
            "SELECT 'it''s; fine' -- not; this\n FROM t",
            "SELECT 1 /* ; SELECT 2 */ ;;",
        ] {
            assert!(is_single(one), "{one}");
            assert!(!first_statement(one).ends_with(';') && one.starts_with(first_statement(one)), "{one}");
        }
    }

    #[test]
    fn a_query_is_known_by_its_first_word() {
        for query in [
            "select 1",
            " -- why\n/* and how */ ((WITH t AS (SELECT 1) SELECT * FROM t))",
            "VALUES (1)",
            "# x\nTABLE t",
        ] {
            assert!(starts_as_query(query), "{query}");
        }
        for other in
            ["", "-- SELECT", "DELETE FROM t", "PRAGMA query_only = 0", "/* SELECT */ INSERT INTO t", "SELECTED"]
        {
            assert!(!starts_as_query(other), "{other}");
        }
    }

    #[test]
    fn a_second_statement_is_seen() {
        for two in [
            "SELECT 1; SELECT 2",
            "SELECT 'x'; DROP TABLE t; --",
            "SELECT 1 /* */; /* */ DELETE FROM t",
            "SELECT ''';'; DELETE FROM t",
        ] {
            assert!(!is_single(two), "{two}");
        }
    }
}
