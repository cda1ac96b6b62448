//! Text from data and servers in our messages: without control characters, which a terminal would
//! obey, and no longer than a person reads.

use std::fmt::{Display, Write};

/// The longest value that a message repeats, in characters.
const LONGEST_VALUE: usize = 120;

/// A value for a message: its beginning, with what would steer a terminal escaped.
pub(crate) fn value(value: &dyn Display) -> String {
    struct Clipped {
        text: String,
        left: usize,
    }
    impl Write for Clipped {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            for character in text.chars() {
                if self.left == 0 {
                    return Err(std::fmt::Error);
                }
                self.left -= 1;
                self.text.push(character);
            }
            Ok(())
        }
    }
    let mut clipped = Clipped { text: String::new(), left: LONGEST_VALUE };
    let whole = write!(clipped, "{value}").is_ok();
    let mut shown = plain(&clipped.text);
    if !whole {
        shown.push('…');
    }
    shown
}

/// Text of others with what would steer a terminal escaped.
pub(crate) fn plain(text: &str) -> String {
    if !text.contains(steers) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len() + 16), |mut shown, character| {
        if steers(character) {
            shown.extend(character.escape_default())
        } else {
            shown.push(character)
        }
        shown
    })
}

/// Control characters, and those that turn the direction of writing.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(plain("café 日本"), "café 日本");
        assert_eq!(plain("\u{1b}[2J\r\n\u{9b}1m\u{202e}"), "\\u{1b}[2J\\r\\n\\u{9b}1m\\u{202e}");
    }

    #[test]
    fn a_long_value_is_clipped() {
        assert_eq!(value(&"x".repeat(120)), "x".repeat(120));
        assert_eq!(value(&"é".repeat(1 << 20)), format!("{}…", "é".repeat(120)));
    }
}
