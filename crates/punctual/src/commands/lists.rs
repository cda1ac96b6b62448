//! `runs`, `show`, `artifacts`, `deliveries`: what the store remembers.

use std::path::Path;

use anyhow::Context;
use punctual_engine::{EngineError, zones_of};
use punctual_model::{
    identity::{ContentHash, RunKey},
    nearest::nearest,
    period::Period,
    zone::Zone,
};
use punctual_store::records::{ArtifactRecord, Decision, Delivery, Filter, Owner, Run};

use super::Workbench;
use crate::{
    cli::{ArtifactsArgs, DeliveriesArgs, ListArgs},
    exit, show,
};

impl From<ListArgs> for Filter {
    fn from(args: ListArgs) -> Self {
        Self { report: args.report, period: args.period, run: args.run, limit: args.limit, ..Self::default() }
    }
}

impl From<DeliveriesArgs> for Filter {
    fn from(args: DeliveriesArgs) -> Self {
        let DeliveriesArgs { list, to, since, subject, file, message } = args;
        Self { to, since, subject, file, message, ..list.into() }
    }
}

/// Lists runs.
pub async fn runs(root: &Path, args: ListArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let filter = known(&bench, args.into()).await?;
    let runs = bench.engine.store().runs(&filter).await?;
    if json {
        show::json(&serde_json::json!({ "runs": runs }));
        return Ok(exit::OK);
    }
    let variants = runs.iter().any(|run| !run.key.variant.is_empty());
    let rows = runs.into_iter().map(|run| {
        let Run { id, key, revision, .. } = run;
        let changed = time(revision.changed_at);
        let mut row = vec![id, key.report, key.period];
        row.extend(variants.then(|| variant(&key.variant).to_owned()));
        row.extend([revision.number.to_string(), revision.state.to_string(), changed]);
        row
    });
    // A column of its own only where something was overridden.
    if variants {
        show::table(&["run", "report", "period", "variant", "revision", "state", "changed"], &[4], rows);
    } else {
        show::table(&["run", "report", "period", "revision", "state", "changed"], &[3], rows);
    }
    Ok(exit::OK)
}

/// Shows one run, or one delivery.
pub async fn show(root: &Path, id: &str, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    match bench.engine.store().run_by_id(id).await? {
        Some(run) => show_run(&bench, run, json).await,
        None => match bench.engine.find_delivery(id).await {
            Ok(delivery) => show_delivery(&bench, delivery, json).await,
            Err(EngineError::NoSuchDelivery { .. }) => Err(no_run(&bench, id, "run or delivery").await?),
            Err(error) => Err(error.into()),
        },
    }
}

async fn show_run(bench: &Workbench, run: Run, json: bool) -> anyhow::Result<u8> {
    let store = bench.engine.store();
    let number = run.revision.number;
    let stages = store.stages(&run.id, number).await?;
    let findings = store.findings(&run.id, number).await?;
    let extracts = store.extracts(&run.id, number).await?;
    let artifacts = store.artifacts(&run.id, number).await?;
    let decisions = store.decisions(Some(&run.id)).await?;
    let deliveries = store.deliveries(&Filter { run: Some(run.id.clone()), ..Filter::default() }).await?;
    if json {
        let zones = zones_of(&stages);
        show::json(&serde_json::json!({
            "run": run, "tz_database": zones, "stages": stages, "findings": findings, "datasets": extracts,
            "artifacts": artifacts, "deliveries": deliveries, "decisions": decisions,
        }));
        return Ok(exit::OK);
    }
    let key = &run.key;
    show::print(&format!("run {}: {}, revision {number}: {}", run.id, named(key), run.revision.state));
    if let Some(message) = &run.revision.message {
        show::print(&format!("  {message}"));
    }
    if let Some(frozen) = run.revision.frozen_at {
        show::print(&format!("  frozen since {}, when the first message may have left", time(frozen)));
    }
    let zones = zones_of(&stages);
    if !zones.is_empty() {
        show::print(&format!("  tz database: {}", zones.join(", then ")));
    }
    let rows = stages.into_iter().map(|s| {
        let ended = s.ended_at.map(time).unwrap_or_default();
        vec![s.stage.to_string(), s.state.to_string(), time(s.started_at), ended, s.message.unwrap_or_default()]
    });
    show::table(&["stage", "state", "started", "ended", "message"], &[], rows);
    let findings: Vec<_> = findings.into_iter().map(|(_, finding)| finding).collect();
    super::run::show_findings(&findings);
    let rows = extracts
        .into_iter()
        .map(|e| vec![e.dataset, e.source, e.rows.to_string(), time(e.asked_at), e.snapshot.short().to_owned()]);
    show::table(&["dataset", "source", "rows", "data of", "content"], &[2], rows);
    show_artifacts(artifacts);
    show_deliveries(deliveries);
    show_decisions(decisions);
    Ok(exit::OK)
}

