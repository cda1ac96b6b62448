//! Header values as bytes (RFC 5322 2.2.3, RFC 2047, RFC 2231): lines of at most 76, and nothing that a
//! reader could take for something else. Plain text stands as it is; what is not plain, or what looks
//! like an encoded word, is encoded as a whole, so that a title from data reads back as it was.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use punctual_delivery::{FileName, HeaderText, Mailbox, MediaType};

/// The longest line, without its end (RFC 5322 2.1.1, RFC 2047 2).
const LONGEST_LINE: usize = 76;
/// What an encoded word has around its text.
const AROUND_WORD: usize = "=?utf-8?B??=".len();
/// So many bytes of text fit an encoded word of 75 characters.
const BYTES_IN_WORD: usize = 45;
/// Texts from this length on are not quoted but encoded: with their escapes they might not fit a line.
const LONGEST_QUOTED: usize = 32;
/// So many bytes of one parameter stand in one line when each is written as `%XX`.
const BYTES_IN_SEGMENT: usize = 18;

/// A header of free text.
pub(crate) fn text(name: &'static str, text: &str) -> HeaderValue {
    let taken = name.len() + ": ".len();
    let value = if is_plain(text) { folded(taken, text) } else { encoded_words(taken, text) };
    encoded(name, text.to_owned(), value)
}

/// A header with one mailbox.
pub(crate) fn mailbox(name: &'static str, mailbox: &Mailbox) -> HeaderValue {
    let (address, taken) = (mailbox.address.as_str(), name.len() + ": ".len());
    let value = match mailbox.name.as_ref().map(HeaderText::as_str) {
        None => address.to_owned(),
        Some(words) => {
            let words = match words {
                words if is_phrase(words) => folded(taken, words),
                words if is_plain(words) && words.len() < LONGEST_QUOTED => format!("\"{}\"", escaped(words)),
                words => encoded_words(taken, words),
            };
            let fits = taken + words.len() + address.len() + " <>".len() <= LONGEST_LINE;
            let between = if fits { " " } else { "\r\n " };
            format!("{words}{between}<{address}>")
        }
    };
    // What stands unencoded beside it is only read by the library, to see that there is an address.
    encoded(name, address.to_owned(), value)
}

fn encoded(name: &'static str, raw: String, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), raw, value)
}

/// The header that says what an attachment is.
#[derive(Clone)]
pub(crate) struct AttachmentType(pub(crate) MediaType);

/// The header that says that a part is an attachment, and its name (RFC 2183, RFC 2231).
#[derive(Clone)]
pub(crate) struct AttachmentName(pub(crate) FileName);

impl Header for AttachmentType {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Type")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(MediaType::new(text)?))
    }

    fn display(&self) -> HeaderValue {
        let text = self.0.as_str();
        let fits = "Content-Type: ".len() + text.len() <= LONGEST_LINE;
        let between = if fits { " " } else { "\r\n " };
        encoded("Content-Type", text.to_owned(), self.0.pieces().collect::<Vec<_>>().join(between))
    }
}

impl Header for AttachmentName {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Disposition")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Err("an attachment's name is only written".into())
    }

    fn display(&self) -> HeaderValue {
        let name = self.0.as_str();
        let parameter = if is_plain(name) && name.len() < LONGEST_QUOTED {
            format!("\r\n filename=\"{}\"", escaped(name))
        } else {
            extended_parameter("filename", name)
        };
        encoded("Content-Disposition", String::new(), format!("attachment;{parameter}"))
    }
}

/// Whether a text means itself when it stands in a header: printable ASCII in words that fit a line,
/// with single spaces (folding keeps no others), and nothing like an encoded word.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && !text.contains("=?")
        && text.split(' ').all(|word| (1..LONGEST_LINE - 20).contains(&word.len()))
}

/// Whether a text is a phrase of atoms (RFC 5322 3.2.5), which needs no quotes.
fn is_phrase(text: &str) -> bool {
    is_plain(text) && text.bytes().all(|b| b == b' ' || b.is_ascii_alphanumeric() || b"-_'&".contains(&b))
}

/// A quoted string's text with its escapes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Plain text in lines; the first one begins after so many characters.
fn folded(taken: usize, text: &str) -> String {
    let mut value = String::with_capacity(text.len() + 16);
    let mut line = taken;
    for (number, word) in text.split(' ').enumerate() {
        if number > 0 {
            if line + 1 + word.len() > LONGEST_LINE {
                value.push_str("\r\n");
                line = 0;
            }
            value.push(' ');
            line += 1;
        }
        value.push_str(word);
        line += word.len();
    }
    value
}

