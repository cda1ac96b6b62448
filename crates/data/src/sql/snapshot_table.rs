//! A snapshot as a table of a query: one file, scanned in its order, with the exact number of
//! rows known to the planner.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableProvider},
    common::{DataFusionError, Result, Statistics, stats::Precision},
    datasource::{
        listing::PartitionedFile,
        physical_plan::{FileScanConfigBuilder, ParquetSource},
        source::DataSourceExec,
    },
    execution::object_store::ObjectStoreUrl,
    logical_expr::{Expr, TableType},
    object_store::{ObjectMeta, path::Path},
    physical_plan::ExecutionPlan,
};

use crate::{error::DataError, facts::bare, snapshot::Snapshot};

/// A snapshot that queries can scan.
#[derive(Debug)]
pub(crate) struct SnapshotTable {
    schema: SchemaRef,
    file: ObjectMeta,
    rows: u64,
}

impl SnapshotTable {
    /// Finds the file's absolute path.
    ///
    /// # Errors
    /// When the file is not there.
    pub fn new(snapshot: &Snapshot) -> Result<Self, DataError> {
        let absolute = snapshot.path.canonicalize().map_err(|e| DataError::file(&snapshot.path, e))?;
        let location = Path::from_absolute_path(&absolute).map_err(|e| DataError::file(&snapshot.path, e))?;
        let file = ObjectMeta {
            location,
            last_modified: chrono::DateTime::UNIX_EPOCH,
            size: snapshot.bytes,
            e_tag: None,
            version: None,
        };
        Ok(Self { schema: bare(&snapshot.schema), file, rows: snapshot.rows })
    }
}

#[async_trait]
impl TableProvider for SnapshotTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = usize::try_from(self.rows).map_err(|e| DataFusionError::External(e.into()))?;
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Exact(rows);
        let source = Arc::new(ParquetSource::new(Arc::clone(&self.schema)));
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file(PartitionedFile::new_from_meta(self.file.clone()))
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
