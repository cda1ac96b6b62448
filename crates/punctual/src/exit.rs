//! Exit codes: what a script can tell from them. Documented in `punctual --help` and in the reference.

use punctual_engine::EngineError;
use punctual_model::diagnostic::Diagnostic;

/// Everything that was asked for is done.
pub const OK: u8 = 0;
/// The definitions have errors, something named does not exist, or a stage is asked for again whose work was sent.
pub const DEFINITIONS: u8 = 1;
/// The command line is wrong (clap's own code).
pub const USAGE: u8 = 2;
/// A stage failed: a source, a check, the sandbox, a damaged file. Running again goes on from there.
pub const STAGE: u8 = 3;
/// The guards refused to send; nothing was sent.
pub const REFUSED: u8 = 4;
/// Some deliveries were not accepted, or are in doubt.
pub const DELIVERY: u8 = 5;
/// Another process is working on the same run.
pub const BUSY: u8 = 6;
/// Nothing went wrong, but something was held back: by a condition, a key, an address, or the time.
pub const HELD: u8 = 7;
/// Something else went wrong: a folder, the state database.
pub const INTERNAL: u8 = 70;

/// The codes and their meaning, for `--help` and the reference.
pub const ALL: [(u8, &str); 9] = [
    (OK, "everything that was asked for is done"),
    (
        DEFINITIONS,
        "the definitions have errors, something named does not exist, or a stage is asked for again whose work was sent",
    ),
    (USAGE, "the command line is wrong"),
    (STAGE, "a stage failed (a source, a check, the sandbox, a damaged file); running again goes on from there"),
    (REFUSED, "the guards refused to send; nothing was sent"),
    (DELIVERY, "some deliveries were not accepted or are in doubt"),
    (BUSY, "another process is working on the same run"),
    (
        HELD,
        "something was held back: a condition (`only_if`), a key that the run does not have, an address that does not \
         exist, a list that no longer names the recipient, or a delivery time that has not come, each on record with its \
         reason; or nobody is to get it",
    ),
    (INTERNAL, "something else went wrong: a folder, the state database"),
];

/// An error that brings its own exit code.
#[derive(Debug)]
pub struct Coded {
    /// The code.
    pub code: u8,
    /// What is wrong.
    pub message: String,
    /// Where in the definitions, for an answer as JSON.
    pub diagnostics: Vec<Diagnostic>,
}

impl std::fmt::Display for Coded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Coded {}

/// An error with a code, as a result's error.
pub fn coded(code: u8, message: impl Into<String>) -> anyhow::Error {
    Coded { code, message: message.into(), diagnostics: Vec::new() }.into()
}

/// The exit code of an error.
pub fn code_of(error: &anyhow::Error) -> u8 {
    if let Some(coded) = error.downcast_ref::<Coded>() {
        return coded.code;
    }
    match error.downcast_ref::<EngineError>() {
        Some(
            EngineError::Unresolved { .. }
            | EngineError::Parameter(_)
            | EngineError::Period(_)
            | EngineError::ChangedTemplate { .. }
            | EngineError::UnknownEdition { .. }
            | EngineError::UnknownParameter { .. }
            | EngineError::NoSuchDelivery { .. }
            | EngineError::AmbiguousDelivery { .. }
            | EngineError::NotInDoubt { .. }
            | EngineError::NoList { .. }
            | EngineError::NothingToAdopt
            | EngineError::Frozen { .. }
            | EngineError::Channel { .. }
            | EngineError::NoDelivery { .. },
        ) => DEFINITIONS,
        Some(EngineError::Stage { .. } | EngineError::Secret(_) | EngineError::Damaged { .. }) => STAGE,
        Some(EngineError::Refused { .. } | EngineError::Estranged(_)) => REFUSED,
        Some(EngineError::Busy { .. }) => BUSY,
        Some(EngineError::Store(punctual_store::StoreError::Ambiguous(_))) => DEFINITIONS,
        Some(
            EngineError::Store(_)
            | EngineError::Folder { .. }
            | EngineError::Unreadable { .. }
            | EngineError::Definition { .. },
        )
        | None => INTERNAL,
    }
}
