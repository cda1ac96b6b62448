//! CSV: one file, read whole and strictly. Every line has as many fields as the header; columns are
//! text unless declared. What a file does differently is said by the source's options.

mod decode;
mod dialect;
mod numbers;
mod read;
mod records;

use std::sync::Arc;

use async_trait::async_trait;
use punctual_data::source::{ExtractRequest, Extraction, Source, SourceConfig, SourceError, SourceKind};
use punctual_model::{definition::Columns, kinds::KindSpec};
use tokio::time::Instant;

use self::dialect::File;
use crate::{context::Context, stream, time::TimeRules};

/// The registration.
pub(crate) const KIND: SourceKind = SourceKind {
    spec: KindSpec { name: "csv", summary: "A CSV file, read strictly.", options: dialect::OPTIONS, sql: None },
    open,
};

struct CsvFile {
    config: SourceConfig,
    file: File,
    rules: Arc<TimeRules>,
}

fn open(config: SourceConfig) -> Result<Arc<dyn Source>, SourceError> {
    let file = File::of(&config)?;
    let rules = Arc::new(TimeRules::new(&config)?);
    Ok(Arc::new(CsvFile { config, file, rules }))
}

impl CsvFile {
    /// Opens the file and reads its header, in a thread that may wait for the disk.
    async fn begin(&self, context: &Context) -> Result<read::Reader, SourceError> {
        let (file, context) = (self.file.clone(), context.clone());
        let opened = tokio::task::spawn_blocking(move || read::Reader::open(file, context));
        opened.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

#[async_trait]
impl Source for CsvFile {
    async fn probe(&self) -> Result<String, SourceError> {
        let context = Context::new(&self.config, "");
        let reader = self.begin(&context).await?;
        Ok(format!("CSV file with {} columns, {} bytes", reader.header().len(), reader.bytes()))
    }

    fn columns_at_a_glance(&self, declared: &Columns) -> Option<Vec<String>> {
        // Opening a pipe would wait for whoever writes into it.
        if !self.file.path.is_file() {
            return None;
        }
        let reader = read::Reader::open(self.file.clone(), Context::new(&self.config, "")).ok()?;
        reader.columns(declared).ok()
    }

    async fn extract(&self, request: ExtractRequest) -> Result<Extraction, SourceError> {
        let context = Context::new(&self.config, &request.dataset);
        let deadline = Instant::now() + self.config.timeout;
        if request.sql.is_some() {
            return Err(context.config("a `csv` file is read whole: leave `sql` out, and select in a table"));
        }
        let reader = self.begin(&context).await?;
        let rows = reader.rows(&request.columns, &self.rules)?;
        let schema = rows.schema();
        let (outlet, batches) = stream::channel(context, deadline);
        tokio::task::spawn_blocking(move || rows.run(outlet));
        Ok(Extraction { schema, statement: format!("read {}", self.file.shown), batches })
    }
}
