//! What a run came to, and why it did not.

use std::path::PathBuf;

use punctual_model::{
    finding::Finding,
    parameter::ParameterError,
    period::PeriodError,
    state::{DeliveryState, Stage},
};
use punctual_store::{
    StoreError,
    records::{ExtractRecord, Run},
};

use crate::{deliver::DeliveryOutcome, job::EditionOutput, sandbox::SandboxError, secret::SecretError};

/// What a run came to.
#[derive(Debug, Clone)]
pub struct RunOutcome {
    /// The run as it stands.
    pub run: Run,
    /// What the checks found.
    pub findings: Vec<Finding>,
    /// The editions, if they were made.
    pub editions: Vec<EditionOutput>,
    /// The snapshots that it is made from, and when their sources were asked.
    pub data: Vec<ExtractRecord>,
    /// Things about the run that a person should know.
    pub warnings: Vec<String>,
    /// The stages that were run now; the others were found done.
    pub worked: Vec<Stage>,
    /// What was delivered, if it was asked for.
    pub delivery: Option<DeliveryOutcome>,
}

/// Why the engine did not do it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The definitions do not give a report.
    #[error("there is no report `{report}` without faults; `punctual check` says what is wrong")]
    Unresolved {
        /// The name.
        report: String,
    },
    /// A parameter does not have its type.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// A parameter that the template does not have.
    #[error("there is no parameter `{parameter}`; known: {known}")]
    UnknownParameter {
        /// The name.
        parameter: String,
        /// The names that there are.
        known: String,
    },
    /// The period cannot be.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// A secret has no value.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A folder or file of the data folder failed.
    #[error("{}: {message}", path.display())]
    Folder {
        /// The path.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// The ledger, the data folder and the artifacts do not belong together.
    #[error("{0}")]
    Estranged(String),
    /// Nothing speaks against the state as it is.
    #[error("there is nothing to adopt: the state database, its mark and the artifacts belong together")]
    NothingToAdopt,
    /// Another process works on the run.
    #[error("another process is working on run {run}; wait for it to end")]
    Busy {
        /// The run's id.
        run: String,
    },
    /// A used template version has other content now.
    #[error(
        "template `{template}` was changed after its first delivery; give it a new version and let the report refer to that"
    )]
    ChangedTemplate {
        /// `name@version`.
        template: String,
    },
    /// A delivered revision cannot be made again.
    #[error(
        "this run has been delivered, so its {stage} stage is not run again: what was sent stays what is kept; with --deliver the rest of it is sent"
    )]
    Frozen {
        /// The stage that was asked for.
        stage: Stage,
    },
    /// A stage failed; the run can be run again and goes on from there.
    #[error("{stage} failed: {message}")]
    Stage {
        /// The stage.
        stage: Stage,
        /// Why.
        message: String,
        /// What the checks found.
        findings: Vec<Finding>,
    },
    /// A file that was kept is not what was made, or is gone.
    #[error("{what} cannot be used: {message}")]
    Damaged {
        /// What is in the file.
        what: String,
        /// What is wrong with the file, and the way out.
        message: String,
    },
    /// The guards refuse to send.
    #[error("refused to send: {}", refusals.join("; "))]
    Refused {
        /// Why, one by one.
        refusals: Vec<String>,
    },
    /// An edition that the report does not have.
    #[error("there is no edition `{edition}`; known: {known}")]
    UnknownEdition {
        /// The key that was asked for.
        edition: String,
        /// The keys that there are.
        known: String,
    },
    /// The report says nothing of delivery.
    #[error("report `{report}` has no `deliver:`; add who gets it and how")]
    NoDelivery {
        /// The name.
        report: String,
    },
    /// The list that a report goes to is gone.
    #[error("there is no list `{list}`, which this run goes to; put it back, or `punctual resend` what was sent")]
    NoList {
        /// Its name.
        list: String,
    },
    /// What a revision froze cannot be read.
    #[error(
        "the definition that run {run} was made by cannot be read ({message}); run the version of punctual that made it"
    )]
    Definition {
        /// The run.
        run: String,
        /// Why.
        message: String,
    },
    /// No delivery has this id.
    #[error("there is no delivery `{text}`; `punctual deliveries` lists them")]
    NoSuchDelivery {
        /// What was asked for.
        text: String,
    },
    /// There is nothing to decide about a delivery.
    #[error("delivery {delivery} is {state}, not in doubt: there is nothing to resolve")]
    NotInDoubt {
        /// Its id.
        delivery: String,
        /// Its state.
        state: DeliveryState,
    },
    /// More than one delivery has it.
    #[error("`{text}` names more than one delivery; write more of its id")]
    AmbiguousDelivery {
        /// What was asked for.
        text: String,
    },
    /// A channel cannot be used.
    #[error("channel `{channel}`: {message}")]
    Channel {
        /// The channel's name.
        channel: String,
        /// What is wrong and the way out.
        message: String,
    },
    /// Something that this build kept cannot be read.
    #[error(
        "the output of stage {stage} that is on record cannot be read ({message}); run the version of punctual that made it, or restore the state database from a backup"
    )]
    Unreadable {
        /// The stage.
        stage: Stage,
        /// Why.
        message: String,
    },
}

impl EngineError {
    /// A fault of a folder or file, with the way out where there is one.
    pub(crate) fn folder(path: &std::path::Path, error: &std::io::Error) -> Self {
        let way_out = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                "; free some space, then run again: nothing is lost"
            }
            std::io::ErrorKind::PermissionDenied => "; let the user that runs punctual write there",
            std::io::ErrorKind::ReadOnlyFilesystem => {
                "; the file system is read-only: set `data:` in punctual.yaml to a folder that can be written"
            }
            _ => "",
        };
        Self::Folder { path: path.to_owned(), message: format!("{error}{way_out}") }
    }

    /// A stage's failure from an answer of its child that was not asked for.
    pub(crate) fn untrusted(stage: Stage, why: String) -> Self {
        Self::of_job(stage, &SandboxError::Untrusted(why))
    }

    /// A stage's failure from a sandbox error.
    pub(crate) fn of_job(stage: Stage, error: &SandboxError) -> Self {
        Self::Stage { stage, message: error.to_string(), findings: Vec::new() }
    }
}
