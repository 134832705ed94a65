//! `toystore backup`: the command.

use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;

use futures_util::future::{Either, select};

use super::copy::make;
use super::pages::RunningStore;
use crate::advice::quoted;
use crate::backup_format::Manifest;
use crate::client::front_end::{FrontEndClient, FrontEndFlag};
use crate::config::{Config, ConfigFlag, Overrides, TokenFlag};
use crate::console::failure::Failure;
use crate::console::result::say;
use crate::process::stop;

/// Copy the orders and the stock of a running store
///
/// Every order that was acknowledged before the command began is in the copy, with its number and its
/// Idempotency-Key; shoppers are served meanwhile. Only the front-end must be reachable. DIR must not exist; it has
/// that name once the copy is whole, and a copy that is not finished is not kept.
///
/// `toystore restore DIR` makes a new store of it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: toystore backup backups/monday --config configs/cluster.toml")]
pub struct Args {
    /// The directory to make
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    #[command(flatten)]
    config: ConfigFlag,

    #[command(flatten)]
    token: TokenFlag,

    #[command(flatten)]
    front_end: FrontEndFlag,
}

/// Makes a backup.
///
/// # Errors
/// See [`Failure`]; then there is none.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let overrides = Overrides { token: args.token.token, ..Overrides::default() };
    let config = Config::load(args.config.config.as_deref(), &overrides)?;
    let source =
        RunningStore::new(FrontEndClient::new(&config, &args.front_end), config.timing.order_deadline);
    let made = {
        let (making, stopped) = (pin!(make(source, &args.directory)), pin!(stop::signalled()));
        match select(making, stopped).await {
            Either::Left((made, _)) => made,
            Either::Right(_) => Err("stopped before the backup was whole; nothing of it is kept".into()),
        }
    };
    let Manifest { orders, products, store, .. } = made.map_err(Failure::CouldNotRun)?;
    let directory = args.directory.display();
    say(&[
        format!("{directory}: {orders} orders and {} products of store {store}", products.len()),
        format!("to make a new store of it: toystore restore {} --data NEW", quoted(&args.directory)),
    ]);
    Ok(ExitCode::SUCCESS)
}
