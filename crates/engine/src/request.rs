//! What is asked of the engine: which report over which period, from where to where.

use std::collections::BTreeMap;

use punctual_model::{
    identity::{ContentHash, RunKey},
    parameter::{ParameterError, typed},
    period::Period,
    project::{Project, Resolved},
    state::Stage,
    value::Value,
};

use crate::{
    job::{Days, Facts},
    outcome::EngineError,
};

/// A run to be made.
#[derive(Debug, Clone)]
pub struct RunRequest<'a> {
    /// All definitions.
    pub project: &'a Project,
    /// The report's name.
    pub report: &'a str,
    /// The period.
    pub period: Period,
    /// Deliver only these editions; empty for all.
    pub editions: Vec<String>,
    /// Run this stage and the later ones again, even if they are done.
    pub from: Option<Stage>,
    /// The last stage to run. `deliver` only when it was said explicitly.
    pub until: Stage,
    /// A person confirmed that many recipients are meant.
    pub confirmed: bool,
}

impl<'a> RunRequest<'a> {
    pub(crate) fn resolved(&self) -> Result<Resolved<'a>, EngineError> {
        self.project.resolve(self.report).ok_or_else(|| EngineError::Unresolved { report: self.report.to_owned() })
    }

    /// Whether a stage is asked for again.
    pub(crate) fn again(&self, stage: Stage) -> bool {
        self.from.is_some_and(|from| from <= stage)
    }
}

/// The resolved parameters of a report.
fn parameters(resolved: &Resolved<'_>) -> Result<BTreeMap<String, Value>, ParameterError> {
    resolved
        .template
        .parameters
        .iter()
        .map(|(name, parameter)| {
            let given = resolved.report.parameters.get(name).or(parameter.default.as_ref());
            let value = typed(name, parameter.parameter_type, given.unwrap_or(&serde_json::Value::Null))?;
            Ok((name.clone(), value))
        })
        .collect()
}

/// What every job knows of a run, and the run's identity.
///
/// # Errors
/// When a parameter does not have its type.
pub fn run_facts(resolved: &Resolved<'_>, period: &Period) -> Result<(Facts, RunKey), EngineError> {
    let report = resolved.report;
    let facts = Facts {
        report: report.name.to_string(),
        title: report.title.clone(),
        locale: report.locale.clone(),
        currency: report.currency.clone(),
        parameters: parameters(resolved)?,
        period: Days::from(period),
    };
    let key = RunKey {
        report: facts.report.clone(),
        period: period.to_string(),
        params_hash: ContentHash::of_json(&facts.parameters),
    };
    Ok((facts, key))
}
