//! The functions that tables and checks may use: DataFusion's, without those that depend on the
//! clock, on chance or on files, with growing ones held to a size, with exact arithmetic in place of
//! theirs, and with the civil ones of ours.

use std::sync::Arc;

use datafusion::{
    execution::SessionStateDefaults, execution::session_state::SessionStateBuilder, logical_expr::ScalarUDF,
};
use punctual_model::zone::Zone;

use super::{
    bounded, exact,
    local_time::{self, ReportZone},
    local_trunc,
};

/// Why a function is not available; `None` for one that is, or that does not exist at all.
pub(super) fn refusal(name: &str) -> Option<&'static str> {
    match name {
        "now" | "current_timestamp" | "current_date" | "today" | "current_time" => Some(
            "a table must give the same rows whenever it is computed; use a boundary of the period, such as \
             `{{ period.end_instant }}`",
        ),
        "random" | "uuid" => Some("a table must give the same rows whenever it is computed"),
        "range" | "generate_series" | "gen_series" => {
            Some("as a value it builds its whole list in memory; write it in FROM: `FROM generate_series(first, last)`")
        }
        "input_file_name" | "file_row_index" => Some("tables know of no files"),
        "to_local_time" => Some("it drops the zone and keeps UTC; use local_datetime"),
        _ => None,
    }
}

/// Registers what queries may use, and nothing else: no file formats, no table factories.
/// `max_bytes` bounds what a growing function may make of one batch of rows.
pub(crate) fn register(builder: SessionStateBuilder, zone: &Zone, max_bytes: u64) -> SessionStateBuilder {
    let theirs = SessionStateDefaults::default_scalar_functions();
    let trunc = theirs.iter().find(|function| function.name() == "date_trunc");
    let trunc = trunc.map(|theirs| Arc::new(local_trunc::function(Arc::clone(theirs), ReportZone(zone.clone()))));
    let ours: Vec<Arc<ScalarUDF>> =
        local_time::functions(zone).into_iter().map(Arc::new).chain(exact::scalars()).chain(trunc).collect();
    let replaced = |function: &ScalarUDF| ours.iter().any(|own| own.name() == function.name());
    let bounded =
        theirs.iter().filter(|f| !refused(f) && !replaced(f)).map(|function| match bounded::growth(function.name()) {
            Some(growth) => Arc::new(bounded::bounded(Arc::clone(function), growth, max_bytes)),
            None => Arc::clone(function),
        });
    let exact = exact::aggregates();
    let aggregates = SessionStateDefaults::default_aggregate_functions();
    let aggregates = aggregates.into_iter().filter(|f| exact.iter().all(|own| own.name() != f.name()));
    let mut planners = SessionStateDefaults::default_expr_planners();
    planners.insert(0, Arc::new(exact::ExactPlanner));
    builder
        .with_expr_planners(planners)
        .with_scalar_functions(bounded.chain(ours.iter().cloned()).collect())
        .with_higher_order_functions(SessionStateDefaults::default_higher_order_functions())
        .with_aggregate_functions(aggregates.chain(exact.iter().cloned()).collect())
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .with_table_function_list(SessionStateDefaults::default_table_functions())
}

fn refused(function: &ScalarUDF) -> bool {
    refusal(function.name()).is_some() || function.aliases().iter().any(|alias| refusal(alias).is_some())
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::Volatility;

    use super::*;

    #[test]
    fn what_is_left_gives_the_same_answer_twice() {
        let state = register(SessionStateBuilder::new(), &Zone::utc(), 1).build();
        assert!(state.scalar_functions().contains_key("local_date"));
        for (name, function) in state.scalar_functions() {
            assert_eq!(function.signature().volatility, Volatility::Immutable, "`{name}` must be refused");
            assert!(refusal(name).is_none(), "`{name}` is registered under a refused name");
        }
        for (name, function) in state.aggregate_functions() {
            assert_eq!(function.signature().volatility, Volatility::Immutable, "`{name}`");
        }
    }

    #[test]
    fn every_growing_function_is_bounded() {
        let state = register(SessionStateBuilder::new(), &Zone::utc(), 1).build();
        for name in ["repeat", "lpad", "rpad", "array_repeat", "list_repeat", "array_resize", "list_resize"] {
            let function = state.scalar_functions().get(name).unwrap_or_else(|| panic!("`{name}` is gone"));
            assert!(format!("{function:?}").contains("Bounded"), "`{name}` is not bounded");
        }
    }
}
