//! `toystore recover`: what an operator does about a service whose files are damaged or gone. Each command first
//! makes sure that nothing acknowledged depends on what it does, and says why it refuses.

mod front_end;
mod replica;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::config::{Config, Overrides};
use crate::failure::Failure;

/// Recover a service whose files are damaged or gone
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Replica(replica::Args),
}

/// Recovers.
///
/// # Errors
/// See [`Failure`]; then nothing was changed.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.what {
        What::Replica(args) => replica::run(args).await,
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
