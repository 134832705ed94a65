//! `toystore-sim`: runs the store on virtual time under every fault that a seed can draw.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use toystore_sim::faults::KINDS;
use toystore_sim::report::{Outcome, seconds};
use toystore_sim::run::run;
use toystore_sim::scenario::Setup;

#[derive(Parser)]
#[command(version, about)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs many seeds and says what broke.
    ///
    /// Example: toystore-sim run --seeds 1000 --jobs 2
    Run {
        /// How many seeds.
        #[arg(long, default_value_t = 100)]
        seeds: u64,
        /// The first seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many runs at once.
        #[arg(long, default_value_t = 1)]
        jobs: u64,
        /// Only these kinds of faults, separated by commas.
        #[arg(long, value_delimiter = ',')]
        faults: Option<Vec<String>>,
        /// Stop after so many seeds that broke a promise.
        #[arg(long, default_value_t = 10)]
        broken: usize,
        /// Print the hash of each run's trace.
        #[arg(long)]
        hashes: bool,
    },
    /// Runs one seed again and prints everything that happens.
    ///
    /// Example: toystore-sim replay 17 --from 12.5 --to 14 --node order-3
    Replay {
        /// The seed.
        seed: u64,
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
        /// Only these kinds of faults, separated by commas.
        #[arg(long, value_delimiter = ',')]
        faults: Option<Vec<String>>,
    },
}

fn main() -> ExitCode {
    match Args::parse().command {
        Command::Run { seeds, seed, jobs, faults, broken, hashes } => match allowed(faults) {
            Ok(allowed) => run_many(seed, seeds, jobs.max(1), &allowed, broken.max(1), hashes),
            Err(code) => code,
        },
        Command::Replay { seed, from, to, node, json, faults } => match allowed(faults) {
            Ok(allowed) => replay(seed, from, to, node.as_deref(), json, &allowed),
            Err(code) => code,
        },
    }
}

fn allowed(named: Option<Vec<String>>) -> Result<BTreeSet<&'static str>, ExitCode> {
    let Some(named) = named else { return Ok(KINDS.into()) };
    let mut allowed = BTreeSet::new();
    for name in named {
        match KINDS.iter().find(|kind| **kind == name) {
            Some(kind) => allowed.insert(*kind),
            None if name == "none" => false,
            None => {
                eprintln!("there are no faults {name:?}; there are: none, {}", KINDS.join(", "));
                return Err(ExitCode::from(2));
            }
        };
    }
    Ok(allowed)
}

fn run_many(
    first: u64,
    seeds: u64,
    jobs: u64,
    allowed: &BTreeSet<&'static str>,
    most_broken: usize,
    hashes: bool,
) -> ExitCode {
    let began = Instant::now();
    let next = AtomicU64::new(first);
    let (tx, rx) = mpsc::channel();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let (mut done, mut virtual_nanos) = (0_u64, 0_u128);
    let mut broken: Vec<Outcome> = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (tx, next) = (tx.clone(), &next);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds || tx.send(run(Setup::draw(seed, allowed), false)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tx);
        for outcome in &rx {
            if hashes {
                println!("seed {} trace {:016x}", outcome.seed, outcome.hash);
            }
            done += 1;
            virtual_nanos += u128::from(outcome.virtual_nanos);
            for (what, count) in &outcome.counts {
                *counts.entry(what.clone()).or_default() += count;
            }
            if !outcome.violations.is_empty() {
                print_broken(&outcome);
                broken.push(outcome);
                if broken.len() >= most_broken {
                    next.store(u64::MAX / 2, Ordering::Relaxed);
                }
            }
        }
    });
    summary(done, virtual_nanos, began.elapsed(), &counts, &broken)
}

fn print_broken(outcome: &Outcome) {
    for violation in &outcome.violations {
        println!("seed {} at {}: {}", outcome.seed, seconds(outcome.virtual_nanos), violation.promise);
        for fact in &violation.facts {
            println!("    {fact}");
        }
    }
    println!("    toystore-sim replay {}", outcome.seed);
}

fn summary(
    done: u64,
    virtual_nanos: u128,
    took: Duration,
    counts: &BTreeMap<String, u64>,
    broken: &[Outcome],
) -> ExitCode {
    for (what, count) in counts {
        println!("{count:>12}  {what}");
    }
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    let (virtual_seconds, real) = (virtual_nanos as f64 / 1e9, took.as_secs_f64());
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    let rate = done as f64 / real;
    println!(
        "{done} seeds, {} broke a promise; {virtual_seconds:.0} virtual seconds in {real:.1} s: {:.0} times real time, {rate:.1} seeds a second",
        broken.len(),
        virtual_seconds / real,
    );
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn replay(
    seed: u64,
    from: Option<f64>,
    to: Option<f64>,
    node: Option<&str>,
    json: bool,
    allowed: &BTreeSet<&str>,
) -> ExitCode {
    let setup = Setup::draw(seed, allowed);
    if !json {
        println!("{setup:#?}");
    }
    let outcome = run(setup, true);
    for line in &outcome.lines {
        #[allow(clippy::cast_precision_loss, reason = "for people")]
        let second = line.at as f64 / 1e9;
        if from.is_some_and(|from| second < from) || to.is_some_and(|to| second > to) {
            continue;
        }
        if node.is_some() && line.node.as_deref() != node {
            continue;
        }
        if json {
            println!("{}", serde_json::to_string(line).unwrap_or_default());
        } else {
            println!("{second:>12.6} {:<12} {}", line.node.as_deref().unwrap_or(""), line.text);
        }
    }
    if !json {
        print_broken(&outcome);
        println!("trace {:016x}", outcome.hash);
    }
    if outcome.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
