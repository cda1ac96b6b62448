//! The types of a SELECT's result columns as far as its text and the tables' columns tell them:
//! casts, counts, sums, text functions. SQLite needs it, whose expressions have no type
//! before the first row; everything else stays unknown and wants a declaration.

use std::collections::HashSet;

use punctual_model::column_type::ColumnType;
use sqlparser::ast::{
    BinaryOperator, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query,
    SelectItem, SetExpr, UnaryOperator, Value,
};

use super::{
    Catalog,
    scope::{ColumnRef, Found, Scope, common_table_expressions},
};

type Known = Option<ColumnType>;

/// One type for each result column, in their order.
pub(super) fn types<C>(
    query: &Query,
    names: &[&str],
    catalog: &Catalog<C>,
    column_type: &dyn Fn(&C) -> Known,
) -> Vec<Known> {
    let expressions = common_table_expressions(query);
    of_set(&query.body, names, &Tables { catalog, column_type, expressions })
}

struct Tables<'a, C> {
    catalog: &'a Catalog<C>,
    column_type: &'a dyn Fn(&C) -> Known,
    expressions: HashSet<String>,
}

fn of_set<C>(body: &SetExpr, names: &[&str], tables: &Tables<'_, C>) -> Vec<Known> {
    match body {
        SetExpr::Select(select) => {
            let scope = Scope::of(select, &tables.expressions);
            let typing = Typing { scope, tables };
            of_items(&select.projection, names, &typing)
        }
        SetExpr::Query(query) => of_set(&query.body, names, tables),
        SetExpr::SetOperation { left, right, .. } => {
            let (left, right) = (of_set(left, names, tables), of_set(right, names, tables));
            left.into_iter().zip(right).map(|(l, r)| l.filter(|l| Some(*l) == r)).collect()
        }
        _ => vec![None; names.len()],
    }
}

/// Result columns by place; with a `*` among them, by alias.
fn of_items<C>(items: &[SelectItem], names: &[&str], typing: &Typing<'_, '_, C>) -> Vec<Known> {
    let plain: Option<Vec<&Expr>> = items
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        })
        .collect();
    if let Some(plain) = plain.filter(|plain| plain.len() == names.len()) {
        return plain.into_iter().map(|expr| typing.of(expr)).collect();
    }
    let aliased = |name: &str| {
        items.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if alias.value == name => Some(expr),
            _ => None,
        })
    };
    names.iter().map(|name| aliased(name).and_then(|expr| typing.of(expr))).collect()
}

struct Typing<'a, 'b, C> {
    scope: Scope,
    tables: &'b Tables<'a, C>,
}

impl<C> Typing<'_, '_, C> {
    fn of(&self, expression: &Expr) -> Known {
        match expression {
            Expr::Nested(inner) => self.of(inner),
            Expr::Cast { data_type, .. } => of_cast(data_type),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.of_column(expression),
            Expr::Value(value) => of_literal(&value.value),
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => self.of(expr).filter(is_number),
            Expr::BinaryOp { left, op, right } => self.of_operator(left, op, right),
            Expr::Function(function) => self.of_function(function),
            Expr::Trim { .. } | Expr::Substring { .. } => Some(ColumnType::Text),
            Expr::Case { conditions, else_result, .. } => {
                let results = conditions.iter().map(|c| &c.result).chain(else_result.as_deref());
                self.common(results)
            }
            _ => None,
        }
    }

    fn of_column(&self, expression: &Expr) -> Known {
        let column = ColumnRef::of(expression)?;
        match self.scope.find(&column, self.tables.catalog) {
            Found::Table(table) => (self.tables.column_type)(self.tables.catalog.column(table, &column.name)?),
            Found::Unknown | Found::Absent => None,
        }
    }

    fn of_operator(&self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Known {
        use BinaryOperator::{Divide, Minus, Modulo, Multiply, Plus, StringConcat};
        match op {
            StringConcat => Some(ColumnType::Text),
            Plus | Minus | Multiply | Divide | Modulo => self.common([left, right]).filter(is_number),
            _ => None,
        }
    }

    fn of_function(&self, function: &Function) -> Known {
        let name = function.name.to_string().to_lowercase();
        let arguments = arguments(function);
        let first = || self.of(arguments.first()?);
        match name.as_str() {
            "count" | "row_number" | "rank" | "dense_rank" | "ntile" | "length" | "instr" | "unicode" | "unixepoch" => {
                Some(ColumnType::Int)
            }
            "avg" | "total" | "round" | "julianday" => Some(ColumnType::Double),
            "sum" | "abs" => first().filter(is_number),
            "min" | "max" | "coalesce" | "ifnull" => self.common(arguments.iter().copied()),
            "iif" => self.common(arguments.iter().skip(1).copied()),
            "nullif" | "lag" | "lead" | "first_value" | "last_value" | "nth_value" => first(),
            "upper" | "lower" | "trim" | "ltrim" | "rtrim" | "substr" | "substring" | "replace" | "printf"
            | "format" | "strftime" | "group_concat" | "string_agg" | "hex" | "quote" | "concat" | "concat_ws" => {
                Some(ColumnType::Text)
            }
            "date" | "time" | "datetime" => Some(ColumnType::Text),
            _ => None,
        }
    }

    /// The type that all of them have; whole and floating-point numbers together are floating-point.
    fn common<'e>(&self, expressions: impl IntoIterator<Item = &'e Expr>) -> Known {
        let mut known = None;
        for expression in expressions {
            if matches!(expression, Expr::Value(v) if v.value == Value::Null) {
                continue;
            }
            let this = self.of(expression)?;
            known = Some(match known {
                None => this,
                Some(before) if before == this => this,
                Some(ColumnType::Int | ColumnType::Double) if matches!(this, ColumnType::Int | ColumnType::Double) => {
                    ColumnType::Double
                }
                Some(_) => return None,
            });
        }
        known
    }
}

fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    list.args
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

/// A decimal is no number here: SQLite computes it in binary floating point.
fn is_number(column_type: &ColumnType) -> bool {
    matches!(column_type, ColumnType::Int | ColumnType::Double)
}

fn of_literal(value: &Value) -> Known {
    match value {
        Value::Number(text, _) if text.contains(['.', 'e', 'E']) => Some(ColumnType::Double),
        Value::Number(..) => Some(ColumnType::Int),
        Value::SingleQuotedString(_) => Some(ColumnType::Text),
        _ => None,
    }
}

fn of_cast(data_type: &DataType) -> Known {
    Some(match data_type {
        DataType::Int(_) | DataType::Integer(_) | DataType::BigInt(_) | DataType::SmallInt(_) => ColumnType::Int,
        DataType::Real | DataType::Float(_) | DataType::Double(_) | DataType::DoublePrecision => ColumnType::Double,
        DataType::Text | DataType::Varchar(_) | DataType::Char(_) | DataType::Character(_) => ColumnType::Text,
        DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => {
            let (precision, scale) = match info {
                ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
                ExactNumberInfo::Precision(precision) => (*precision, 0),
                ExactNumberInfo::None => return None,
            };
            let precision = u8::try_from(precision).ok().filter(|p| (1..=38).contains(p))?;
            let scale = u8::try_from(scale).ok().filter(|s| *s <= precision)?;
            ColumnType::Decimal { precision, scale }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Catalog, Language, TableName, parse};
    use super::*;

    fn typed(sql: &str, names: &[&str]) -> Vec<String> {
        let mut catalog = Catalog::default();
        for (column, known) in [
            ("id", ColumnType::Int),
            ("cost", ColumnType::Double),
            ("name", ColumnType::Text),
            ("price", ColumnType::Decimal { precision: 10, scale: 2 }),
        ] {
            catalog.insert(TableName { schema: None, table: "t".into() }, column, known);
        }
        let select = parse(sql, Language::Sqlite).expect("SQL that the parser knows");
        let types = select.types(names, &catalog, &|known| Some(*known));
        types.into_iter().map(|t| t.map_or("?".to_owned(), |t| t.to_string())).collect()
    }

    #[test]
    fn expressions_have_types_where_the_text_tells_them() {
        let sql = "SELECT id, count(*) AS n, sum(cost), sum(id) AS s, CAST(price AS NUMERIC(12,2)) p, id * 2 + 1, \
                   upper(name), max(price), coalesce(sum(id), 0), CASE WHEN id > 1 THEN 'a' ELSE NULL END, \
                   round(cost, 2), id + cost, -cost, name || 'x' FROM t";
        let names = vec!["x"; 14];
        assert_eq!(
            typed(sql, &names),
            [
                "int",
                "int",
                "double",
                "int",
                "decimal(12,2)",
                "int",
                "text",
                "decimal(10,2)",
                "int",
                "text",
                "double",
                "double",
                "double",
                "text"
            ]
        );
    }

    #[test]
    fn the_rest_stays_unknown() {
        assert_eq!(
            typed("SELECT sum(price), my_function(id), NULL, (SELECT 1), price * 2 FROM t", &["a"; 5]),
            ["?"; 5]
        );
        assert_eq!(typed("SELECT d.id FROM (SELECT id FROM t) d", &["id"]), ["?"]);
        assert_eq!(
            typed("SELECT *, count(*) AS n FROM t", &["id", "cost", "name", "price", "n"]),
            ["?", "?", "?", "?", "int"]
        );
        assert_eq!(typed("SELECT id FROM t UNION ALL SELECT name FROM t", &["id"]), ["?"]);
        assert_eq!(typed("SELECT id FROM t UNION ALL SELECT count(*) FROM t", &["id"]), ["int"]);
    }
}