/// Everything about one delivery: each attempt with its reply, the files with their hashes.
async fn show_delivery(bench: &Workbench, delivery: Delivery, json: bool) -> anyhow::Result<u8> {
    let store = bench.engine.store();
    let attempts = store.attempts(&delivery.id).await?;
    let attachments = store.attachments(&delivery.id).await?;
    let mut decisions = store.decisions(Some(&delivery.key.run)).await?;
    decisions.retain(|d| d.delivery.as_ref().is_none_or(|id| *id == delivery.id));
    if json {
        show::json(&serde_json::json!({
            "delivery": delivery, "attempts": attempts, "attachments": attachments, "decisions": decisions,
        }));
        return Ok(exit::OK);
    }
    let key = &delivery.key;
    let copy = if key.copy == 0 { String::new() } else { format!(", copy {}", key.copy) };
    show::print(&format!(
        "delivery {}: edition {} of {} {} to {}{copy}: {}",
        delivery.id, key.edition, delivery.report, delivery.period, delivery.email, delivery.state
    ));
    for (what, value) in [
        ("run", Some(key.run.clone())),
        ("recipient", Some(key.recipient.clone())),
        ("channel", Some(delivery.channel.clone())),
        ("Message-ID", Some(delivery.message_id.clone())),
        ("subject", delivery.subject.clone()),
        ("reply", delivery.reply.clone()),
    ] {
        if let Some(value) = value {
            show::print(&format!("  {what}: {value}"));
        }
    }
    let rows = attempts.into_iter().map(|a| {
        let outcome = a.outcome.map_or_else(|| "under way".to_owned(), |state| state.to_string());
        let ended = a.ended_at.map(time).unwrap_or_default();
        let (phase, reply) = (a.phase.unwrap_or_default(), a.reply.unwrap_or_default());
        vec![a.number.to_string(), a.channel, a.email, time(a.started_at), ended, phase, outcome, reply]
    });
    show::table(&["attempt", "channel", "to", "started", "ended", "phase", "outcome", "reply"], &[0], rows);
    let rows = attachments
        .into_iter()
        .map(|a| vec![a.file_name, a.media_type, a.bytes.to_string(), a.content.as_str().to_owned()]);
    show::table(&["file", "type", "bytes", "sha256"], &[2], rows);
    show_decisions(decisions);
    Ok(exit::OK)
}

fn show_decisions(decisions: Vec<Decision>) {
    if decisions.is_empty() {
        return;
    }
    let rows = decisions.into_iter().map(|d| {
        let about = d.delivery.or(d.address).unwrap_or_default();
        vec![time(d.at), d.who, d.what, about, d.why]
    });
    show::table(&["decided", "by", "what", "about", "why"], &[], rows);
}

/// Lists or copies out artifacts.
pub async fn artifacts(root: &Path, args: &ArtifactsArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let run = find(&bench, &args.run).await?;
    let mut artifacts = bench.engine.store().artifacts(&run.id, run.revision.number).await?;
    artifacts.retain(|a| {
        args.edition.as_ref().is_none_or(|e| a.is_of(e)) && args.format.as_ref().is_none_or(|f| *f == a.format)
    });
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
        for artifact in &artifacts {
            let placed = bench.engine.artifacts().place_verified(&artifact.content, &out.join(&artifact.file_name));
            placed.with_context(|| format!("{} is not copied", artifact.file_name))?;
        }
    }
    if json {
        show::json(&serde_json::json!({ "artifacts": artifacts }));
    } else {
        show_artifacts(artifacts);
    }
    Ok(exit::OK)
}

/// Lists deliveries.
pub async fn deliveries(root: &Path, args: DeliveriesArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let filter = known(&bench, args.into()).await?;
    let deliveries = bench.engine.store().deliveries(&filter).await?;
    if json {
        show::json(&serde_json::json!({ "deliveries": deliveries }));
    } else {
        show_deliveries(deliveries);
    }
    Ok(exit::OK)
}

async fn find(bench: &Workbench, id: &str) -> anyhow::Result<Run> {
    let run = bench.engine.store().run_by_id(id).await?;
    match run {
        Some(run) => Ok(run),
        None => Err(no_run(bench, id, "run").await?),
    }
}

