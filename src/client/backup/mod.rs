//! `toystore backup`: copies the orders and the stock of a running store into a directory, of which `toystore restore`
//! makes a new store.

mod pages;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::time::SystemTime;

use futures_util::future::{Either, select};
use toystore_actors::domain::{OrderNumber, StoreId};

use self::pages::RunningStore;
use crate::advice::quoted;
use crate::backup_format::{self, BackupWriter, Manifest};
use crate::client::front_end::{FrontEndClient, FrontEndFlag};
use crate::config::{Config, ConfigFlag, Overrides, TokenFlag};
use crate::console::failure::Failure;
use crate::console::progress::Progress;
use crate::console::result::say;
use crate::console::utc;
use crate::files::Unfinished;
use crate::process::stop;

/// So often a copy is begun before it is given up that the book stays the same.
const ATTEMPTS: u32 = 3;

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

async fn make(mut source: RunningStore, directory: &Path) -> Result<Manifest, String> {
    let made = utc::seconds(SystemTime::now());
    if directory.symlink_metadata().is_ok() {
        return Err(format!("{} is there already; name a directory that is not", directory.display()));
    }
    let unfinished = Unfinished::begin(directory, backup_format::is_part)?;
    let (writer, store) = copy_book(&mut source, unfinished.path()).await?;
    // After the book: what was restocked until now is at least what its orders needed.
    let products = source.stock().await.map_err(|why| not_kept(&why))?;
    let manifest = Manifest::new(made, store, writer.last().number, products);
    writer.finish(&manifest)?;
    unfinished.finish()?;
    Ok(manifest)
}

/// Copies the book, from its beginning if it turns out not to be the same any more.
async fn copy_book(source: &mut RunningStore, directory: &Path) -> Result<(BackupWriter, StoreId), String> {
    for _ in 0..ATTEMPTS {
        let mut writer = BackupWriter::begin(directory)?;
        if let Some(store) = copy_pages(source, &mut writer).await? {
            return Ok((writer, store));
        }
        log::warn!("the store has lost what was copied of it, so the backup begins again");
    }
    Err("the store keeps changing what it had acknowledged; nothing of the backup is kept".into())
}

/// Copies pages up to all that was acknowledged when the first was asked for. `None` if a later one does not follow.
async fn copy_pages(source: &mut RunningStore, writer: &mut BackupWriter) -> Result<Option<StoreId>, String> {
    let mut begun: Option<(StoreId, OrderNumber, Progress)> = None;
    loop {
        let Some(page) = source.page(writer.last()).await.map_err(|why| not_kept(&why))? else {
            return Ok(None);
        };
        let (store, acknowledged, progress) = begun.get_or_insert_with(|| {
            (page.store, page.acknowledged, Progress::start("orders", page.acknowledged.get()))
        });
        if page.store != *store {
            return Ok(None);
        }
        let none = page.entries.is_empty();
        for entry in &page.entries {
            writer.add(entry)?;
            progress.step(String::new);
        }
        if writer.last().number >= *acknowledged {
            progress.finish();
            return Ok(Some(*store));
        }
        if none {
            let last = writer.last().number;
            return Err(format!(
                "the store is broken: it shows order {last} as its last, and has acknowledged {acknowledged}"
            ));
        }
    }
}

fn not_kept(why: &dyn std::error::Error) -> String {
    format!("{why}; nothing of the backup is kept")
}
