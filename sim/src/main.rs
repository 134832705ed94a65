//! `toystore-sim`: runs the store on virtual time under every fault that a seed can draw.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use toystore_actors::bugs::Bug;
use toystore_sim::bugs;
use toystore_sim::external_checkers::{self, Finding};
use toystore_sim::faults::{self, KINDS, MEMORY_KINDS};
use toystore_sim::lines::Lines;
use toystore_sim::report::{self, Outcome, Summary};
use toystore_sim::run::run;
use toystore_sim::scenario::{Scenario, Setup};
use toystore_sim::shrink::shrink;

/// How many runs may be spent on shortening one fault schedule.
const SHRINK_RUNS: usize = 300;

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
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

#[derive(Args)]
struct RunArgs {
    /// How many seeds.
    #[arg(long, default_value_t = 100, conflicts_with = "scenario")]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1, conflicts_with = "scenario")]
    seed: u64,
    /// How many runs at once.
    #[arg(long, default_value_t = 1)]
    jobs: u64,
    #[command(flatten)]
    faults: Faults,
    /// Stop after so many seeds that broke a promise.
    #[arg(long, default_value_t = 10)]
    broken: u64,
    /// Do not look for the shortest fault schedule.
    #[arg(long)]
    no_shrink: bool,
    /// Write the shortest schedule of each broken seed into this directory, as a scenario.
    #[arg(long)]
    save: Option<PathBuf>,
    /// Write each run's history into this directory, to be judged.
    #[arg(long)]
    histories: Option<PathBuf>,
    /// Print the hash of each run's trace.
    #[arg(long)]
    hashes: bool,
    /// Plant this bug.
    #[arg(long, value_parser = bugs::parse)]
    bug: Option<Bug>,
    /// Run this scenario instead; may be repeated.
    #[arg(long)]
    scenario: Vec<PathBuf>,
}

#[derive(Args)]
struct ReplayArgs {
    /// The seed.
    #[arg(required_unless_present = "scenario", conflicts_with = "scenario")]
    seed: Option<u64>,
    /// The scenario.
    #[arg(long)]
    scenario: Option<PathBuf>,
    /// From this virtual second on.
    #[arg(long)]
    from: Option<f64>,
    /// Up to this virtual second.
    #[arg(long)]
    to: Option<f64>,
    /// Only what happens at this node.
    #[arg(long)]
    node: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    faults: Faults,
    /// Plant this bug.
    #[arg(long, value_parser = bugs::parse)]
    bug: Option<Bug>,
}

#[derive(Args)]
struct BugsArgs {
    /// Only these; may be repeated.
    #[arg(long, value_parser = bugs::parse)]
    only: Vec<Bug>,
    /// How many seeds, at most, for each.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many runs at once.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
}

#[derive(Args)]
struct JudgeArgs {
    /// The histories.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How many pieces there are of a product after a restock, of a deployed store.
    #[arg(long)]
    restock_to: Option<u64>,
}

#[derive(Args)]
struct Faults {
    /// Only these kinds of faults, separated by commas; or "none".
    #[arg(long, value_delimiter = ',', value_parser = kind)]
    faults: Option<Vec<&'static str>>,
}

impl Faults {
    fn allowed(&self) -> BTreeSet<&'static str> {
        self.faults.as_ref().map_or_else(faults::all, |named| named.iter().copied().collect())
    }
}

fn kind(name: &str) -> Result<&'static str, String> {
    let found = KINDS.into_iter().chain(MEMORY_KINDS).chain(["none"]).find(|kind| *kind == name);
    found.ok_or_else(|| format!("there are none, {}, {}", KINDS.join(", "), MEMORY_KINDS.join(", ")))
}

/// Why nothing could be run.
struct CouldNotRun(String);

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) if args.scenario.is_empty() => run_seeds(&args),
        Command::Run(args) => run_scenarios(&args),
        Command::Bugs(args) => Ok(hunt_bugs(&args)),
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

fn run_seeds(args: &RunArgs) -> Result<bool, CouldNotRun> {
    #[allow(clippy::disallowed_methods, reason = "this measures real time")]
    let began = Instant::now();
    let allowed = args.faults.allowed();
    let bar = progress(args.seeds, "seeds");
    let mut summary = Summary::default();
    let mut kept = Ok(());
    each_seed(args, &allowed, |outcome| {
        summary.add(&outcome);
        if kept.is_ok() {
            let setup = Setup::draw(outcome.seed, &allowed);
            kept = keep_history(args, &format!("seed-{}", outcome.seed), &setup, &outcome);
        }
        bar.inc(1);
        bar.suspend(|| {
            if args.hashes {
                println!("seed {} trace {:016x}", outcome.seed, outcome.hash);
            }
            if !outcome.violations.is_empty() {
                broken_seed(args, &allowed, &outcome);
            }
        });
        summary.broken < args.broken.max(1) && kept.is_ok()
    });
    bar.finish_and_clear();
    print!("{}", summary.text(began.elapsed()));
    // Where not everything may go wrong, or a bug is planted, not every state can be expected.
    let all = args.faults.faults.is_none() && args.bug.is_none();
    kept.map(|()| summary.broken == 0 && !(all && summary.proves_too_little()))
}

