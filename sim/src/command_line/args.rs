//! What a person types.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use toystore_actors::bugs::Bug;

use crate::faults::FaultKind;
use crate::plan::parse_bug;

/// The command line.
#[derive(Parser)]
#[command(version, about)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What is to be done.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Runs many seeds, or a scenario, and says what broke.
    ///
    /// Examples: toystore-sim run --seeds 1000 --jobs 2
    ///           toystore-sim run --scenario configs/sim/leader-crash.toml
    #[command(verbatim_doc_comment)]
    Run(RunArgs),
    /// Plants one bug after the other, and runs each until a check catches it.
    ///
    /// Example: toystore-sim bugs --jobs 2
    Bugs(BugsArgs),
    /// Runs one seed or scenario again and prints everything that happens.
    ///
    /// Example: toystore-sim replay 17 --from 12.5 --to 14 --node order-3
    Replay(ReplayArgs),
    /// Has the histories of runs, simulated or deployed, judged by checkers that know nothing of the store.
    ///
    /// Examples: toystore-sim run --seeds 50 --histories h && toystore-sim judge h/*.jsonl
    ///           toystore shop --history shop.jsonl && toystore-sim judge shop.jsonl --restock-to 100
    #[command(verbatim_doc_comment)]
    Judge(JudgeArgs),
}

/// What `run` is told.
#[derive(Args)]
pub(super) struct RunArgs {
    /// How many seeds.
    #[arg(long, default_value_t = 100, conflicts_with = "scenario")]
    pub(super) seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1, conflicts_with = "scenario")]
    pub(super) seed: u64,
    /// How many runs at once.
    #[arg(long, default_value_t = 1)]
    pub(super) jobs: u64,
    #[command(flatten)]
    pub(super) faults: FaultArgs,
    /// Stop after so many seeds that broke a promise.
    #[arg(long, default_value_t = 10)]
    pub(super) broken: u64,
    /// Do not look for the shortest fault schedule.
    #[arg(long)]
    pub(super) no_shrink: bool,
    /// Write the shortest schedule of each broken seed into this directory, as a scenario.
    #[arg(long)]
    pub(super) save: Option<PathBuf>,
    /// Write each run's history into this directory, to be judged.
    #[arg(long)]
    pub(super) histories: Option<PathBuf>,
    /// Print the hash of each run's trace.
    #[arg(long)]
    pub(super) hashes: bool,
    /// Plant this bug.
    #[arg(long, value_parser = parse_bug)]
    pub(super) bug: Option<Bug>,
    /// Run this scenario instead; may be repeated.
    #[arg(long)]
    pub(super) scenario: Vec<PathBuf>,
}

/// What `replay` is told.
#[derive(Args)]
pub(super) struct ReplayArgs {
    /// The seed.
    #[arg(required_unless_present = "scenario", conflicts_with = "scenario")]
    pub(super) seed: Option<u64>,
    /// The scenario.
    #[arg(long)]
    pub(super) scenario: Option<PathBuf>,
    /// From this virtual second on.
    #[arg(long)]
    pub(super) from: Option<f64>,
    /// Up to this virtual second.
    #[arg(long)]
    pub(super) to: Option<f64>,
    /// Only what happens at this node.
    #[arg(long)]
    pub(super) node: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) faults: FaultArgs,
    /// Plant this bug.
    #[arg(long, value_parser = parse_bug)]
    pub(super) bug: Option<Bug>,
}

/// What `bugs` is told.
#[derive(Args)]
pub(super) struct BugsArgs {
    /// Only these; may be repeated.
    #[arg(long, value_parser = parse_bug)]
    pub(super) only: Vec<Bug>,
    /// How many seeds, at most, for each.
    #[arg(long, default_value_t = BugsArgs::SEEDS)]
    pub(super) seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// How many runs at once.
    #[arg(long, default_value_t = 1)]
    pub(super) jobs: usize,
    /// Write the table, with what is wrong in each bug, into this file as Markdown.
    #[arg(long)]
    pub(super) table: Option<PathBuf>,
}

impl BugsArgs {
    /// How many seeds are tried where nobody says.
    pub(super) const SEEDS: u64 = 1000;
}

/// What `judge` is told.
#[derive(Args)]
pub(super) struct JudgeArgs {
    /// The histories.
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// How many pieces there are of a product after a restock, of a deployed store.
    #[arg(long)]
    pub(super) restock_to: Option<u64>,
}

/// Which faults may be drawn.
#[derive(Args)]
pub(super) struct FaultArgs {
    /// Only these kinds of faults, separated by commas; or "none".
    #[arg(long, value_delimiter = ',', value_parser = fault_name)]
    pub(super) faults: Option<Vec<FaultName>>,
}

impl FaultArgs {
    /// The kinds of faults that may be drawn.
    pub(super) fn allowed(&self) -> BTreeSet<FaultKind> {
        let Some(names) = &self.faults else { return FaultKind::all() };
        names.iter().filter_map(|name| name.0).collect()
    }

    /// The option that says the same again; empty if none was given.
    pub(super) fn option(&self) -> String {
        self.faults.as_ref().map_or_else(String::new, |names| {
            let names: Vec<&str> = names.iter().map(|name| name.0.map_or(NONE, FaultKind::name)).collect();
            format!(" --faults {}", names.join(","))
        })
    }
}

/// No fault at all, as `--faults` has it.
const NONE: &str = "none";

/// A kind of faults, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct FaultName(Option<FaultKind>);

fn fault_name(name: &str) -> Result<FaultName, String> {
    if name == NONE {
        return Ok(FaultName(None));
    }
    let names = |kinds: &[FaultKind]| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    let unknown =
        || format!("there are {NONE}, {}, {}", names(FaultKind::GENERAL), names(FaultKind::OF_MEMORY));
    FaultKind::named(name).map(|kind| FaultName(Some(kind))).ok_or_else(unknown)
}
