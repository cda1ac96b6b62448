//! The verbs: run a report's stages in order, plan and make its deliveries, recover what a dead
//! process left. Everything here works on traits; which sources, formats and channels exist is
//! the binary's knowledge.

mod adopt;
mod audience;
mod compose;
mod decide;
mod deliver;
mod environment;
mod extract;
mod file_names;
mod files;
mod fonts;
mod freshness;
mod hold;
mod input;
mod installation;
pub mod job;
mod keys;
mod lint;
mod members;
mod outcome;
mod pipeline;
mod plan;
mod post;
mod recovery;
mod renamed;
mod request;
mod revision;
mod runner;
pub mod sandbox;
pub mod secret;
mod send;
mod stages;
mod standing;
pub mod zones;

pub use decide::{Copied, Judgement, Resolution};
pub use deliver::DeliveryOutcome;
pub use environment::{Clock, Engine, Event, Parts, Progress, SystemClock};
pub use extract::{Extracted, RetryPolicy};
pub use files::{FileColumns, data_folder_faults};
pub use fonts::{FontFile, FontFolders, project_fonts};
pub use installation::{Happened, Installation, InstallationReport};
pub use keys::MasterKey;
pub use lint::lint;
pub use outcome::{EngineError, RunOutcome};
pub use plan::{Plan, PlannedEdition, PlannedMessage};
pub use request::RunRequest;
pub use runner::Runner;
pub use sandbox::sandbox_report;
pub use stages::zones_of;
pub use standing::Standing;
