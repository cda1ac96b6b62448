//! From a syntax tree to a logical plan over known tables, with typed parameters put in and the
//! rules of time checked. It resolves names only among the tables it is given.

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use datafusion::{
    catalog::{
        TableFunctionArgs, TableProvider, cte_worktable::CteWorkTable, default_table_source::provider_as_source,
    },
    common::{
        DFSchema, Result, TableReference, config::ConfigOptions, plan_datafusion_err, tree_node::Transformed,
        tree_node::TreeNode,
    },
    execution::SessionState,
    logical_expr::{
        AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF, planner::ContextProvider,
        planner::ExprPlanner, simplify::SimplifyContext,
    },
    optimizer::simplify_expressions::ExprSimplifier,
    sql::planner::{ParserOptions, PlannerContext, SqlToRel},
};

use super::{error::from_datafusion, exact, parse::Parsed, times};
use crate::{
    error::{DataError, unknown_name},
    facts,
};

/// Tables by name.
pub(crate) type Tables = BTreeMap<String, Table>;

/// A table that queries can read.
#[derive(Clone)]
pub(crate) struct Table {
    /// Its rows, under a schema without metadata.
    pub rows: Arc<dyn TableProvider>,
    /// Its schema with what is known of the columns.
    pub facts: SchemaRef,
}

impl Table {
    /// Notes that no two rows have the same values in these columns.
    pub fn note_unique(&mut self, columns: &[String]) {
        let mut sets = facts::unique(&self.facts);
        sets.push(columns.iter().cloned().collect());
        self.facts = Arc::new(facts::with_unique(self.facts.as_ref().clone(), &sets));
    }
}

/// Plans a query over `tables`.
///
/// # Errors
/// An unknown table or column with the nearest known name, types that do not fit, times of
/// different kinds; with the place where it is known.
pub(crate) fn plan(
    subject: &str,
    state: &SessionState,
    tables: &Tables,
    parsed: Parsed,
) -> Result<LogicalPlan, DataError> {
    let Parsed { rendered, statement, tables: named } = parsed;
    if let Some(unknown) = named.iter().find(|table| !tables.contains_key(&table.name)) {
        return Err(DataError::Sql {
            subject: subject.to_owned(),
            place: unknown.place.clone(),
            message: unknown_name("table", &unknown.name, tables.keys().map(String::as_str)),
        });
    }
    let error = |e| from_datafusion(subject, Some(&rendered), &e);
    let values = rendered.scalars();
    let types = values.iter().map(|value| Some(parameter(value.data_type()))).collect();
    let names = Names { state, tables, values: &values };
    let options = ParserOptions::from(&state.config_options().sql_parser);
    let planned = SqlToRel::new_with_options(&names, options)
        .sql_statement_to_plan_with_context(statement, &mut PlannerContext::new().with_prepare_param_data_types(types))
        .map_err(error)?;
    times::check(subject, &planned, &rendered)?;
    planned.with_param_values(values).and_then(exact::negations).map_err(error)
}

fn parameter(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("", data_type, true))
}

/// What the planner may know: the given tables, and the functions of the session.
struct Names<'a> {
    state: &'a SessionState,
    tables: &'a Tables,
    values: &'a [datafusion::common::ScalarValue],
}

impl Names<'_> {
    /// Arguments of table functions are evaluated while planning, so parameters go in here.
    fn constant(&self, argument: Expr) -> Result<Expr> {
        let argument = argument.transform_up(|part| match &part {
            Expr::Placeholder(placeholder) => {
                let number = placeholder.id.trim_start_matches('$').parse::<usize>().unwrap_or_default();
                match number.checked_sub(1).and_then(|index| self.values.get(index)) {
                    Some(value) => Ok(Transformed::yes(Expr::Literal(value.clone(), None))),
                    None => Ok(Transformed::no(part)),
                }
            }
            _ => Ok(Transformed::no(part)),
        })?;
        let context = SimplifyContext::builder().with_config_options(Arc::clone(self.state.config_options())).build();
        let simplifier = ExprSimplifier::new(context);
        simplifier.coerce(argument.data, &DFSchema::empty()).and_then(|expr| simplifier.simplify(expr))
    }
}

impl ContextProvider for Names<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        match (&name, self.tables.get(name.table())) {
            (TableReference::Bare { .. }, Some(table)) => Ok(provider_as_source(Arc::clone(&table.rows))),
            _ => Err(plan_datafusion_err!("unknown table `{name}`")),
        }
    }

    fn get_table_function_source(&self, name: &str, args: Vec<Expr>) -> Result<Arc<dyn TableSource>> {
        let functions = self.state.table_functions();
        let function = functions.get(name).ok_or_else(|| {
            let known = functions.keys().map(String::as_str);
            plan_datafusion_err!("{}", unknown_name("table function", name, known))
        })?;
        let args = args.into_iter().map(|arg| self.constant(arg)).collect::<Result<Vec<_>>>()?;
        let table = function.create_table_provider_with_args(TableFunctionArgs::new(&args, self.state))?;
        Ok(provider_as_source(table))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.state.scalar_functions().get(name).cloned()
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}
