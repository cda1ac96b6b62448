//! CSV's grammar (RFC 4180), taken strictly: what other readers guess at is an error with its line.
//! A quote that was never meant would make one field of all rows up to the next one, so a quoted
//! field ends only before a delimiter or a line's end, and one that holds what looks like rows is
//! refused unless the source says that its fields span lines. Nothing here knows types or columns.

use std::io::{self, Read};

use super::dialect::Dialect;

/// Bytes read at once.
const BUFFER: usize = 1 << 18;
/// A row is no longer than so many of its longest values.
const CELLS_IN_A_ROW: usize = 16;

/// One row: its fields one behind the other.
#[derive(Debug, Default)]
pub(super) struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The line on which it begins.
    pub(super) line: u64,
    /// Whether it is a line without anything.
    pub(super) is_blank: bool,
    /// Whether any field stands in quotes.
    pub(super) has_quotes: bool,
}

impl Record {
    /// The number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field, by its place from 0.
    #[inline]
    pub(super) fn field(&self, place: usize) -> &[u8] {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.bytes[start..self.ends[place]]
    }

    /// The bytes of all fields.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Why there is no next row.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file is not written as it should be.
    Grammar { line: u64, message: String },
    /// A value is too long.
    TooLong { line: u64, place: usize, bytes: usize },
    /// The file cannot be read any further.
    Io { line: u64, error: io::Error },
}

/// How the file's lines end; the first one tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    /// With a line feed, after a carriage return or not.
    LineFeed,
    /// With a carriage return alone, as on old computers.
    CarriageReturn,
}

/// What came behind a field.
enum Next {
    Field,
    Row,
}

/// Reads rows one after the other.
pub(super) struct Records {
    input: Box<dyn Read + Send>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    line: u64,
    line_end: Option<LineEnd>,
    dialect: Dialect,
    cell_bytes: usize,
    /// Delimiters on the current line, whether in quotes or not.
    on_line: usize,
    /// Delimiters on the first line of the current row, once a second one began.
    on_first_line: Option<usize>,
    /// Delimiters that a row has, once the header tells.
    expected: Option<usize>,
}