/// Writes a run's history, if that was asked for.
fn keep_history(args: &RunArgs, name: &str, setup: &Setup, outcome: &Outcome) -> Result<(), CouldNotRun> {
    let Some(directory) = &args.histories else { return Ok(()) };
    let file = directory.join(format!("{name}.jsonl"));
    let written = fs::create_dir_all(directory)
        .and_then(|()| fs::File::create(&file))
        .and_then(|to| Lines::simulated(setup, &outcome.history).write(BufWriter::new(to)));
    written.map_err(|error| CouldNotRun(format!("cannot write {}: {error}", file.display())))
}

fn judge(args: &JudgeArgs) -> Result<bool, CouldNotRun> {
    let (mut opinions, mut broken, mut undecided) = (0_u64, 0_u64, 0_u64);
    for file in &args.files {
        let text = fs::read_to_string(file)
            .map_err(|error| CouldNotRun(format!("cannot read {}: {error}", file.display())))?;
        let lines = Lines::parse(&text)
            .map_err(|error| CouldNotRun(format!("{} is no history: {error}", file.display())))?;
        for opinion in external_checkers::judge(&lines, args.restock_to) {
            opinions += 1;
            match opinion.finding {
                Finding::Kept if args.files.len() > 1 => continue,
                Finding::Kept => {}
                Finding::Undecided => undecided += 1,
                Finding::Broken(_) => broken += 1,
            }
            println!("{}: {opinion}", file.display());
        }
    }
    println!("{} histories, {opinions} opinions: {broken} broken, {undecided} undecided", args.files.len());
    Ok(broken == 0)
}

/// Runs the seeds, several at once, and hands over what each ended with until that says to stop.
fn each_seed(args: &RunArgs, allowed: &BTreeSet<&'static str>, mut ended: impl FnMut(Outcome) -> bool) {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let (tx, rx) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            let (tx, next, stop) = (tx.clone(), &next, &stop);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= args.seeds || stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let seed = args.seed.wrapping_add(index);
                    let setup = Setup { bug: args.bug, ..Setup::draw(seed, allowed) };
                    if tx.send(run(setup, false)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tx);
        for outcome in &rx {
            if !ended(outcome) {
                stop.store(true, Ordering::Relaxed);
                break;
            }
        }
    });
}

fn broken_seed(args: &RunArgs, allowed: &BTreeSet<&'static str>, outcome: &Outcome) {
    let setup = Setup { bug: args.bug, ..Setup::draw(outcome.seed, allowed) };
    let shrunk = if args.no_shrink { None } else { shrink(&setup, SHRINK_RUNS) };
    let mut command = format!("toystore-sim replay {}", outcome.seed);
    if let Some(faults) = &args.faults.faults {
        command += &format!(" --faults {}", faults.join(","));
    }
    let command = with_bug(command, args.bug);
    println!("{}", report::failure(outcome, &command, shrunk.as_ref().map(|shrunk| (&setup, shrunk))));
    if let (Some(directory), Some(shrunk)) = (&args.save, &shrunk) {
        let file = directory.join(format!("seed-{}.toml", outcome.seed));
        let promise = shrunk.outcome.violations.first().map_or("nothing", |violation| violation.promise);
        let text = Scenario::text(&format!("seed {} breaks: {promise}", outcome.seed), &shrunk.setup);
        let saved = text.map_err(|error| error.to_string());
        match saved.and_then(|text| fs::write(&file, text).map_err(|error| error.to_string())) {
            Ok(()) => println!("  the shortest: toystore-sim replay --scenario {}\n", file.display()),
            Err(error) => eprintln!("cannot write {}: {error}", file.display()),
        }
    }
}

/// A command that plants the same bug again.
fn with_bug(command: String, bug: Option<Bug>) -> String {
    match bug {
        Some(bug) => format!("{command} --bug {}", bug.name()),
        None => command,
    }
}

fn run_scenarios(args: &RunArgs) -> Result<bool, CouldNotRun> {
    let mut well = true;
    for file in &args.scenario {
        let scenario = read_scenario(file)?;
        let setup = Setup { bug: args.bug.or(scenario.setup.bug), ..scenario.setup.clone() };
        let outcome = run(setup.clone(), false);
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        keep_history(args, &name, &setup, &outcome)?;
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

fn hunt_bugs(args: &BugsArgs) -> bool {
    let bugs = if args.only.is_empty() { Bug::ALL } else { &args.only };
    let mut all_caught = true;
    println!("{}", bugs::HEADING);
    let bar = progress(u64::try_from(bugs.len()).unwrap_or(u64::MAX), "bugs");
    for bug in bugs {
        let hunt = bugs::hunt(*bug, args.seed, args.seeds, args.jobs);
        bar.suspend(|| println!("{hunt}"));
        bar.inc(1);
        all_caught &= hunt.caught.is_some();
    }
    bar.finish_and_clear();
    all_caught
}

fn read_scenario(file: &Path) -> Result<Scenario, CouldNotRun> {
    let text = fs::read_to_string(file)
        .map_err(|error| CouldNotRun(format!("cannot read {}: {error}", file.display())))?;
    Scenario::parse(&text).map_err(|error| CouldNotRun(format!("{} is no scenario: {error}", file.display())))
}

fn replay(args: &ReplayArgs) -> Result<bool, CouldNotRun> {
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
fn tell(args: &ReplayArgs, story: &str, setup: &Setup, outcome: &Outcome, command: &str) -> io::Result<()> {
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

/// A progress bar on a terminal, nothing elsewhere.
fn progress(length: u64, of: &str) -> ProgressBar {
    if !io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}, {per_sec}, {eta} left");
    let bar = ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.with_message(of.to_owned())
}
