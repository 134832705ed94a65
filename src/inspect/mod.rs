//! `toystore inspect`: reads the data files of a stopped store, and says whether they tell one story.

mod books;
mod read_only;
mod stock;

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use redb::{Database, StorageBackend};
use toystore_actors::domain::{Entry, OrderNumber, Purchase, ReplicaId, RequestId, View};
use toystore_actors::order::book::{BookSummary, read};
use toystore_actors::storage::{DiskError, JOURNAL, OpenError, guarded, open_existing};
use toystore_actors::{catalog, front_end, order};

use books::{Comparison, Source};
use read_only::ReadOnly;
use stock::Stock;

use crate::host::panics::contained;
use crate::progress::Progress;

/// How much memory redb may use for one file. Files are read once, from one end to the other.
const CACHE_BYTES: usize = 16 << 20;

/// Reads the data files of a stopped store, and says whether its replicas agree.
///
/// Prints for each order replica how many orders it holds, the last order's number, the newest epoch it has
/// seen and a digest of its book (the first 16 hex digits of SHA-256 over all orders); where the books first
/// differ; the front-end's saved view; each product's stock, and whether what was sold is what was ordered.
/// The files are not changed, not even those that a crash left unrepaired.
///
/// Exit status: 0 all agrees, 1 something does not, 2 usage, 3 a file could not be read.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  toystore inspect toystore-data")]
pub struct Args {
    /// The store's data directory.
    #[arg(value_name = "DIR")]
    data: PathBuf,
}

/// Inspects, and says what was found.
pub fn run(args: Args) -> ExitCode {
    let findings = inspect(&args.data);
    // Whoever closed the output does not want to know; the exit status still says it.
    let _ = io::stdout().write_all(findings.report.as_bytes());
    for why in &findings.unreadable {
        let _ = writeln!(io::stderr(), "toystore inspect: {why}");
    }
    match (findings.contradictions, findings.unreadable.is_empty()) {
        (0, true) => ExitCode::SUCCESS,
        (0, false) => ExitCode::from(3),
        _ => ExitCode::from(1),
    }
}

/// What an inspection found.
#[derive(Debug, Default)]
struct Findings {
    report: String,
    /// How many things in the report contradict another.
    contradictions: u32,
    /// What could not be read, a sentence each.
    unreadable: Vec<String>,
}

impl Findings {
    fn say(&mut self, line: impl std::fmt::Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.report, "{line}");
    }

    fn contradict(&mut self, line: impl std::fmt::Display) {
        self.contradictions += 1;
        self.say(line);
    }

    /// Keeps what could be read; notes why it could not.
    fn readable<T>(&mut self, read: Result<T, impl std::fmt::Display>) -> Option<T> {
        read.map_err(|why| self.unreadable.push(why.to_string())).ok()
    }
}

/// A file opened for inspection. It is never closed: closing would let redb write its bookkeeping, which
/// nobody would see, and over a damaged file that can panic.
struct Opened {
    path: PathBuf,
    database: ManuallyDrop<Database>,
}

