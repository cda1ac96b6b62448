//! `plan`: what a delivery would do, compared with last time. It sends nothing.

use std::path::Path;

use punctual_engine::Plan;
use punctual_model::{state::Stage, zone::Zone};

use super::{
    Workbench,
    lists::{leaves_at, time},
};
use crate::{
    cli::PlanArgs,
    exit,
    show::{self, Shown},
};

/// Shows what a delivery would do.
pub async fn plan(root: &Path, args: &PlanArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::for_target(root, &args.target, json).await?;
    let request = bench.request(&args.target, Stage::Review)?;
    let plan = bench.engine.plan(&request).await?;
    let zone = request.period.zone().clone();
    drop(bench);
    let refused = !plan.refusals.is_empty();
    if json {
        show::json(&plan);
    } else {
        show_plan(&plan, &zone);
    }
    Ok(if refused { exit::REFUSED } else { exit::OK })
}

fn show_plan(plan: &Plan, zone: &Zone) {
    show::print("Queries");
    for query in &plan.queries {
        show::print(&format!(
            "  {} from {}: {} rows, data of {}",
            query.dataset,
            query.source,
            query.rows,
            time(query.asked_at)
        ));
        for line in query.statement.trim().lines() {
            show::print(&format!("    {line}"));
        }
    }
    show::print("\nEditions");
    let editions = plan.editions.iter().map(|e| {
        let formats: Vec<&str> = e.files.iter().filter_map(|file| Some(file.rsplit_once('.')?.1)).collect();
        vec![e.key.clone(), e.title.clone(), e.rows.to_string(), formats.join(" ")]
    });
    show::table(&["edition", "title", "rows", "formats"], &[2], editions);
    show::print("\nMessages");
    let messages = plan.messages.iter().map(|message| {
        let state = message.state.map_or("new", |state| state.as_str());
        let r = &message.recipient;
        let files = Shown::List(message.files.clone());
        let (edition, to, subject) = (r.edition.clone(), r.email.clone(), message.subject.clone());
        vec![edition.into(), to.into(), subject.into(), files, state.to_owned().into()]
    });
    show::table(&["edition", "to", "subject", "attached", "state"], &[], messages);
    show_changes(plan);
    for held in &plan.held {
        show::print(&format!("held: edition {} to {}: {}", held.recipient.edition, held.recipient.email, held.reason));
    }
    if let Some(until) = plan.waits_until {
        show::print(&format!(
            "waits: nothing leaves before {} (`deliver.after`); `run --deliver --now` does not wait",
            leaves_at(until, zone)
        ));
    }
    for warning in &plan.warnings {
        show::print(&format!("warning: {warning}"));
    }
    for refusal in &plan.refusals {
        show::print(&format!("refused: {refusal}"));
    }
    show::print(&format!(
        "\n{}, {}{}; nothing was sent",
        show::count(plan.editions.len(), "edition"),
        show::count(plan.messages.len(), "recipient"),
        if plan.refusals.is_empty() { "" } else { "; a delivery would be refused" }
    ));
}

fn show_changes(plan: &Plan) {
    let Some(changes) = &plan.changes else {
        show::print("\nNo earlier period was delivered: there is nothing to compare with.");
        return;
    };
    show::print("\nCompared with the last period");
    let mut same = true;
    for (word, recipients) in [("new", &changes.new), ("gone", &changes.gone)] {
        for recipient in recipients {
            show::print(&format!("  {word}: {} (edition {})", recipient.email, recipient.edition));
            same = false;
        }
    }
    for (before, now) in &changes.changed_domain {
        show::print(&format!("  other domain: {} was {} (edition {})", now.email, before.email, now.edition));
        same = false;
    }
    if same {
        show::print("  the same recipients");
    }
}
