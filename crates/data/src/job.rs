//! One run's way through data, in one direction: datasets are checked, tables computed and checked,
//! and both split into editions. Each step takes the previous one's value. It knows files of its
//! own folder and nothing of sources, documents or the store.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use indexmap::IndexMap;
use punctual_model::{definition::Otherwise, finding::Finding, slug::Slug, sql_text::SqlText, zone::Zone};

use crate::{
    analyze::{Reference, references},
    checks::{self, CheckInput, Checked, CheckedRows, Context, Days, LeftOut, Subject},
    collation,
    error::{DataError, unknown_name},
    far_times,
    session::{Limits, Session},
    snapshot::{Rows, Snapshot},
    split::{SplitInput, SplitTable, split_findings, split_table},
    tables::create_table,
};

/// What a job works with.
#[derive(Debug, Clone)]
pub struct JobSpec {
    /// An existing folder of the job's own.
    pub folder: PathBuf,
    /// What one query may use.
    pub limits: Limits,
    /// The report's zone.
    pub zone: Zone,
    /// The days of the period.
    pub days: Days,
    /// The burst key's column.
    pub key: Option<String>,
}

/// A dataset and its checks.
#[derive(Debug, Clone)]
pub struct DatasetInput {
    /// Its name.
    pub name: Slug,
    /// Its rows as extracted.
    pub snapshot: Snapshot,
    /// Its checks.
    pub checks: Vec<CheckInput>,
}

/// A table, its SQL rendered, and its checks.
#[derive(Debug, Clone)]
pub struct TableInput {
    /// Its name.
    pub name: Slug,
    /// Its SQL with parameters.
    pub sql: SqlText,
    /// Columns to sort by first; `-column` descends.
    pub order_by: Vec<String>,
    /// Its checks.
    pub checks: Vec<CheckInput>,
}

/// A job that has read nothing yet.
pub struct Job {
    spec: JobSpec,
    session: Session,
}

impl Job {
    /// Prepares a job: its folders and an empty session.
    ///
    /// # Errors
    /// When the folder cannot be used, or the period has no day.
    pub fn open(spec: JobSpec) -> Result<Self, DataError> {
        if spec.days.first >= spec.days.end {
            let message = format!("the period from {} to before {} has no day", spec.days.first, spec.days.end);
            return Err(DataError::Name { subject: "job".to_owned(), message });
        }
        for part in ["datasets", "tables", "editions", "spill"] {
            let folder = spec.folder.join(part);
            fs::create_dir_all(&folder).map_err(|e| DataError::file(&folder, e))?;
        }
        let session = Session::new(spec.limits, &spec.zone, &spec.folder.join("spill"))?;
        Ok(Self { spec, session })
    }

    /// Evaluates all checks of all datasets. Checks that do not hold are findings, not errors.
    ///
    /// # Errors
    /// A check that cannot be evaluated as it is written, a limit, or a file.
    pub async fn check(mut self, inputs: &[DatasetInput]) -> Result<Datasets, DataError> {
        let folder = self.spec.folder.join("datasets");
        let mut rows = Vec::new();
        for input in inputs {
            let mut context = Context {
                session: &mut self.session,
                days: self.spec.days,
                key: self.spec.key.as_deref(),
                folder: &folder,
            };
            rows.push(checks::check_rows(&mut context, &input.subject()).await?);
        }
        let mut checked = Checked::default();
        // `sql` checks may read every dataset, so they come last.
        for (input, (kept, mut findings)) in inputs.iter().zip(rows) {
            checks::check_sql(&self.session, &input.subject(), &mut findings).await?;
            findings.extend(far_times::of_rows(&self.session, &input.subject()).await?.into_iter().map(Some));
            checked.subjects.insert(input.name.to_string(), kept);
            checked.findings.extend(findings.into_iter().flatten());
        }
        Ok(Datasets { job: self, checked })
    }
}

impl DatasetInput {
    fn subject(&self) -> Subject<'_> {
        Subject { name: self.name.as_str(), snapshot: &self.snapshot, checks: &self.checks }
    }
}

/// Datasets after their checks.
pub struct Datasets {
    job: Job,
    checked: Checked,
}

