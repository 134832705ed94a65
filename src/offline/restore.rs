//! `toystore restore`: makes the files of a new store of a backup.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};

use rand::TryRng;
use rand::rngs::SysRng;
use toystore_actors::catalog::{self, Restored};
use toystore_actors::domain::{Entry, Epoch, Members, ProductName, ReplicaId, Run, StoreId, View};
use toystore_actors::messages::catalog::Rebuilt;
use toystore_actors::net::NodeId;
use toystore_actors::storage::Storage;
use toystore_actors::{front_end, order};

use crate::advice::quoted;
use crate::backup_format::{Backup, Entries};
use crate::config::{Config, ConfigFlag, DataFlag, Overrides};
use crate::console::failure::Failure;
use crate::console::progress::Progress;
use crate::console::result::say;
use crate::files::Unfinished;
use crate::files::{Directory, label};
use crate::process::panics;

/// Entries that are handed to the books at a time, and how many such chunks may wait.
const CHUNK: usize = 4096;
const WAITING: usize = 2;

/// Make a new store of a backup
///
/// Checks the backup, and writes the files of all services of the configuration. The new store has a number of its
/// own: no file of the old one can join it. Orders keep their numbers and Idempotency-Keys, the next one gets the
/// number after the last. The data directory must not exist, or be empty; it has its name once it is whole.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("config", |config| config.help("The configuration of the new store; without it, the one that is built in")),
    mut_arg("data", |data| data.help("The data directory to make [default: as configured, else ./toystore-data]")),
    after_help = "Example: toystore restore backups/monday --config configs/cluster.toml --data new-data"
)]
pub struct Args {
    /// The directory that `toystore backup` made
    #[arg(value_name = "DIR")]
    backup: PathBuf,

    #[command(flatten)]
    config: ConfigFlag,

    #[command(flatten)]
    data: DataFlag,
}

/// Makes the store.
///
/// # Errors
/// See [`Failure`]; then there is none.
pub fn run(args: Args) -> Result<ExitCode, Failure> {
    let (file, data) = (args.config.config, args.data.data);
    let named = data.is_some();
    let overrides = Overrides { data, ..Overrides::default() };
    let config = Config::load(file.as_deref(), &overrides)?;
    let restored = restore(&args.backup, &config).map_err(Failure::CouldNotRun)?;
    let mut lines = told(&restored, &config);
    lines.extend(next_steps(&config, file.as_deref(), named));
    say(&lines);
    Ok(ExitCode::SUCCESS)
}

fn restore(backup: &Path, config: &Config) -> Result<(StoreId, Rebuilt), String> {
    let data = &config.data;
    if !is_free(data) {
        let data = data.display();
        return Err(format!(
            "{data} is not empty, and a store is not restored over anything; give a new directory with --data"
        ));
    }
    let backup = Backup::open(backup)?;
    // Once to check them, once to write them.
    let progress = Progress::start("orders read", backup.manifest.orders.get().saturating_mul(2));
    let sold = recount(&backup, &progress)?;

    let is_ours = |name: &str| config.addresses.keys().any(|id| label(*id) == name);
    let unfinished = Unfinished::begin(data, is_ours)?;
    let files = |id: NodeId| Directory::new(unfinished.path().join(label(id)));
    let view = first_view(config)?;
    write_books(&backup, &view, &files, &progress)?;
    progress.finish();
    let shown = |error: &dyn Display| format!("{error}; nothing is restored");
    let restored = Restored { products: backup.manifest.products, sold, orders: backup.manifest.orders };
    let rebuilt =
        catalog::restore(storage(files(NodeId::Catalog)?), &view, restored).map_err(|error| shown(&error))?;
    let front_end_files = storage(files(NodeId::FrontEnd(config.front_end))?);
    front_end::restore(front_end_files, config.front_end, &view).map_err(|error| shown(&error))?;
    unfinished.finish()?;
    Ok((view.store, rebuilt))
}

/// Whether a data directory can be made there. (An empty one is there already when it is a container's, say.)
fn is_free(data: &Path) -> bool {
    match data.symlink_metadata() {
        Err(_) => true,
        Ok(_) => data.read_dir().is_ok_and(|mut entries| entries.next().is_none()),
    }
}

fn storage(directory: Directory) -> Rc<dyn Storage> {
    Rc::new(directory)
}

/// Reads the book once before anything is written; the pieces that it has of each product.
fn recount(backup: &Backup, progress: &Progress) -> Result<BTreeMap<ProductName, u64>, String> {
    let mut sold: BTreeMap<ProductName, u64> = BTreeMap::new();
    for entry in backup.entries()? {
        progress.step(String::new);
        let Some(purchase) = entry?.purchase else { continue };
        let pieces = u64::from(purchase.quantity.get());
        let count = match sold.get_mut(&purchase.name) {
            Some(count) => count,
            None => sold.entry(purchase.name).or_default(),
        };
        *count = count.saturating_add(pieces);
    }
    Ok(sold)
}

