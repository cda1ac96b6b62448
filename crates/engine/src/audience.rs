//! Who gets a revision's editions, and what speaks against it: the members of today under the guards of the
//! revision. The same answer serves a plan and a send.

use std::collections::BTreeMap;

use jiff::Timestamp;
use punctual_model::{
    address::canonical,
    definition::{Expect, List},
    due::due,
    frozen::Frozen,
    project::Resolved,
    recipients::{Guard, Held, Recipient, Resolution, resolve},
};
use punctual_store::records::{Delivery, Run, Suppression};

use crate::{
    environment::Engine, freshness::complete_from, job::EditionOutput, outcome::EngineError, request::RunRequest,
};

/// Who would get what now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audience {
    /// Who is written to, of all editions.
    pub(crate) recipients: Vec<Recipient>,
    /// Who is not, and why; of all editions.
    pub(crate) held: Vec<Held>,
    /// Whose address has the edition already, by another delivery: under another id, or as a copy.
    pub(crate) had: Vec<Held>,
    /// Reasons not to send at all.
    pub(crate) refusals: Vec<String>,
    /// Things a person should know.
    pub(crate) warnings: Vec<String>,
    /// What would have been refused, had nobody confirmed it.
    pub(crate) overridden: Vec<String>,
    /// Before this instant nothing leaves; `None` when its time has come, or somebody said now.
    pub(crate) waits_until: Option<Timestamp>,
    /// The time that somebody's `now` overrode.
    pub(crate) hurried: Option<Timestamp>,
}

impl Audience {
    /// Lets recipients of which this says so wait.
    fn hold(&mut self, reason: impl Fn(&Recipient) -> Option<String>) {
        let (mut written, mut held) = (Vec::new(), Vec::new());
        for recipient in std::mem::take(&mut self.recipients) {
            match reason(&recipient) {
                Some(reason) => held.push(Held { recipient, reason }),
                None => written.push(recipient),
            }
        }
        self.recipients = written;
        self.held.extend(held);
    }
}

impl Engine {
    /// Who gets a revision's editions now, and what speaks against it. `known` are the run's deliveries.
    ///
    /// # Errors
    /// When the report says nothing of delivery, or its list is gone.
    pub(crate) async fn audience(
        &self,
        request: &RunRequest<'_>,
        definition: &Frozen,
        (run, known): (&Run, &[Delivery]),
        editions: &[EditionOutput],
    ) -> Result<Audience, EngineError> {
        let report = &definition.report;
        let Some(deliver) = &report.deliver else {
            return Err(EngineError::NoDelivery { report: report.name.to_string() });
        };
        let list = request.project.lists.get(deliver.to.as_str());
        let list = list.ok_or_else(|| EngineError::NoList { list: deliver.to.to_string() })?;
        let resolved = Resolved { report, template: &definition.template, list: Some(&list.value) };
        let facts = || request.facts(&resolved).map(|(facts, _)| facts);
        let list = self.with_members(request.project, &list.value, facts).await?;
        let list = definition.guarded(&list);
        let mut audience = self.guarded(request, definition, &list, editions)?;
        let suppressions = self.parts.store.suppressions().await?;
        self.hold_back(&mut audience, definition, editions, &suppressions);
        set_aside_had(&mut audience, run, known);
        if deliver.preview.is_some() {
            audience.refusals.push(
                "the report asks for a preview (`deliver.preview`), which this version cannot give; remove it, and look at `plan` before you deliver"
                    .to_owned(),
            );
        }
        if let Some(refusal) = self.sent_under_another_name(request.project, definition, run).await? {
            let to = if request.confirmed { &mut audience.overridden } else { &mut audience.refusals };
            to.push(refusal);
        }
        self.mind_the_time(request, definition, run, &mut audience)?;
        if !request.parameters.is_empty() {
            let given: Vec<String> = request.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            audience.warnings.push(format!(
                "this is the period with {}, another run than the one without: whoever has that gets this too",
                given.join(", ")
            ));
        }
        Ok(audience)
    }

