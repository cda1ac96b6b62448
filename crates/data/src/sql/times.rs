//! Time in queries: an instant is not silently read as a UTC date. Comparing instants with dates or
//! zone-less times, casting them, or cutting them to hours and more would take the UTC day, which
//! is the wrong one in the report's zone; each is an error that names the right way.

use arrow::datatypes::DataType;
use datafusion::{
    common::{
        DFSchema, DataFusionError, Result, ScalarValue, Span,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Between, BinaryExpr, Expr, ExprSchemable, Join, LogicalPlan, Operator, expr::InList, expr::ScalarFunction,
        utils::merge_schema,
    },
};
use punctual_model::sql_text::Bind;

use super::text::Rendered;
use crate::error::DataError;

/// The three kinds of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Date,
    Local,
    Instant,
}

impl Kind {
    fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Date32 | DataType::Date64 => Some(Self::Date),
            DataType::Timestamp(_, None) => Some(Self::Local),
            DataType::Timestamp(_, Some(_)) => Some(Self::Instant),
            _ => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Date => "a date",
            Self::Local => "a time without zone",
            Self::Instant => "an instant",
        }
    }

    /// How boundaries of the period of this kind end.
    fn suffix(self) -> &'static str {
        match self {
            Self::Date => "_date",
            Self::Local => "_local",
            Self::Instant => "_instant",
        }
    }

    fn function(self) -> &'static str {
        if self == Self::Local { "local_datetime" } else { "local_date" }
    }
}

/// A type in words, for messages.
pub(super) fn describe(data_type: &DataType) -> String {
    Kind::of(data_type).map_or_else(|| data_type.to_string(), |kind| kind.words().to_owned())
}

/// Looks through a plan as it was written, before any coercion.
///
/// # Errors
/// The first place where times of different kinds meet.
pub(crate) fn check(subject: &str, plan: &LogicalPlan, rendered: &Rendered) -> Result<(), DataError> {
    let mut found = None;
    let walked = plan.apply_with_subqueries(|node| {
        found = Checker { binds: rendered.binds() }.node(node)?;
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    walked.map_err(|e| super::error::from_datafusion(subject, Some(rendered), &e))?;
    match found {
        None => Ok(()),
        Some(Mismatch { message, span }) => Err(DataError::Sql {
            subject: subject.to_owned(),
            place: span.and_then(|span| rendered.place(span.start.line, span.start.column)),
            message,
        }),
    }
}

struct Mismatch {
    message: String,
    span: Option<Span>,
}

struct Checker<'a> {
    binds: &'a [Bind],
}

impl Checker<'_> {
    fn node(&self, node: &LogicalPlan) -> Result<Option<Mismatch>> {
        if let LogicalPlan::Join(Join { left, right, on, .. }) = node {
            for (l, r) in on {
                if let Some(mismatch) = self.compare((l, left.schema()), (r, right.schema())) {
                    return Ok(Some(mismatch));
                }
            }
        }
        let schema = merge_schema(&node.inputs());
        let mut found = None;
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                found = self.expr(part, &schema);
                Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })?;
        Ok(found)
    }

    fn expr(&self, expr: &Expr, schema: &DFSchema) -> Option<Mismatch> {
        let pair = |a, b| self.compare((a, schema), (b, schema));
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(*op) => pair(left, right),
            Expr::Between(Between { expr, low, high, .. }) => pair(expr, low).or_else(|| pair(expr, high)),
            Expr::InList(InList { expr, list, .. }) => list.iter().find_map(|item| pair(expr, item)),
            Expr::Cast(cast) => self.cast(&cast.expr, cast.field.data_type(), schema),
            Expr::TryCast(cast) => self.cast(&cast.expr, cast.field.data_type(), schema),
            Expr::ScalarFunction(function) => self.function(function, schema),
            _ => None,
        }
    }

    fn compare(&self, (a, a_schema): (&Expr, &DFSchema), (b, b_schema): (&Expr, &DFSchema)) -> Option<Mismatch> {
        let (Ok(a_type), Ok(b_type)) = (a.get_type(a_schema), b.get_type(b_schema)) else { return None };
        match (Kind::of(&a_type), Kind::of(&b_type)) {
            (Some(a_kind), Some(b_kind)) if a_kind != b_kind => self.mismatch((a, a_kind), (b, b_kind)),
            (Some(Kind::Instant), None) => unclear_text(a, b),
            (None, Some(Kind::Instant)) => unclear_text(b, a),
            _ => None,
        }
    }

    fn mismatch(&self, (a, a_kind): (&Expr, Kind), (b, b_kind): (&Expr, Kind)) -> Option<Mismatch> {
        let span = span_of(a).or_else(|| span_of(b));
        let is = |expr: &Expr, kind: Kind| format!("{}, which is {}", self.name(expr), kind.words());
        let compared = format!("{} is compared with {}", is(a, a_kind), is(b, b_kind));
        let parameter =
            [(a, b_kind), (b, a_kind)].into_iter().find_map(|(expr, other)| Some((self.bind(expr)?, other)));
        if let Some((bind, other)) = parameter {
            let better = ["_date", "_local", "_instant"]
                .into_iter()
                .find_map(|suffix| bind.expression.strip_suffix(suffix))
                .map(|stem| format!("use `{{{{ {stem}{} }}}}`", other.suffix()));
            let better = better.unwrap_or_else(|| format!("give {}", other.words()));
            return Some(Mismatch { message: format!("{compared}: {better}"), span });
        }
        // A date and a zone-less time stand on the same calendar.
        let (instant, other) = match (a_kind, b_kind) {
            (Kind::Instant, other) => (a, other),
            (other, Kind::Instant) => (b, other),
            _ => return None,
        };
        let message = format!("{compared}: compare {}({}) instead", other.function(), plain(instant));
        Some(Mismatch { message, span })
    }

    fn cast(&self, expr: &Expr, target: &DataType, schema: &DFSchema) -> Option<Mismatch> {
        let kind = Kind::of(&expr.get_type(schema).ok()?)?;
        let target = Kind::of(target)?;
        (kind == Kind::Instant && target != Kind::Instant).then(|| Mismatch {
            message: format!(
                "a cast takes {} in UTC: write {}({}), or {}({}, 'UTC') if UTC is meant",
                self.name(expr),
                target.function(),
                plain(expr),
                target.function(),
                plain(expr),
            ),
            span: span_of(expr),
        })
    }

    /// Functions that read the calendar or the clock of an instant in UTC.
    fn function(&self, call: &ScalarFunction, schema: &DFSchema) -> Option<Mismatch> {
        let name = call.func.name();
        if name == "date_trunc" {
            return merged_hours(call);
        }
        if !matches!(name, "date_part" | "date_bin" | "to_char" | "to_date") {
            return None;
        }
        let is_instant = |arg: &&Expr| arg.get_type(schema).is_ok_and(|t| Kind::of(&t) == Some(Kind::Instant));
        let instant = call.args.iter().find(is_instant)?;
        let unit = call.args.first().and_then(text_literal).map(str::to_lowercase);
        if unit.is_some_and(|unit| is_zoneless_unit(name, &unit)) {
            return None;
        }
        let message = format!(
            "{name} takes {} in UTC: give it local_datetime({}), or local_datetime({}, 'UTC') if UTC is meant",
            self.name(instant),
            plain(instant),
            plain(instant),
        );
        Some(Mismatch { message, span: span_of(instant) })
    }

    fn bind(&self, expr: &Expr) -> Option<&Bind> {
        match expr {
            Expr::Placeholder(placeholder) => {
                let number: usize = placeholder.id.strip_prefix('$')?.parse().ok()?;
                self.binds.get(number.checked_sub(1)?)
            }
            Expr::Alias(alias) => self.bind(&alias.expr),
            _ => None,
        }
    }

    fn name(&self, expr: &Expr) -> String {
        match self.bind(expr) {
            Some(bind) => format!("`{{{{ {} }}}}`", bind.expression),
            None => format!("`{}`", plain(expr)),
        }
    }
}

