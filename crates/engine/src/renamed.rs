//! A report under a new name: to the ledger it is another report, and everybody would get the period again. So before
//! its first message it is held against what the project no longer has.

use punctual_model::{frozen::Frozen, project::Project};
use punctual_store::records::{Filter, Run};

use crate::{decide::definition_of, environment::Engine, outcome::EngineError};

impl Engine {
    /// What speaks against a report's first message in a period: another name sent the same template's edition of it
    /// to the same list, and the project has no report of that name any more.
    pub(crate) async fn sent_under_another_name(
        &self,
        project: &Project,
        definition: &Frozen,
        run: &Run,
    ) -> Result<Option<String>, EngineError> {
        if run.revision.frozen_at.is_some() {
            return Ok(None);
        }
        let filter = Filter { period: Some(run.key.period.clone()), ..Filter::default() };
        for other in self.parts.store.runs(&filter).await? {
            let is_gone = !project.reports.contains_key(&other.key.report)
                && !project.faulty.iter().any(|(kind, name)| *kind == "report" && *name == other.key.report);
            if !is_gone || other.key.report == run.key.report || other.revision.frozen_at.is_none() {
                continue;
            }
            // What an earlier version froze may not be readable; then nothing can be said.
            let Ok(sent) = definition_of(&other) else { continue };
            if is_alike(&sent, definition) {
                return Ok(Some(format!(
                    "period {} was sent as report `{}`, which the project no longer has: if that was renamed, give it \
                     its name back, or everybody gets the period again; --confirm sends it all the same",
                    run.key.period, other.key.report
                )));
            }
        }
        Ok(None)
    }
}

/// The same template, in whatever version, to the same list.
fn is_alike(sent: &Frozen, definition: &Frozen) -> bool {
    let list = |frozen: &Frozen| frozen.report.deliver.as_ref().map(|deliver| deliver.to.to_string());
    sent.report.template.name == definition.report.template.name && list(sent) == list(definition)
}
