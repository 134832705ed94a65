//! `toystore recover`: what an operator does about a service whose files are damaged or gone. Each command first
//! makes sure that nothing acknowledged depends on what it does, and says why it refuses.

mod catalog;
mod front_end;
mod go_on;
mod replica;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::config::{Config, Overrides};
use crate::failure::Failure;

/// Go on without what is gone for good, or recover one service whose files are damaged or gone
///
/// Without a subcommand: when no replica that is up has every order, goes on with the best book of those that are. It
/// says first which orders are lost, and does nothing without --yes. Those that are gone on without stand for nothing any
/// more: if one comes back, it joins like a new one, and what it had is kept in its file.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example: toystore recover --without 3 --config configs/cluster.toml"
)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,

    #[command(flatten)]
    go_on: go_on::Args,
}

#[derive(Debug, Subcommand)]
enum What {
    Replica(replica::Args),
    Catalog(catalog::Args),
}

/// Recovers.
///
/// # Errors
/// See [`Failure`]; then nothing was changed.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.what {
        None => go_on::run(args.go_on).await,
        Some(What::Replica(args)) => replica::run(args).await,
        Some(What::Catalog(args)) => catalog::run(args).await,
    }
}

/// Which store.
#[derive(Debug, clap::Args)]
struct Store {
    /// The configuration that the store was started with; without it, the one that is built in
    #[arg(long, value_name = "FILE", env = "TOYSTORE_CONFIG")]
    config: Option<PathBuf>,

    /// Where the data files are kept [default: as configured, else ./toystore-data]
    #[arg(long, value_name = "DIR", env = "TOYSTORE_DATA")]
    data: Option<PathBuf>,

    /// The secret that the services show each other; better given in the environment
    #[arg(long, value_name = "SECRET", env = "TOYSTORE_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// Where the front-end answers, if not where the configuration says
    #[arg(long, value_name = "IP:PORT")]
    front_end: Option<SocketAddr>,
}

impl Store {
    fn config(&self) -> Result<Config, Failure> {
        let overrides = Overrides { data: self.data.clone(), token: self.token.clone() };
        Config::load(self.config.as_deref(), &overrides)
    }
}
