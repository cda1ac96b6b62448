//! What an attachment is: a media type with its parameters (RFC 2045 5.1, RFC 6838 4.2), read strictly
//! and written in one way, so that it fits a `Content-Type` header as it stands.

use std::fmt;

use crate::header::HeaderError;

/// A media type such as `application/pdf` or `text/csv; charset=utf-8`: names in lower case, values of
/// parameters as they were given, quoted where RFC 2045 asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaType {
    text: String,
    /// Where the type ends, and then each parameter.
    ends: Vec<usize>,
    charset: Option<String>,
}

/// The longest name of a type, subtype or parameter (RFC 6838 4.2).
const LONGEST_NAME: usize = 127;
/// The longest whole, so that it fits a line of a header.
const LONGEST: usize = 400;

impl MediaType {
    /// Takes `type/subtype`, and parameters as `; name=value` or `; name="value"`.
    ///
    /// # Errors
    /// When the text is something else, has comments, or names a parameter twice.
    pub fn new(text: impl Into<String>) -> Result<Self, HeaderError> {
        let text = text.into();
        match parse(&text) {
            Some(media_type) if media_type.text.len() <= LONGEST => Ok(media_type),
            _ => Err(HeaderError::MediaType(text)),
        }
    }

    /// The text as it stands in a header.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `type/subtype`, without parameters.
    pub fn essence(&self) -> &str {
        &self.text[..self.ends[0]]
    }

    /// The pieces between which a header may be folded: the type, and then each parameter, with the
    /// semicolon that it ends with.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end + "; ".len()));
        starts.zip(&self.ends).map(|(start, end)| self.text[start..(*end + 1).min(self.text.len())].trim_end())
    }

    /// The value of `charset`, in lower case.
    pub fn charset(&self) -> Option<&str> {
        self.charset.as_deref()
    }

    /// Whether it is text, which means nothing to a reader without its charset (RFC 2046 4.1.2).
    pub fn is_text(&self) -> bool {
        self.text.starts_with("text/")
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse(text: &str) -> Option<MediaType> {
    let (essence, mut rest) = text.split_once(';').map_or((text, None), |(essence, rest)| (essence, Some(rest)));
    let (main, sub) = essence.trim_matches(is_space).split_once('/')?;
    let mut written = format!("{}/{}", name(main)?, name(sub)?);
    let mut ends = vec![written.len()];
    let mut names: Vec<String> = Vec::new();
    let mut charset = None;
    while let Some(parameters) = rest {
        let (attribute, after) = parameters.split_once('=')?;
        let attribute = attribute.trim_matches(is_space);
        if attribute.is_empty() || attribute.len() > LONGEST_NAME || !attribute.chars().all(is_token) {
            return None;
        }
        let attribute = attribute.to_ascii_lowercase();
        let (value, after) = value(after)?;
        if names.contains(&attribute) {
            return None;
        }
        if attribute == "charset" {
            charset = Some(value.to_ascii_lowercase());
        }
        written.push_str("; ");
        written.push_str(&attribute);
        written.push('=');
        write_value(&mut written, &value);
        ends.push(written.len());
        names.push(attribute);
        rest = after;
    }
    Some(MediaType { text: written, ends, charset })
}

/// The name of a type or subtype in lower case (RFC 6838 4.2).
fn name(text: &str) -> Option<String> {
    let fits = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= LONGEST_NAME
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c));
    fits.then(|| text.to_ascii_lowercase())
}

/// A parameter's value, and the parameters that follow it.
fn value(text: &str) -> Option<(String, Option<&str>)> {
    let text = text.trim_start_matches(is_space);
    let (value, after) = match text.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => {
            let end = text.find(|c| !is_token(c)).unwrap_or(text.len());
            (text[..end].to_owned(), &text[end..])
        }
    };
    if value.is_empty() {
        return None;
    }
    match after.trim_start_matches(is_space) {
        "" => Some((value, None)),
        after => Some((value, Some(after.strip_prefix(';')?))),
    }
}

/// The text of a quoted string up to its closing quote, and what follows.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next().map(|(_, c)| c).filter(|c| is_quotable(*c))?),
            c if is_quotable(c) => value.push(c),
            _ => return None,
        }
    }
    None
}

fn write_value(written: &mut String, value: &str) {
    if value.chars().all(is_token) {
        written.push_str(value);
        return;
    }
    written.push('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            written.push('\\');
        }
        written.push(c);
    }
    written.push('"');
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// What a quoted string may hold; other scripts would need RFC 2231, which no charset does.
fn is_quotable(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic()
}

/// A character of a token: printable ASCII without the tspecials (RFC 2045 5.1).
fn is_token(c: char) -> bool {
    c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_media_type_is_written_in_one_way_with_its_parameters() {
        for (text, written) in [
            ("application/pdf", "application/pdf"),
            ("Text/CSV;Charset=UTF-8", "text/csv; charset=UTF-8"),
            ("text/csv; charset=utf-8", "text/csv; charset=utf-8"),
            ("text/csv ; charset = \"utf-8\" ;header=present", "text/csv; charset=utf-8; header=present"),
            (r#"text/x; note="a \"b\"; c\\d""#, r#"text/x; note="a \"b\"; c\\d""#),
            (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        ] {
            assert_eq!(MediaType::new(text).expect(text).as_str(), written);
        }
    }

    #[test]
    fn the_charset_and_the_bare_type_are_known() {
        let csv = MediaType::new("text/csv; charset=\"UTF-8\"").expect("valid");
        assert_eq!((csv.essence(), csv.charset(), csv.is_text()), ("text/csv", Some("utf-8"), true));
        let pdf = MediaType::new("application/pdf").expect("valid");
        assert_eq!((pdf.essence(), pdf.charset(), pdf.is_text()), ("application/pdf", None, false));
    }

    #[test]
    fn it_is_folded_between_parameters_and_never_within_one() {
        let media_type = MediaType::new("text/x; note=\"a; b\"; charset=utf-8").expect("valid");
        let pieces: Vec<&str> = media_type.pieces().collect();
        assert_eq!(pieces, ["text/x;", "note=\"a; b\";", "charset=utf-8"]);
        assert_eq!(pieces.join(" "), media_type.as_str());
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        let long = format!("text/csv; x={}", "y".repeat(500));
        for text in [
            "",
            "pdf",
            "text/",
            "/csv",
            "a/b/c",
            "text/csv;",
            "text/csv; charset",
            "text/csv; charset=",
            "text/csv; =utf-8",
            "text/csv; charset=\"\"",
            "text/csv; charset=\"utf-8",
            "text/csv; charset=utf-8 x",
            "text/csv; charset=a; CHARSET=b",
            "text/csv; charset=utf-8\r\nX: y",
            "text/csv\r\nX: y",
            "text/csv; x=\"a\r\nb\"",
            "text/csv; x=\"ü\"",
            "text/csv (comment)",
            "text/csv; charset=utf-8 (comment)",
            &long,
        ] {
            assert!(MediaType::new(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_stays_on_its_line_and_reads_back(text in "[a-z]{1,5}/[a-z.+-]{1,9}(; ?[a-z]{1,6}=([a-z0-9-]{1,9}|\"[ -~]{0,12}\")){0,3}|\\PC{0,20}/\\PC{0,40}") {
            if let Ok(media_type) = MediaType::new(text) {
                prop_assert!(media_type.as_str().bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
                prop_assert_eq!(MediaType::new(media_type.as_str()), Ok(media_type.clone()));
            }
        }
    }
}
