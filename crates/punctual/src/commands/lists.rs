//! `runs`, `show`, `artifacts`, `deliveries`: what the store remembers.

use std::path::Path;

use anyhow::Context;
use punctual_model::identity::ContentHash;
use punctual_store::records::{ArtifactRecord, Delivery, Filter, Run};

use super::Workbench;
use crate::{
    cli::{ArtifactsArgs, ListArgs},
    exit, show,
};

impl From<ListArgs> for Filter {
    fn from(args: ListArgs) -> Self {
        Self { report: args.report, period: args.period, run: args.run, limit: args.limit }
    }
}

/// Lists runs.
pub async fn runs(root: &Path, args: ListArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let runs = bench.engine.store().runs(&args.into()).await?;
    if json {
        show::json(&serde_json::json!({ "runs": runs }));
        return Ok(exit::OK);
    }
    let rows = runs.into_iter().map(|run| {
        let Run { id, key, revision, .. } = run;
        let changed = time(revision.changed_at);
        vec![id, key.report, key.period, revision.number.to_string(), revision.state.to_string(), changed]
    });
    show::table(&["run", "report", "period", "revision", "state", "changed"], &[3], rows);
    Ok(exit::OK)
}

/// Shows one run.
pub async fn show(root: &Path, id: &str, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let store = bench.engine.store();
    let run = find(&bench, id).await?;
    let number = run.revision.number;
    let stages = store.stages(&run.id, number).await?;
    let findings = store.findings(&run.id, number).await?;
    let extracts = store.extracts(&run.id, number).await?;
    let artifacts = store.artifacts(&run.id, number).await?;
    let deliveries = store.deliveries(&Filter { run: Some(run.id.clone()), ..Filter::default() }).await?;
    if json {
        show::json(&serde_json::json!({
            "run": run, "stages": stages, "findings": findings, "datasets": extracts,
            "artifacts": artifacts, "deliveries": deliveries,
        }));
        return Ok(exit::OK);
    }
    let key = &run.key;
    show::print(&format!("run {}: {} {}, revision {number}: {}", run.id, key.report, key.period, run.revision.state));
    if let Some(message) = &run.revision.message {
        show::print(&format!("  {message}"));
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
        .map(|e| vec![e.dataset, e.source, e.rows.to_string(), time(e.extracted_at), e.snapshot.short().to_owned()]);
    show::table(&["dataset", "source", "rows", "extracted", "content"], &[2], rows);
    show_artifacts(artifacts);
    show_deliveries(deliveries);
    Ok(exit::OK)
}

/// Lists or copies out artifacts.
pub async fn artifacts(root: &Path, args: &ArtifactsArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let run = find(&bench, &args.run).await?;
    let mut artifacts = bench.engine.store().artifacts(&run.id, run.revision.number).await?;
    artifacts.retain(|a| {
        args.edition.as_ref().is_none_or(|e| *e == a.edition) && args.format.as_ref().is_none_or(|f| *f == a.format)
    });
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
        for artifact in &artifacts {
            let kept = bench.engine.artifacts();
            let what = || format!("{} is not what was made, and is not copied", artifact.file_name);
            kept.verify(&artifact.content).with_context(what)?;
            let to = out.join(&artifact.file_name);
            let copied = std::fs::copy(kept.path(&artifact.content), &to);
            copied.with_context(|| format!("{} cannot be written", to.display()))?;
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
pub async fn deliveries(root: &Path, args: ListArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let deliveries = bench.engine.store().deliveries(&args.into()).await?;
    if json {
        show::json(&serde_json::json!({ "deliveries": deliveries }));
    } else {
        show_deliveries(deliveries);
    }
    Ok(exit::OK)
}

async fn find(bench: &Workbench, id: &str) -> anyhow::Result<Run> {
    let run = bench.engine.store().run_by_id(id).await?;
    run.ok_or_else(|| exit::coded(exit::DEFINITIONS, format!("there is no run `{id}`; `punctual runs` lists them")))
}

fn show_artifacts(artifacts: Vec<ArtifactRecord>) {
    let short = |content: &ContentHash| content.short().to_owned();
    let rows =
        artifacts.into_iter().map(|a| vec![a.edition, a.format, a.file_name, a.bytes.to_string(), short(&a.content)]);
    show::table(&["edition", "format", "file", "bytes", "content"], &[3], rows);
}

fn show_deliveries(deliveries: Vec<Delivery>) {
    let rows = deliveries.into_iter().map(|d| {
        let key = d.key;
        let reply = d.reply.unwrap_or_default();
        vec![d.period, key.edition, d.email, d.state.to_string(), d.attempts.to_string(), time(d.changed_at), reply]
    });
    show::table(&["period", "edition", "to", "state", "attempts", "changed", "reply"], &[4], rows);
}

/// An instant for people, to the second, in UTC.
fn time(instant: jiff::Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