impl Datasets {
    /// What the checks made of the datasets. When it fails, the run stops here.
    pub fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Computes tables in order and evaluates their checks. Once a check of a table failed, a
    /// later table that cannot be computed is a finding too, so that nothing found is lost.
    ///
    /// # Errors
    /// A mistake in a table's SQL, a reference to a later or unknown table, a limit, or a file.
    pub async fn compute(self, inputs: &[TableInput]) -> Result<Tables, DataError> {
        let Self { job, checked: datasets } = self;
        let mut tables =
            Tables { job, datasets, tables: Checked::default(), inputs: inputs.to_vec(), lineage: BTreeMap::new() };
        for name in tables.datasets.subjects.keys() {
            tables.lineage.insert(name.clone(), BTreeSet::from([name.clone()]));
        }
        for (index, input) in inputs.iter().enumerate() {
            match tables.compute(index).await {
                Ok(()) => {}
                Err(error) if tables.tables.fails() => {
                    tables.tables.findings.push(Finding {
                        subject: input.name.to_string(),
                        check: "table".to_owned(),
                        severity: Otherwise::Fail,
                        message: error.to_string(),
                        rows: 0,
                        samples: Vec::new(),
                    });
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(tables)
    }
}

/// Datasets and tables, all checked.
pub struct Tables {
    job: Job,
    datasets: Checked,
    tables: Checked,
    inputs: Vec<TableInput>,
    /// For each dataset and table, itself and all that it was computed from.
    lineage: BTreeMap<String, BTreeSet<String>>,
}

impl Tables {
    /// What the checks made of the datasets.
    pub fn datasets(&self) -> &Checked {
        &self.datasets
    }

    /// What the checks made of the tables. When it fails, the run stops here.
    pub fn checked(&self) -> &Checked {
        &self.tables
    }

    /// The rows of a dataset or table, without excluded ones.
    ///
    /// # Errors
    /// An unknown name, or a file that cannot be read.
    pub fn rows(&self, name: &str) -> Result<Rows, DataError> {
        Rows::open(&self.subject(name)?.kept)
    }

    /// How many rows checks excluded from a dataset or table and from all that it was computed from.
    pub fn left_out(&self, name: &str) -> u64 {
        self.sources(name).map(|left_out| left_out.rows).sum()
    }

    /// The same for one edition. Exclusions from rows without a key column count for every edition.
    pub fn left_out_of(&self, name: &str, key: &str) -> u64 {
        self.sources(name).map(|left_out| left_out.of(key)).sum()
    }

    /// Splits datasets and tables by the burst key into editions, and proves that they add up.
    ///
    /// # Errors
    /// No burst key in the job's specification, an unknown name, a table without the key column, a
    /// limit, a file, or a failed proof.
    pub async fn split(&self, names: &[&str], keys: &BTreeSet<String>) -> Result<Editions, DataError> {
        let key = self.job.spec.key.as_deref().ok_or_else(|| DataError::Name {
            subject: "split".to_owned(),
            message: "the job has no burst key".to_owned(),
        })?;
        let mut editions = Editions { tables: IndexMap::new(), findings: Vec::new() };
        for &name in names {
            let order_by = self.inputs.iter().find(|t| t.name.as_str() == name).map_or(&[][..], |t| &t.order_by);
            let input = SplitInput { name, rows: &self.subject(name)?.kept, order_by };
            let path = self.job.spec.folder.join("editions").join(format!("{name}.parquet"));
            let split = split_table(&self.job.session, input, key, keys, &path).await?;
            editions.tables.insert(name.to_owned(), split);
        }
        let tables = editions.tables.iter().map(|(name, table)| (name.as_str(), table));
        editions.findings = split_findings(key, keys, tables);
        Ok(editions)
    }

    async fn compute(&mut self, index: usize) -> Result<(), DataError> {
        let input = self.inputs[index].clone();
        let name = input.name.as_str();
        let subject = format!("table `{name}`");
        if self.lineage.contains_key(name) {
            let message = "a dataset or an earlier table has this name".to_owned();
            return Err(DataError::Name { subject, message });
        }
        let lineage = self.ancestors(&subject, index, references(&subject, &input.sql)?)?;
        let folder = self.job.spec.folder.join("tables");
        let path = folder.join(format!("{name}.parquet"));
        let snapshot = create_table(&self.job.session, name, &input.sql, &input.order_by, &path).await?;
        let plan = self.job.session.plan(&subject, &input.sql)?;
        let compared = collation::of_plan(&self.job.session, name, &plan).await?;
        self.tables.findings.extend(compared);

        let checked = Subject { name, snapshot: &snapshot, checks: &input.checks };
        let mut context = Context {
            session: &mut self.job.session,
            days: self.job.spec.days,
            key: self.job.spec.key.as_deref(),
            folder: &folder,
        };
        let (kept, mut findings) = checks::check_rows(&mut context, &checked).await?;
        checks::check_sql(&self.job.session, &checked, &mut findings).await?;
        self.tables.subjects.insert(name.to_owned(), kept);
        self.tables.findings.extend(findings.into_iter().flatten());
        self.lineage.insert(name.to_owned(), lineage);
        Ok(())
    }

    /// Itself and all that a table is computed from; refuses references to later tables.
    fn ancestors(&self, subject: &str, index: usize, read: Vec<Reference>) -> Result<BTreeSet<String>, DataError> {
        let mut lineage = BTreeSet::from([self.inputs[index].name.to_string()]);
        for reference in read {
            if let Some(known) = self.lineage.get(&reference.name) {
                lineage.extend(known.iter().cloned());
                continue;
            }
            let name = &reference.name;
            let later = self.inputs[index..].iter().position(|input| input.name.as_str() == name);
            let message = match later {
                Some(0) => format!("table `{name}` reads itself"),
                Some(_) => format!("table `{name}` is defined later: move it before this one"),
                None => unknown_name("table", name, self.lineage.keys().map(String::as_str)),
            };
            return Err(DataError::Sql { subject: subject.to_owned(), place: reference.place, message });
        }
        Ok(lineage)
    }

    fn subject(&self, name: &str) -> Result<&CheckedRows, DataError> {
        self.tables
            .subjects
            .get(name)
            .or_else(|| self.datasets.subjects.get(name))
            .ok_or_else(|| DataError::unknown("job", "dataset or table", name, self.lineage.keys().map(String::as_str)))
    }

    fn sources(&self, name: &str) -> impl Iterator<Item = &LeftOut> {
        self.lineage.get(name).into_iter().flatten().filter_map(|source| Some(&self.subject(source).ok()?.left_out))
    }
}

/// Tables by edition.
#[derive(Debug, Clone)]
pub struct Editions {
    /// The tables that were split, in the order asked for.
    pub tables: IndexMap<String, SplitTable>,
    /// Rows without an edition (fail), editions without rows (warn).
    pub findings: Vec<Finding>,
}

impl Editions {
    /// The rows that an edition has of a table.
    ///
    /// # Errors
    /// A table that was not split.
    pub fn rows(&self, table: &str, key: &str) -> Result<Rows, DataError> {
        let known = self.tables.keys().map(String::as_str);
        self.tables
            .get(table)
            .map(|split| split.edition(key))
            .ok_or_else(|| DataError::unknown("editions", "table", table, known))
    }
}
