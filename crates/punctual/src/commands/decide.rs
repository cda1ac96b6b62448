//! `resolve`, `resend`, `suppressed`, `unsuppress`: what a person decides about deliveries, on record.

use std::path::Path;

use punctual_engine::{Judgement, Resolution};
use punctual_model::state::DeliveryState;

use super::{Workbench, lists::time};
use crate::{
    cli::{ResendArgs, ResolveArgs, UnsuppressArgs},
    exit, show,
    who::who,
};

fn judgement(why: String) -> Judgement {
    Judgement { who: who(), why }
}

/// Settles a delivery in doubt.
pub async fn resolve(root: &Path, args: ResolveArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let to = if args.accepted { Resolution::Accepted } else { Resolution::SendAgain };
    let project = &bench.loaded.project;
    let delivery = bench.engine.resolve(project, &args.delivery, to, &judgement(args.why)).await?;
    if json {
        show::json(&delivery);
        return Ok(exit::OK);
    }
    let next = match delivery.state {
        DeliveryState::Planned => {
            format!("; `punctual run {} --period {} --deliver` sends it", delivery.report, delivery.period)
        }
        _ => String::new(),
    };
    show::print(&format!("delivery {} to {} is {}{next}", delivery.id, delivery.email, delivery.state));
    Ok(exit::OK)
}

/// Sends what a delivery brought once more.
pub async fn resend(root: &Path, args: ResendArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let project = &bench.loaded.project;
    let judgement = judgement(args.why);
    let copied = bench.engine.resend(project, &args.delivery, args.to.as_deref(), &judgement).await?;
    if json {
        show::json(&copied);
    } else {
        show::print(&format!(
            "a copy to {}, delivery {}: {} ({})",
            copied.email, copied.delivery, copied.state, copied.reply
        ));
    }
    Ok(if copied.state.was_taken() { exit::OK } else { exit::DELIVERY })
}

/// Lists the addresses that are not written to.
pub async fn suppressed(root: &Path, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let suppressions = bench.engine.store().suppressions().await?;
    if json {
        show::json(&serde_json::json!({ "suppressed": suppressions }));
        return Ok(exit::OK);
    }
    let rows = suppressions.into_iter().map(|s| vec![s.email, time(s.since), s.reason, s.delivery]);
    show::table(&["address", "since", "reply", "delivery"], &[], rows);
    Ok(exit::OK)
}

/// Lets an address be written to again.
pub async fn unsuppress(root: &Path, args: UnsuppressArgs, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    if !bench.engine.unsuppress(&args.address, &judgement(args.why)).await? {
        let message = format!("{} is not suppressed; `punctual suppressed` lists the addresses that are", args.address);
        return Err(exit::coded(exit::DEFINITIONS, message));
    }
    if json {
        show::json(&serde_json::json!({ "unsuppressed": args.address }));
    } else {
        show::print(&format!("{} is written to again from the next delivery on", args.address));
    }
    Ok(exit::OK)
}
