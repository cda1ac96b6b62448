//! Tables become documents and artifacts: the keys are read, tables are split and the split is
//! proved, each edition is assembled and written in every format, on as many threads as there are cores.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use indexmap::IndexMap;
use punctual_data::{
    meaning,
    session::{Limits, Session},
    snapshot::{Rows, Snapshot},
    split::{SplitInput, SplitTable, split_findings, split_table},
    values::value_at,
};
use punctual_document::{
    assemble::{BurstRow, Edition, EditionTable, UnsaidTotals, assemble, unsaid_totals},
    content::{Body, Document},
    fonts::Fonts,
    format::{FormatKind, Written},
    locale::Locale,
    text::PeriodFacts,
    theme::Theme,
};
use punctual_model::{
    definition::{Burst, Layout, Otherwise, Section as SectionSpec},
    finding::Finding,
    recipients::WHOLE,
    value::Value,
    zone::Zone,
};

use crate::file_names::file_names;

use super::{
    EditionOutput, FigureOutput, FileOutput, Generate, Generated, TableInput,
    fonts::OfferedFonts,
    places,
    render::{locale, period},
    transform::runtime,
};

/// The split reads everything once; its queries need no other limit than the job's.
const SPLIT_TIMEOUT: Duration = Duration::from_secs(3600);

/// Makes every edition's documents and artifacts.
pub(super) fn generate(job: &Generate, folder: &Path, formats: &'static [FormatKind]) -> Result<Generated, String> {
    let material = Material::gather(job, folder)?;
    if material.findings.iter().any(|f| f.severity == Otherwise::Fail) {
        return Ok(Generated { findings: material.findings, editions: Vec::new() });
    }
    let formats = job
        .formats
        .iter()
        .map(|name| formats.iter().find(|f| f.spec.name == name).ok_or_else(|| format!("unknown format `{name}`")))
        .collect::<Result<Vec<_>, _>>()?;
    let out = folder.join("files");
    std::fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let fonts: Arc<dyn Fonts> = Arc::new(OfferedFonts::new(&job.fonts));
    let editions = in_parallel(material.keys.len(), |index| material.edition(job, index, &fonts))?;
    let editions = editions.into_iter().collect::<Result<Vec<_>, String>>()?;
    let mut findings = material.findings;
    findings.extend(editions.iter().flat_map(|made| &made.unsaid).map(unsaid_finding));
    let names = names(job, &editions);
    let tasks: Vec<(usize, &FormatKind)> =
        (0..editions.len()).flat_map(|index| formats.iter().map(move |format| (index, *format))).collect();
    let files = in_parallel(tasks.len(), |task| {
        let (index, format) = tasks[task];
        let written = write(&editions[index].document, format, &folder.join(places::file(index, format.extension)))?;
        let file = FileOutput {
            format: format.spec.name.to_owned(),
            file_name: format!("{}.{}", names[index], format.extension),
            media_type: format.media_type.to_owned(),
        };
        Ok((file, written))
    })?;
    let files = files.into_iter().collect::<Result<Vec<(FileOutput, Written)>, String>>()?;
    findings.extend(without_glyph(&tasks, &files, &editions));
    let mut files = files.into_iter().map(|(file, _)| file);
    let outputs = editions.into_iter().map(|made| {
        let files = files.by_ref().take(formats.len()).collect();
        made.into_output(files)
    });
    Ok(Generated { editions: outputs.collect(), findings })
}

/// Characters that no font has, a finding for each format: which they are, and in whose documents.
fn without_glyph(tasks: &[(usize, &FormatKind)], files: &[(FileOutput, Written)], editions: &[Made]) -> Vec<Finding> {
    let mut lacking: BTreeMap<&str, (BTreeSet<char>, Vec<&str>)> = BTreeMap::new();
    for ((index, format), (_, written)) in tasks.iter().zip(files) {
        if !written.without_glyph.is_empty() {
            let (characters, keys) = lacking.entry(format.spec.name).or_default();
            characters.extend(&written.without_glyph);
            keys.push(&editions[*index].document.head.edition);
        }
    }
    let finding = |(format, (characters, keys)): (&str, (BTreeSet<char>, Vec<&str>))| Finding {
        subject: format.to_owned(),
        check: "glyphs".to_owned(),
        severity: Otherwise::Warn,
        message: format!(
            "no font has {}, in the {format} of {}: their codes are shown instead; put a font that has them into the \
             folder that `fonts:` of punctual.yaml names",
            listed(characters.iter().map(|c| format!("{c} (U+{:04X})", u32::from(*c)))),
            listed(keys.iter().map(|key| format!("edition {key}"))),
        ),
        rows: keys.len() as u64,
        samples: Vec::new(),
    };
    lacking.into_iter().map(finding).collect()
}

