//! The members of a list that come from a source: asked when a delivery is planned, never taken from a snapshot.
//! Rows only say who gets what; the guards stay in the list.

use std::borrow::Cow;

use futures::TryStreamExt;
use punctual_data::{
    source::{ExtractRequest, Source},
    values::key_at,
};
use punctual_model::{
    definition::{List, Member, Members, MembersQuery},
    project::{Project, members_from_rows},
    state::Stage,
};

use crate::{
    environment::Engine,
    job::{Facts, Job, RenderSql, RenderedSql, SqlTemplate, answer},
    outcome::EngineError,
    runner::ask,
};

/// More rows than this are no list.
const MOST_ROWS: usize = 200_000;

impl Engine {
    /// The list with its members in it, whoever has to be asked for them. `facts` are what its SQL may name.
    ///
    /// # Errors
    /// When the source does not answer, or its rows are no members.
    pub(crate) async fn with_members<'a>(
        &self,
        project: &Project,
        list: &'a List,
        facts: impl FnOnce() -> Result<Facts, EngineError>,
    ) -> Result<Cow<'a, List>, EngineError> {
        let Members::Query(query) = &list.members else { return Ok(Cow::Borrowed(list)) };
        let members = self.ask_members(project, facts()?, list, query).await?;
        Ok(Cow::Owned(List { members: Members::Listed(members), ..list.clone() }))
    }

    async fn ask_members(
        &self,
        project: &Project,
        facts: Facts,
        list: &List,
        query: &MembersQuery,
    ) -> Result<Vec<Member>, EngineError> {
        let subject = format!("the members of list `{}`", list.name);
        let fault = |message: String| EngineError::Stage {
            stage: Stage::Deliver,
            message: format!("{subject}: {message}"),
            findings: Vec::new(),
        };
        let source = project
            .sources
            .get(query.source.as_str())
            .map(|located| &located.value)
            .ok_or_else(|| fault(format!("there is no source `{}`", query.source)))?;
        let lexis = self
            .parts
            .sources
            .iter()
            .find(|kind| kind.spec.name == source.source_type)
            .and_then(|kind| kind.spec.sql)
            .ok_or_else(|| fault(format!("source `{}` answers no SQL", query.source)))?;
        let template = SqlTemplate {
            subject: subject.clone(),
            text: query.sql.clone(),
            lexis,
            source_zone: source.timezone.clone(),
            previous: false,
        };
        let asked = RenderSql { facts, texts: vec![template] };
        let job = Job::RenderSql(asked.clone());
        let folder = tempfile::tempdir_in(&self.parts.data).map_err(|e| fault(e.to_string()))?;
        let rendered: Result<RenderedSql, _> = ask(&*self.parts.runner, &job, &[], folder.path()).await;
        let mut rendered = rendered.map_err(|e| EngineError::of_job(Stage::Deliver, &e))?;
        answer::rendered(&asked, &rendered).map_err(|why| EngineError::untrusted(Stage::Deliver, why))?;
        let opened = self.open_source(source).map_err(|e| fault(e.to_string()))?;
        let dataset = format!("members of {}", list.name);
        let asked = ExtractRequest { dataset, sql: rendered.pop(), columns: indexmap::IndexMap::new() };
        let (columns, rows) = rows(opened.as_ref(), asked).await.map_err(&fault)?;
        members_from_rows(&columns, rows.iter()).map_err(|error| {
            let row = error.row.map(|row| format!("row {}: ", row + 1)).unwrap_or_default();
            let help = error.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            fault(format!("{row}{error}{help}"))
        })
    }
}

type Rows = (Vec<String>, Vec<Vec<Option<String>>>);

/// The rows of a query as texts: a key reads as it does in a burst.
async fn rows(source: &dyn Source, request: ExtractRequest) -> Result<Rows, String> {
    let mut answer = source.extract(request).await.map_err(|e| e.to_string())?;
    let columns: Vec<String> = answer.schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
    let mut rows = Vec::new();
    while let Some(batch) = answer.batches.try_next().await.map_err(|e| e.to_string())? {
        if rows.len() + batch.num_rows() > MOST_ROWS {
            return Err(format!("the query gives more than {MOST_ROWS} rows; narrow it"));
        }
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| key_at(column, row).map_err(|e| e.to_string()));
            rows.push(cells.collect::<Result<Vec<_>, _>>()?);
        }
    }
    Ok((columns, rows))
}
