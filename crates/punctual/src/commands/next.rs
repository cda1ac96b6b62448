//! `next`: the firings of a cron expression, by the product's rule for gaps and overlaps.

use punctual_model::cron::CronExpr;

use crate::{cli::NextArgs, exit, show};

/// Prints the next firings.
pub fn next(args: &NextArgs, json: bool) -> anyhow::Result<u8> {
    let expression = CronExpr::parse(&args.expression).map_err(|error| {
        let marker = format!("{}^", " ".repeat(error.column().saturating_sub(1)));
        let message = format!("{error}\n  {}\n  {marker}\n  help: {}", args.expression, error.help());
        exit::coded(exit::DEFINITIONS, message)
    })?;
    let after = args.after.unwrap_or_else(super::now);
    let zone = args.tz.rules();
    let firings: Vec<jiff::Timestamp> = expression.firings(after, zone).take(args.count).collect();
    if json {
        show::json(&serde_json::json!({ "next": firings }));
        return Ok(exit::OK);
    }
    for firing in firings {
        let local = firing.to_zoned_datetime(zone.clone());
        show::print(&format!("{firing}  {}", local.strftime("%a %Y-%m-%d %H:%M:%S %Z")));
    }
    Ok(exit::OK)
}
