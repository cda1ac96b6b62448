//! Which filters of a template are not there, told from its tokens: nothing is rendered, and what stands in a branch
//! that no run has taken yet is told all the same. Tokens come one after another, so that no text is too deep.

use minijinja::{
    Environment, ErrorKind,
    machinery::{Token, tokenize},
};
use punctual_model::zone::Zone;

use super::{
    error::{TextError, unknown_filter},
    filters,
};
use crate::locale::Locale;

/// A fault for each use of a filter that no text has.
pub(super) fn unknown_filters(template: &str) -> Vec<TextError> {
    let mut environment = Environment::new();
    filters::add(&mut environment, Locale::ALL[0], "USD", &Zone::utc());
    let mut state = environment.empty_state();
    // Without a value each filter only says that it lacks one.
    let mut is_known =
        |name: &str| !matches!(state.apply_filter(name, &[]), Err(error) if error.kind() == ErrorKind::UnknownFilter);
    let named = named(template).into_iter().filter(|(name, _)| !is_known(name));
    named
        .map(|(name, offset)| {
            let (message, help) = unknown_filter(&name);
            TextError::at(template, offset, message, help)
        })
        .collect()
}

/// The names of filters, with the byte at which each begins: after a `|`, and in `{% filter name %}`.
fn named(template: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut tokens = tokenize(template, false, Default::default()).map_while(Result::ok).peekable();
    let mut opened = false;
    while let Some((token, _)) = tokens.next() {
        let names_one = matches!(token, Token::Pipe) || opened && matches!(token, Token::Ident("filter"));
        opened = matches!(token, Token::BlockStart);
        let Some((Token::Ident(first), span)) = tokens.peek().filter(|_| names_one) else { continue };
        let (mut name, offset) = (first.to_string(), span.start_offset as usize);
        tokens.next();
        // A name may have several parts.
        while tokens.next_if(|(token, _)| matches!(token, Token::Dot)).is_some() {
            if let Some((Token::Ident(part), _)) = tokens.next_if(|(token, _)| matches!(token, Token::Ident(_))) {
                name.push('.');
                name.push_str(part);
            }
        }
        found.push((name, offset));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(template: &str) -> Vec<String> {
        let faults = unknown_filters(template).into_iter();
        faults
            .map(|f| {
                format!(
                    "{}:{} {}; {}",
                    f.line.unwrap_or(0),
                    f.column.unwrap_or(0),
                    f.message,
                    f.help.unwrap_or_default()
                )
            })
            .collect()
    }

    #[test]
    fn a_filter_that_is_not_there_is_told_with_its_place_and_the_near_name() {
        assert_eq!(
            told("a\n{{ x | format_nmber(decimals=2) | upper }}"),
            ["2:8 unknown filter `format_nmber`; did you mean `format_number`?"]
        );
        assert_eq!(told("{% if false %}{{ x | a.b }}{% endif %}").len(), 1);
        assert_eq!(told("{% filter shout %}x{% endfilter %}"), ["1:11 unknown filter `shout`; "]);
    }

    #[test]
    fn every_filter_that_is_there_is_taken() {
        for name in filters::NAMES.into_iter().chain(["upper", "default", "tojson", "groupby", "selectattr", "d"]) {
            assert_eq!(told(&format!("{{{{ x | {name} }}}}")), [""; 0], "{name}");
        }
        for text in
            ["a | b", "{{ 'a | b' }}", "{# x | b #}", "{% raw %}{{ x | b }}{% endraw %}", "{{ x | ", "{{ filter.b }}"]
        {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn no_text_is_too_deep() {
        assert_eq!(told(&format!("{{{{ x{} }}}}", " | nope".repeat(40_000))).len(), 40_000);
    }
}