    /// The list against the editions, with the guards' refusals.
    fn guarded(
        &self,
        request: &RunRequest<'_>,
        definition: &Frozen,
        list: &List,
        editions: &[EditionOutput],
    ) -> Result<Audience, EngineError> {
        let report = &definition.report;
        let keys: Vec<String> = editions.iter().map(|e| e.key.clone()).collect();
        let confirm_over = definition.guards.as_ref().map_or(request.project.settings.confirm_over, |g| g.confirm_over);
        let guard = |expect, confirmed| Guard { burst: report.burst.is_some(), expect, confirm_over, confirmed };
        let only = (!request.editions.is_empty()).then_some(request.editions.as_slice());
        let asked = |confirmed| resolve(list, &keys, only, guard(&report.expect, confirmed)).refusals;
        let refusals = asked(request.confirmed);
        let unconfirmed = if request.confirmed { asked(false) } else { Vec::new() };
        let overridden = unconfirmed.into_iter().filter(|refusal| !refusals.contains(refusal)).collect();
        // Everybody of all editions is on record, also when only some are asked for now.
        let Resolution { recipients, held, warnings, .. } = resolve(list, &keys, None, guard(&Expect::default(), true));
        Ok(Audience { recipients, held, refusals, warnings, overridden, ..Audience::default() })
    }

    /// What a condition or an address keeps back.
    fn hold_back(
        &self,
        audience: &mut Audience,
        definition: &Frozen,
        editions: &[EditionOutput],
        suppressions: &[Suppression],
    ) {
        let rows: BTreeMap<&str, u64> = editions.iter().map(|e| (e.key.as_str(), e.rows)).collect();
        let only_if = definition.report.deliver.as_ref().and_then(|d| d.only_if.as_ref());
        if let Some(only_if) = only_if {
            audience.hold(|recipient| {
                let found = rows.get(recipient.edition.as_str()).copied().unwrap_or_default();
                (found < only_if.rows)
                    .then(|| format!("its edition has {found} of the {} rows that `only_if` asks for", only_if.rows))
            });
        }
        let suppressed: BTreeMap<&str, &Suppression> = suppressions.iter().map(|s| (s.address.as_str(), s)).collect();
        audience.hold(|recipient| {
            let suppression = suppressed.get(canonical(&recipient.email).as_str())?;
            Some(format!(
                "the address does not exist, as the server said on {} ({}); once it does, `punctual unsuppress {} --why TEXT`",
                suppression.since.strftime("%Y-%m-%d"),
                suppression.reason,
                recipient.email
            ))
        });
    }

    /// The period's data must be complete, and the delivery's time must have come.
    fn mind_the_time(
        &self,
        request: &RunRequest<'_>,
        definition: &Frozen,
        run: &Run,
        audience: &mut Audience,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let sources = definition.sources.values().map(|source| complete_from(source, run.period_end));
        let complete = sources.max().unwrap_or(run.period_end).max(run.period_end);
        if now < complete {
            let refusal = if now < run.period_end {
                format!(
                    "period {} has not ended: its last day is {}; --confirm sends it all the same, and what is sent stays",
                    request.period,
                    request.period.end_date().yesterday().unwrap_or(request.period.end_date()),
                )
            } else {
                format!(
                    "the data of period {} is complete at {} (`settle` of its sources); --confirm sends it all the same, and what is sent stays",
                    request.period,
                    complete.to_zoned_datetime(request.period.zone().rules().clone()).strftime("%Y-%m-%d %H:%M %Z"),
                )
            };
            let to = if request.confirmed { &mut audience.overridden } else { &mut audience.refusals };
            to.push(refusal);
        }
        let after = definition.report.deliver.as_ref().and_then(|d| d.after.as_ref());
        let due = due(after, &request.period)?;
        // Somebody's `now` was for what they asked for: whatever else there is waits.
        if after.is_some() && now < due {
            *(if request.now { &mut audience.hurried } else { &mut audience.waits_until }) = Some(due);
        }
        Ok(())
    }
}

/// One address is one recipient: whoever has the edition by another delivery of the run gets no second one.
fn set_aside_had(audience: &mut Audience, run: &Run, known: &[Delivery]) {
    let mut by_address: BTreeMap<(&str, &str), Vec<&Delivery>> = BTreeMap::new();
    let may_have_brought = |d: &&Delivery| {
        d.key.run == run.id && d.key.purpose == punctual_model::state::Purpose::Report && !d.state.is_unsent()
    };
    for delivery in known.iter().filter(may_have_brought) {
        by_address.entry((&delivery.address, &delivery.key.edition)).or_default().push(delivery);
    }
    for recipient in std::mem::take(&mut audience.recipients) {
        let its_own =
            |d: &Delivery| d.key.recipient == recipient.id && d.key.revision == run.revision.number && d.key.copy == 0;
        let address = canonical(&recipient.email);
        let brought = by_address.get(&(address.as_str(), recipient.edition.as_str()));
        match brought.and_then(|deliveries| deliveries.iter().find(|d| !its_own(d))) {
            None => audience.recipients.push(recipient),
            Some(by) => {
                let reason = format!("the address has this edition already, or may have it, by delivery {}", by.id);
                audience.had.push(Held { recipient, reason });
            }
        }
    }
}