/// The first few, and how many more there are.
fn listed(items: impl ExactSizeIterator<Item = String>) -> String {
    const NAMED: usize = 8;
    let more = items.len().saturating_sub(NAMED);
    let named = items.take(NAMED).collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

/// Does `count` pieces of work on the cores that there are; results keep their order.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Result<Vec<T>, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count).max(1);
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<T>>> = Mutex::new((0..count).map(|_| None).collect());
    let gone = || "a thread ended early".to_owned();
    std::thread::scope(|scope| {
        let worker = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return Ok::<(), String>(());
                }
                let result = work(index);
                results.lock().map_err(|_| gone())?[index] = Some(result);
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|w| w.join().map_err(|_| gone())?)
    })?;
    results.into_inner().map_err(|_| gone())?.into_iter().map(|r| r.ok_or_else(gone)).collect()
}

/// What all editions are made from.
struct Material {
    keys: Vec<Key>,
    tables: BTreeMap<String, Shown>,
    period: PeriodFacts,
    locale: &'static Locale,
    findings: Vec<Finding>,
}

/// An edition's key and the row that it is about.
struct Key {
    key: String,
    row: IndexMap<String, Value>,
}

/// A dataset or table that a section shows, and how editions get their rows.
struct Shown {
    now: Parts,
    previous: Option<Parts>,
    left_out: u64,
    left_out_by_key: BTreeMap<String, u64>,
}

/// Rows that are split by key, or the same for every edition.
enum Parts {
    Split(Box<SplitTable>),
    Shared(Rows),
}

impl Parts {
    fn of(&self, key: &str) -> Rows {
        match self {
            Self::Split(split) => split.edition(key),
            Self::Shared(rows) => rows.clone(),
        }
    }
}

impl Material {
    fn gather(job: &Generate, folder: &Path) -> Result<Self, String> {
        let locale = locale(&job.facts)?;
        let keys = match &job.burst {
            Some(burst) => keys(job, burst)?,
            None => vec![Key { key: WHOLE.to_owned(), row: IndexMap::new() }],
        };
        let wanted: BTreeSet<String> = keys.iter().map(|k| k.key.clone()).collect();
        let spill = folder.join("spill");
        let splits = folder.join("editions");
        for part in [&spill, &splits] {
            std::fs::create_dir_all(part).map_err(|e| format!("{}: {e}", part.display()))?;
        }
        let limits = Limits { memory: job.memory, disk: job.memory * 4, timeout: SPLIT_TIMEOUT };
        let zone = &job.facts.period.zone;
        let splitter = Splitter { job, limits, zone, spill, splits, keys: &wanted };
        let shared: BTreeMap<&str, bool> =
            job.layout.sections.iter().filter_map(|s| Some((s.data()?.as_str(), s.shared()))).collect();
        let mut tables = BTreeMap::new();
        for (name, shared) in shared {
            let table = table(&job.tables, name)?;
            let previous = job.previous.get(name).map(|t| splitter.parts(name, t, shared, "previous")).transpose()?;
            let shown = Shown {
                now: splitter.parts(name, table, shared, "period")?,
                previous,
                left_out: table.left_out,
                left_out_by_key: table.left_out_by_key.clone(),
            };
            tables.insert(name.to_owned(), shown);
        }
        let mut findings = repeated_keys(&keys);
        if let Some(burst) = &job.burst {
            let splits = tables.iter().filter_map(|(name, shown)| match &shown.now {
                Parts::Split(split) => Some((name.as_str(), split.as_ref())),
                Parts::Shared(_) => None,
            });
            findings.extend(split_findings(&burst.by, &wanted, splits));
        }
        let period = PeriodFacts::new(&period(&job.facts, false)?, &Zone::utc(), locale).map_err(|e| e.to_string())?;
        Ok(Self { keys, tables, period, locale, findings })
    }

