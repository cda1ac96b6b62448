//! The command line as clap sees it: every command, its options and its words.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use punctual_model::state::Stage;

/// Turns data into reports and gets each one to the right people, on time, once, and proves it.
#[derive(Debug, Parser)]
#[command(name = "punctual", bin_name = "punctual", version, about, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// The project's folder: punctual.yaml and the files of definitions
    #[arg(long, global = true, value_name = "DIR", env = "PUNCTUAL_PROJECT", default_value = ".")]
    pub project: PathBuf,
    /// Answer in JSON on standard output
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 the definitions have errors; 2 wrong command line; 3 a stage failed; \
4 refused to send; 5 some deliveries were not accepted; 6 another process works on the run; \
7 something was held back, on record with its reason; 70 anything else.";

impl Cli {
    /// Whether answers are JSON.
    pub fn json(&self) -> bool {
        self.json
    }
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a small project that runs
    Init(InitArgs),
    /// Print every error in the project's definitions
    Check,
    /// Print the JSON Schema of definitions, for editors
    Schema {
        /// Of the settings file, punctual.yaml
        #[arg(long)]
        settings: bool,
    },
    /// Show a report's definition with everything it refers to
    Explain {
        /// The report's name
        report: String,
    },
    /// Show queries, editions and every recipient, compared with the last period; sends nothing
    Plan(PlanArgs),
    /// Run a report over a period; goes on from where it stopped, delivers only when told
    Run(RunArgs),
    /// List runs
    Runs(ListArgs),
    /// Show one run or one delivery: stages, findings, datasets, artifacts, attempts, decisions
    Show {
        /// The run's id or the delivery's, or the start of it, or a Message-ID
        id: String,
    },
    /// List or copy out a run's artifacts
    Artifacts(ArtifactsArgs),
    /// List deliveries: who got what
    Deliveries(DeliveriesArgs),
    /// Say what became of a delivery that is in doubt
    Resolve(ResolveArgs),
    /// Send what a delivery brought once more, with the files that were kept
    Resend(ResendArgs),
    /// List the addresses that are not written to, because they do not exist
    Suppressed,
    /// Let an address be written to again
    Unsuppress(UnsuppressArgs),
    /// Show to which installation the state belongs, and whether anything may be sent from it
    State(StateArgs),
    /// Look whether everything a project needs is there: sources, channels, sandbox, folders
    Doctor,
    /// Make the example project with its data, run it, and deliver to a folder
    Demo(DemoArgs),
    /// Print the next firings of a cron expression
    Next(NextArgs),
    /// Print a shell's completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a reference page, made from the code
    #[command(hide = true)]
    Reference {
        /// Which page
        #[arg(value_parser = ["definitions", "commands"])]
        page: String,
    },
}

/// Where a new project goes.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder to write into; made if it is not there
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// Which report over which period.
#[derive(Debug, Args)]
pub struct Target {
    /// The report's name
    pub report: String,
    /// The period: 2026-10, 2026-W43, 2026-Q4, 2026, 2026-10-05, 2026-10-01..2026-11-01 (the end is not included) or last
    #[arg(long, default_value = "last")]
    pub period: String,
    /// Only this edition's deliveries; can be given more than once
    #[arg(long = "edition", value_name = "KEY")]
    pub editions: Vec<String>,
    /// Override a parameter of the report for this run alone, NAME=VALUE; can be given more than once
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_parameter)]
    pub parameters: Vec<(String, serde_json::Value)>,
    /// Give up on a failing source after this time, such as 0s or 5m
    #[arg(long, value_name = "LENGTH")]
    pub retry_for: Option<punctual_model::length::Length>,
}

/// What a plan is asked.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub target: Target,
}

/// What a run is asked.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub target: Target,
    /// Run this stage and the later ones again: extract, transform or generate; review and deliver force nothing
    #[arg(long, value_name = "STAGE", value_parser = parse_stage)]
    pub from: Option<Stage>,
    /// Stop after this stage
    #[arg(long, value_name = "STAGE", value_parser = parse_stage, conflicts_with = "deliver")]
    pub until: Option<Stage>,
    /// Send to the recipients; without it nothing leaves
    #[arg(long)]
    pub deliver: bool,
    /// What guards ask about is meant: more recipients than `confirm_over`, or a period whose data is not complete
    #[arg(long)]
    pub confirm: bool,
    /// Deliver before the report's delivery time (`deliver.after`); who said so is on record
    #[arg(long, requires = "deliver")]
    pub now: bool,
    /// Send over this channel of punctual.yaml instead of the report's
    #[arg(long, value_name = "NAME", requires = "deliver")]
    pub channel: Option<String>,
}

