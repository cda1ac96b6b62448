//! One process works on a run at a time: a lock on a file in the data folder, which the system
//! lets go when the process ends, however it ends.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use crate::outcome::EngineError;

/// Holds a run until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    _file: File,
}

impl Hold {
    /// Takes hold of a run.
    pub(crate) fn take(data: &Path, run: &str) -> Result<Self, EngineError> {
        let folder = data.join("locks");
        let place = |e: std::io::Error| EngineError::folder(&folder, &e);
        std::fs::create_dir_all(&folder).map_err(place)?;
        let file = File::create(folder.join(run)).map_err(place)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(EngineError::Busy { run: run.to_owned() }),
            Err(TryLockError::Error(error)) => Err(place(error)),
        }
    }
}
