//! `state`: to which installation the ledger belongs, and a person's word that it counts.

use std::path::Path;

use anyhow::Context;
use punctual_engine::Happened;

use super::Workbench;
use crate::{
    cli::{AdoptArgs, HappenedArg, StateArgs, StateCommand},
    exit, show,
};

/// Shows the installation, or adopts it.
pub async fn state(root: &Path, args: &StateArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    if let Some(StateCommand::Adopt(args)) = &args.decide {
        adopt(&bench, args).await?;
    }
    let report = bench.engine.installation().report().await?;
    if json {
        show::json(&report);
    } else {
        show::print(&format!("installation {}", if report.id.is_empty() { "unknown" } else { &report.id }));
        show::print(&format!(
            "  attempts to deliver on record: {}, begun from here: {}",
            report.begun, report.begun_here
        ));
        match &report.estranged {
            Some(words) => show::print(&format!("  refused: {words}")),
            None => show::print("  the state database, its mark and the artifacts belong together"),
        }
    }
    Ok(if report.estranged.is_some() { exit::REFUSED } else { exit::OK })
}

async fn adopt(bench: &Workbench, args: &AdoptArgs) -> anyhow::Result<()> {
    let happened = match args.happened {
        HappenedArg::Moved => Happened::Moved,
        HappenedArg::Copied => Happened::Copied,
        HappenedArg::Restored => Happened::Restored,
        HappenedArg::Lost => Happened::Lost,
    };
    let who = crate::who::who();
    let adopted = bench.engine.installation().adopt(happened, (&who, &args.why), super::now()).await;
    adopted.map(|_| ()).context("the state is not adopted")
}