    fn edition(&self, job: &Generate, index: usize, fonts: &Arc<dyn Fonts>) -> Result<Made, String> {
        let Key { key, row } = &self.keys[index];
        let burst = job.burst.as_ref().map(|burst| BurstRow {
            column: burst.by.clone(),
            alias: burst.alias.clone(),
            row: row.clone(),
        });
        let tables = self.tables.iter().map(|(name, shown)| {
            let rows = shown.now.of(key);
            let schema = match job.declared.get(name) {
                Some(columns) => meaning::declared(rows.schema(), columns),
                None => rows.schema().clone(),
            };
            let left_out = match &job.burst {
                Some(_) => shown.left_out_by_key.get(key).copied().unwrap_or(0),
                None => shown.left_out,
            };
            let previous = shown.previous.as_ref().map(|parts| Arc::new(parts.of(key)) as Arc<_>);
            let table = EditionTable { schema, rows: Arc::new(rows), left_out, previous };
            (name.clone(), table)
        });
        let edition = Edition {
            report: job.facts.report.clone(),
            report_title: job.facts.title.clone(),
            key: key.clone(),
            burst,
            period: self.period.clone(),
            parameters: job.facts.parameters.clone(),
            locale: self.locale,
            currency: job.facts.currency.clone(),
            zone: job.facts.period.zone.clone(),
            theme: Theme::default(),
            fonts: Arc::clone(fonts),
            tables: tables.collect(),
            notes: job.notes.clone(),
        };
        let words = |e: punctual_document::assemble::AssembleError| {
            let help = e.help().map(|help| format!("; {help}")).unwrap_or_default();
            format!("edition {key}: {e}{help}")
        };
        let document = assemble(&job.layout, &edition).map_err(words)?;
        let rows = shown_rows(&job.layout, &document, &edition);
        // The columns are the same in every edition.
        let unsaid = if index == 0 { unsaid_totals(&job.layout, &edition).map_err(words)? } else { Vec::new() };
        let context = edition.context(&job.layout).map_err(words)?;
        let renderer = edition.renderer();
        let text = |what: &str, template: &str| {
            let rendered = renderer.render(template, &context);
            rendered.map_err(|e| format!("edition {key}: {}", super::render::in_words(what, &e)))
        };
        let subject = job.subject.as_deref().map(|subject| text("subject", subject)).transpose()?;
        let summary = job.summary.as_deref().map(|summary| text("summary", summary)).transpose()?;
        let slug = match row.get("slug") {
            Some(Value::Text(slug)) => slug.clone(),
            _ => key.clone(),
        };
        Ok(Made { document, rows, unsaid, subject, summary, slug })
    }
}

/// Splits tables into parts, each in a file of its own.
struct Splitter<'a> {
    job: &'a Generate,
    limits: Limits,
    zone: &'a Zone,
    spill: PathBuf,
    splits: PathBuf,
    keys: &'a BTreeSet<String>,
}

impl Splitter<'_> {
    fn parts(&self, name: &str, table: &TableInput, shared: bool, when: &str) -> Result<Parts, String> {
        let words = |e: punctual_data::error::DataError| e.to_string();
        let snapshot = open(table)?;
        let Some(burst) = self.job.burst.as_ref().filter(|_| !shared) else {
            return Ok(Parts::Shared(Rows::open(&snapshot).map_err(words)?));
        };
        if snapshot.schema.index_of(&burst.by).is_err() {
            let message = format!(
                "`{name}` has no column `{}` to split it by; add it, or say `shared: true` where every edition shows the same",
                burst.by
            );
            return Err(message);
        }
        let mut session = Session::new(self.limits, self.zone, &self.spill).map_err(words)?;
        session.register(name, &snapshot).map_err(words)?;
        let order_by = self.job.order_by.get(name).map_or(&[][..], Vec::as_slice);
        let input = SplitInput { name, rows: &snapshot, order_by };
        let path = self.splits.join(format!("{name}-{when}.parquet"));
        let split = split_table(&session, input, &burst.by, self.keys, &path);
        Ok(Parts::Split(Box::new(runtime()?.block_on(split).map_err(words)?)))
    }
}

/// An edition that is made, before it is written.
struct Made {
    document: Document,
    rows: u64,
    unsaid: Vec<UnsaidTotals>,
    subject: Option<String>,
    summary: Option<String>,
    slug: String,
}

impl Made {
    fn into_output(self, files: Vec<FileOutput>) -> EditionOutput {
        let Document { head, sections, mut notes, .. } = self.document;
        let mut figures = Vec::new();
        for section in &sections {
            match &section.body {
                Body::Figures(found) => figures.extend(found.iter().map(|figure| FigureOutput {
                    label: figure.label.clone(),
                    value: figure.cell.text.clone(),
                    change: figure.change.as_ref().map(|change| change.text.clone()),
                    tone: figure.change.as_ref().map(|change| change.tone).unwrap_or_default(),
                })),
                Body::Table(_) | Body::Chart(_) | Body::Text(_) => {}
            }
        }
        notes.dedup();
        EditionOutput {
            key: head.edition,
            subject: self.subject.unwrap_or_else(|| head.title.clone()),
            title: head.title,
            about: head.about,
            period_label: head.period,
            rows: self.rows,
            summary: self.summary,
            figures,
            notes,
            files,
        }
    }
}

