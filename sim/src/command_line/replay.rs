//! `replay`: everything that happens in one run.

use std::io::{self, BufWriter, Write};

use toystore_actors::bugs::Bug;

use super::args::ReplayArgs;
use super::error::CouldNotRun;
use super::files::read_scenario;
use crate::outcome::RunOutcome;
use crate::plan::{Scenario, Setup};
use crate::report;
use crate::run::run;

/// Runs one seed or scenario again; whether all promises were kept.
pub(super) fn replay(args: &ReplayArgs) -> Result<bool, CouldNotRun> {
    let (story, setup, command) = match (&args.scenario, args.seed) {
        (Some(file), _) => {
            let Scenario { title, story, setup, .. } = read_scenario(file)?;
            let command = format!("toystore-sim replay --scenario {}", file.display());
            (format!("{title}\n{story}\n"), setup, command)
        }
        (None, seed) => {
            let seed = seed.unwrap_or_default();
            let setup = Setup::draw(seed, &args.faults.allowed());
            (String::new(), setup, format!("toystore-sim replay {seed}"))
        }
    };
    let setup = Setup { bug: args.bug.or(setup.bug), ..setup };
    if let Some(node) = &args.node {
        let nodes: Vec<_> = setup.nodes().iter().map(ToString::to_string).collect();
        if !nodes.contains(node) {
            return Err(CouldNotRun(format!(
                "there is no {node} in this run; there are {}",
                nodes.join(", ")
            )));
        }
    }
    let command = with_bug(command, args.bug);
    let outcome = run(setup.clone(), true);
    match tell(args, &story, &setup, &outcome, &command) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(CouldNotRun(format!("cannot write: {error}"))),
        Ok(()) => {}
    }
    Ok(outcome.violations.is_empty())
}

/// Writes what happened in a run, as far as `args` asks for it.
fn tell(
    args: &ReplayArgs,
    story: &str,
    setup: &Setup,
    outcome: &RunOutcome,
    command: &str,
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if !args.json {
        writeln!(out, "{story}{setup}")?;
    }
    for line in &outcome.lines {
        #[allow(clippy::cast_precision_loss, reason = "for people")]
        let second = line.at as f64 / 1e9;
        let elsewhere = args.node.is_some() && line.node != args.node;
        if elsewhere || args.from.is_some_and(|from| second < from) || args.to.is_some_and(|to| second > to) {
            continue;
        }
        if args.json {
            writeln!(out, "{}", serde_json::to_string(line)?)?;
        } else {
            writeln!(out, "{second:>12.6} {:<12} {}", line.node.as_deref().unwrap_or(""), line.text)?;
        }
    }
    if !args.json {
        match outcome.violations.is_empty() {
            true => writeln!(out, "all promises kept; trace {:016x}", outcome.hash)?,
            false => {
                writeln!(out, "{}trace {:016x}", report::failure(outcome, command, None), outcome.hash)?;
            }
        }
    }
    out.flush()
}

/// A command that plants the same bug again.
pub(super) fn with_bug(command: String, bug: Option<Bug>) -> String {
    match bug {
        Some(bug) => format!("{command} --bug {}", bug.name()),
        None => command,
    }
}
