//! In which currency a column is: one for all rows, or one that each row says. Amounts of different currencies
//! are never added or divided in silence.

use arrow::datatypes::DataType;
use punctual_data::meaning::Meaning;
use punctual_model::definition::FieldSpec;

use super::{AssembleError, EditionTable, Place, columns::column_error};
use crate::formula::{Formula, Operator};

/// The currency of a column's amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Money {
    /// All amounts are in this one.
    Code(String),
    /// The column of this name says it in each row.
    Column(String),
}

impl Money {
    /// What the layout says.
    pub(super) fn of_spec(spec: &FieldSpec) -> Option<Self> {
        let code = spec.currency().map(|currency| Self::Code(currency.code().to_owned()));
        code.or_else(|| spec.currency_column().map(|column| Self::Column(column.to_owned())))
    }

    /// What the data say.
    pub(super) fn of_meaning(meaning: &Meaning) -> Option<Self> {
        let code = meaning.currency.clone().map(Self::Code);
        code.or_else(|| meaning.currency_column.clone().map(Self::Column))
    }

    /// In words.
    fn name(&self) -> String {
        match self {
            Self::Code(code) => code.clone(),
            Self::Column(column) => format!("`{column}`"),
        }
    }
}

/// The column `currency` of a table, where it holds texts: as in a burst row, it is that of the amounts beside it.
pub(super) fn by_name(table: &EditionTable) -> Option<Money> {
    let field = table.schema.field_with_name(CURRENCY).ok()?;
    is_text(field.data_type()).then(|| Money::Column(CURRENCY.to_owned()))
}

const CURRENCY: &str = "currency";

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Dictionary(..))
}

/// Two columns of a formula whose amounts do not go together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clash {
    /// The columns.
    pub(super) columns: [usize; 2],
    /// Their currencies.
    pub(super) currencies: [String; 2],
}

/// The currency of a formula's result; `None` for a ratio of amounts, and where no operand has one.
pub(super) fn of_formula(formula: &Formula, columns: &[Option<Money>]) -> Result<Option<Money>, Clash> {
    Ok(found(formula, columns)?.map(|(money, _)| money))
}

/// The currency, and a column that has it.
type Found = Option<(Money, usize)>;

fn found(formula: &Formula, columns: &[Option<Money>]) -> Result<Found, Clash> {
    Ok(match formula {
        Formula::Number(_) => None,
        Formula::Column(index) => columns[*index].clone().map(|money| (money, *index)),
        Formula::Negate(inner) => found(inner, columns)?,
        Formula::Binary(left, operator, right) => match (found(left, columns)?, found(right, columns)?) {
            (Some((one, first)), Some((two, second))) if one != two => {
                return Err(Clash { columns: [first, second], currencies: [one.name(), two.name()] });
            }
            (Some(both), Some(_)) => match operator {
                Operator::Add | Operator::Subtract => Some(both),
                Operator::Multiply | Operator::Divide => None,
            },
            // Something by an amount is no amount.
            (None, Some(_)) if *operator == Operator::Divide => None,
            (left, right) => left.or(right),
        },
    })
}

/// Where the column of currencies stands in its table.
pub(super) fn column(
    place: &Place<'_>,
    data: &str,
    table: &EditionTable,
    amount: &str,
    name: &str,
) -> Result<usize, AssembleError> {
    let Ok(index) = table.schema.index_of(name) else {
        let message = format!("has amounts in the currency of `{name}`, which `{data}` does not have");
        let help = "select that column too, and group by it where amounts are added; or say `currency`";
        return Err(column_error(place, amount, &message, help));
    };
    if !is_text(table.schema.field(index).data_type()) {
        let message = format!("has amounts in the currency of `{name}`, which holds no text");
        return Err(column_error(place, amount, &message, "name the column of ISO 4217 codes such as EUR"));
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_two_currencies_do_not_go_together() {
        let names = ["euros", "dollars", "mixed", "visits"];
        let columns =
            [Some(Money::Code("EUR".into())), Some(Money::Code("USD".into())), Some(Money::Column("c".into())), None];
        let of = |text: &str| of_formula(&Formula::parse(text, &names).expect("a formula"), &columns);
        assert_eq!(of("euros * 1.19 + euros - visits"), Ok(Some(Money::Code("EUR".into()))));
        assert_eq!(of("mixed / visits"), Ok(Some(Money::Column("c".into()))));
        assert_eq!(of("euros / euros"), Ok(None));
        assert_eq!(of("visits / euros"), Ok(None));
        assert_eq!(of("visits * 2"), Ok(None));
        for clash in ["euros + dollars", "euros / dollars", "mixed - euros", "(visits + euros) * (dollars + 1)"] {
            assert!(of(clash).is_err(), "{clash}");
        }
    }
}
