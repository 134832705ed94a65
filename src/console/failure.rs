//! Why a command ended badly, and the exit status that says so.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// The exit status of a command that could not run.
pub const COULD_NOT_RUN: u8 = 3;

/// A command's end without success: one sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// What was asked for makes no sense: a flag, or the configuration. Exit status 2.
    Usage(String),
    /// It makes sense but could not be done: a port is taken, a file is held or damaged. Exit status 3.
    CouldNotRun(String),
}

impl Failure {
    /// Tells the person and returns the exit status.
    pub fn report(&self) -> ExitCode {
        // Where nobody can read it, the exit status alone has to do.
        let _ = writeln!(io::stderr(), "toystore: {self}");
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::CouldNotRun(_) => ExitCode::from(COULD_NOT_RUN),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(why) | Failure::CouldNotRun(why) => f.write_str(why),
        }
    }
}
