//! How columns total: what adds up, and what is a ratio of sums. It knows formulas and what is said of
//! columns; where values come from and how they read is not known here.
//!
//! Nothing is guessed. A column adds up when its table's SQL or its declaration says so. A formula adds up when
//! it is a sum of what adds up, a multiple of it, or a product with it; a product of two columns of which
//! nothing is known is an amount (quantity times price) and adds up too. A quotient of two things that add up is
//! a ratio: its total is the quotient of their totals. Everything else has no total.

use crate::formula::{Formula, Operator};

/// How the total of a column is found.
#[derive(Debug, Clone, PartialEq)]
pub enum Totalled {
    /// The sum of its rows.
    Sum,
    /// The mean of its rows.
    Mean,
    /// The least of its rows.
    Min,
    /// The largest of its rows.
    Max,
    /// A formula over sums.
    Ratio(Ratio),
}

/// A formula over sums of columns.
#[derive(Debug, Clone, PartialEq)]
pub enum Ratio {
    /// A number as written.
    Number(f64),
    /// The sum of the column with this index in the table's columns.
    Sum(usize),
    /// The sum, over the rows, of an expression.
    SumOf(Formula),
    /// The negation.
    Negate(Box<Ratio>),
    /// Two operands.
    Binary(Box<Ratio>, Operator, Box<Ratio>),
}

impl Ratio {
    /// The value over the sums of columns and of expressions. `None` where one has none, for a division by zero
    /// and for what no double can hold.
    pub fn evaluate(&self, sum: &dyn Fn(usize) -> Option<f64>, of: &dyn Fn(&Formula) -> Option<f64>) -> Option<f64> {
        let value = match self {
            Self::Number(number) => *number,
            Self::Sum(index) => sum(*index)?,
            Self::SumOf(formula) => of(formula)?,
            Self::Negate(inner) => -inner.evaluate(sum, of)?,
            Self::Binary(left, operator, right) => operator.apply(left.evaluate(sum, of)?, right.evaluate(sum, of)?),
        };
        value.is_finite().then_some(value)
    }

    /// The columns whose sums it reads, and the expressions.
    pub(crate) fn operands<'r>(&'r self, sums: &mut Vec<usize>, expressions: &mut Vec<&'r Formula>) {
        match self {
            Self::Number(_) => {}
            Self::Sum(index) => sums.push(*index),
            Self::SumOf(formula) => expressions.push(formula),
            Self::Negate(inner) => inner.operands(sums, expressions),
            Self::Binary(left, _, right) => {
                left.operands(sums, expressions);
                right.operands(sums, expressions);
            }
        }
    }

    /// Every column whose values count in it.
    pub fn columns(&self) -> Vec<usize> {
        let (mut columns, mut expressions) = (Vec::new(), Vec::new());
        self.operands(&mut columns, &mut expressions);
        columns.extend(expressions.into_iter().flat_map(Formula::columns));
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

/// What is known of the values of a column or formula.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Nature {
    /// The same number in every row.
    Constant(f64),
    /// They add up.
    Adds,
    /// They are a ratio of what adds up.
    Ratio(Ratio),
    /// They do not add up.
    No,
    /// Nobody has said.
    Unknown,
}

/// What a formula over columns gives.
pub(crate) fn nature(formula: &Formula, columns: &[Nature]) -> Nature {
    match formula {
        Formula::Number(number) => Nature::Constant(*number),
        Formula::Column(index) => columns[*index].clone(),
        Formula::Negate(inner) => match nature(inner, columns) {
            Nature::Constant(number) => Nature::Constant(-number),
            Nature::Ratio(ratio) => Nature::Ratio(Ratio::Negate(Box::new(ratio))),
            other => other,
        },
        Formula::Binary(left, operator, right) => {
            let natures = (nature(left, columns), nature(right, columns));
            match operator {
                Operator::Add | Operator::Subtract => of_sum(natures, *operator),
                Operator::Multiply => of_product(natures),
                Operator::Divide => of_quotient(natures, (left, right), columns),
            }
        }
    }
}

