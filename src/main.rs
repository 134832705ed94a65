//! The deployed toy store's program: the command line, and the log.

mod cli;

use std::env;
use std::process::ExitCode;

use actix::System;
use toystore::{backup, catalog, host, inspect, recover, restore, serve, shop, up};

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    host::panics::install();
    let cli = Cli::read();
    start_log(&cli.command);
    let outcome = match cli.command {
        Command::Up(args) => System::new().block_on(up::run(args)),
        Command::Serve(args) => System::new().block_on(serve::run(args)),
        Command::Shop(args) => Ok(shop::run(args)),
        Command::Inspect(args) => Ok(inspect::run(args)),
        Command::Recover(args) => System::new().block_on(recover::run(args)),
        Command::Backup(args) => System::new().block_on(backup::run(args)),
        Command::Restore(args) => restore::run(args),
        Command::Catalog(args) => System::new().block_on(catalog::run(args)),
    };
    outcome.unwrap_or_else(|failure| failure.report())
}

/// One service on its own tells its turning points; the whole store only what is wrong, since its shopper
/// sits at the same terminal. A client's malformed request is no news in either.
fn start_log(command: &Command) {
    let default = match command {
        Command::Serve(_) => "info,actix_http=off,actix_server=warn",
        _ => "warn,actix_http=off",
    };
    let filters = env::var("TOYSTORE_LOG").ok().filter(|filters| !filters.trim().is_empty());
    let filters = filters.as_deref().unwrap_or(default);
    env_logger::Builder::new().parse_filters(filters).format_timestamp_millis().init();
}