impl Opened {
    fn open(path: PathBuf, wanted: &str, owned: impl Fn(&str) -> bool) -> Result<Opened, String> {
        let name = path.display().to_string();
        let file = ReadOnly::open(&path).map_err(|error| format!("cannot open {name}: {error}"))?;
        let beside = path.with_added_extension(JOURNAL);
        let journal: Option<Box<dyn StorageBackend>> = match ReadOnly::open(&beside) {
            Ok(journal) => Some(Box::new(journal)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(format!("cannot open {}: {error}", beside.display())),
        };
        let opened = contained(|| open_existing(Box::new(file), journal, &name, wanted, &owned, CACHE_BYTES));
        let database = opened.map_err(|error| match error {
            OpenError::InUse { file } => format!("{file} is in use by a running store; stop it first"),
            other => other.to_string(),
        })?;
        Ok(Opened { path, database: ManuallyDrop::new(database) })
    }

    fn read<T>(&self, read: impl FnOnce(&Database) -> Result<T, DiskError>) -> Result<T, String> {
        self.try_read(read).map_err(|error| self.complaint(&error))
    }

    /// redb panics over some damaged files. That is an error here, and not printed beside it.
    fn try_read<T>(&self, read: impl FnOnce(&Database) -> Result<T, DiskError>) -> Result<T, DiskError> {
        contained(|| guarded(|| read(&self.database)))
    }

    fn complaint(&self, error: &DiskError) -> String {
        format!("cannot read {}: {error}", self.path.display())
    }
}

/// One replica's book.
struct Replica {
    id: ReplicaId,
    file: Opened,
    summary: BookSummary,
}

impl Replica {
    fn open(directory: &Path, id: ReplicaId) -> Result<Replica, String> {
        let path = directory.join(format!("order-{id}")).join(order::BOOK_FILE);
        let owner = order::book_owner(id);
        let file = Opened::open(path, &owner, |found| found == owner)?;
        let summary = file.read(read::summary)?;
        Ok(Replica { id, file, summary })
    }
}

impl Source for Replica {
    fn entries(&self, after: OrderNumber, limit: usize) -> Result<Vec<Entry>, DiskError> {
        self.file.try_read(|database| read::entries(database, after, limit))
    }

    fn indexed(&self, keys: &[RequestId]) -> Result<Vec<Option<OrderNumber>>, DiskError> {
        let found = self.file.try_read(|database| read::by_keys(database, keys))?;
        Ok(found.into_iter().map(|entry| entry.map(|entry| entry.number)).collect())
    }
}

fn inspect(directory: &Path) -> Findings {
    let mut findings = Findings::default();
    let Some(ids) = findings.readable(replica_ids(directory)) else { return findings };
    let replicas: Vec<_> =
        ids.iter().filter_map(|id| findings.readable(Replica::open(directory, *id))).collect();
    let all_books = replicas.len() == ids.len();
    let names: Vec<_> = replicas.iter().map(|replica| format!("order-{}", replica.id)).collect();
    let entries = replicas.iter().map(|replica| replica.summary.last.number);
    let progress = Progress::start("entries", entries.fold(0, u64::saturating_add));
    let comparison = books::compare(&replicas, || progress.step(String::new))
        .map_err(|(book, error)| replicas[book].file.complaint(&error));
    progress.finish();
    let comparison = findings.readable(comparison);
    if let Some(comparison) = &comparison {
        report_books(&mut findings, &replicas, &names, comparison);
    }
    let view = findings.readable(saved_view(directory)).flatten();
    if let Some(view) = &view {
        report_view(&mut findings, directory, &replicas, &ids, view);
    }
    let furthest = comparison.as_ref().filter(|_| all_books).and_then(|comparison| {
        let furthest = comparison.furthest()?;
        Some((&replicas[furthest], &comparison.contents[furthest]))
    });
    let stock = read_stock(directory, furthest);
    if let Some(stock) = findings.readable(stock) {
        report_stock(&mut findings, &stock, furthest.map(|(replica, _)| replica.id));
    }
    findings
}

/// The replicas that have a directory here, in ascending order.
fn replica_ids(directory: &Path) -> Result<Vec<ReplicaId>, String> {
    let cannot = |error: io::Error| format!("cannot read the directory {}: {error}", directory.display());
    let mut ids = Vec::new();
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix("order-"));
        ids.extend(id.and_then(|id| id.parse::<ReplicaId>().ok()));
    }
    ids.sort_unstable();
    if ids.is_empty() {
        let directory = directory.display();
        return Err(format!("{directory} is no store's data directory: it has no {directory}/order-1"));
    }
    Ok(ids)
}