impl Records {
    /// The rows of a text without a byte-order mark.
    pub(super) fn new(input: Box<dyn Read + Send>, dialect: Dialect, cell_bytes: usize) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            line: 1,
            line_end: None,
            dialect,
            cell_bytes,
            on_line: 0,
            on_first_line: None,
            expected: None,
        }
    }

    /// From now on a row that spans lines of so many fields is looked at with suspicion.
    pub(super) fn expect_fields(&mut self, fields: usize) {
        self.expected = fields.checked_sub(1);
    }

    /// Reads the next row; false at the end.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, Fault> {
        record.bytes.clear();
        record.ends.clear();
        record.has_quotes = false;
        record.line = self.line;
        (self.on_line, self.on_first_line) = (0, None);
        if self.peek()?.is_none() {
            return Ok(false);
        }
        loop {
            let next = match self.peek()? {
                Some(byte) if Some(byte) == self.dialect.quote => {
                    record.has_quotes = true;
                    self.quoted(record)?
                }
                _ => self.unquoted(record)?,
            };
            record.ends.push(record.bytes.len());
            if matches!(next, Next::Row) {
                break;
            }
        }
        record.is_blank = record.bytes.is_empty() && record.ends.len() == 1 && !record.has_quotes;
        Ok(true)
    }

    /// A field without quotes, and what ends it.
    fn unquoted(&mut self, record: &mut Record) -> Result<Next, Fault> {
        loop {
            let Dialect { delimiter, quote, .. } = self.dialect;
            let special =
                move |byte: &u8| *byte == delimiter || matches!(*byte, b'\n' | b'\r' | 0) || Some(*byte) == quote;
            if !self.take_until(special, record)? {
                return Ok(Next::Row);
            }
            let byte = self.buffer[self.start];
            if byte == self.dialect.delimiter {
                self.start += 1;
                self.on_line += 1;
                return Ok(Next::Field);
            }
            if byte == 0 {
                return Err(self.nul());
            }
            if byte == b'\n' || byte == b'\r' {
                self.end_row(record)?;
                return Ok(Next::Row);
            }
            if !self.dialect.stray_quotes_are_text {
                let message = format!(
                    "a quote stands inside field {}, which has none around it; put the field in quotes and double \
                     this one, or say `stray_quotes: text` or `quote: none` on the source",
                    record.len() + 1
                );
                return Err(Fault::Grammar { line: self.line, message });
            }
            record.bytes.push(byte);
            self.start += 1;
        }
    }

    /// A field in quotes, and what ends it.
    fn quoted(&mut self, record: &mut Record) -> Result<Next, Fault> {
        let quote = self.buffer[self.start];
        let began = self.line;
        self.start += 1;
        loop {
            let delimiter = self.dialect.delimiter;
            let special = move |byte: &u8| *byte == quote || *byte == delimiter || matches!(*byte, b'\n' | b'\r' | 0);
            if !self.take_until(special, record)? {
                let message = "a quoted field begins here and does not end; if quotes are text in this file, say \
                               `quote: none` on the source"
                    .to_owned();
                return Err(Fault::Grammar { line: began, message });
            }
            let byte = self.buffer[self.start];
            self.start += 1;
            if byte != quote {
                match byte {
                    0 => return Err(self.nul()),
                    b'\n' => self.line_inside(),
                    b'\r' if self.line_end == Some(LineEnd::CarriageReturn) => self.line_inside(),
                    b'\r' => {}
                    _ => self.on_line += 1,
                }
                record.bytes.push(byte);
                continue;
            }
            match self.peek()? {
                Some(next) if next == quote => {
                    record.bytes.push(quote);
                    self.start += 1;
                }
                None => {
                    self.refuse_swallowed_rows(record)?;
                    return Ok(Next::Row);
                }
                Some(next) if next == delimiter => {
                    self.start += 1;
                    self.on_line += 1;
                    return Ok(Next::Field);
                }
                Some(b'\n' | b'\r') => {
                    self.end_row(record)?;
                    return Ok(Next::Row);
                }
                Some(_) => return Err(self.text_behind_quote(began)),
            }
        }
    }

    fn text_behind_quote(&self, began: u64) -> Fault {
        let line = self.line;
        let place = if line == began {
            "ends before the field does".to_owned()
        } else {
            format!("ends on line {line}, where more text follows")
        };
        let message = format!(
            "the quote that begins a field here {place}; a quote inside a quoted field is doubled; if quotes are \
             text in this file, say `quote: none` on the source"
        );
        Fault::Grammar { line: began, message }
    }

    fn line_inside(&mut self) {
        self.line += 1;
        self.on_first_line.get_or_insert(self.on_line);
        self.on_line = 0;
    }

    /// Steps over a line's end, which must be of the file's kind.
    fn end_row(&mut self, record: &Record) -> Result<(), Fault> {
        self.refuse_swallowed_rows(record)?;
        let mut line_end = LineEnd::LineFeed;
        if self.buffer[self.start] == b'\r' {
            self.start += 1;
            if self.peek()? != Some(b'\n') {
                line_end = LineEnd::CarriageReturn;
                self.start -= 1;
            }
        }
        let known = *self.line_end.get_or_insert(line_end);
        if known != line_end {
            let message = match line_end {
                LineEnd::CarriageReturn => {
                    "a carriage return stands inside the row; put its field in quotes, or take it out"
                }
                LineEnd::LineFeed => "this line ends with a line feed, those before end with a carriage return alone",
            };
            return Err(Fault::Grammar { line: self.line, message: message.to_owned() });
        }
        self.start += 1;
        self.line += 1;
        Ok(())
    }

    /// A row over several lines, of which the first and the last each have a whole row's delimiters, is most
    /// likely several rows between two quotes that were never meant.
    fn refuse_swallowed_rows(&self, record: &Record) -> Result<(), Fault> {
        let Some(first) = self.on_first_line.filter(|_| !self.dialect.multiline) else { return Ok(()) };
        if self.expected != Some(first) || self.expected != Some(self.on_line) {
            return Ok(());
        }
        let message = format!(
            "a quoted field that begins here holds what looks like rows, up to line {}; if it is one field, say \
             `multiline: true` on the source; if quotes are text in this file, say `quote: none`",
            self.line
        );
        Err(Fault::Grammar { line: record.line, message })
    }

    fn nul(&self) -> Fault {
        let message = "a NUL byte: the file is not text, or its encoding is UTF-16; say so with `encoding: utf-16` \
                       on the source"
            .to_owned();
        Fault::Grammar { line: self.line, message }
    }

    /// Appends all bytes before the next special one; false when the file ends first.
    #[inline]
    fn take_until(&mut self, special: impl Fn(&u8) -> bool, record: &mut Record) -> Result<bool, Fault> {
        loop {
            let rest = &self.buffer[self.start..self.end];
            let found = rest.iter().position(&special);
            let taken = found.unwrap_or(rest.len());
            record.bytes.extend_from_slice(&rest[..taken]);
            self.start += taken;
            let field = record.bytes.len() - record.ends.last().copied().unwrap_or_default();
            if field > self.cell_bytes {
                return Err(Fault::TooLong { line: record.line, place: record.len(), bytes: field });
            }
            if record.bytes.len() > self.cell_bytes.saturating_mul(CELLS_IN_A_ROW) {
                return Err(Fault::TooLong { line: record.line, place: usize::MAX, bytes: record.bytes.len() });
            }
            if found.is_some() {
                return Ok(true);
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    #[inline]
    fn peek(&mut self) -> Result<Option<u8>, Fault> {
        if self.start == self.end && !self.fill()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.start]))
    }

    /// Reads more; false at the end. The byte before `start` stays, which `end_row` may step back to.
    fn fill(&mut self) -> Result<bool, Fault> {
        let kept = self.start.min(1);
        if kept == 1 {
            self.buffer[0] = self.buffer[self.start - 1];
        }
        (self.start, self.end) = (kept, kept);
        loop {
            match self.input.read(&mut self.buffer[kept..]) {
                Ok(count) => {
                    self.end = kept + count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Io { line: self.line, error }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Dialect =
        Dialect { delimiter: b',', quote: Some(b'"'), stray_quotes_are_text: false, multiline: false };

    /// Gives its text in pieces of this many bytes, so that every byte is once the last of a block.
    struct Pieces(Vec<u8>, usize);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            Ok(count)
        }
    }

    /// All rows with their lines, or where and why there are no more.
    fn read(text: &[u8], dialect: Dialect, piece: usize) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut records = Records::new(Box::new(Pieces(text.to_vec(), piece)), dialect, 1 << 20);
        let mut record = Record::default();
        let mut rows = Vec::new();
        loop {
            match records.read(&mut record) {
                Ok(false) => return Ok(rows),
                Ok(true) => {
                    if rows.is_empty() {
                        records.expect_fields(record.len());
                    }
                    let field = |place| String::from_utf8_lossy(record.field(place)).into_owned();
                    rows.push((record.line, (0..record.len()).map(field).collect()));
                }
                Err(Fault::Grammar { line, message }) => return Err(format!("{line}: {message}")),
                Err(other) => return Err(format!("{other:?}")),
            }
        }
    }

    fn all_ways(text: &str, dialect: Dialect) -> Result<Vec<(u64, Vec<String>)>, String> {
        let whole = read(text.as_bytes(), dialect, usize::MAX);
        for piece in 1..=3 {
            assert_eq!(read(text.as_bytes(), dialect, piece), whole, "{text:?} in pieces of {piece}");
        }
        whole
    }

    fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
        all_ways(text, STRICT).unwrap_or_else(|fault| panic!("{text:?}: {fault}"))
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
        (line, fields.iter().map(|f| (*f).to_owned()).collect())
    }

    #[test]
    fn rows_are_read_by_the_grammar() {
        assert_eq!(rows("a,b\n1,2"), [row(1, &["a", "b"]), row(2, &["1", "2"])]);
        assert_eq!(rows("a,b\r\n1,\r\n"), [row(1, &["a", "b"]), row(2, &["1", ""])]);
        assert_eq!(rows("a\r1\r"), [row(1, &["a"]), row(2, &["1"])]);
        assert_eq!(rows("a,b\r\n1,2\n"), [row(1, &["a", "b"]), row(2, &["1", "2"])]);
        assert_eq!(rows("a,b\n\"1\n2\",\"x \"\"y\"\"\"\n"), [row(1, &["a", "b"]), row(2, &["1\n2", "x \"y\""])]);
        assert_eq!(rows("a,b\n\"\",\n"), [row(1, &["a", "b"]), row(2, &["", ""])]);
        assert_eq!(rows(""), []);
        assert_eq!(rows("\n"), [row(1, &[""])]);
    }

    #[test]
    fn what_others_guess_at_is_refused_with_its_line() {
        for (text, says) in [
            ("a,b\n1,\"x\n2,y\n3,\"z,w\n", "2: the quote that begins a field here ends on line 4, where more text"),
            ("a,b\n1,\"x\"y\n", "2: the quote that begins a field here ends before the field does"),
            ("a,b\n1,\"x\" \n", "2: the quote that begins a field here ends before the field does"),
            ("a,b\n1,x\"y\n", "2: a quote stands inside field 2"),
            ("a,b\n1, \"x\"\n", "2: a quote stands inside field 2"),
            ("a,b\n1,\"x\n2,y\n", "2: a quoted field begins here and does not end"),
            ("a,b\n1,\"x\n2,y\",\n", "2: "),
            ("a,b\n1,\"x\n2,y\"\n", "2: a quoted field that begins here holds what looks like rows, up to line 3"),
            ("a,b\n1,\"x\n2,y\"", "2: a quoted field that begins here holds what looks like rows, up to line 3"),
            ("a,b\n1,x\0\n", "2: a NUL byte"),
            ("a,b\n1,\"x\0\"\n", "2: a NUL byte"),
            ("a,b\n1,x\ry\n", "2: a carriage return stands inside the row"),
            ("a,b\r1,x\n2,y\r", "2: this line ends with a line feed"),
        ] {
            match all_ways(text, STRICT) {
                Err(fault) => assert!(fault.starts_with(says), "{text:?}: {fault}"),
                Ok(rows) if says == "2: " => assert_eq!(rows.len(), 2, "a field too many is for the columns to tell"),
                Ok(rows) => panic!("{text:?}: {rows:?}"),
            }
        }
    }

    #[test]
    fn leniency_is_said() {
        let text = "a,b\n1,\"x\n2,y\"z\n3,\"q\"\n";
        let none = Dialect { quote: None, ..STRICT };
        assert_eq!(
            all_ways(text, none),
            Ok(vec![row(1, &["a", "b"]), row(2, &["1", "\"x"]), row(3, &["2", "y\"z"]), row(4, &["3", "\"q\""])])
        );
        let stray = Dialect { stray_quotes_are_text: true, ..STRICT };
        assert_eq!(all_ways("a\n5\" pipe\n", stray), Ok(vec![row(1, &["a"]), row(2, &["5\" pipe"])]));
        assert!(all_ways("a\n\"5\" pipe\n", stray).is_err());
        let multiline = Dialect { multiline: true, ..STRICT };
        assert_eq!(all_ways("a,b\n1,\"x\n2,y\"\n", multiline), Ok(vec![row(1, &["a", "b"]), row(2, &["1", "x\n2,y"])]));
        let single = Dialect { quote: Some(b'\''), ..STRICT };
        assert_eq!(all_ways("'a,\"b'\n", single), Ok(vec![row(1, &["a,\"b"])]));
    }

    #[test]
    fn a_value_and_a_row_have_a_longest() {
        let fault = |text: String| {
            let mut records = Records::new(Box::new(io::Cursor::new(text.into_bytes())), STRICT, 100);
            records.read(&mut Record::default())
        };
        for text in ["x".repeat(101), format!("\"{}\"", "x".repeat(101)), "\"".to_owned() + &"x".repeat(1 << 20)] {
            assert!(matches!(fault(text), Err(Fault::TooLong { place: 0, .. })));
        }
        assert!(matches!(fault(vec!["x".repeat(99); 17].join(",")), Err(Fault::TooLong { place: usize::MAX, .. })));
        assert!(matches!(fault(vec!["x".repeat(99); 16].join(",")), Ok(true)));
    }

    proptest::proptest! {
        /// What a strict writer writes is read back, wherever blocks end.
        #[test]
        fn what_is_written_is_read_back(
            rows in proptest::collection::vec(proptest::collection::vec("[a-c\",\r\n é]{0,6}", 3), 1..6),
            piece in 1usize..8,
        ) {
            let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let lines = rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n");
            let text: String = lines.collect();
            let multiline = Dialect { multiline: true, ..STRICT };
            let found = read(text.as_bytes(), multiline, piece).map(|r| r.into_iter().map(|(_, f)| f).collect::<Vec<_>>());
            proptest::prop_assert_eq!(found, Ok(rows));
        }
    }
}