/// A text as encoded words, one in each line; the first one begins after so many characters. The white
/// space between them counts for nothing.
fn encoded_words(taken: usize, text: &str) -> String {
    let beside = LONGEST_LINE.saturating_sub(taken + AROUND_WORD) / 4 * 3;
    let mut pieces = pieces(text, beside.min(BYTES_IN_WORD)).into_iter();
    let first = pieces.next().unwrap_or_default();
    let rest = &text[first.len()..];
    let mut words: Vec<&str> = vec![first];
    words.extend(self::pieces(rest, BYTES_IN_WORD));
    words.retain(|word| !word.is_empty());
    let words: Vec<String> = words.iter().map(|word| format!("=?utf-8?B?{}?=", BASE64.encode(word))).collect();
    words.join("\r\n ")
}

/// ` name*=utf-8''...`, in as many segments as it takes, each on a line of its own.
fn extended_parameter(name: &str, value: &str) -> String {
    let segments: Vec<String> = pieces(value, BYTES_IN_SEGMENT).into_iter().map(percent).collect();
    let mut written = String::new();
    if let [only] = segments.as_slice() {
        let _ = write!(written, "\r\n {name}*=utf-8''{only}");
        return written;
    }
    for (number, segment) in segments.iter().enumerate() {
        let charset = if number == 0 { "utf-8''" } else { "" };
        let end = if number + 1 == segments.len() { "" } else { ";" };
        let _ = write!(written, "\r\n {name}*{number}*={charset}{segment}{end}");
    }
    written
}

/// The bytes of a text, those that are no letter or digit as `%XX` (RFC 2231 7).
fn percent(text: &str) -> String {
    let mut written = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            written.push(char::from(byte));
        } else {
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written
}

/// A text in pieces of at most so many bytes, none of them within a character.
fn pieces(text: &str, longest: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > longest {
        let end = (0..=longest).rev().find(|at| rest.is_char_boundary(*at)).filter(|at| *at > 0).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(rest);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &HeaderValue) -> String {
        let mut headers = lettre::message::header::Headers::new();
        headers.insert_raw(value.clone());
        headers.to_string()
    }

    fn fits(header: &str) -> bool {
        header.strip_suffix("\r\n").is_some_and(|lines| {
            lines.is_ascii() && lines.split("\r\n").all(|line| line.len() <= LONGEST_LINE && !line.trim().is_empty())
        })
    }

    #[test]
    fn plain_text_stands_as_it_is_and_is_folded_at_its_spaces() {
        assert_eq!(written(&text("Subject", "Acme: October 2026")), "Subject: Acme: October 2026\r\n");
        let long = "word ".repeat(60).trim_end().to_owned();
        let header = written(&text("Subject", &long));
        assert!(fits(&header), "{header}");
        assert_eq!(header.replace("\r\n ", " "), format!("Subject: {long}\r\n"));
    }

    #[test]
    fn what_does_not_mean_itself_is_encoded_as_a_whole() {
        let foreign = "東京 ".repeat(60);
        for title in ["Ünïcödé", "a  b", " a", "a ", "=?utf-8?q?x?=", "x=?y", &"x".repeat(400), &foreign] {
            let header = written(&text("X-Punctual-Delivery", title));
            assert!(fits(&header), "{header}");
            assert!(header.starts_with("X-Punctual-Delivery: =?utf-8?B?"), "{header}");
        }
    }

    #[test]
    fn a_short_name_is_quoted_and_a_long_or_foreign_one_is_extended() {
        let header = |name: &str| written(&AttachmentName(FileName::new(name).expect("a name")).display());
        assert_eq!(header("a b.csv"), "Content-Disposition: attachment;\r\n filename=\"a b.csv\"\r\n");
        assert_eq!(header("q\"uote.csv"), "Content-Disposition: attachment;\r\n filename=\"q\\\"uote.csv\"\r\n");
        assert_eq!(header("ü.csv"), "Content-Disposition: attachment;\r\n filename*=utf-8''%C3%BC.csv\r\n");
        let long = header(&"ü".repeat(98));
        assert!(long.contains("\r\n filename*0*=utf-8''%C3%BC") && long.contains(";\r\n filename*10*=%C3"), "{long}");
        assert!(fits(&long), "{long}");
    }

    #[test]
    fn a_mailbox_is_a_phrase_a_quoted_text_or_encoded() {
        let header =
            |name: &str| written(&mailbox("To", &Mailbox::new(Some(name), "ana@acme.example").expect("valid")));
        assert_eq!(header("Ana Lima"), "To: Ana Lima <ana@acme.example>\r\n");
        assert_eq!(header("Ana \"A\" Lima, x"), "To: \"Ana \\\"A\\\" Lima, x\" <ana@acme.example>\r\n");
        for name in ["Größe", "=?utf-8?q?x?=", &"x".repeat(300), "a  b"] {
            assert!(header(name).starts_with("To: =?utf-8?B?") && fits(&header(name)), "{}", header(name));
        }
    }
}
