//! Text in a page: whatever it says, it stays text.

use std::io::{self, Write};

/// Writes text between tags or in a quoted attribute. Line ends become one character, as a browser
/// would read them; control characters, which a page must not hold, become replacement characters.
pub(super) fn text(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| matches!(c, '&' | '<' | '>' | '"' | '\'') || is_control(c)) {
        let (plain, special) = rest.split_at(at);
        out.write_all(plain.as_bytes())?;
        let (entity, length): (&str, usize) = match special.as_bytes()[0] {
            b'&' => ("&amp;", 1),
            b'<' => ("&lt;", 1),
            b'>' => ("&gt;", 1),
            b'"' => ("&quot;", 1),
            b'\'' => ("&#39;", 1),
            b'\r' if special.starts_with("\r\n") => ("\n", 2),
            b'\r' => ("\n", 1),
            _ => ("\u{fffd}", special.chars().next().map_or(1, char::len_utf8)),
        };
        out.write_all(entity.as_bytes())?;
        rest = &special[length..];
    }
    out.write_all(rest.as_bytes())
}

/// Control characters and noncharacters (HTML, 13.2.3.5).
fn is_control(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n'))
        || matches!(u32::from(c) & 0xFFFE, 0xFFFE)
        || ('\u{fdd0}'..='\u{fdef}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(raw: &str) -> String {
        let mut out = Vec::new();
        text(&mut out, raw).expect("memory takes everything");
        String::from_utf8(out).expect("text stays text")
    }

    #[test]
    fn nothing_leaves_its_place() {
        assert_eq!(
            escaped("<a href=\"x\" id='y'>&amp;</a>"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;"
        );
        assert_eq!(escaped("a\r\nb\rc\nd\te"), "a\nb\nc\nd\te");
        assert_eq!(escaped("nul\0 nel\u{85} end\u{ffff}"), "nul\u{fffd} nel\u{fffd} end\u{fffd}");
        assert_eq!(escaped("שלום 👾 é"), "שלום 👾 é");
        assert_eq!(escaped(""), "");
    }
}
