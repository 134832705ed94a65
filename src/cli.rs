//! The command line.

use clap::{Parser, Subcommand};
use toystore::{backup, inspect, recover, restore, serve, shop, up};

/// A replicated toy store that loses no order, and shows it.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Every flag with a [env: …] can be set there too; a flag comes before the environment, and the \
                  environment before the file. TOYSTORE_LOG sets the log, for example TOYSTORE_LOG=debug.\n\n\
                  Exit status: 0 well, 1 a check failed, 2 wrong usage or configuration, 3 could not run."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
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
}
