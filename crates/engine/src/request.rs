//! What is asked of the engine: which report over which period, from where to where.

use std::collections::BTreeMap;

use punctual_model::{
    frozen::Frozen,
    identity::{RunKey, variant},
    parameter::{ParameterError, typed},
    period::Period,
    project::{Project, Resolved},
    state::Stage,
    value::Value,
};
use punctual_store::records::Run;

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
    /// What this request overrides of the report's parameters: another variant of the run.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Deliver only these editions; empty for all.
    pub editions: Vec<String>,
    /// Run this stage and the later ones again, even if they are done.
    pub from: Option<Stage>,
    /// The last stage to run. `deliver` only when it was said explicitly.
    pub until: Stage,
    /// A person confirmed what guards ask about: many recipients, or a period whose data is not complete.
    pub confirmed: bool,
    /// A person wants the delivery now, before its time.
    pub now: bool,
    /// Send over this channel instead of the report's.
    pub channel: Option<String>,
    /// Who asks, as the system names them; for the record.
    pub who: String,
}

impl<'a> RunRequest<'a> {
    /// The request that a copy of what was sent amounts to.
    pub(crate) fn of_copy(
        project: &'a Project,
        definition: &'a Frozen,
        run: &Run,
        who: &str,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            project,
            report: definition.report.name.as_str(),
            period: Period::parse(&run.key.period, &definition.report.timezone)?.by(&definition.report.period),
            parameters: BTreeMap::new(),
            editions: Vec::new(),
            from: None,
            until: Stage::Deliver,
            confirmed: false,
            now: true,
            channel: None,
            who: who.to_owned(),
        })
    }

    pub(crate) fn resolved(&self) -> Result<Resolved<'a>, EngineError> {
        self.project.resolve(self.report).ok_or_else(|| EngineError::Unresolved { report: self.report.to_owned() })
    }

    /// Whether a stage is asked for again.
    pub(crate) fn again(&self, stage: Stage) -> bool {
        self.from.is_some_and(|from| from <= stage)
    }

    /// The run's identity, and what every job knows of the run.
    ///
    /// # Errors
    /// When a parameter is unknown or does not have its type.
    pub fn facts(&self, resolved: &Resolved<'_>) -> Result<(Facts, RunKey), EngineError> {
        let report = resolved.report;
        if let Some(name) = self.parameters.keys().find(|name| !resolved.template.parameters.contains_key(*name)) {
            let known: Vec<&str> = resolved.template.parameters.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(EngineError::UnknownParameter { parameter: name.clone(), known });
        }
        let facts = Facts {
            report: report.name.to_string(),
            title: report.title.clone(),
            locale: report.locale.clone(),
            currency: report.currency.clone(),
            parameters: self.values(resolved)?,
            period: Days::from(&self.period),
        };
        // By the values as they are typed: `5` and `5.0` of a decimal are one variant.
        let overridden: BTreeMap<&String, &Value> =
            facts.parameters.iter().filter(|(name, _)| self.parameters.contains_key(*name)).collect();
        let overridden = overridden.into_iter().map(|(name, value)| (name.clone(), value)).collect();
        let key =
            RunKey { report: facts.report.clone(), period: self.period.to_string(), variant: variant(&overridden) };
        Ok((facts, key))
    }

    fn values(&self, resolved: &Resolved<'_>) -> Result<BTreeMap<String, Value>, ParameterError> {
        let value = |(name, parameter): (&String, &punctual_model::definition::Parameter)| {
            let given = self.parameters.get(name).or_else(|| resolved.report.parameters.get(name));
            let given = given.or(parameter.default.as_ref()).unwrap_or(&serde_json::Value::Null);
            Ok((name.clone(), typed(name, parameter.parameter_type, given)?))
        };
        resolved.template.parameters.iter().map(value).collect()
    }
}
