//! What adds up, expression by expression: a sum stays one when it is added to another, scaled by
//! a constant, or filled with zero where it is missing.

use datafusion::{
    common::{DFSchema, ScalarValue},
    logical_expr::{BinaryExpr, Expr, Operator, expr::ScalarFunction},
};

use super::{additivity::Adds, exact};

/// Whether an expression over columns adds up; a constant does not.
pub(super) fn of_expr(expr: &Expr, schema: &DFSchema, columns: &[Adds]) -> Adds {
    Reading { schema, columns }.of(expr).adds()
}

/// What an expression is to a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Of(Adds),
    Constant,
    /// A constant that changes no sum: zero or NULL.
    Nothing,
}

impl Part {
    fn adds(self) -> Adds {
        match self {
            Self::Of(adds) => adds,
            Self::Constant | Self::Nothing => Adds::No,
        }
    }
}

struct Reading<'a> {
    schema: &'a DFSchema,
    columns: &'a [Adds],
}

impl Reading<'_> {
    fn of(&self, expr: &Expr) -> Part {
        match expr {
            Expr::Column(column) => {
                let index = self.schema.maybe_index_of_column(column);
                Part::Of(index.and_then(|index| self.columns.get(index)).copied().unwrap_or(Adds::Unknown))
            }
            Expr::Alias(alias) => self.of(&alias.expr),
            Expr::Negative(inner) => self.of(inner),
            Expr::Cast(cast) if cast.field.data_type().is_numeric() => self.of(&cast.expr),
            Expr::TryCast(cast) if cast.field.data_type().is_numeric() => self.of(&cast.expr),
            Expr::Literal(value, _) => literal(value),
            Expr::Placeholder(_) => Part::Constant,
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => self.operation(*op, left, right),
            Expr::Case(case) => {
                let branches =
                    case.when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(case.else_expr.as_deref());
                self.alternatives(branches)
            }
            Expr::ScalarFunction(call) => self.call(call),
            // A value from elsewhere may be the same in every row.
            Expr::ScalarSubquery(_) | Expr::OuterReferenceColumn(..) => Part::Of(Adds::Unknown),
            _ => Part::Of(Adds::No),
        }
    }

    fn operation(&self, op: Operator, left: &Expr, right: &Expr) -> Part {
        use Adds::{No, Sum, Unknown};
        let (a, b) = (self.of(left), self.of(right));
        let constants = |part| matches!(part, Part::Constant | Part::Nothing);
        Part::Of(match (op, a, b) {
            (_, a, b) if constants(a) && constants(b) => return Part::Constant,
            (Operator::Plus | Operator::Minus, Part::Of(x), Part::Nothing) => x,
            (Operator::Plus | Operator::Minus, Part::Nothing, Part::Of(x)) => x,
            (Operator::Plus | Operator::Minus, Part::Of(Sum), Part::Of(Sum)) => Sum,
            (Operator::Multiply, Part::Of(x), Part::Constant) | (Operator::Multiply, Part::Constant, Part::Of(x)) => x,
            (Operator::Divide, Part::Of(x), Part::Constant) => x,
            (Operator::Divide, Part::Of(Unknown), Part::Of(Unknown)) => Unknown,
            // Rows of the source may be priced, multiplied and added in many ways.
            (Operator::Plus | Operator::Minus | Operator::Multiply, Part::Of(Unknown), Part::Of(x))
            | (Operator::Plus | Operator::Minus | Operator::Multiply, Part::Of(x), Part::Of(Unknown))
                if x != No =>
            {
                Unknown
            }
            _ => No,
        })
    }

    /// One of several values: a sum where all are sums, or nothing.
    fn alternatives<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Part {
        let parts: Vec<Part> = exprs.map(|expr| self.of(expr)).filter(|part| *part != Part::Nothing).collect();
        match parts.first() {
            None => Part::Nothing,
            Some(first) if parts.iter().all(|part| part == first) => match first {
                // Ones and zeros count something, other constants need not.
                Part::Constant => Part::Of(Adds::Unknown),
                other => *other,
            },
            Some(_) if parts.contains(&Part::Of(Adds::No)) => Part::Of(Adds::No),
            Some(_) => Part::Of(Adds::Unknown),
        }
    }

    fn call(&self, call: &ScalarFunction) -> Part {
        let name = call.func.name();
        if let (Some(op), [left, right]) = (exact::operator(name), call.args.as_slice()) {
            return self.operation(op, left, right);
        }
        match (name, call.args.as_slice()) {
            ("coalesce" | "nvl" | "ifnull", args) => self.alternatives(args.iter()),
            ("nullif" | "round" | "trunc", [first, ..]) => self.of(first),
            _ => Part::Of(Adds::No),
        }
    }
}

fn literal(value: &ScalarValue) -> Part {
    let nothing = value.is_null() || ScalarValue::new_zero(&value.data_type()).is_ok_and(|zero| zero == *value);
    if nothing { Part::Nothing } else { Part::Constant }
}
