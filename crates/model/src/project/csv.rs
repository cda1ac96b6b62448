//! CSV (RFC 4180), read strictly: what is quoted is quoted as a whole, and nothing is guessed.

use std::ops::Range;

/// The fields of a line, with their bytes in the text.
pub(super) type Row = Vec<(String, Range<usize>)>;

/// Text that is no CSV.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The byte where it starts to be none.
    pub(super) at: usize,
    /// What is wrong.
    pub(super) message: &'static str,
    /// The way out.
    pub(super) help: &'static str,
}

/// The lines of a text; empty lines at its end are none.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, Fault> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let end = start + text[start..].trim_end_matches(['\r', '\n']).len();
    let mut rows = Vec::new();
    let mut row = Row::new();
    let mut at = start;
    if start == end {
        return Ok(rows);
    }
    loop {
        let (field, next) = field(text, at, end)?;
        row.push((field, at..next));
        let rest = &text[next..end];
        if rest.starts_with(',') {
            at = next + 1;
            continue;
        }
        rows.push(std::mem::take(&mut row));
        at = match rest {
            "" => return Ok(rows),
            rest if rest.starts_with("\r\n") => next + 2,
            _ => next + 1,
        };
    }
}

/// One field, and the byte after it.
fn field(text: &str, at: usize, end: usize) -> Result<(String, usize), Fault> {
    let rest = &text[at..end];
    let Some(quoted) = rest.strip_prefix('"') else {
        let length = rest.find([',', '\n', '\r', '"']).unwrap_or(rest.len());
        let next = at + length;
        let bare_return = rest[length..].starts_with('\r') && !rest[length..].starts_with("\r\n");
        if rest[length..].starts_with('"') || bare_return {
            let message = if bare_return { "a line ends without a line feed" } else { "a quote stands inside a field" };
            let help = "put the whole field into quotes, and write a quote inside it twice";
            return Err(Fault { at: next, message, help });
        }
        return Ok((rest[..length].to_owned(), next));
    };
    let mut value = String::new();
    let mut from = at + 1;
    let mut left = quoted;
    loop {
        let Some(quote) = left.find('"') else {
            let help = "close the field with a quote, or write the quote twice";
            return Err(Fault { at, message: "this quote is never closed", help });
        };
        value.push_str(&left[..quote]);
        from += quote + 1;
        left = &left[quote + 1..];
        if let Some(more) = left.strip_prefix('"') {
            value.push('"');
            from += 1;
            left = more;
        } else if left.is_empty() || left.starts_with([',', '\n']) || left.starts_with("\r\n") {
            return Ok((value, from));
        } else {
            let help = "end the field at its closing quote, and write a quote inside it twice";
            return Err(Fault { at: from, message: "text follows a closing quote", help });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(csv: &str) -> Vec<Vec<String>> {
        rows(csv).expect("csv").into_iter().map(|row| row.into_iter().map(|(text, _)| text).collect()).collect()
    }

    #[test]
    fn fields_are_read_as_they_are_written() {
        assert_eq!(texts("a,b\n1, x \n"), [["a", "b"], ["1", " x "]]);
        assert_eq!(texts("a,b\r\n\"1,\n2\",\"say \"\"hi\"\"\"\r\n\r\n"), [["a", "b"], ["1,\n2", "say \"hi\""]]);
        assert_eq!(texts(",\n"), [["", ""]]);
        assert_eq!(texts(""), Vec::<Vec<String>>::new());
        assert_eq!(texts("a\n\nb"), [["a"], [""], ["b"]]);
    }

    #[test]
    fn quotes_that_could_mean_two_things_are_refused_where_they_stand() {
        let at = |csv: &str| rows(csv).expect_err("no csv").at;
        assert_eq!(at("a\nx\"y\n"), 3);
        assert_eq!(at("a\n\"x\"y\n"), 5);
        assert_eq!(at("a\n\"x\n"), 2);
        assert_eq!(at("a\rb\n"), 1);
    }
}
