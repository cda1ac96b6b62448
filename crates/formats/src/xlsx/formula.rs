//! Computed columns as live formulas. Where the document has no value (an operand is missing, a
//! divisor is zero), the formula shows nothing, as the document does.

use punctual_document::formula::{Formula, Operator};
use rust_xlsxwriter::utility::column_number_to_name;

/// The most characters of a formula.
const MAX_LENGTH: usize = 8_192;

/// Excel's functions nest 64 deep; each divisor takes one level.
const MAX_DIVISORS: usize = 60;

/// Stands for the row's number in a template; no formula contains it.
const ROW: char = '\u{1}';

/// A computed column's formula, made once and filled in for each row.
#[derive(Debug)]
pub(super) struct LiveFormula {
    template: String,
    /// The columns that it reads.
    pub(super) operands: Vec<usize>,
}

impl LiveFormula {
    /// `None` when Excel could not hold the formula; its values are then written as they are.
    pub(super) fn new(formula: &Formula) -> Option<Self> {
        let mut operands = Vec::new();
        let mut divisors = Vec::new();
        collect(formula, &mut operands, &mut divisors)?;
        if divisors.len() > MAX_DIVISORS {
            return None;
        }
        let mut template = expression(formula)?;
        // Innermost last: a divisor that itself divides is looked at after its own divisor.
        for divisor in divisors.iter().rev() {
            template = format!("IF({}=0,\"\",{template})", expression(divisor)?);
        }
        if !operands.is_empty() {
            let cells: Vec<String> = operands.iter().map(|index| reference(*index)).collect::<Option<_>>()?;
            template = format!("IF(COUNT({})<{},\"\",{template})", cells.join(","), cells.len());
        }
        // A row number has seven digits at most.
        let longest = template.len() + template.matches(ROW).count() * 6;
        (longest <= MAX_LENGTH).then_some(Self { template, operands })
    }

    /// The formula in a row, counted from 1 as Excel does.
    pub(super) fn in_row(&self, number: u32) -> String {
        self.template.replace(ROW, &number.to_string())
    }
}

/// The columns that are read, each once, and the divisors from the inside out.
fn collect<'f>(formula: &'f Formula, operands: &mut Vec<usize>, divisors: &mut Vec<&'f Formula>) -> Option<()> {
    match formula {
        Formula::Number(value) => value.is_finite().then_some(()),
        Formula::Column(index) => {
            if !operands.contains(index) {
                operands.push(*index);
            }
            Some(())
        }
        Formula::Negate(inner) => collect(inner, operands, divisors),
        Formula::Binary(left, operator, right) => {
            collect(left, operands, divisors)?;
            collect(right, operands, divisors)?;
            let always_divides = matches!(**right, Formula::Number(value) if value != 0.0);
            if *operator == Operator::Divide && !always_divides && !divisors.contains(&&**right) {
                divisors.push(right);
            }
            Some(())
        }
    }
}

/// Every operation stands in parentheses, so that precedence is the tree's and not Excel's.
fn expression(formula: &Formula) -> Option<String> {
    Some(match formula {
        Formula::Number(value) if *value < 0.0 => format!("({value})"),
        Formula::Number(value) => value.to_string(),
        Formula::Column(index) => reference(*index)?,
        Formula::Negate(inner) => format!("(-{})", expression(inner)?),
        Formula::Binary(left, operator, right) => {
            let sign = match operator {
                Operator::Add => '+',
                Operator::Subtract => '-',
                Operator::Multiply => '*',
                Operator::Divide => '/',
            };
            format!("({}{sign}{})", expression(left)?, expression(right)?)
        }
    })
}

fn reference(column: usize) -> Option<String> {
    Some(column_number_to_name(u16::try_from(column).ok()?) + ROW.encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(index: usize) -> Box<Formula> {
        Box::new(Formula::Column(index))
    }

    fn binary(left: Box<Formula>, operator: Operator, right: Box<Formula>) -> Box<Formula> {
        Box::new(Formula::Binary(left, operator, right))
    }

    fn text(formula: &Formula) -> String {
        LiveFormula::new(formula).expect("fits").in_row(7)
    }

    #[test]
    fn division_is_guarded_against_zero_and_missing_operands() {
        let change = binary(binary(column(1), Operator::Subtract, column(2)), Operator::Divide, column(2));
        assert_eq!(text(&change), r#"IF(COUNT(B7,C7)<2,"",IF(C7=0,"",((B7-C7)/C7)))"#);
        let half = binary(column(0), Operator::Divide, Box::new(Formula::Number(2.0)));
        assert_eq!(text(&half), r#"IF(COUNT(A7)<1,"",(A7/2))"#);
        let zero = binary(column(0), Operator::Divide, Box::new(Formula::Number(0.0)));
        assert_eq!(text(&zero), r#"IF(COUNT(A7)<1,"",IF(0=0,"",(A7/0)))"#);
    }

    #[test]
    fn an_inner_divisor_is_looked_at_first() {
        let inner = binary(column(1), Operator::Divide, column(2));
        let outer = binary(column(0), Operator::Divide, inner);
        assert_eq!(text(&outer), r#"IF(COUNT(A7,B7,C7)<3,"",IF(C7=0,"",IF((B7/C7)=0,"",(A7/(B7/C7)))))"#);
    }

    #[test]
    fn signs_and_constants_keep_their_place() {
        let negative = Formula::Negate(binary(Box::new(Formula::Number(-1.5)), Operator::Multiply, column(27)));
        assert_eq!(text(&negative), r#"IF(COUNT(AB7)<1,"",(-((-1.5)*AB7)))"#);
        assert_eq!(text(&Formula::Number(0.1)), "0.1");
    }

    #[test]
    fn what_excel_cannot_hold_has_no_formula() {
        assert!(LiveFormula::new(&Formula::Number(f64::NAN)).is_none());
        let mut long = column(0);
        for _ in 0..2_000 {
            long = binary(long, Operator::Add, column(0));
        }
        assert!(LiveFormula::new(&long).is_none());
        let mut deep = column(0);
        for index in 1..=61 {
            deep = binary(deep, Operator::Divide, column(index));
        }
        assert!(LiveFormula::new(&deep).is_none());
    }
}