use Nature::{Adds, Constant, No, Unknown};

fn of_sum(natures: (Nature, Nature), operator: Operator) -> Nature {
    match natures {
        (Constant(left), Constant(right)) => Constant(operator.apply(left, right)),
        (Adds, Adds | Constant(_)) | (Constant(_), Adds) => Adds,
        (Unknown, _) | (_, Unknown) => Unknown,
        (left, right) => both(left, operator, right),
    }
}

fn of_product(natures: (Nature, Nature)) -> Nature {
    match natures {
        (Constant(left), Constant(right)) => Constant(left * right),
        (Constant(number), Nature::Ratio(ratio)) | (Nature::Ratio(ratio), Constant(number)) => {
            binary(ratio, Operator::Multiply, Ratio::Number(number))
        }
        (Constant(_), other) | (other, Constant(_)) => other,
        (Adds, _) | (_, Adds) => Adds,
        // A ratio or a rate of something unknown is as unknown as it.
        (Unknown, Nature::Ratio(_)) | (Nature::Ratio(_), Unknown) => Unknown,
        (Unknown, _) | (_, Unknown) => Adds,
        (left, right) => both(left, Operator::Multiply, right),
    }
}

fn of_quotient(natures: (Nature, Nature), (left, right): (&Formula, &Formula), columns: &[Nature]) -> Nature {
    match natures {
        (Constant(left), Constant(right)) => Constant(left / right),
        (Nature::Ratio(ratio), Constant(number)) => binary(ratio, Operator::Divide, Ratio::Number(number)),
        (other, Constant(_)) => other,
        (Adds, Adds) => binary(total_of(left, columns), Operator::Divide, total_of(right, columns)),
        // An amount by a price or a rate is an amount again.
        (Adds, No | Nature::Ratio(_)) => Adds,
        (Unknown, _) | (_, Unknown) => Unknown,
        (left, right) => both(left, Operator::Divide, right),
    }
}

/// Ratios and constants are calculated with as they are.
fn both(left: Nature, operator: Operator, right: Nature) -> Nature {
    let value = |nature| match nature {
        Constant(number) => Some(Ratio::Number(number)),
        Nature::Ratio(ratio) => Some(ratio),
        _ => None,
    };
    match (value(left), value(right)) {
        (Some(left), Some(right)) => binary(left, operator, right),
        _ => No,
    }
}

fn binary(left: Ratio, operator: Operator, right: Ratio) -> Nature {
    Nature::Ratio(Ratio::Binary(Box::new(left), operator, Box::new(right)))
}

/// The total of what adds up: by the totals of columns where it is linear in them, else row by row.
fn total_of(formula: &Formula, columns: &[Nature]) -> Ratio {
    let constant = |part: &Formula| match nature(part, columns) {
        Constant(number) => Some(number),
        _ => None,
    };
    let adds = |part: &Formula| nature(part, columns) == Adds;
    match formula {
        Formula::Column(index) if adds(formula) => Ratio::Sum(*index),
        Formula::Negate(inner) => Ratio::Negate(Box::new(total_of(inner, columns))),
        Formula::Binary(left, operator @ (Operator::Add | Operator::Subtract), right) if adds(left) && adds(right) => {
            Ratio::Binary(Box::new(total_of(left, columns)), *operator, Box::new(total_of(right, columns)))
        }
        Formula::Binary(left, operator @ (Operator::Multiply | Operator::Divide), right) if adds(left) => {
            match constant(right) {
                Some(number) => {
                    let number = Box::new(Ratio::Number(number));
                    Ratio::Binary(Box::new(total_of(left, columns)), *operator, number)
                }
                None => Ratio::SumOf(formula.clone()),
            }
        }
        Formula::Binary(left, Operator::Multiply, right) if adds(right) => match constant(left) {
            Some(number) => {
                let right = Box::new(total_of(right, columns));
                Ratio::Binary(Box::new(Ratio::Number(number)), Operator::Multiply, right)
            }
            None => Ratio::SumOf(formula.clone()),
        },
        _ => Ratio::SumOf(formula.clone()),
    }
}