/// An hour of `local_datetime` that comes twice when clocks go back would be one group.
fn merged_hours(call: &ScalarFunction) -> Option<Mismatch> {
    let [unit, Expr::ScalarFunction(local)] = call.args.as_slice() else { return None };
    let unit = text_literal(unit).map(str::to_lowercase).filter(|unit| matches!(unit.as_str(), "hour" | "minute"))?;
    let instant = local.args.first().filter(|_| local.func.name() == "local_datetime")?;
    let zone = local.args.get(1).map(|zone| format!(", {}", plain(zone))).unwrap_or_default();
    let message = format!(
        "the {unit}s that come twice when clocks go back would be one: write date_trunc('{unit}', {0}{zone}), which \
         keeps them apart in the report's zone; where one is meant, local_datetime(date_trunc('{unit}', {0}{zone}))",
        plain(instant)
    );
    Some(Mismatch { message, span: span_of(instant) })
}

fn compares(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

/// Units that are the same in every zone.
fn is_zoneless_unit(function: &str, unit: &str) -> bool {
    match function {
        "date_part" => unit == "epoch",
        _ => false,
    }
}

/// A text that is compared with an instant needs an offset of its own.
fn unclear_text(instant: &Expr, text: &Expr) -> Option<Mismatch> {
    let literal = text_literal(text).filter(|text| !has_offset(text))?;
    let message = format!(
        "`{}` is an instant and '{literal}' has no zone: compare local_date({}) or local_datetime({}), write the \
         offset ('2026-10-01T00:00:00Z'), or use a boundary such as `{{{{ period.start_instant }}}}`",
        plain(instant),
        plain(instant),
        plain(instant),
    );
    Some(Mismatch { message, span: span_of(instant) })
}

fn text_literal(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => Some(text),
        _ => None,
    }
}

/// Whether a time ends with `Z` or an offset such as `+02:00`.
fn has_offset(text: &str) -> bool {
    let Some((_, time)) = text.trim().split_once(['T', 't', ' ']) else { return false };
    time.ends_with(['Z', 'z']) || time.contains(['+', '-'])
}

/// An expression as people write it: without the table's name when it is a column.
fn plain(expr: &Expr) -> String {
    match expr {
        Expr::Column(column) | Expr::OuterReferenceColumn(_, column) => column.name.clone(),
        other => other.to_string(),
    }
}

fn span_of(expr: &Expr) -> Option<Span> {
    let mut first = None;
    // The closure never fails.
    let _: Result<TreeNodeRecursion, DataFusionError> = expr.apply(|part| {
        first = part.spans().and_then(datafusion::common::Spans::first);
        Ok(if first.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_told_from_dates() {
        for clear in ["2026-10-01T00:00:00Z", "2026-10-01 00:00:00+02:00", "2026-10-01T00:00-05", "2026-10-01t00:00z"] {
            assert!(has_offset(clear), "{clear}");
        }
        for unclear in ["2026-10-01", "2026-10-01T00:00:00", "2026-10-01 00:00", ""] {
            assert!(!has_offset(unclear), "{unclear}");
        }
    }
}
