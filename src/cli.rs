//! The command line.

use std::env;

use clap::builder::Resettable;
use clap::{Command as Clap, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use toystore::client::{backup, import, recover, shop};
use toystore::offline::{inspect, restore};
use toystore::server::{serve, up};

/// A replicated toy store that loses no order, and shows it.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Every flag with a [env: …] can be set there too; a flag comes before the environment, and the \
                  environment before the file. TOYSTORE_LOG sets the log, for example TOYSTORE_LOG=debug.\n\n\
                  Exit status: 0 well, 1 a check failed, 2 wrong usage or configuration, 3 could not run."
)]
pub struct Cli {
    /// What the program is to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line, or ends the process with what is wrong with it. An environment variable that is set to nothing
    /// counts as not set.
    pub fn read() -> Cli {
        let matches = without_empty_variables(Cli::command()).get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

fn without_empty_variables(command: Clap) -> Clap {
    let command = command.mut_args(|arg| {
        let is_empty = |name| env::var_os(name).is_some_and(|value| value.is_empty());
        if arg.get_env().is_some_and(is_empty) { arg.env(Resettable::Reset) } else { arg }
    });
    command.mut_subcommands(without_empty_variables)
}

/// What the program can do; each command says more in a file of its own.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole store in this process
    #[command(after_help = "Example: toystore up --data /tmp/my-store")]
    Up(up::Args),

    /// Run one service in this process; all of them are listed in one configuration
    #[command(after_help = "Example: toystore serve order --id 2 --config configs/cluster.toml")]
    Serve(serve::Args),

    Shop(shop::Args),

    Inspect(inspect::Args),

    Recover(recover::Args),

    Backup(backup::Args),

    Restore(restore::Args),

    Catalog(import::Args),
}
