//! Formulas of computed columns: arithmetic over earlier columns, evaluated here and
//! handed on as an expression, so that a spreadsheet can hold it live.

mod parse;

/// An arithmetic expression over the columns of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// A number as written.
    Number(f64),
    /// The value of the column with this index in the table's columns.
    Column(usize),
    /// The negation.
    Negate(Box<Formula>),
    /// Two operands.
    Binary(Box<Formula>, Operator, Box<Formula>),
}

/// An arithmetic operator. Division by zero gives no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

impl Operator {
    /// The result over two numbers; infinite or NaN for what has none.
    pub fn apply(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
        }
    }
}

/// Why a text is not a formula.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {column} of the formula")]
pub struct FormulaError {
    /// What is wrong.
    pub message: String,
    /// Where, in characters from 1.
    pub column: usize,
    /// The way out, where one is known.
    pub help: Option<String>,
    /// The name that no earlier column has, when that is what is wrong.
    pub unknown: Option<String>,
}

impl Formula {
    /// Parses an expression of `+ - * /`, parentheses, numbers and the names of `columns`;
    /// a name with other characters than letters, digits and `_` stands in double quotes.
    ///
    /// # Errors
    /// Where the text stops being a formula.
    pub fn parse(text: &str, columns: &[&str]) -> Result<Self, FormulaError> {
        parse::parse(text, columns)
    }

    /// The columns that it names, in the order of their first use.
    pub fn columns(&self) -> Vec<usize> {
        let mut columns = Vec::new();
        self.name_columns(&mut columns);
        columns
    }

    fn name_columns(&self, columns: &mut Vec<usize>) {
        match self {
            Self::Number(_) => {}
            Self::Column(index) if columns.contains(index) => {}
            Self::Column(index) => columns.push(*index),
            Self::Negate(inner) => inner.name_columns(columns),
            Self::Binary(left, _, right) => {
                left.name_columns(columns);
                right.name_columns(columns);
            }
        }
    }

    /// The value over one row. `None` where a column has none (NULL), for a division by zero and
    /// for what no double can hold.
    pub fn evaluate(&self, column: &dyn Fn(usize) -> Option<f64>) -> Option<f64> {
        let value = match self {
            Self::Number(number) => *number,
            Self::Column(index) => column(*index)?,
            Self::Negate(inner) => -inner.evaluate(column)?,
            Self::Binary(left, operator, right) => operator.apply(left.evaluate(column)?, right.evaluate(column)?),
        };
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: [&str; 3] = ["revenue", "previous", "ad spend"];

    fn value(text: &str, row: [Option<f64>; 3]) -> Option<f64> {
        Formula::parse(text, &COLUMNS).expect("a formula").evaluate(&|i| row[i])
    }

    fn error(text: &str) -> String {
        let error = Formula::parse(text, &COLUMNS).expect_err("no formula");
        format!("{error}; {}", error.help.as_deref().unwrap_or_default())
    }

    #[test]
    fn arithmetic_binds_as_usual() {
        let row = [Some(120.0), Some(100.0), Some(8.0)];
        assert_eq!(value("(revenue - previous) / previous", row), Some(0.2));
        assert_eq!(value("revenue - previous - 5", row), Some(15.0));
        assert_eq!(value("revenue / previous / 2", row), Some(0.6));
        assert_eq!(value("1 + 2 * 3", row), Some(7.0));
        assert_eq!(value("-revenue + -(-1)", row), Some(-119.0));
        assert_eq!(value("\"ad spend\" * 1.5e1", row), Some(120.0));
        assert_eq!(value(".5*revenue", row), Some(60.0));
    }

    #[test]
    fn what_has_no_value_is_none() {
        assert_eq!(value("revenue / previous", [Some(1.0), Some(0.0), None]), None);
        assert_eq!(value("revenue / previous", [Some(0.0), Some(0.0), None]), None);
        assert_eq!(value("revenue + previous", [Some(1.0), None, None]), None);
        assert_eq!(value("revenue * revenue", [Some(1e200), None, None]), None);
    }

    #[test]
    fn errors_point_and_help() {
        insta::assert_snapshot!(
            [
                error("(revenue - previos) / previous"),
                error("(revenue"),
                error("revenue previous"),
                error("revenue +"),
                error("sum(revenue)"),
                error("revenue % 2"),
                error(""),
                error("1.2.3"),
                error("\"ad spend"),
                error(&"(".repeat(1000)),
                error(&"1+".repeat(1000)),
            ]
            .join("\n")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_fall(text in "[a-z0-9+*/() .\"-]{0,40}") {
            let _ = Formula::parse(&text, &COLUMNS);
        }
    }
}
