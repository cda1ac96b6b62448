//! CSV: one file with a header line, read whole and strictly. Every line has as many fields as the
//! header; text is UTF-8; columns are text unless declared.

mod read;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use punctual_data::source::{ExtractRequest, Extraction, Source, SourceConfig, SourceError, SourceKind};
use punctual_model::kinds::{KindSpec, OptionSpec, OptionType};
use tokio::time::Instant;

use crate::{
    context::{Context, config_error},
    options, stream,
    time::TimeRules,
};

/// The registration.
pub(crate) const KIND: SourceKind = SourceKind {
    spec: KindSpec {
        name: "csv",
        summary: "A CSV file with a header line.",
        options: &[
            OptionSpec {
                name: "path",
                summary: "The file, relative to the project's folder.",
                value: OptionType::Text,
                required: true,
            },
            OptionSpec {
                name: "delimiter",
                summary: "The character between fields, or the word tab. Default: a comma.",
                value: OptionType::Text,
                required: false,
            },
            OptionSpec {
                name: "encoding",
                summary: "How the file's text is encoded. Default, and all there is: utf-8.",
                value: OptionType::Choice(&["utf-8"]),
                required: false,
            },
            OptionSpec {
                name: "null",
                summary: "The field that stands for no value. Default: the empty field.",
                value: OptionType::Text,
                required: false,
            },
        ],
        sql: None,
    },
    open,
};

struct CsvFile {
    config: SourceConfig,
    file: File,
    rules: Arc<TimeRules>,
}

/// The file and how to read it.
#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    shown: String,
    delimiter: u8,
    null: String,
}

fn open(config: SourceConfig) -> Result<Arc<dyn Source>, SourceError> {
    let shown = options::required_text(&config, "path")?.to_owned();
    let delimiter = match options::text(&config, "delimiter")? {
        None => b',',
        Some("tab" | "\t") => b'\t',
        Some(text) => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => *byte,
            _ => {
                let message = format!("`delimiter` is one ASCII character or the word tab, not `{text}`");
                return Err(config_error(&config.name, message));
            }
        },
    };
    if let Some(encoding) = options::text(&config, "encoding")?.filter(|e| *e != "utf-8") {
        let message = format!("`encoding` is utf-8, not `{encoding}`; convert the file");
        return Err(config_error(&config.name, message));
    }
    let null = options::text(&config, "null")?.unwrap_or_default().to_owned();
    let file = File { path: config.project.join(&shown), shown, delimiter, null };
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
