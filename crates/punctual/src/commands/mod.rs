//! One file for each command, or for a family of small ones. `execute` is the table of contents.

mod check;
mod decide;
mod demo;
mod doctor;
mod explain;
mod init;
mod lists;
mod next;
mod plan;
mod reference;
mod run;
mod state;

use std::sync::Arc;

use anyhow::Context;
use punctual_engine::{Engine, RunRequest};
use punctual_model::{
    nearest::nearest,
    period::Period,
    project::{Project, Resolved},
    state::Stage,
};

use crate::{
    cli::{Cli, Command, Target},
    exit,
    folder::{self, Loaded},
    progress,
};

/// Does what the command line says and returns the exit code.
///
/// # Errors
/// What went wrong; `exit::code_of` gives its code.
pub fn execute(cli: Cli) -> anyhow::Result<u8> {
    let Cli { project, json, command } = cli;
    match command {
        Command::Init(args) => init::init(&args, json),
        Command::Check => check::check(&project, json),
        Command::Schema { settings } => reference::schema(settings),
        Command::Explain { report } => explain::explain(&project, &report, json),
        Command::Plan(args) => block_on(plan::plan(&project, &args, json)),
        Command::Run(args) => block_on(run::run(&project, &args, json)),
        Command::Runs(args) => block_on(lists::runs(&project, args, json)),
        Command::Show { id } => block_on(lists::show(&project, &id, json)),
        Command::Artifacts(args) => block_on(lists::artifacts(&project, &args, json)),
        Command::Deliveries(args) => block_on(lists::deliveries(&project, args, json)),
        Command::Resolve(args) => block_on(decide::resolve(&project, args, json)),
        Command::Resend(args) => block_on(decide::resend(&project, args, json)),
        Command::Suppressed => block_on(decide::suppressed(&project, json)),
        Command::Unsuppress(args) => block_on(decide::unsuppress(&project, args, json)),
        Command::State(args) => block_on(state::state(&project, &args, json)),
        Command::Doctor => block_on(doctor::doctor(&project, json)),
        Command::Demo(args) => block_on(demo::demo(&args, json)),
        Command::Next(args) => next::next(&args, json),
        Command::Completions { shell } => reference::completions(shell),
        Command::Reference { page } => reference::page(&page),
    }
}

fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("the runtime cannot be started")?.block_on(future)
}

/// A project with an engine to run it.
struct Workbench {
    loaded: Loaded,
    engine: Engine,
}

impl Workbench {
    /// For what the store remembers: definitions may have errors.
    async fn open(root: &std::path::Path, json: bool) -> anyhow::Result<Self> {
        let loaded = folder::load_settings(root, json)?;
        let engine = crate::wiring::engine(&loaded.root, &loaded.project, None, Arc::new(progress::Silent)).await?;
        Ok(Self { loaded, engine })
    }

    /// For a target: shows progress, and gives up on sources as it says.
    async fn for_target(root: &std::path::Path, target: &Target, json: bool) -> anyhow::Result<Self> {
        let loaded = folder::load_for(root, &target.report, json)?;
        let progress = progress::progress(json);
        let engine = crate::wiring::engine(&loaded.root, &loaded.project, target.retry_for, progress).await?;
        Ok(Self { loaded, engine })
    }

    /// A request for a target, up to `until`.
    fn request<'a>(&'a self, target: &'a Target, until: Stage) -> anyhow::Result<RunRequest<'a>> {
        let project = &self.loaded.project;
        let resolved = resolve(project, &target.report)?;
        let zone = &resolved.report.timezone;
        let period = if target.period == "last" {
            Period::last(&resolved.report.period, now(), zone)
        } else {
            Period::parse(&target.period, zone).map(|period| period.by(&resolved.report.period))
        };
        Ok(RunRequest {
            project,
            report: &target.report,
            period: period.map_err(|e| exit::coded(exit::DEFINITIONS, e.to_string()))?,
            parameters: target.parameters.iter().cloned().collect(),
            editions: target.editions.clone(),
            from: None,
            until,
            confirmed: false,
            now: false,
            channel: None,
            who: crate::who::who(),
        })
    }
}

/// A report by its name, or the nearest name.
fn resolve<'a>(project: &'a Project, name: &str) -> anyhow::Result<Resolved<'a>> {
    project.resolve(name).ok_or_else(|| {
        let known: Vec<&str> = project.reports.keys().map(String::as_str).collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if known.is_empty() => "the project has no reports".to_owned(),
            None => format!("known: {}", known.join(", ")),
        };
        exit::coded(exit::DEFINITIONS, format!("there is no report `{name}`; {hint}"))
    })
}

fn now() -> jiff::Timestamp {
    punctual_engine::Clock::now(&punctual_engine::SystemClock)
}