/// Says that nothing has this id; a report's name in its place leads on to the report's runs.
async fn no_run(bench: &Workbench, id: &str, what: &str) -> anyhow::Result<anyhow::Error> {
    let hint = match is_report(bench, id).await? {
        true => format!("that is a report: `punctual runs --report {id}` lists its runs"),
        false => "`punctual runs` and `punctual deliveries` list them".to_owned(),
    };
    Ok(exit::coded(exit::DEFINITIONS, format!("there is no {what} `{id}`; {hint}")))
}

/// Whether the project has a report of this name, or had one when it ran.
async fn is_report(bench: &Workbench, name: &str) -> anyhow::Result<bool> {
    Ok(bench.loaded.project.reports.contains_key(name) || has_runs(bench, name).await?)
}

async fn has_runs(bench: &Workbench, report: &str) -> anyhow::Result<bool> {
    let filter = Filter { report: Some(report.to_owned()), limit: 1, ..Filter::default() };
    Ok(!bench.engine.store().runs(&filter).await?.is_empty())
}

/// A filter whose names are there, with the period by its key. An empty list says nothing of a mistyped name.
async fn known(bench: &Workbench, filter: Filter) -> anyhow::Result<Filter> {
    let reports = &bench.loaded.project.reports;
    if let Some(name) = &filter.report
        && !has_runs(bench, name).await?
    {
        if !reports.contains_key(name.as_str()) {
            let hint = match nearest(name, reports.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`punctual runs` lists what ran, `punctual check` what is wrong with definitions".to_owned(),
            };
            let message = format!("there is no report `{name}`, and none of that name ever ran; {hint}");
            return Err(exit::coded(exit::DEFINITIONS, message));
        }
        show::tell(&format!("report `{name}` has no runs yet"));
    }
    if let Some(run) = &filter.run {
        let of_run = Filter { run: Some(run.clone()), limit: 1, ..Filter::default() };
        if bench.engine.store().runs(&of_run).await?.is_empty() {
            return Err(no_run(bench, run, "run").await?);
        }
    }
    let period = filter.period.as_deref().map(|text| key_of(bench, filter.report.as_deref(), text)).transpose()?;
    Ok(Filter { period, ..filter })
}

/// The key of a period as people write it: of `last` by its report, of any other in no zone that skips days.
fn key_of(bench: &Workbench, report: Option<&str>, text: &str) -> anyhow::Result<String> {
    let period = match (text, report.and_then(|name| bench.loaded.project.reports.get(name))) {
        ("last", Some(report)) => Period::last(&report.value.period, super::now(), &report.value.timezone),
        ("last", None) => {
            let message = "which period is the last depends on the report; name it with --report, or write the period";
            return Err(exit::coded(exit::DEFINITIONS, message));
        }
        _ => Period::parse(text, &Zone::utc()),
    };
    Ok(period.map_err(|e| exit::coded(exit::DEFINITIONS, e.to_string()))?.to_string())
}

/// A run's report and period, with the variant where the request overrode something.
pub fn named(key: &RunKey) -> String {
    match variant(&key.variant) {
        "" => format!("{} {}", key.report, key.period),
        short => format!("{} {}, variant {short}", key.report, key.period),
    }
}

/// As much of a variant as tells it from others.
fn variant(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

fn show_artifacts(artifacts: Vec<ArtifactRecord>) {
    let short = |content: &ContentHash| content.short().to_owned();
    let owner = |owner: Owner| match owner {
        Owner::Edition(key) => key,
        Owner::Dataset(name) => format!("(dataset {name})"),
    };
    let rows = artifacts
        .into_iter()
        .map(|a| vec![owner(a.owner), a.format, a.file_name, a.bytes.to_string(), short(&a.content)]);
    show::table(&["edition", "format", "file", "bytes", "content"], &[3], rows);
}

fn show_deliveries(deliveries: Vec<Delivery>) {
    let rows = deliveries.into_iter().map(|d| {
        let key = d.key;
        let reply = d.reply.unwrap_or_default();
        let id = d.id.chars().take(12).collect();
        vec![id, d.period, key.edition, d.email, d.state.to_string(), d.attempts.to_string(), time(d.changed_at), reply]
    });
    show::table(&["delivery", "period", "edition", "to", "state", "attempts", "changed", "reply"], &[5], rows);
}

/// The instant from which something leaves, on a clock in the report's zone, as the ledger has it.
pub fn leaves_at(instant: jiff::Timestamp, zone: &Zone) -> String {
    instant.to_zoned_datetime(zone.rules().clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// An instant for people, to the second, in UTC.
pub fn time(instant: jiff::Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
