//! `run`: a report's stages over a period, and its delivery when told.

use std::path::Path;

use punctual_engine::{DeliveryOutcome, RunOutcome, RunRequest};
use punctual_model::{
    definition::Otherwise, finding::Finding, nearest::nearest, project::Project, state::Stage, zone::Zone,
};
use punctual_store::records::ExtractRecord;

use super::{
    Workbench,
    lists::{leaves_at, named, time},
};
use crate::{cli::RunArgs, exit, show};

/// Runs a report.
pub async fn run(root: &Path, args: &RunArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::for_target(root, &args.target, json).await?;
    let until = if args.deliver { Stage::Deliver } else { args.until.unwrap_or(Stage::Review) };
    if until == Stage::Deliver && !args.deliver {
        return Err(exit::coded(exit::USAGE, "nothing is sent by --until deliver; say --deliver"));
    }
    if let Some(name) = &args.channel {
        known_channel(&bench.loaded.project, name)?;
    }
    let request = RunRequest {
        from: args.from,
        confirmed: args.confirm,
        now: args.now,
        channel: args.channel.clone(),
        ..bench.request(&args.target, until)?
    };
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
    let zone = request.period.zone().clone();
    drop(bench);
    if json {
        show::json(&summary(&outcome));
    } else {
        show_outcome(&outcome, args, &zone);
    }
    Ok(match &outcome.delivery {
        Some(d) if d.is_incomplete() => exit::DELIVERY,
        Some(d) if d.is_held_back() => exit::HELD,
        _ => exit::OK,
    })
}

/// A channel that is not there is told before anything runs.
fn known_channel(project: &Project, name: &str) -> anyhow::Result<()> {
    let known: Vec<&str> = project.settings.channels.keys().map(String::as_str).collect();
    if known.contains(&name) {
        return Ok(());
    }
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "punctual.yaml has none under `channels:`".to_owned(),
        None => format!("known: {}", known.join(", ")),
    };
    Err(exit::coded(exit::DEFINITIONS, format!("there is no channel `{name}`; {hint}")))
}

fn summary(outcome: &RunOutcome) -> serde_json::Value {
    serde_json::json!({
        "run": outcome.run.id,
        "report": outcome.run.key.report,
        "period": outcome.run.key.period,
        "variant": outcome.run.key.variant,
        "revision": outcome.run.revision.number,
        "state": outcome.run.revision.state,
        "worked": outcome.worked,
        "findings": outcome.findings,
        "warnings": outcome.warnings,
        "data": outcome.data.iter().map(|d| serde_json::json!({
            "dataset": d.dataset, "source": d.source, "rows": d.rows, "asked_at": d.asked_at,
        })).collect::<Vec<_>>(),
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

/// Of when the data is, in one line.
pub fn data_of(data: &[ExtractRecord]) -> Option<String> {
    let (first, last) = (data.iter().map(|d| d.asked_at).min()?, data.iter().map(|d| d.asked_at).max()?);
    let (first, last) = (time(first), time(last));
    Some(if first == last { format!("data of {first}") } else { format!("data of {first} to {last}") })
}

fn show_outcome(outcome: &RunOutcome, args: &RunArgs, zone: &Zone) {
    show_findings(&outcome.findings);
    for warning in &outcome.warnings {
        show::tell(&format!("warning: {warning}"));
    }
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
    let head = format!("{}, run {}, revision {}", named(&run.key), run.id, run.revision.number);
    show::print(&format!("{head}: {}", run.revision.state));
    if let Some(data) = data_of(&outcome.data) {
        show::print(&data);
    }
    match &outcome.delivery {
        Some(delivery) => show_delivery(delivery, zone),
        None if run.revision.state == punctual_model::state::RevisionState::Reviewing => {
            show::print("nothing was sent; look at `punctual plan`, then add --deliver");
        }
        None => {}
    }
}

/// What was delivered, in words.
pub fn show_delivery(delivery: &DeliveryOutcome, zone: &Zone) {
    for warning in &delivery.warnings {
        show::tell(&format!("warning: {warning}"));
    }
    for held in &delivery.held {
        show::tell(&format!("held: edition {} to {}: {}", held.recipient.edition, held.recipient.email, held.reason));
    }
    if let Some(until) = delivery.waits_until {
        show::print(&format!(
            "nothing was sent: it leaves at {} (`deliver.after`); run --deliver again then, or add --now",
            leaves_at(until, zone)
        ));
        return;
    }
    if delivery.gone > 0 {
        let (count, are) = match delivery.gone {
            1 => ("1 delivery".to_owned(), "is"),
            n => (format!("{n} deliveries"), "are"),
        };
        show::tell(&format!("held: {count} that {are} not sent any more: the list does not name the recipient now"));
    }
    let DeliveryOutcome { accepted, already, failed, in_doubt, waiting, held, standing, .. } = delivery;
    let held = held.len() as u64;
    let mut parts = Vec::new();
    for (count, words) in [
        (*accepted, "accepted"),
        (*already, "accepted before"),
        (*failed, "not accepted (the next run tries them again, save addresses that do not exist)"),
        (*in_doubt, "in doubt (see `punctual deliveries`, then `punctual resolve`)"),
        (*waiting, "not tried (the next run does)"),
        (held, "held back"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    if *accepted + failed + in_doubt + waiting > 0 {
        show::print(&format!("delivered: {}", parts.join(", ")));
    } else if held == 0 && *already > 0 {
        let words = match already {
            1 => "the one delivery was accepted before".to_owned(),
            n => format!("all {n} deliveries were accepted before"),
        };
        show::print(&format!("nothing was sent: {words}"));
    } else if parts.is_empty() {
        show::print("nothing was sent: nobody is to get it");
    } else {
        show::print(&format!("nothing was sent: {}", parts.join(", ")));
    }
    let elsewhere = (standing.open + standing.in_doubt).saturating_sub(failed + in_doubt + waiting);
    if elsewhere > 0 {
        show::print(&format!("of other editions {elsewhere} are still to be sent"));
    }
}
