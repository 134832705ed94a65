//! `toystore recover`: which of its commands is meant.

use std::process::ExitCode;

use clap::Subcommand;

use super::{catalog, go_on, replica};
use crate::console::failure::Failure;

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
    what: Option<RecoverCommand>,

    #[command(flatten)]
    go_on: go_on::Args,
}

#[derive(Debug, Subcommand)]
enum RecoverCommand {
    Replica(replica::Args),
    Catalog(catalog::Args),
}

/// Does what the command line says.
///
/// # Errors
/// See [`Failure`]; then nothing was changed.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.what {
        None => go_on::run(args.go_on).await,
        Some(RecoverCommand::Replica(args)) => replica::run(args).await,
        Some(RecoverCommand::Catalog(args)) => catalog::run(args).await,
    }
}
