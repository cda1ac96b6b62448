//! The parser of formulas: recursive descent over a few tokens, with errors that point.

use punctual_model::nearest::nearest;

use super::{Formula, FormulaError, Operator};

/// More numbers and names than this are a program, not a column; it also bounds the recursion.
const MOST_OPERANDS: usize = 200;
/// The deepest nesting of parentheses and signs.
const DEEPEST: usize = 50;

/// Parses `text` over the columns with these names.
pub(super) fn parse(text: &str, columns: &[&str]) -> Result<Formula, FormulaError> {
    let mut parser = Parser { text, position: 0, columns, operands: 0, depth: 0 };
    let formula = parser.sum()?;
    parser.skip_spaces();
    match parser.peek() {
        None => Ok(formula),
        Some(found) => Err(parser.error(format!("unexpected `{found}`"), Some("write + - * / between two values"))),
    }
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
    columns: &'a [&'a str],
    operands: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_spaces();
        let found = self.peek() == Some(wanted);
        if found {
            self.position += wanted.len_utf8();
        }
        found
    }

    fn error(&self, message: impl Into<String>, help: Option<&str>) -> FormulaError {
        let column = self.text[..self.position].chars().count() + 1;
        FormulaError { message: message.into(), column, help: help.map(str::to_owned), unknown: None }
    }

    fn sum(&mut self) -> Result<Formula, FormulaError> {
        self.chain(Self::product, [('+', Operator::Add), ('-', Operator::Subtract)])
    }

    fn product(&mut self) -> Result<Formula, FormulaError> {
        self.chain(Self::operand, [('*', Operator::Multiply), ('/', Operator::Divide)])
    }

    /// Operands joined by operators of one rank, from left to right.
    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Formula, FormulaError>,
        operators: [(char, Operator); 2],
    ) -> Result<Formula, FormulaError> {
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.take(*sign)) {
            let right = operand(self)?;
            left = Formula::Binary(Box::new(left), *operator, Box::new(right));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Formula, FormulaError> {
        if self.depth == DEEPEST || self.operands == MOST_OPERANDS {
            return Err(self.error("the formula is too long", Some("compute it in the table's SQL")));
        }
        self.depth += 1;
        let formula = self.operand_inner();
        self.depth -= 1;
        formula
    }

    fn operand_inner(&mut self) -> Result<Formula, FormulaError> {
        if self.take('-') {
            return Ok(Formula::Negate(Box::new(self.operand()?)));
        }
        if self.take('(') {
            let inner = self.sum()?;
            return match self.take(')') {
                true => Ok(inner),
                false => Err(self.error("a parenthesis is not closed", None)),
            };
        }
        self.operands += 1;
        match self.peek() {
            Some('"') => self.quoted(),
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.name(),
            Some(c) => Err(self.error(format!("unexpected `{c}`"), Some("a column's name or a number belongs here"))),
            None => Err(self.error("the formula ends", Some("a column's name or a number belongs here"))),
        }
    }

    fn number(&mut self) -> Result<Formula, FormulaError> {
        let rest = self.rest().as_bytes();
        let mut end = 0;
        while let Some(byte) = rest.get(end) {
            let exponent_sign = matches!(byte, b'+' | b'-') && end > 0 && matches!(rest[end - 1], b'e' | b'E');
            if !(byte.is_ascii_alphanumeric() || *byte == b'.' || exponent_sign) {
                break;
            }
            end += 1;
        }
        let written = &self.rest()[..end];
        match written.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.position += end;
                Ok(Formula::Number(number))
            }
            _ => Err(self.error(format!("`{written}` is not a number"), None)),
        }
    }

    fn quoted(&mut self) -> Result<Formula, FormulaError> {
        let inner = &self.rest()[1..];
        match inner.find('"') {
            Some(end) => self.column(&inner[..end], end + 2),
            None => Err(self.error("a quoted name is not closed", None)),
        }
    }

    fn name(&mut self) -> Result<Formula, FormulaError> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.column(&rest[..end], end)
    }

    /// The column of this name, whose text takes `length` bytes.
    fn column(&mut self, name: &str, length: usize) -> Result<Formula, FormulaError> {
        if let Some(index) = self.columns.iter().position(|column| *column == name) {
            self.position += length;
            return Ok(Formula::Column(index));
        }
        if self.rest()[length..].trim_start().starts_with('(') {
            return Err(self.error(
                format!("`{name}(...)` is not known"),
                Some("formulas have + - * / and parentheses, no functions; compute the rest in the table's SQL"),
            ));
        }
        let help = match nearest(name, self.columns.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.columns.is_empty() => "no column is shown before it".to_owned(),
            None => format!("the columns before it are {}", self.columns.join(", ")),
        };
        let mut error = self.error(format!("no column before it is named `{name}`"), Some(&help));
        error.unknown = Some(name.to_owned());
        Err(error)
    }
}
