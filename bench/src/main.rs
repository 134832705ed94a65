//! Starts the toy store and what one would pick instead on this machine, drives the same load, prints ratios.

mod contestants;
mod load;
mod ports;
mod process;
mod report;
mod stages;
mod stop;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::contestants::{bare, install, postgres, store};
use crate::report::Report;
use crate::stages::{Bench, catch_up, clients, failover, growth, mixed, orders, queries};

/// Compares the toy store with what one would pick instead, on this machine.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Example: cargo run --release --manifest-path bench/Cargo.toml -- queries orders --rounds 5"
)]
struct Cli {
    #[command(subcommand)]
    inner: Option<Inner>,

    /// What to measure
    #[arg(value_enum, default_value = "all")]
    what: Vec<What>,

    /// How often each load is repeated; contestants take turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
    rounds: u8,

    /// How long each load is measured
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,

    /// How many products there are to order; with few, PostgreSQL's purchases wait for each other's rows
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    products: u32,

    /// Kills of the leader
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100))]
    kills: u8,

    /// How long the book of `growth` gets; 10000000 takes a while
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100_000..=100_000_000))]
    grow_to: u64,

    /// How many orders a replica misses in `catch-up`
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    missed: u64,

    /// The store's binary [default: built from this repository]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,

    /// Where all contestants keep their data while they run; on a disk whose fsync is worth measuring
    #[arg(long, value_name = "DIR", default_value = "/var/tmp")]
    data: PathBuf,

    /// Where the report goes
    #[arg(long, value_name = "DIR", default_value = "bench-results")]
    out: PathBuf,
}

/// What one run of this binary may be for another.
#[derive(Debug, Subcommand)]
enum Inner {
    /// The bare handler that cache hits are compared with
    #[command(hide = true)]
    Bare {
        /// Where
        listen: SocketAddr,
        /// What it answers
        body: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Everything below
    All,
    /// Cached queries, beside a bare actix-web handler, nginx and Redis
    Queries,
    /// Durable orders, beside etcd and PostgreSQL
    Orders,
    /// Queries while others order
    Mixed,
    /// `kill -9` of the leader under load
    Failover,
    /// Orders a second against the number of clients
    Clients,
    /// Catch-up of a replica
    CatchUp,
    /// Orders a second and memory as the book grows
    Growth,
}

impl What {
    const EACH: [What; 7] = [
        What::Queries,
        What::Orders,
        What::Mixed,
        What::Failover,
        What::Clients,
        What::CatchUp,
        What::Growth,
    ];

    fn run(self, bench: &mut Bench) -> Result<()> {
        match self {
            What::All => What::EACH.into_iter().try_for_each(|what| what.run(bench)),
            What::Queries => queries::run(bench),
            What::Orders => orders::run(bench),
            What::Mixed => mixed::run(bench),
            What::Failover => failover::run(bench),
            What::Clients => clients::run(bench),
            What::CatchUp => catch_up::run(bench),
            What::Growth => growth::run(bench),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.inner {
        Some(Inner::Bare { listen, body }) => bare::serve(listen, body),
        None => compare(&cli),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("toystore-bench: {error:#}");
            ExitCode::from(3)
        }
    }
}

fn compare(cli: &Cli) -> Result<()> {
    stop::on_signal()?;
    let actix_web = bare::version()?;
    raise_file_limit();
    install::missing()?;
    let binary = match &cli.store {
        Some(binary) => std::path::absolute(binary)?,
        None => store::build()?,
    };
    let data = tempfile::Builder::new()
        .prefix("toystore-bench-")
        // PostgreSQL runs as a user of its own, which must get to its directory.
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir_in(&cli.data)
        .with_context(|| format!("cannot keep data in {}", cli.data.display()))?;
    let mut bench = Bench {
        binary,
        data: data.path().to_owned(),
        report: Report::create(&cli.out)?,
        rounds: usize::from(cli.rounds),
        length: Duration::from_secs(cli.seconds),
        products: usize::try_from(cli.products)?,
        kills: usize::from(cli.kills),
        grow_to: cli.grow_to,
        missed: cli.missed,
    };
    head(&mut bench, actix_web)?;
    cli.what.iter().try_for_each(|what| what.run(&mut bench))?;
    bench.report.finish()
}

/// Says what runs on what.
fn head(bench: &mut Bench, actix_web: &str) -> Result<()> {
    let cores = std::thread::available_parallelism()?;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = cpu.map_or("unknown", |(_, name)| name);
    let date = install::version("date", "--utc");
    let versions = [
        install::version(&bench.binary.display().to_string(), "--version"),
        format!("actix-web {actix_web}"),
        install::version("/usr/sbin/nginx", "-v"),
        install::version("/usr/bin/redis-server", "--version"),
        install::version("/usr/bin/etcd", "--version"),
        install::version(&postgres::bin()?.join("postgres").display().to_string(), "--version"),
        install::version("uname", "-sr"),
    ];
    bench.report.text(&format!(
        "# Measured\n\n{date}; {cores} cores, {cpu}; everything on this one machine, over loopback, the client (one thread) \
         included.\n\n{}\n",
        versions.join("; ")
    ))
}

/// 1024 connections need more files than some systems give at first.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // What is not granted shows when a connection is refused.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
