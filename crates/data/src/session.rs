//! One job's SQL session over snapshots: its tables, and queries under limits of memory,
//! temporary disk space and time. It reads no file but its snapshots and knows no check or edition.

use std::{collections::BTreeMap, path::Path, pin::Pin, sync::Arc, task::Poll, time::Duration};

use arrow::{
    array::RecordBatch,
    datatypes::{Schema, SchemaRef},
};
use datafusion::{
    catalog::TableProvider,
    common::DataFusionError,
    execution::{
        SessionState, SessionStateBuilder,
        context::SQLOptions,
        disk_manager::{DiskManagerBuilder, DiskManagerMode},
        memory_pool::FairSpillPool,
        runtime_env::RuntimeEnvBuilder,
    },
    logical_expr::{LogicalPlan, LogicalPlanBuilder},
    physical_optimizer::optimizer::PhysicalOptimizer,
    physical_plan::ExecutionPlan,
    prelude::SessionConfig,
};
use futures::Stream;
use punctual_model::{sql_text::SqlText, zone::Zone};
use tokio::time::{Instant, timeout_at};

use crate::{
    error::{DataError, human_bytes, unknown_name},
    facts,
    snapshot::Snapshot,
    sql::{
        deadline::watch,
        drive::Driven,
        error::{Exhausted, exhausted, from_datafusion},
        functions,
        merge_join::{MergeJoins, has_hash_join},
        parse::parse,
        plan::{Table, Tables, plan},
        snapshot_table::SnapshotTable,
        told::told,
        trace::{Traced, trace},
    },
};

/// What one query may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for rows that sorts, joins and groupings hold.
    pub memory: u64,
    /// Bytes of temporary files for what does not fit into memory.
    pub disk: u64,
    /// From the query's start to its last row.
    pub timeout: Duration,
}

impl Default for Limits {
    /// 256 MiB of memory, 4 GiB of temporary files, 5 minutes.
    fn default() -> Self {
        Self { memory: 256 << 20, disk: 4 << 30, timeout: Duration::from_secs(300) }
    }
}

/// Queries over a job's snapshots.
pub struct Session {
    state: SessionState,
    /// The same session, joining by sorting and merging.
    merging: SessionState,
    tables: Tables,
    limits: Limits,
    zone: Zone,
}