/// `top=5` is the number 5, `name=Acme` a text.
fn parse_parameter(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as top=5")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}

fn parse_stage(text: &str) -> Result<Stage, String> {
    text.parse().map_err(|_| {
        let known: Vec<&str> = Stage::ALL.iter().map(|s| s.as_str()).collect();
        format!("known stages: {}", known.join(", "))
    })
}

/// What to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this report
    #[arg(long)]
    pub report: Option<String>,
    /// Only of this period, in any of its forms; `last` needs --report
    #[arg(long)]
    pub period: Option<String>,
    /// Only of this run
    #[arg(long)]
    pub run: Option<String>,
    /// At most so many, newest first; 0 for all
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

/// Which deliveries to list.
#[derive(Debug, Args)]
pub struct DeliveriesArgs {
    #[command(flatten)]
    pub list: ListArgs,
    /// Only to this recipient: an address, a name, an id, or a part of one
    #[arg(long, value_name = "WHO")]
    pub to: Option<String>,
    /// Only those that changed on or after this day, or instant: 2026-11-01 or 2026-11-01T08:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub since: Option<jiff::Timestamp>,
    /// Only with this in the subject
    #[arg(long, value_name = "TEXT")]
    pub subject: Option<String>,
    /// Only with an attached file of this name, or a part of it, or whose hash starts so
    #[arg(long, value_name = "NAME")]
    pub file: Option<String>,
    /// Only the one with this id or Message-ID, or a part of it
    #[arg(long, value_name = "ID")]
    pub message: Option<String>,
}

fn parse_since(text: &str) -> Result<jiff::Timestamp, String> {
    let day = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        Some(date.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    text.parse()
        .ok()
        .or_else(day)
        .ok_or_else(|| "write a day, 2026-11-01, or an instant, 2026-11-01T08:00:00Z".to_owned())
}

/// A reason that says something.
fn parse_why(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say how you know, or why: it is put on record".to_owned()),
        why => Ok(why.to_owned()),
    }
}

/// What became of a delivery in doubt.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// The delivery's id, or the start of it, or its Message-ID
    pub delivery: String,
    /// The recipient has it
    #[arg(long, conflicts_with = "send_again", required_unless_present = "send_again")]
    pub accepted: bool,
    /// The recipient does not have it: the next `run --deliver` sends it
    #[arg(long)]
    pub send_again: bool,
    /// How you know; kept on record
    #[arg(long, value_name = "TEXT", value_parser = parse_why)]
    pub why: String,
}

/// What to send once more.
#[derive(Debug, Args)]
pub struct ResendArgs {
    /// The delivery's id, or the start of it, or its Message-ID
    pub delivery: String,
    /// To this address instead; the list's domains hold for it, too
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// Why; kept on record
    #[arg(long, value_name = "TEXT", value_parser = parse_why)]
    pub why: String,
}

/// Which address exists after all.
#[derive(Debug, Args)]
pub struct UnsuppressArgs {
    /// The address
    pub address: String,
    /// How you know; kept on record
    #[arg(long, value_name = "TEXT", value_parser = parse_why)]
    pub why: String,
}

/// Which artifacts.
#[derive(Debug, Args)]
pub struct ArtifactsArgs {
    /// The run's id, or the start of it
    pub run: String,
    /// Only of this edition
    #[arg(long = "edition", value_name = "KEY")]
    pub edition: Option<String>,
    /// Only in this format
    #[arg(long)]
    pub format: Option<String>,
    /// Copy them into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// How the demo runs.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The folder to make the project in
    #[arg(long, default_value = "demo")]
    pub dir: PathBuf,
    /// Do not serve the web app afterwards (there is none yet: accepted for scripts)
    #[arg(long)]
    pub no_serve: bool,
    /// How much data: 1 is about a hundred thousand rows
    #[arg(long, default_value_t = 1.0)]
    pub size: f64,
}

/// Which firings.
#[derive(Debug, Args)]
pub struct NextArgs {
    /// The cron expression, in quotes
    #[arg(allow_hyphen_values = true)]
    pub expression: String,
    /// The time zone
    #[arg(long, default_value = "UTC")]
    pub tz: punctual_model::zone::Zone,
    /// Strictly after this instant; by default now
    #[arg(long)]
    pub after: Option<jiff::Timestamp>,
    /// How many
    #[arg(long, default_value_t = 5)]
    pub count: usize,
}

/// Options of `state`.
#[derive(Debug, Args)]
pub struct StateArgs {
    #[command(subcommand)]
    pub decide: Option<StateCommand>,
}

/// What a person can decide about the state.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// Say that this state counts from now on, after it was moved, copied, restored or lost; it is put on record
    Adopt(AdoptArgs),
}

/// Options of `state adopt`.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// What happened
    #[arg(long = "as", value_name = "WHAT")]
    pub happened: HappenedArg,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = parse_why)]
    pub why: String,
}

/// What happened to a state.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum HappenedArg {
    /// The project was moved here; where it was, nothing delivers any more
    Moved,
    /// This is a copy that goes its own way from here; it gets an id of its own
    Copied,
    /// This is the newest backup there is; what was sent since may be sent again
    Restored,
    /// What was sent is lost; everything may be sent again
    Lost,
}
