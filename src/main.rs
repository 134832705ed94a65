//! The deployed toy store's program.

mod cli;

use std::process::ExitCode;

use actix::System;
use toystore::client::{backup, import, recover, shop};
use toystore::console::logging::{self, LogFormat};
use toystore::lab;
use toystore::offline::{inspect, restore};
use toystore::process::panics;
use toystore::server::{serve, up};

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    panics::install();
    let cli = Cli::read();
    // A service starts its log itself, once it has read how it is to be written.
    if !matches!(cli.command, Command::Up(_) | Command::Serve(_)) {
        logging::start(LogFormat::Text, logging::WRONG);
    }
    let outcome = match cli.command {
        Command::Up(args) if args.lab => System::new().block_on(lab::run(args)),
        Command::Up(args) => System::new().block_on(up::run(args)),
        Command::Serve(args) => System::new().block_on(serve::run(args)),
        Command::Shop(args) => Ok(shop::run(args)),
        Command::Inspect(args) => Ok(inspect::run(args)),
        Command::Recover(args) => System::new().block_on(recover::run(args)),
        Command::Backup(args) => System::new().block_on(backup::run(args)),
        Command::Restore(args) => restore::run(args),
        Command::Catalog(args) => System::new().block_on(import::run(args)),
    };
    outcome.unwrap_or_else(|failure| failure.report())
}