/// The ratio that an author asks for: the formula over sums, whatever is known of its columns. `None` when
/// it divides nothing that adds up.
pub(crate) fn asked_ratio(formula: &Formula, columns: &[Nature]) -> Option<Ratio> {
    let said: Vec<Nature> = columns
        .iter()
        .map(|column| match column {
            No | Unknown => Adds,
            other => other.clone(),
        })
        .collect();
    match nature(formula, &said) {
        Nature::Ratio(ratio) => Some(ratio),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns: two that add up, two of which nothing is known, a price, a ratio.
    const COLUMNS: [&str; 6] = ["orders", "visits", "quantity", "unit_price", "rate", "share"];

    fn natures() -> Vec<Nature> {
        let share = nature(&Formula::parse("orders / visits", &COLUMNS).expect("a formula"), &[Adds, Adds]);
        vec![Adds, Adds, Unknown, Unknown, No, share]
    }

    fn of(text: &str) -> Nature {
        nature(&Formula::parse(text, &COLUMNS).expect("a formula"), &natures())
    }

    #[test]
    fn what_adds_up_is_told_from_what_does_not() {
        for adds in [
            "orders",
            "-orders",
            "orders + visits",
            "orders - visits * 2",
            "orders * 1.19 + 0",
            "orders + 5",
            "quantity * unit_price",
            "quantity * unit_price * 1.19",
            "quantity * rate",
            "quantity * unit_price - orders",
            "orders * share",
            "orders / share",
            "orders / rate",
        ] {
            assert_eq!(of(adds), Adds, "{adds}");
        }
        for unknown in ["quantity", "unit_price * 1.19", "quantity + orders", "orders / quantity", "unit_price * share"]
        {
            assert_eq!(of(unknown), Unknown, "{unknown}");
        }
        for no in ["rate * 1.19", "rate * rate", "rate + orders", "share + orders", "1 / orders", "share / orders"] {
            assert_eq!(of(no), No, "{no}");
        }
        assert_eq!(of("2 * 3 - 1"), Constant(5.0));
    }

    fn total(text: &str) -> Option<f64> {
        let Nature::Ratio(ratio) = of(text) else { return None };
        // Sums of columns are 100, 200, ...; the sum of an expression is 7.
        ratio.evaluate(&|index| Some((index as f64 + 1.0) * 100.0), &|_| Some(7.0))
    }

    #[test]
    fn ratios_are_computed_from_totals() {
        assert_eq!(total("orders / visits"), Some(0.5));
        assert_eq!(total("(visits - orders) / orders"), Some(1.0));
        assert_eq!(total("100 * orders / visits"), Some(50.0));
        assert_eq!(total("1 - orders / visits"), Some(0.5));
        assert_eq!(total("share * 2 + share / share"), Some(2.0));
        assert_eq!(total("quantity * unit_price / orders"), Some(0.07));
        assert_eq!(total("(orders + 5) / visits"), Some(0.035));
        assert_eq!(total("(orders * 2 - visits) / visits"), Some(0.0));
        assert_eq!(total("orders / (visits - visits)"), None);
        assert_eq!(total("orders / quantity"), None);
    }

    #[test]
    fn a_ratio_that_is_asked_for_takes_every_column_as_a_sum() {
        let asked = |text: &str| asked_ratio(&Formula::parse(text, &COLUMNS).expect("a formula"), &natures());
        let ratio = asked("orders / quantity").expect("a ratio");
        assert_eq!(ratio.columns(), [0, 2]);
        assert_eq!(asked("quantity * unit_price"), None);
        assert_eq!(asked("orders + quantity"), None);
    }
}
