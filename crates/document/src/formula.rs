//! Formulas of computed columns: arithmetic over earlier columns, evaluated here and
//! handed on as an expression, so that a spreadsheet can hold it live.

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