/// The first view of a store that nobody has heard of: its number, its front-end's run and those of its replicas are
/// new, so no file but those made here stands for a member of it (rules M2, M6 and M11).
fn first_view(config: &Config) -> Result<View, String> {
    let draw = || SysRng.try_next_u64().map_err(|error| format!("cannot draw random numbers: {error}"));
    let by = Run::new(draw()?);
    let members = config.replicas().into_iter().map(|id| Ok((id, Run::new(draw()?))));
    let in_sync = members.collect::<Result<Members, String>>()?;
    let leader = in_sync.ids().max().ok_or("the configuration has no order replica")?;
    Ok(View {
        store: StoreId::new(draw()?),
        by,
        line: [by].into_iter().collect(),
        epoch: Epoch::NONE.next(),
        leader,
        in_sync,
    })
}

/// Entries on their way to a book, or why there are no more.
type Chunk = Result<Vec<Entry>, ()>;

/// Writes the books of all replicas side by side, from one reading.
fn write_books(
    backup: &Backup,
    view: &View,
    files: &(impl Fn(NodeId) -> Result<Directory, String> + Sync),
    progress: &Progress,
) -> Result<(), String> {
    thread::scope(|scope| {
        let mut books = Vec::new();
        for id in view.in_sync.ids() {
            let directory = files(NodeId::Order(id))?;
            let (ways, chunks) = sync_channel(WAITING);
            let written = scope.spawn(move || panics::contained(|| write_book(id, view, directory, chunks)));
            books.push((ways, written));
        }
        let read = hand_out(backup.entries()?, &books, progress);
        let mut outcome = Ok(());
        for (way, written) in books {
            drop(way);
            let written = written.join().unwrap_or_else(|_| Err("a book could not be written".into()));
            outcome = outcome.and(written);
        }
        // A book that failed was the first to know; else it is the backup.
        outcome.and(read)
    })
}

type BookWriter<'scope> = (SyncSender<Chunk>, ScopedJoinHandle<'scope, Result<(), String>>);

/// Gives every book all entries. Ends early when a book takes no more: that one says why.
fn hand_out(entries: Entries<'_>, books: &[BookWriter<'_>], progress: &Progress) -> Result<(), String> {
    let mut chunk = Vec::with_capacity(CHUNK);
    for entry in entries {
        chunk.push(entry.inspect_err(|_| give_up(books))?);
        progress.step(String::new);
        if chunk.len() == CHUNK && !to_all(books, std::mem::take(&mut chunk)) {
            give_up(books);
            return Ok(());
        }
    }
    to_all(books, chunk);
    Ok(())
}

/// Whether every book takes them.
fn to_all(books: &[BookWriter<'_>], chunk: Vec<Entry>) -> bool {
    books.iter().all(|(way, _)| way.send(Ok(chunk.clone())).is_ok())
}

/// No book becomes whole.
fn give_up(books: &[BookWriter<'_>]) {
    for (way, _) in books {
        // One that is gone has given up itself.
        let _ = way.send(Err(()));
    }
}

fn write_book(
    id: ReplicaId,
    view: &View,
    directory: Directory,
    chunks: Receiver<Chunk>,
) -> Result<(), String> {
    let entries = chunks.into_iter().flat_map(|chunk| match chunk {
        Ok(entries) => entries.into_iter().map(Ok).collect(),
        Err(()) => vec![Err(())],
    });
    match order::restore(storage(directory), id, view, entries) {
        // Whoever read the backup says why it ended.
        Ok(Ok(()) | Err(())) => Ok(()),
        Err(error) => Err(format!("{error}; nothing is restored")),
    }
}

/// What came of it, and what could not be known.
fn told((store, rebuilt): &(StoreId, Rebuilt), config: &Config) -> Vec<String> {
    let Rebuilt { orders, restocked, unknown } = rebuilt;
    let data = config.data.display();
    let mut lines = vec![format!(
        "{data}: a new store, {store}, with {orders} orders; the next one gets number {}",
        *orders + 1
    )];
    lines.extend(restocked.iter().map(|(name, pieces)| {
        format!("{name}: {pieces} more pieces were ordered than had come in; they count as restocked")
    }));
    lines.extend(
        unknown.iter().map(|name| format!("{name}: there are orders of it, and no such product any more")),
    );
    lines
}

fn next_steps(config: &Config, named: Option<&Path>, data_named: bool) -> Vec<String> {
    let data = &config.data;
    let mut machines: Vec<_> = config.addresses.values().map(|address| address.ip()).collect();
    machines.sort_unstable();
    machines.dedup();
    if machines.len() > 1 {
        let to = config.addresses.iter().map(|(id, address)| {
            format!("  {}  to the machine of {address}", data.join(label(*id)).display())
        });
        let first =
            "copy each directory into the data directory of its service, and start the services:".to_owned();
        return [first].into_iter().chain(to).collect();
    }
    let config = named.map(|file| format!(" --config {}", quoted(file))).unwrap_or_default();
    let data = if data_named { format!(" --data {}", quoted(data)) } else { String::new() };
    vec![format!("start it with: toystore up{config}{data}, or each service with toystore serve")]
}
