//! How deep SQL may reach, told from its tokens before anything parses it. The parser bounds parentheses, but
//! builds a chain of forty thousand `OR` as a tree of that depth, and whoever walks or drops such a tree runs
//! out of stack. Lists are no depth: ten thousand values in an `IN` are fine.

use datafusion::sql::sqlparser::{
    keywords::Keyword,
    tokenizer::{Location, Token, TokenWithSpan},
};

/// Operators that may follow one another without a comma, in all that is open at a place.
const MOST_STEPS: usize = 500;

/// What is wrong with SQL that is too deep.
pub(crate) const TOO_DEEP: &str =
    "the SQL is nested too deeply: it joins more than 500 operators; write a list (IN), a CASE or a join instead";

/// The place at which SQL becomes deeper than people write, if it does.
pub(crate) fn too_deep(tokens: &[TokenWithSpan]) -> Option<Location> {
    // One count for each bracket or CASE that is open, and the sum of them.
    let mut open = vec![0_usize];
    let mut steps = 0;
    for token in tokens {
        match step(&token.token) {
            Step::None => {}
            Step::Deeper => {
                if let Some(count) = open.last_mut() {
                    *count += 1;
                }
                steps += 1;
            }
            Step::Open => open.push(0),
            Step::Index => {
                if let Some(count) = open.last_mut() {
                    *count += 1;
                }
                steps += 1;
                open.push(0);
            }
            Step::Close if open.len() > 1 => steps -= open.pop().unwrap_or(0),
            Step::Close => {}
            Step::Next => {
                if let Some(count) = open.last_mut() {
                    steps -= std::mem::take(count);
                }
            }
        }
        if steps + open.len() > MOST_STEPS {
            return Some(token.span.start);
        }
    }
    None
}

enum Step {
    None,
    Deeper,
    Open,
    /// Goes into what stands before it, and opens.
    Index,
    Close,
    Next,
}

fn step(token: &Token) -> Step {
    match token {
        Token::EOF
        | Token::Number(..)
        | Token::Char(_)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::Whitespace(_)
        | Token::Period
        | Token::Placeholder(_) => Step::None,
        Token::LParen | Token::LBrace => Step::Open,
        Token::LBracket => Step::Index,
        Token::RParen | Token::RBracket | Token::RBrace => Step::Close,
        Token::Comma | Token::SemiColon => Step::Next,
        Token::Word(word) => match word.keyword {
            Keyword::CASE => Step::Open,
            Keyword::END => Step::Close,
            Keyword::WHEN | Keyword::THEN | Keyword::ELSE => Step::Next,
            Keyword::AND
            | Keyword::OR
            | Keyword::XOR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::IN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::RLIKE
            | Keyword::REGEXP
            | Keyword::SIMILAR
            | Keyword::BETWEEN
            | Keyword::COLLATE
            | Keyword::AT
            | Keyword::DIV
            | Keyword::OPERATOR
            | Keyword::OVERLAPS
            | Keyword::UNION
            | Keyword::INTERSECT
            | Keyword::EXCEPT
            | Keyword::MINUS
            | Keyword::JOIN
            | Keyword::PIVOT
            | Keyword::UNPIVOT
            | Keyword::MATCH_RECOGNIZE
            | Keyword::NOTNULL
            | Keyword::MEMBER => Step::Deeper,
            _ => Step::None,
        },
        // Operators, and whatever a dialect may read as one.
        _ => Step::Deeper,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use punctual_model::sql_text::SqlText;

    use crate::{analyze::references, outline};

    fn examine(sql: &str) -> Result<(), String> {
        let sql = SqlText::plain(sql);
        let _ = outline::columns(&sql);
        references("table `t`", &sql).map(drop).map_err(|e| e.to_string())
    }

    fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work).expect("a thread");
        thread.join().expect("it ends by itself")
    }

    const LINKS: [&str; 14] = [
        " + 1",
        " OR x = 1",
        " AND x",
        "::int",
        " IS NULL",
        "[1]",
        " COLLATE c",
        " || 'x'",
        " UNION SELECT x",
        " AT TIME ZONE 'UTC'",
        " JOIN t ON true",
        " LIKE 'x'",
        " -> 'a'",
        " NOT IN (1, 2)",
    ];

    #[test]
    fn a_chain_of_forty_thousand_is_refused() {
        on_a_small_stack(|| {
            for link in LINKS {
                let words = examine(&format!("SELECT x{} FROM t", link.repeat(40_000))).expect_err(link);
                assert!(words.contains("nested too deeply") || words.contains("syntax error"), "{link}: {words}");
            }
            for head in ["NOT ", "- ", "(", "CASE WHEN ", "f(", "EXISTS (SELECT "] {
                examine(&format!("SELECT {}x FROM t", head.repeat(40_000))).expect_err(head);
            }
        });
    }

    #[test]
    fn a_chain_that_is_let_through_fits_a_small_stack() {
        on_a_small_stack(|| {
            for link in LINKS {
                for times in [10, 50, 120, 240, 450] {
                    let _ = examine(&format!("SELECT x{} FROM t", link.repeat(times)));
                }
            }
        });
    }

    #[test]
    fn long_lists_are_no_depth() {
        let list = (0..20_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
        assert_eq!(examine(&format!("SELECT a FROM t WHERE a IN ({list})")), Ok(()));
        let columns = (0..2_000).map(|n| format!("a + {n} AS c{n}")).collect::<Vec<_>>().join(", ");
        assert_eq!(examine(&format!("SELECT {columns} FROM t")), Ok(()));
        let cases = (0..2_000).map(|n| format!("WHEN a = {n} AND b > 1 THEN {n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(examine(&format!("SELECT CASE {cases} ELSE 0 END AS c FROM t")), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn random_nesting_never_ends_the_process(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "SELECT ", "x", " + ", "(", ")", " OR ", " AND ", " NOT ", "::int", " IS NULL", "CASE WHEN ", " THEN ",
                    " END", ", ", " UNION ", " FROM t ", " JOIN t ON ", "[", "]", " WITH a AS (", "'", "\"", "/*", "*/",
                    "1", ".", " IN (", " EXISTS (", " BETWEEN ", "- ", "f(", " AT TIME ZONE ",
                ]),
                1..10,
            ),
            times in 1_usize..8_000,
            front in prop::bool::ANY,
        ) {
            let body = pieces.concat().repeat(times.div_ceil(pieces.len()));
            let sql = if front { format!("SELECT {body}") } else { body };
            on_a_small_stack(move || { let _ = examine(&sql); });
        }
    }
}
