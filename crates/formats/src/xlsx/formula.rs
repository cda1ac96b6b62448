//! Computed columns as live formulas. Where the document has no value (an operand is missing, a
//! divisor is zero), the formula shows nothing, as the document does.

use punctual_document::{
    formula::{Formula, Operator},
    totals::Ratio,
};
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
        Formula::Number(value) => number(*value)?,
        Formula::Column(index) => reference(*index)?,
        Formula::Negate(inner) => format!("(-{})", expression(inner)?),
        Formula::Binary(left, operator, right) => {
            format!("({}{}{})", expression(left)?, sign(*operator), expression(right)?)
        }
    })
}

fn reference(column: usize) -> Option<String> {
    Some(name(column)? + ROW.encode_utf8(&mut [0; 4]))
}

/// The total of a column that is a ratio: over the totals below `columns` where those are sums, else over the
/// sums of their rows, which stand from row 2 to `last`. `None` when Excel could not hold it.
pub(super) fn ratio_of_totals(ratio: &Ratio, total_below: &dyn Fn(usize) -> bool, last: u32) -> Option<String> {
    let text = ratio_expression(ratio, total_below, last)?;
    let formula = format!("IFERROR({text},\"\")");
    (formula.len() <= MAX_LENGTH).then_some(formula)
}

fn ratio_expression(ratio: &Ratio, total_below: &dyn Fn(usize) -> bool, last: u32) -> Option<String> {
    let part = |part: &Ratio| ratio_expression(part, total_below, last);
    Some(match ratio {
        Ratio::Number(value) => number(*value)?,
        Ratio::Sum(column) if total_below(*column) => format!("{}{}", name(*column)?, last + 1),
        Ratio::Sum(column) => format!("SUM({})", range(*column, last)?),
        Ratio::SumOf(formula) => sum_of_products(formula, last)?,
        Ratio::Negate(inner) => format!("(-{})", part(inner)?),
        Ratio::Binary(left, operator, right) => format!("({}{}{})", part(left)?, sign(*operator), part(right)?),
    })
}

/// The sum over the rows of a product of columns and numbers: empty cells and texts count as zero, as a row with
/// one has no product. `None` for other expressions.
fn sum_of_products(formula: &Formula, last: u32) -> Option<String> {
    let (mut numbers, mut ranges) = (Vec::new(), Vec::new());
    factors(formula, last, &mut numbers, &mut ranges)?;
    let mut text = format!("SUMPRODUCT({})", ranges.join(","));
    for value in numbers {
        text = format!("({}*{text})", number(value)?);
    }
    Some(text)
}

fn factors(formula: &Formula, last: u32, numbers: &mut Vec<f64>, ranges: &mut Vec<String>) -> Option<()> {
    match formula {
        Formula::Number(value) => numbers.push(*value),
        Formula::Column(column) => ranges.push(range(*column, last)?),
        Formula::Binary(left, Operator::Multiply, right) => {
            factors(left, last, numbers, ranges)?;
            factors(right, last, numbers, ranges)?;
        }
        Formula::Negate(_) | Formula::Binary(..) => return None,
    }
    Some(())
}

/// The rows of a column: `B2:B9`.
pub(super) fn range(column: usize, last: u32) -> Option<String> {
    let name = name(column)?;
    Some(format!("{name}2:{name}{last}"))
}

fn name(column: usize) -> Option<String> {
    Some(column_number_to_name(u16::try_from(column).ok()?))
}

fn number(value: f64) -> Option<String> {
    value.is_finite().then(|| if value < 0.0 { format!("({value})") } else { value.to_string() })
}

fn sign(operator: Operator) -> char {
    match operator {
        Operator::Add => '+',
        Operator::Subtract => '-',
        Operator::Multiply => '*',
        Operator::Divide => '/',
    }
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
    fn a_ratio_reads_totals_and_sums_what_has_none() {
        let sum = |column| Box::new(Ratio::Sum(column));
        let product = *binary(
            binary(column(0), Operator::Multiply, column(1)),
            Operator::Multiply,
            Box::new(Formula::Number(1.19)),
        );
        let of = |ratio: Ratio| ratio_of_totals(&ratio, &|column| column == 1, 9);
        let text = of(Ratio::Binary(sum(1), Operator::Divide, sum(2))).expect("fits");
        assert_eq!(text, r#"IFERROR((B10/SUM(C2:C9)),"")"#);
        let text = of(Ratio::Binary(Box::new(Ratio::SumOf(product)), Operator::Divide, sum(1))).expect("fits");
        assert_eq!(text, r#"IFERROR(((1.19*SUMPRODUCT(A2:A9,B2:B9))/B10),"")"#);
        let other = *binary(column(0), Operator::Add, Box::new(Formula::Number(5.0)));
        assert_eq!(of(Ratio::SumOf(other)), None);
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
