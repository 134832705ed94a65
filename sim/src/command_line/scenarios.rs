//! `run --scenario`.

use super::args::RunArgs;
use super::error::CouldNotRun;
use super::files::{keep_history, read_scenario};
use super::replay::with_bug;
use crate::plan::Setup;
use crate::report;
use crate::run::run;

/// Runs the scenarios; whether all ended as they should.
pub(super) fn run_scenarios(args: &RunArgs) -> Result<bool, CouldNotRun> {
    let mut well = true;
    for file in &args.scenario {
        let scenario = read_scenario(file)?;
        let setup = Setup { bug: args.bug.or(scenario.setup.bug), ..scenario.setup.clone() };
        let outcome = run(setup.clone(), false);
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        keep_history(args.histories.as_deref(), &name, &setup, &outcome)?;
        let unmet = scenario.unmet(&outcome);
        let verdict = if unmet.is_empty() { "well" } else { "NOT WELL" };
        println!("{verdict}: {}", scenario.title);
        for what in &unmet {
            println!("  {what}");
        }
        if !outcome.violations.is_empty() && !unmet.is_empty() {
            let command = with_bug(format!("toystore-sim replay --scenario {}", file.display()), args.bug);
            println!("{}", report::failure(&outcome, &command, None));
        }
        well &= verdict == "well";
    }
    Ok(well)
}