impl Session {
    /// A session without tables. `local_date` and `local_datetime` answer in `zone`; temporary
    /// files lie below `spill`, an existing folder.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn new(limits: Limits, zone: &Zone, spill: &Path) -> Result<Self, DataError> {
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![spill.to_owned()]))
            .with_max_temp_directory_size(limits.disk);
        let memory = usize::try_from(limits.memory).unwrap_or(usize::MAX);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
            .with_disk_manager_builder(disk)
            .build_arc()
            .map_err(|e| DataError::file(spill, e.strip_backtrace()))?;
        let builder = SessionStateBuilder::new()
            .with_session_id("job".to_owned())
            .with_config(config(memory))
            .with_runtime_env(runtime);
        let state = functions::register(builder, zone, limits.memory / 4).build();
        let mut rules = PhysicalOptimizer::default().rules;
        rules.insert(0, Arc::new(MergeJoins));
        let merging =
            SessionStateBuilder::new_from_existing(state.clone()).with_physical_optimizer_rules(rules).build();
        Ok(Self { state, merging, tables: BTreeMap::new(), limits, zone: zone.clone() })
    }

    /// Lets queries read a snapshot by this name, in place of what had the name before.
    ///
    /// # Errors
    /// When the snapshot's file is not there.
    pub fn register(&mut self, name: &str, snapshot: &Snapshot) -> Result<(), DataError> {
        let rows = Arc::new(SnapshotTable::new(snapshot)?);
        self.tables.insert(name.to_owned(), Table { rows, facts: Arc::clone(&snapshot.schema) });
        Ok(())
    }

    /// Notes that no two rows of a table have the same values in these columns.
    pub(crate) fn note_unique(&mut self, name: &str, columns: &[String]) {
        if let Some(table) = self.tables.get_mut(name) {
            table.note_unique(columns);
        }
    }

    /// The schema of what a plan gives, with what is known of its columns.
    pub(crate) fn told(&self, schema: &Schema, plan: &LogicalPlan) -> Schema {
        told(schema, plan, &self.tables)
    }

    /// Where the columns that a plan gives come from.
    pub(crate) fn trace(&self, plan: &LogicalPlan) -> Vec<Traced> {
        trace(plan, &self.tables)
    }

    /// A table's schema with what is known of its columns.
    pub(crate) fn facts(&self, name: &str) -> Option<&Schema> {
        self.tables.get(name).map(|table| table.facts.as_ref())
    }

    /// Whether a column's amounts are known to be in some currency.
    pub(crate) fn knows_money(&self) -> bool {
        self.says(facts::CURRENCY) || self.says(facts::CURRENCY_COLUMN)
    }

    /// Whether a column is known to be compared differently by its server.
    pub(crate) fn knows_collations(&self) -> bool {
        self.says(facts::COLLATION)
    }

    fn says(&self, key: &str) -> bool {
        self.tables.values().any(|table| table.facts.fields().iter().any(|field| field.metadata().contains_key(key)))
    }

    /// The report's zone.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The names that queries can read.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.tables.keys().map(String::as_str)
    }

    /// Starts a query and waits for its first rows. `subject` names it in messages: "table `x`".
    ///
    /// # Errors
    /// A mistake in the text with its place, or a limit; later errors come through the stream.
    pub async fn run(&self, subject: &str, sql: &SqlText) -> Result<QueryRows, DataError> {
        self.run_plan(subject, self.plan(subject, sql)?).await
    }

    /// Parses and resolves a query.
    pub(crate) fn plan(&self, subject: &str, sql: &SqlText) -> Result<LogicalPlan, DataError> {
        let planned = plan(subject, &self.state, &self.tables, parse(subject, sql)?)?;
        // The parser lets nothing else pass; this holds should it ever miss a statement.
        let only_reads = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        only_reads.verify_plan(&planned).map_err(|e| from_datafusion(subject, None, &e))?;
        Ok(planned)
    }

    /// A plan that reads one table whole.
    pub(crate) fn scan(&self, name: &str) -> Result<LogicalPlanBuilder, DataError> {
        let table = self.tables.get(name).ok_or_else(|| DataError::Name {
            subject: "session".to_owned(),
            message: unknown_name("table", name, self.names()),
        })?;
        scan(name, Arc::clone(&table.rows)).map_err(|e| from_datafusion(name, None, &e))
    }

    /// The functions and settings, for building expressions.
    pub(crate) fn state(&self) -> &SessionState {
        &self.state
    }

    /// Runs a plan. When a hash join runs out of memory, once more with merge joins, which spill.
    pub(crate) async fn run_plan(&self, subject: &str, plan: LogicalPlan) -> Result<QueryRows, DataError> {
        let deadline = Instant::now() + self.limits.timeout;
        let errors = Errors { subject: subject.to_owned(), limits: self.limits };
        match self.start(&self.state, &plan, deadline).await {
            Ok(started) => Ok(started.into_rows(deadline, errors)),
            Err(Failure { error: Some(error), retry: true }) if exhausted(&error) == Some(Exhausted::Memory) => {
                match self.start(&self.merging, &plan, deadline).await {
                    Ok(started) => Ok(started.into_rows(deadline, errors)),
                    Err(failure) => Err(errors.of(failure.error.as_ref())),
                }
            }
            Err(failure) => Err(errors.of(failure.error.as_ref())),
        }
    }

    async fn start(&self, state: &SessionState, plan: &LogicalPlan, deadline: Instant) -> Result<Started, Failure> {
        let physical = within(deadline, state.create_physical_plan(plan)).await?;
        let retry = has_hash_join(&physical);
        let failure = |error| Failure { error: Some(error), retry };
        let physical = watch(physical, deadline).map_err(failure)?;
        let mut stream = Driven::start(Arc::clone(&physical), state.task_ctx()).map_err(failure)?;
        match timeout_at(deadline, stream.next()).await {
            Err(_) => {
                stream.abandon();
                Err(Failure { error: None, retry: false })
            }
            Ok(None) => Ok(Started { physical, stream, first: None }),
            Ok(Some(Ok(first))) => Ok(Started { physical, stream, first: Some(first) }),
            Ok(Some(Err(error))) => Err(failure(error)),
        }
    }
}

/// One partition, so that rows and sums of floating-point numbers come in one order; types as
/// they are kept; no metadata tables.
pub(crate) fn config(memory: usize) -> SessionConfig {
    const MERGE_BYTES: usize = 10 << 20;
    let mut config = SessionConfig::new()
        .with_target_partitions(1)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false);
    let options = config.options_mut();
    options.sql_parser.collect_spans = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    options.execution.planning_concurrency = 1;
    options.execution.sort_spill_reservation_bytes = MERGE_BYTES.min(memory / 8);
    options.execution.enforce_batch_size_in_joins = true;
    // Its planner calls `x IN (...) IS TRUE` nullable in one place and not in another, and then
    // refuses an aggregate over it.
    options.execution.skip_physical_aggregate_schema_check = true;
    config
}

