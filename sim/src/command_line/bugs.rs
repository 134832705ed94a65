//! `bugs`: plants one bug after the other.

use std::fs;
use std::path::Path;

use toystore_actors::bugs::Bug;

use super::args::BugsArgs;
use super::error::CouldNotRun;
use super::progress::progress;
use crate::bug_hunt::{self, HEADING, Hunt};

/// Hunts the bugs; whether all were caught.
pub(super) fn hunt_bugs(args: &BugsArgs) -> Result<bool, CouldNotRun> {
    let bugs = if args.only.is_empty() { Bug::ALL } else { &args.only };
    let mut hunts = Vec::new();
    println!("{HEADING}");
    let bar = progress(u64::try_from(bugs.len()).unwrap_or(u64::MAX), "bugs");
    for bug in bugs {
        let hunt = bug_hunt::hunt(*bug, args.seed, args.seeds, args.jobs);
        bar.suspend(|| println!("{hunt}"));
        bar.inc(1);
        hunts.push(hunt);
    }
    bar.finish_and_clear();
    if let Some(file) = &args.table {
        write_table(file, &hunts, &command(args, file))?;
    }
    Ok(hunts.iter().all(|hunt| hunt.caught.is_some()))
}

fn write_table(file: &Path, hunts: &[Hunt], command: &str) -> Result<(), CouldNotRun> {
    fs::write(file, bug_hunt::page(hunts, command))
        .map_err(|error| CouldNotRun(format!("cannot write {}: {error}", file.display())))
}

/// The command that makes this table.
fn command(args: &BugsArgs, file: &Path) -> String {
    let mut command = "toystore-sim bugs".to_owned();
    for bug in &args.only {
        command += &format!(" --only {}", bug.name());
    }
    if args.seeds != BugsArgs::SEEDS {
        command += &format!(" --seeds {}", args.seeds);
    }
    if args.seed != 1 {
        command += &format!(" --seed {}", args.seed);
    }
    command + &format!(" --jobs {} --table {}", args.jobs, file.display())
}
