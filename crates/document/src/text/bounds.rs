//! How deep a template may reach, told before anything parses it: a chain of forty thousand filters is a tree
//! of that depth, and a process that walks such a tree runs out of its stack. The engine's own lexer counts, so
//! that nothing is a token here and none there. The parser itself bounds parentheses and blocks.

use minijinja::machinery::{Token, tokenize};

use super::error::TextError;

/// Operators, filters, calls and the like in one tag. Each can make its tree one level deeper.
const MOST_STEPS: usize = 400;
/// `{% elif %}` in one text: each stands inside the one before.
const MOST_BRANCHES: usize = 100;

/// Refuses a template that is deeper than people write.
///
/// # Errors
/// The place at which it goes too far.
pub(super) fn check(template: &str) -> Result<(), TextError> {
    let (mut steps, mut branches, mut opened) = (0, 0, false);
    for token in tokenize(template, false, Default::default()) {
        // What is no token ends the parser too, and it says so better.
        let Ok((token, span)) = token else { break };
        match &token {
            Token::VariableStart | Token::BlockStart => steps = 0,
            Token::Ident("elif") if opened => branches += 1,
            other if deepens(other) => steps += 1,
            _ => {}
        }
        opened = matches!(token, Token::BlockStart);
        let (what, help) = if steps > MOST_STEPS {
            (
                format!("more than {MOST_STEPS} operators and filters"),
                "compute it in SQL, or in several steps with `{% set %}`",
            )
        } else if branches > MOST_BRANCHES {
            (
                format!("more than {MOST_BRANCHES} `elif`"),
                "choose with SQL, or with a mapping such as `{'a': 1, 'b': 2}[key]`",
            )
        } else {
            continue;
        };
        let message = format!("this is longer than a text may be: it has {what}");
        return Err(TextError::at(template, span.start_offset as usize, message, Some(help.to_owned())));
    }
    Ok(())
}

fn deepens(token: &Token<'_>) -> bool {
    match token {
        Token::Ident(word) => matches!(*word, "not" | "and" | "or" | "is" | "in" | "if" | "else"),
        Token::TemplateData(_)
        | Token::VariableStart
        | Token::VariableEnd
        | Token::BlockStart
        | Token::BlockEnd
        | Token::Str(_)
        | Token::String(_)
        | Token::Int(_)
        | Token::Int128(_)
        | Token::Float(_)
        | Token::Comma
        | Token::Colon
        | Token::Assign
        | Token::BracketClose
        | Token::ParenClose
        | Token::BraceClose => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Walks everything that parsing makes, as a check of definitions does.
    fn walk(template: &str) {
        if check(template).is_ok()
            && let Ok(parsed) = minijinja::Environment::new().template_from_str(template)
        {
            parsed.undeclared_variables(true);
            let _ = super::super::rewrite::Rewritten::sql(template);
        }
    }

    /// Runs on a stack as small as any that a thread of ours has.
    fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
        let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work).expect("a thread");
        thread.join().expect("it ends by itself");
    }

    #[test]
    fn a_chain_of_forty_thousand_is_refused_where_it_goes_too_far() {
        for link in ["|upper", ".a", "[0]", "()", " + 1", " ~ 'x'", " is defined", " and x", " if x", " == 1", " ** 2"]
        {
            let text = format!("{{{{ x{} }}}}", link.repeat(40_000));
            let error = check(&text).expect_err(link);
            assert!(error.message.contains("400 operators and filters"), "{}", error.message);
            assert_eq!(error.line, Some(1));
        }
        for head in ["not ", "-", "(", "[", "{'a': "] {
            let text = format!("{{{{ {}x }}}}", head.repeat(40_000));
            check(&text).expect_err(head);
        }
        let branches = "{% elif x %}b".repeat(40_000);
        check(&format!("{{% if x %}}a{branches}{{% endif %}}")).expect_err("branches");
    }

    #[test]
    fn what_people_write_is_not_refused() {
        let long = "{{ a.b | round(2) }} of {{ c + d }}, ".repeat(5_000);
        check(&long).expect("many tags are no depth");
        let list = format!("{{% set x = [{}] %}}", "1, ".repeat(5_000));
        check(&list).expect("a long list is no depth");
    }

    #[test]
    fn what_is_let_through_fits_a_small_stack() {
        on_a_small_stack(|| {
            for link in ["|upper", ".a", "[0]", "()", " + 1", " ~ 'x'", " is defined", " and x", " == 1", " ** 2"] {
                walk(&format!("{{{{ x{} }}}}", link.repeat(MOST_STEPS)));
            }
            for head in ["not ", "-"] {
                walk(&format!("{{{{ {}x }}}}", head.repeat(MOST_STEPS)));
            }
            let (open, close) = ("{% if x %}".repeat(140), "{% endif %}".repeat(140));
            walk(&format!("{open}x{close}"));
            walk(&format!("{{% if x %}}a{}{{% endif %}}", "{% elif x %}b".repeat(MOST_BRANCHES)));
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn random_nesting_never_ends_the_process(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "x", "|f", ".a", "[", "]", "(", ")", "{", "}", "not ", "-", "+", "~", " if ", " else ", "'", "\"",
                    "{{", "}}", "{%", "%}", "{#", "#}", "{% if x %}", "{% elif x %}", "{% endif %}", "{% for a in b %}",
                    "{% raw %}", "{% endraw %}", "{% macro m() %}", "1", ",", "\\",
                ]),
                1..12,
            ),
            times in 1_usize..20_000,
        ) {
            let text = pieces.concat().repeat(times.div_ceil(pieces.len()));
            on_a_small_stack(move || walk(&text));
        }
    }
}