/// A plan that reads a table whole.
pub(crate) fn scan(name: &str, table: Arc<dyn TableProvider>) -> Result<LogicalPlanBuilder, DataFusionError> {
    let source = datafusion::catalog::default_table_source::provider_as_source(table);
    LogicalPlanBuilder::scan(datafusion::common::TableReference::bare(name), source, None)
}

/// A query whose first rows have come.
struct Started {
    physical: Arc<dyn ExecutionPlan>,
    stream: Driven,
    first: Option<RecordBatch>,
}

/// Why a query did not start; without an error, the time was up.
struct Failure {
    error: Option<DataFusionError>,
    /// Whether other joins might do.
    retry: bool,
}

impl Started {
    fn into_rows(self, deadline: Instant, errors: Errors) -> QueryRows {
        let schema = self.physical.schema();
        QueryRows {
            schema,
            plan: self.physical,
            state: Reading::First(self.first),
            stream: Some(self.stream),
            deadline: Box::pin(tokio::time::sleep_until(deadline)),
            errors,
        }
    }
}

async fn within<T>(deadline: Instant, work: impl Future<Output = Result<T, DataFusionError>>) -> Result<T, Failure> {
    match timeout_at(deadline, work).await {
        Ok(result) => result.map_err(|error| Failure { error: Some(error), retry: false }),
        Err(_) => Err(Failure { error: None, retry: false }),
    }
}

/// The rows of a query, in batches. Dropping it cancels the query and removes its temporary files;
/// when the time was up, they go as soon as the query's thread comes to see it.
pub struct QueryRows {
    schema: SchemaRef,
    plan: Arc<dyn ExecutionPlan>,
    state: Reading,
    stream: Option<Driven>,
    deadline: Pin<Box<tokio::time::Sleep>>,
    errors: Errors,
}

enum Reading {
    First(Option<RecordBatch>),
    Rest,
}

impl QueryRows {
    /// The columns of the rows.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Bytes written to temporary files so far.
    pub fn spilled_bytes(&self) -> u64 {
        fn sum(plan: &Arc<dyn ExecutionPlan>) -> u64 {
            let own = plan.metrics().and_then(|metrics| metrics.spilled_bytes()).unwrap_or_default() as u64;
            own + plan.children().into_iter().map(sum).sum::<u64>()
        }
        sum(&self.plan)
    }
}

impl Stream for QueryRows {
    type Item = Result<RecordBatch, DataError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Reading::First(first) = &mut this.state {
            let first = first.take();
            this.state = Reading::Rest;
            match first {
                Some(batch) => return Poll::Ready(Some(Ok(batch))),
                None => this.stream = None,
            }
        }
        let Some(stream) = &mut this.stream else { return Poll::Ready(None) };
        let polled = match stream.poll_next(context) {
            Poll::Ready(polled) => polled.map(|batch| batch.map_err(|e| this.errors.of(Some(&e)))),
            Poll::Pending if this.deadline.as_mut().poll(context).is_ready() => {
                stream.abandon();
                Some(Err(this.errors.of(None)))
            }
            Poll::Pending => return Poll::Pending,
        };
        if !matches!(polled, Some(Ok(_))) {
            this.stream = None;
        }
        Poll::Ready(polled)
    }
}

/// Names what a query's errors are about.
struct Errors {
    subject: String,
    limits: Limits,
}

impl Errors {
    /// Without an error, the time was up.
    fn of(&self, error: Option<&DataFusionError>) -> DataError {
        let subject = self.subject.clone();
        let Some(error) = error else {
            return DataError::Time { subject, seconds: self.limits.timeout.as_secs_f64() };
        };
        match exhausted(error) {
            Some(Exhausted::Disk) => DataError::Disk { subject, limit: human_bytes(self.limits.disk) },
            Some(Exhausted::Memory) => {
                DataError::Memory { subject, limit: human_bytes(self.limits.memory), message: consumer(error) }
            }
            Some(Exhausted::Time) => DataError::Time { subject, seconds: self.limits.timeout.as_secs_f64() },
            None => from_datafusion(&subject, None, error),
        }
    }
}

/// What asked for memory: "Failed to allocate additional 1 MB for HashJoinInput with ...".
fn consumer(error: &DataFusionError) -> String {
    let text = error.find_root().to_string();
    let name =
        text.split_once(" for ").and_then(|(_, rest)| rest.split_once(" with ")).map(|(name, _)| name.to_owned());
    let operator = name.unwrap_or_default();
    let what = match operator.as_str() {
        o if o.starts_with("HashJoin") => "a join's smaller side does not fit",
        o if o.contains("Join") => "a join does not fit",
        o if o.contains("Aggregate") || o.contains("Group") => "the groups do not fit",
        o if o.contains("Sort") => "a sort does not fit",
        _ => "its rows do not fit",
    };
    what.to_owned()
}
