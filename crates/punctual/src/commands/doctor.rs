//! `doctor`: whether everything that a project needs is there, and what to do where it is not.

use std::path::Path;

use punctual_engine::{Engine, sandbox_report, zones::Database};
use serde::Serialize;

use super::Workbench;
use crate::{exit, show};

/// One thing looked at.
#[derive(Serialize)]
struct Examined {
    what: String,
    good: bool,
    detail: String,
}

impl Examined {
    fn of<E: std::fmt::Display>(what: impl Into<String>, result: Result<String, E>) -> Self {
        let what = what.into();
        match result {
            Ok(detail) => Self { what, good: true, detail },
            Err(error) => Self { what, good: false, detail: error.to_string() },
        }
    }
}

/// Whose ledger this is, and whether anything may be sent from it.
async fn installed(engine: &Engine) -> Result<String, String> {
    let report = engine.installation().report().await.map_err(|e| e.to_string())?;
    match report.estranged {
        Some(words) => Err(words),
        None => Ok(format!("{}, attempts to deliver: {}", report.id, report.begun)),
    }
}

/// Looks at the data folder, the tz database, the sandbox, every source and every channel.
pub async fn doctor(root: &Path, json: bool) -> anyhow::Result<u8> {
    let bench = Workbench::open(root, json).await?;
    let engine = &bench.engine;
    let mut seen = vec![
        Examined::of::<String>("version", Ok(env!("CARGO_PKG_VERSION").to_owned())),
        Examined::of::<String>("tz database", Ok(Database::in_use().in_words())),
        Examined::of("installation", installed(engine).await),
        Examined::of("data folder", engine.artifacts().probe()),
    ];
    for (layer, result) in sandbox_report(engine).await {
        seen.push(Examined::of(format!("sandbox: {layer}"), result));
    }
    for (name, source) in &bench.loaded.project.sources {
        let probed = match engine.open_source(&source.value) {
            Ok(source) => source.probe().await,
            Err(error) => Err(error),
        };
        seen.push(Examined::of(format!("source {name}"), probed));
    }
    for name in bench.loaded.project.settings.channels.keys() {
        let probed = match engine.channel(&bench.loaded.project, name) {
            Ok(channel) => channel.probe().await.map(|p| p.summary).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        seen.push(Examined::of(format!("channel {name}"), probed));
    }
    let sound = seen.iter().all(|e| e.good);
    if json {
        show::json(&serde_json::json!({ "good": sound, "examined": seen }));
    } else {
        for examined in &seen {
            let mark = if examined.good { "ok  " } else { "FAIL" };
            show::print(&format!("{mark} {}: {}", examined.what, examined.detail));
        }
    }
    Ok(if sound { exit::OK } else { exit::STAGE })
}