fn report_books(findings: &mut Findings, replicas: &[Replica], names: &[String], comparison: &Comparison) {
    if !replicas.is_empty() {
        findings.say(format_args!("{:<10}{:>12}{:>12}{:>8}  digest", "replica", "orders", "last", "epoch"));
    }
    for ((replica, name), contents) in replicas.iter().zip(names).zip(&comparison.contents) {
        let (orders, last, epoch) = (contents.orders, contents.last.number, replica.summary.epoch());
        findings.say(format_args!("{name:<10}{orders:>12}{last:>12}{epoch:>8}  {}", contents.digest));
    }
    for (name, contents) in names.iter().zip(&comparison.contents) {
        if let Some(flaw) = &contents.flaw {
            findings.contradict(format_args!("The book of {name} is broken: {flaw}."));
        }
    }
    match (&comparison.difference, &comparison.conflict) {
        (None, _) => findings.say(match replicas.len() {
            0 => "No book could be read.".to_owned(),
            1 => "There is no other book to compare it with.".to_owned(),
            books => format!("The {books} books agree."),
        }),
        (Some(shorter), None) => findings.contradict(format_args!(
            "The books do not agree: {}\nNone contradicts another, some are shorter. The store completes them when it starts.",
            shorter.describe(names)
        )),
        (Some(first), Some(conflict)) => {
            findings.contradict(format_args!("The books do not agree: {}", first.describe(names)));
            if conflict.number != first.number {
                findings.say(format_args!("Two contradict each other: {}", conflict.describe(names)));
            }
        }
    }
}

fn saved_view(directory: &Path) -> Result<Option<View>, String> {
    let path = directory.join("front-end").join(front_end::FILE);
    // Whatever its number: the directory holds one front-end.
    let owned = |found: &str| found.rsplit_once(' ').is_some_and(|(owner, _)| owner == front_end::OWNER);
    let file = Opened::open(path, front_end::OWNER, owned)?;
    file.read(front_end::saved).map(|saved| saved.view)
}

fn report_view(
    findings: &mut Findings,
    directory: &Path,
    replicas: &[Replica],
    ids: &[ReplicaId],
    view: &View,
) {
    findings.say(format_args!("\nThe front-end's view: {view}."));
    for missing in view.in_sync.ids().filter(|id| !ids.contains(id)) {
        let path = directory.join(format!("order-{missing}"));
        findings.unreadable.push(format!(
            "order-{missing} is in sync by the front-end's view, but there is no {}",
            path.display()
        ));
    }
    for replica in replicas {
        let epoch = replica.summary.epoch();
        if epoch > view.epoch {
            findings.contradict(format_args!(
                "order-{} has seen epoch {epoch}, which the front-end never saved: its file is an old copy.",
                replica.id
            ));
        }
    }
}

/// The catalog's books, to be compared with the order book that reaches furthest.
fn read_stock(directory: &Path, book: Option<(&Replica, &books::Contents)>) -> Result<Stock, String> {
    let path = directory.join("catalog").join(catalog::FILE);
    let owned = |found: &str| found == catalog::OWNER;
    let file = Opened::open(path, catalog::OWNER, owned)?;
    let audit = file.read(catalog::stock::audit)?;
    let mut pending = audit.unsettled;
    if let Some((replica, _)) = book {
        let keys: Vec<_> = pending.iter().map(|purchase| purchase.key.clone()).collect();
        let ordered = replica.indexed(&keys).map_err(|error| replica.file.complaint(&error))?;
        let waits = |(purchase, number): (Purchase, Option<_>)| number.is_none().then_some(purchase);
        pending = pending.into_iter().zip(ordered).filter_map(waits).collect();
    }
    Ok(Stock { items: audit.items, ordered: book.map(|(_, contents)| contents.ordered.clone()), pending })
}

fn report_stock(findings: &mut Findings, stock: &Stock, book: Option<ReplicaId>) {
    findings.say(format_args!("\n{stock}"));
    let pending = match stock.pending.len() {
        0 => String::new(),
        1 => " and one purchase that a leader has yet to make an order".to_owned(),
        more => format!(" and {more} purchases that a leader has yet to make orders"),
    };
    let faults = stock.faults();
    match book {
        _ if !faults.is_empty() => {
            findings.contradict("The stock does not add up:");
            for fault in faults {
                findings.say(format_args!("  {fault}"));
            }
        }
        Some(id) => findings.say(format_args!(
            "The stock adds up: what was sold is what the book of order-{id} holds{pending}."
        )),
        None => findings.say(
            "The stock adds up in itself. It was not compared with the orders, since not all books were read.",
        ),
    }
}
