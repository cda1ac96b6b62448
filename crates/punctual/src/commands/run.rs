//! `run`: a report's stages over a period, and its delivery when told.

use std::path::Path;

use punctual_engine::{DeliveryOutcome, RunOutcome, RunRequest};
use punctual_model::{definition::Otherwise, finding::Finding, state::Stage};

use super::Workbench;
use crate::{cli::RunArgs, exit, show};

/// Runs a report.
pub async fn run(root: &Path, args: &RunArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::for_target(root, &args.target, json).await?;
    let until = if args.deliver { Stage::Deliver } else { args.until.unwrap_or(Stage::Review) };
    if until == Stage::Deliver && !args.deliver {
        return Err(exit::coded(exit::USAGE, "nothing is sent by --until deliver; say --deliver"));
    }
    let request = RunRequest { from: args.from, confirmed: args.confirm, ..bench.request(&args.target, until)? };
    let outcome = match bench.engine.run(&request).await {
        Ok(outcome) => outcome,
        Err(error) => {
            if let punctual_engine::EngineError::Stage { findings, .. } = &error
                && !json
            {
                show_findings(findings);
            }
            return Err(error.into());
        }
    };
    drop(bench);
    if json {
        show::json(&summary(&outcome));
    } else {
        show_outcome(&outcome, args);
    }
    Ok(match &outcome.delivery {
        Some(d) if d.failed + d.in_doubt + d.waiting > 0 => exit::DELIVERY,
        _ => exit::OK,
    })
}

fn summary(outcome: &RunOutcome) -> serde_json::Value {
    serde_json::json!({
        "run": outcome.run.id,
        "report": outcome.run.key.report,
        "period": outcome.run.key.period,
        "revision": outcome.run.revision.number,
        "state": outcome.run.revision.state,
        "worked": outcome.worked,
        "findings": outcome.findings,
        "editions": outcome.editions.iter().map(|e| serde_json::json!({
            "key": e.key, "title": e.title, "rows": e.rows,
            "files": e.files.iter().map(|f| &f.file_name).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "delivery": outcome.delivery,
    })
}

/// What checks found, one line each.
pub fn show_findings(findings: &[Finding]) {
    for finding in findings {
        let word = match finding.severity {
            Otherwise::Fail => "failed",
            Otherwise::Warn => "warning",
            Otherwise::Exclude => "left out",
        };
        show::tell(&format!("{word}: {} ({}): {}", finding.subject, finding.check, finding.message));
        for sample in &finding.samples {
            show::tell(&format!("    {sample}"));
        }
    }
}

fn show_outcome(outcome: &RunOutcome, args: &RunArgs) {
    show_findings(&outcome.findings);
    let run = &outcome.run;
    let shown = |e: &punctual_engine::job::EditionOutput| {
        args.target.editions.is_empty() || args.target.editions.contains(&e.key)
    };
    let rows = outcome.editions.iter().filter(|e| shown(e)).map(|edition| {
        let formats: Vec<&str> = edition.files.iter().map(|f| f.format.as_str()).collect();
        vec![edition.key.clone(), edition.title.clone(), edition.rows.to_string(), formats.join(" ")]
    });
    if !outcome.editions.is_empty() {
        show::table(&["edition", "title", "rows", "formats"], &[2], rows);
    }
    let head = format!("{} {}, run {}, revision {}", run.key.report, run.key.period, run.id, run.revision.number);
    show::print(&format!("{head}: {}", run.revision.state));
    match &outcome.delivery {
        Some(delivery) => show_delivery(delivery),
        None if run.revision.state == punctual_model::state::RevisionState::Reviewing => {
            show::print("nothing was sent; look at `punctual plan`, then add --deliver");
        }
        None => {}
    }
}

/// What was delivered, in words.
pub fn show_delivery(delivery: &DeliveryOutcome) {
    for warning in &delivery.warnings {
        show::tell(&format!("warning: {warning}"));
    }
    let DeliveryOutcome { accepted, already, failed, in_doubt, waiting, .. } = delivery;
    if accepted + failed + in_doubt + waiting == 0 {
        let words = match already {
            1 => "the one delivery was accepted before".to_owned(),
            n => format!("all {n} deliveries were accepted before"),
        };
        show::print(&format!("nothing was sent: {words}"));
        return;
    }
    let mut parts = vec![format!("{accepted} accepted")];
    for (count, words) in [
        (already, "accepted before"),
        (failed, "not accepted (the next run tries them again)"),
        (in_doubt, "in doubt (see `punctual deliveries`)"),
        (waiting, "not tried"),
    ] {
        if *count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    show::print(&format!("delivered: {}", parts.join(", ")));
}