/// The rows of its own that an edition shows: those of each dataset or table that a table or chart shows, counted
/// once, and one for key figures unless all of them are zero or missing. What every edition shows counts for none.
fn shown_rows(layout: &Layout, document: &Document, edition: &Edition) -> u64 {
    let own = |section: &SectionSpec| edition.burst.is_none() || !section.shared();
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    for (spec, section) in layout.sections.iter().zip(&document.sections) {
        let Some(data) = spec.data().filter(|_| own(spec)) else { continue };
        let count = match &section.body {
            Body::Figures(figures) => u64::from(figures.iter().any(|figure| says_something(&figure.cell.value))),
            _ => edition.tables.get(data.as_str()).map_or(0, |table| table.rows.count()),
        };
        let known = rows.entry(data.as_str()).or_default();
        *known = count.max(*known);
    }
    rows.values().fold(0, |sum, count| sum.saturating_add(*count))
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Int(int) => *int != 0,
        Value::Decimal(decimal) => decimal.digits != 0,
        Value::Double(double) => *double != 0.0,
        _ => true,
    }
}

/// What the author of a layout should know of totals that stay empty.
fn unsaid_finding(unsaid: &UnsaidTotals) -> Finding {
    let columns: Vec<String> = unsaid.columns.iter().map(|column| format!("`{column}`")).collect();
    let verb = if columns.len() == 1 { "adds" } else { "add" };
    Finding {
        subject: unsaid.section.clone(),
        check: "totals".to_owned(),
        severity: Otherwise::Warn,
        message: format!(
            "nothing says whether {} {verb} up, so no total is shown; write `total: sum` (or mean, min, max, none) there",
            columns.join(", ")
        ),
        rows: 0,
        samples: Vec::new(),
    }
}

fn table<'a>(tables: &'a BTreeMap<String, TableInput>, name: &str) -> Result<&'a TableInput, String> {
    tables.get(name).ok_or_else(|| format!("there is no dataset or table `{name}`"))
}

fn open(table: &TableInput) -> Result<Snapshot, String> {
    let name = table.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Snapshot::open(&table.path, name).map_err(|e| e.to_string())
}

/// The editions' keys with their rows, in the order of the table that lists them.
fn keys(job: &Generate, burst: &Burst) -> Result<Vec<Key>, String> {
    let words = |e: String| format!("the editions' keys in `{}`: {e}", burst.from);
    let snapshot = open(table(&job.tables, burst.from.as_str())?)?;
    let rows = Rows::open(&snapshot).map_err(|e| words(e.to_string()))?;
    let schema = rows.schema().clone();
    let key = schema.index_of(&burst.by).map_err(|_| words(format!("there is no column `{}`", burst.by)))?;
    let mut keys = Vec::new();
    for batch in rows.batches().map_err(|e| words(e.to_string()))? {
        let batch = batch.map_err(|e| words(e.to_string()))?;
        for row in 0..batch.num_rows() {
            let values = schema
                .fields()
                .iter()
                .enumerate()
                .map(|(index, field)| Ok((field.name().clone(), value_at(batch.column(index), row)?)))
                .collect::<Result<IndexMap<_, _>, punctual_data::values::ValueError>>()
                .map_err(|e| words(e.to_string()))?;
            let key = values[key].as_key().ok_or_else(|| words(format!("a row has no `{}`", burst.by)))?;
            keys.push(Key { key, row: values });
        }
    }
    Ok(keys)
}

/// A key that is listed twice would make two editions of the same name.
fn repeated_keys(keys: &[Key]) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let repeated: Vec<&str> = keys.iter().map(|k| k.key.as_str()).filter(|key| !seen.insert(*key)).collect();
    if repeated.is_empty() {
        return Vec::new();
    }
    vec![Finding {
        subject: "burst".to_owned(),
        check: "unique".to_owned(),
        severity: Otherwise::Fail,
        message: format!("the key {} is listed more than once", repeated.join(", ")),
        rows: repeated.len() as u64,
        samples: Vec::new(),
    }]
}

/// Names that people see: report, period and whose it is.
fn names(job: &Generate, editions: &[Made]) -> Vec<String> {
    let period = job.facts.period.period().map(|p| p.to_string()).unwrap_or_default();
    let whose = editions.iter().map(|made| job.burst.as_ref().map(|_| made.slug.as_str()));
    file_names(&job.facts.report, &period, whose)
}

fn write(document: &Document, format: &FormatKind, path: &Path) -> Result<Written, String> {
    let place = || format!("edition {}, {}", document.head.edition, format.spec.name);
    let file = File::create(path).map_err(|e| format!("{}: {e}", place()))?;
    let mut out = BufWriter::new(file);
    let written = format.format.write(document, &mut out).map_err(|e| format!("{}: {e}", place()))?;
    out.flush().map_err(|e| format!("{}: {e}", place()))?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_results_keep_their_order() {
        let results = in_parallel(100, |index| index * 2).expect("done");
        assert_eq!(results, (0..100).map(|i| i * 2).collect::<Vec<_>>());
        assert_eq!(in_parallel(0, |index| index).expect("done"), Vec::<usize>::new());
    }
}
