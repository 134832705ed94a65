//! The program: does what was typed, and says by its exit status how it went.

use std::process::ExitCode;

use clap::Parser;

use super::args::{Cli, Command};
use super::bugs::hunt_bugs;
use super::error::CouldNotRun;
use super::judge::judge;
use super::replay::replay;
use super::scenarios::run_scenarios;
use super::seeds::run_seeds;

/// Runs the program. 0 is well; 1, a promise broke or a thousand seeds missed a state; 2, usage; 3, nothing could be run.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) if args.scenario.is_empty() => run_seeds(&args),
        Command::Run(args) => run_scenarios(&args),
        Command::Bugs(args) => hunt_bugs(&args),
        Command::Replay(args) => replay(&args),
        Command::Judge(args) => judge(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(CouldNotRun(why)) => {
            eprintln!("toystore-sim: {why}");
            ExitCode::from(3)
        }
    }
}
