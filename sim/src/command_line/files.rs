//! The files that are read and written.

use std::fs;
use std::io::BufWriter;
use std::path::Path;

use super::error::CouldNotRun;
use crate::history_file::HistoryFile;
use crate::outcome::RunOutcome;
use crate::plan::{Scenario, Setup};

/// Reads a scenario.
pub(super) fn read_scenario(file: &Path) -> Result<Scenario, CouldNotRun> {
    let text = fs::read_to_string(file)
        .map_err(|error| CouldNotRun(format!("cannot read {}: {error}", file.display())))?;
    Scenario::parse(&text).map_err(|error| CouldNotRun(format!("{} is no scenario: {error}", file.display())))
}

/// Writes a run's history into a directory, if one is named.
pub(super) fn keep_history(
    directory: Option<&Path>,
    name: &str,
    setup: &Setup,
    outcome: &RunOutcome,
) -> Result<(), CouldNotRun> {
    let Some(directory) = directory else { return Ok(()) };
    let file = directory.join(format!("{name}.jsonl"));
    let written = fs::create_dir_all(directory)
        .and_then(|()| fs::File::create(&file))
        .and_then(|to| HistoryFile::simulated(setup, &outcome.history).write(BufWriter::new(to)));
    written.map_err(|error| CouldNotRun(format!("cannot write {}: {error}", file.display())))
}
