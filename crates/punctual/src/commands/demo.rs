//! `demo`: the example project with data made on the spot, run and delivered to a folder. A second
//! time it finds everything delivered, and says so.

use std::{path::Path, time::Instant};

use anyhow::Context;
use punctual_engine::{RunOutcome, RunRequest};
use punctual_model::{state::Stage, zone::Zone};
use punctual_sample::{Agency, DEFAULT_SEED, write};
use punctual_store::records::Owner;

use super::{Workbench, init, run::show_delivery};
use crate::{
    cli::{DemoArgs, Target},
    exit, show,
};

/// The example's definitions, as they stand in `examples/`.
const FILES: [(&str, &str); 6] = [
    ("punctual.yaml", include_str!("../../../../examples/monthly-client-reports/punctual.yaml")),
    ("sources.yaml", include_str!("../../../../examples/monthly-client-reports/sources.yaml")),
    ("template.yaml", include_str!("../../../../examples/monthly-client-reports/template.yaml")),
    ("report.yaml", include_str!("../../../../examples/monthly-client-reports/report.yaml")),
    ("contacts.yaml", include_str!("../../../../examples/monthly-client-reports/contacts.yaml")),
    ("DATA.md", include_str!("../../../../examples/monthly-client-reports/DATA.md")),
];

const REPORT: &str = "monthly-client-report";
/// The last full month of the example's data.
const PERIOD: &str = "2026-10";

/// Makes the project, runs its report and delivers to `outbox/`.
pub async fn demo(args: &DemoArgs, json: bool) -> anyhow::Result<u8> {
    let dir = &args.dir;
    let started = Instant::now();
    for (path, text) in FILES {
        init::write(&dir.join(path), text)?;
    }
    make_data(dir, args.size).await?;
    let made = started.elapsed();
    let target = Target {
        report: REPORT.to_owned(),
        period: PERIOD.to_owned(),
        editions: Vec::new(),
        parameters: Vec::new(),
        retry_for: None,
    };
    let bench = Workbench::for_target(dir, &target, json).await?;
    // The example's data ends with its month, so it works on every day, whatever the clock says.
    let request = RunRequest { now: true, confirmed: true, ..bench.request(&target, Stage::Deliver)? };
    let outcome = bench.engine.run(&request).await?;
    let took = started.elapsed() - made;
    let copied = dir.join("reports");
    copy_reports(&bench, &outcome, &copied).await?;
    let zone = request.period.zone().clone();
    drop(bench);
    if json {
        let files: Vec<_> = outcome.editions.iter().flat_map(|e| &e.files).map(|f| &f.file_name).collect();
        show::json(&serde_json::json!({
            "dir": dir, "run": outcome.run.id, "editions": outcome.editions.len(), "files": files,
            "delivery": outcome.delivery, "data_ms": made.as_millis(), "run_ms": took.as_millis(),
        }));
        return Ok(exit::OK);
    }
    let summary = Summary { dir, outcome: &outcome, zone: &zone };
    summary.show(&copied, made.as_secs_f64(), took.as_secs_f64());
    Ok(exit::OK)
}

async fn make_data(dir: &Path, size: f64) -> anyhow::Result<()> {
    let data = dir.join("data");
    std::fs::create_dir_all(&data).with_context(|| format!("{} cannot be made", data.display()))?;
    let agency = Agency::new(DEFAULT_SEED, size).map_err(|e| exit::coded(exit::USAGE, e.to_string()))?;
    write::files(&agency, &data).await.context("the example's data cannot be made")
}

/// Every edition's files under the names that people see.
async fn copy_reports(bench: &Workbench, outcome: &RunOutcome, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    let artifacts = bench.engine.store().artifacts(&outcome.run.id, outcome.run.revision.number).await?;
    for artifact in artifacts.iter().filter(|a| matches!(a.owner, Owner::Edition(_))) {
        bench.engine.artifacts().place_verified(&artifact.content, &to.join(&artifact.file_name))?;
    }
    Ok(())
}

struct Summary<'a> {
    dir: &'a Path,
    outcome: &'a RunOutcome,
    zone: &'a Zone,
}

impl Summary<'_> {
    fn show(&self, reports: &Path, data_seconds: f64, run_seconds: f64) {
        let rows = self.outcome.editions.iter().map(|edition| {
            let figure = |label: &str| {
                edition.figures.iter().find(|f| f.label == label).map(|f| f.value.clone()).unwrap_or_default()
            };
            let change = edition.figures.iter().find(|f| f.label == "Visits").and_then(|f| f.change.clone());
            vec![
                edition.about.clone().unwrap_or_default(),
                figure("Visits"),
                change.unwrap_or_default(),
                figure("Revenue"),
                figure("Ad spend"),
                edition.files.len().to_string(),
            ]
        });
        show::table(&["client", "visits", "change", "revenue", "ad spend", "files"], &[1, 2, 3, 4, 5], rows);
        if let Some(delivery) = &self.outcome.delivery {
            show_delivery(delivery, self.zone);
        }
        let dir = self.dir.display();
        let done = match &self.outcome.delivery {
            Some(delivery) if delivery.accepted > 0 => "made and delivered",
            _ => "found made and delivered",
        };
        show::print_lines(&format!(
            "data made in {data_seconds:.1} s, {} reports {done} in {run_seconds:.1} s\n\n\
             Look at:\n  {}/   each client's report as PDF, Excel, CSV, JSON and HTML\n  \
             {dir}/outbox/   the messages, one for each client\n  \
             punctual --project {dir} deliveries   who got what\n  \
             punctual --project {dir} plan {REPORT} --period 2026-09   what another month would send",
            self.outcome.editions.len(),
            reports.display(),
        ));
    }
}
