//! Computes the formulas that workbooks hold, apart from the program that wrote them: functions over one column,
//! cells, arithmetic. What it does not know has no value, so that a test which meets it fails.

use calamine::{Data, Range};

/// The value of a formula over a sheet.
pub fn evaluate(formula: &str, sheet: &Range<Data>) -> Option<f64> {
    let mut parser = Parser { rest: formula.trim_start_matches('='), sheet };
    let value = parser.sum()?;
    parser.rest.is_empty().then_some(value)
}

struct Parser<'a> {
    rest: &'a str,
    sheet: &'a Range<Data>,
}

impl Parser<'_> {
    fn take(&mut self, text: &str) -> bool {
        let found = self.rest.strip_prefix(text);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        loop {
            if self.take("+") {
                value += self.product()?;
            } else if self.take("-") {
                value -= self.product()?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.operand()?;
        loop {
            if self.take("*") {
                value *= self.operand()?;
            } else if self.take("/") {
                value /= self.operand()?;
            } else {
                return Some(value);
            }
        }
    }

    fn operand(&mut self) -> Option<f64> {
        if self.take("-") {
            return self.operand().map(|value| -value);
        }
        if self.take("(") {
            let value = self.sum();
            return value.filter(|_| self.take(")"));
        }
        if self.take("IFERROR(") {
            let value = self.sum().filter(|value| value.is_finite());
            return value.filter(|_| self.take(",\"\")"));
        }
        for (name, function) in FUNCTIONS {
            if self.take(name) {
                let (range, rest) = self.rest.split_once(')')?;
                let (first, last) = range.split_once(':')?;
                self.rest = rest;
                return function(&self.column(first, last)?);
            }
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.parse().ok().or_else(|| self.number(place(word)?))
    }

    fn number(&self, place: (u32, u32)) -> Option<f64> {
        match self.sheet.get_value(place) {
            Some(Data::Float(value)) => Some(*value),
            _ => None,
        }
    }

    /// The numbers of a column; empty cells and texts are passed over, as these functions do.
    fn column(&self, first: &str, last: &str) -> Option<Vec<f64>> {
        let ((from, col), (to, same)) = (place(first)?, place(last)?);
        (col == same).then(|| (from..=to).filter_map(|row| self.number((row, col))).collect())
    }
}

type Function = fn(&[f64]) -> Option<f64>;

const FUNCTIONS: [(&str, Function); 4] = [
    ("SUM(", |values| Some(values.iter().sum())),
    ("AVERAGE(", |values| Some(values.iter().sum::<f64>() / values.len() as f64)),
    ("MIN(", |values| values.iter().copied().reduce(f64::min)),
    ("MAX(", |values| values.iter().copied().reduce(f64::max)),
];

/// `B7` as row and column, from 0.
fn place(cell: &str) -> Option<(u32, u32)> {
    let digits = cell.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = cell.split_at(digits);
    let col = letters
        .bytes()
        .try_fold(0, |col, letter| letter.is_ascii_uppercase().then(|| col * 26 + u32::from(letter - b'A') + 1))?;
    Some((row.parse::<u32>().ok()?.checked_sub(1)?, col.checked_sub(1)?))
}

#[test]
fn formulas_are_computed_and_others_are_not() {
    let mut sheet = Range::new((0, 0), (3, 1));
    for (row, value) in [2.0, 4.0].into_iter().enumerate() {
        sheet.set_value((row as u32, 1), Data::Float(value));
    }
    let of = |formula: &str| evaluate(formula, &sheet);
    assert_eq!(of("SUM(B1:B4)"), Some(6.0));
    assert_eq!(of("AVERAGE(B1:B4)*2"), Some(6.0));
    assert_eq!(of("IFERROR(((B2-B1)/B1),\"\")"), Some(1.0));
    assert_eq!(of("MIN(B1:B2)+MAX(B1:B2)"), Some(6.0));
    assert_eq!(of("IFERROR((B2/0),\"\")"), None);
    assert_eq!(of("COUNT(B1:B2)"), None);
}
