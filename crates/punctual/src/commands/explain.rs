//! `explain`: a report's definition with everything it refers to, and what follows from it.

use std::path::Path;

use punctual_model::{cron::CronExpr, identity::ContentHash, period::Period};

use crate::{exit, folder, show};

/// Shows the resolved definition.
pub fn explain(root: &Path, name: &str, json: bool) -> anyhow::Result<u8> {
    let loaded = folder::load_for(root, name, json)?;
    let resolved = super::resolve(&loaded.project, name)?;
    let report = resolved.report;
    let now = super::now();
    let period = Period::last(&report.period, now, &report.timezone)
        .map_err(|e| exit::coded(exit::DEFINITIONS, e.to_string()))?;
    let next: Vec<_> = report
        .schedules
        .iter()
        .filter_map(|schedule| {
            let zone = schedule.timezone.as_ref().unwrap_or(&report.timezone);
            let cron = CronExpr::parse(&schedule.cron).ok()?;
            Some(serde_json::json!({
                "cron": schedule.cron, "timezone": zone.name(), "next": cron.next_after(now, zone.rules()),
            }))
        })
        .collect();
    let sources: serde_json::Map<String, serde_json::Value> = resolved
        .template
        .query
        .datasets
        .values()
        .filter_map(|dataset| {
            let source = loaded.project.sources.get(dataset.source.as_str())?;
            Some((dataset.source.to_string(), serde_json::to_value(&source.value).ok()?))
        })
        .collect();
    let explained = serde_json::json!({
        "report": report,
        "template": { "content": ContentHash::of_json(resolved.template), "definition": resolved.template },
        "sources": sources,
        "list": resolved.list,
        "last_period": {
            "name": period.to_string(),
            "start_date": period.start_date(), "end_date": period.end_date(),
            "start_instant": period.start_instant().ok(), "end_instant": period.end_instant().ok(),
        },
        "schedules": next,
    });
    if json {
        show::json(&explained);
    } else {
        // YAML is what people write, so it is what they read here; both are one model.
        show::print_lines(punctual_model::yaml::to_text(&explained).trim_end());
    }
    Ok(exit::OK)
}
