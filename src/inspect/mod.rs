//! `toystore inspect`: reads the data files of a stopped store, and says whether they tell one story.

mod books;
mod file;
mod outlook;
mod read_only;
mod stock;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use toystore_actors::catalog::stock::Audit;
use toystore_actors::domain::{Entry, OrderNumber, Purchase, ReplicaId, RequestId, View};
use toystore_actors::net::NodeId;
use toystore_actors::order::book::{BookSummary, read};
use toystore_actors::storage::{DiskError, OpenError};
use toystore_actors::{catalog, front_end, order};

use books::{Comparison, Source};
use file::{Opened, Unread};
use stock::Stock;

use crate::advice::Named;
use crate::host::{ASIDE, label};
use crate::progress::Progress;

/// Reads the data files of a stopped store, and says whether its replicas agree.
///
/// Prints for each order replica how many orders it holds, the last order's number, the newest epoch it has
/// seen and a digest of its book (the first 16 hex digits of SHA-256 over all orders); where the books first
/// differ; the front-end's saved view; each product's stock, and whether what was sold is what was ordered.
/// Of whatever is damaged, gone, or behind it says what becomes of it at the next start, and which command helps
/// where none of the services does. The files are not changed, not even those that a crash left unrepaired.
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

/// One replica's book.
struct Replica {
    id: ReplicaId,
    file: Opened,
    summary: BookSummary,
}

impl Replica {
    fn open(directory: &Path, id: ReplicaId) -> Result<Replica, Unread> {
        let path = directory.join(label(NodeId::Order(id))).join(order::BOOK_FILE);
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

/// What was read of a store, and what was found.
struct Inspection<'a> {
    directory: &'a Path,
    /// How the store is named in the commands that are given as advice.
    store: Named,
    replicas: Vec<Replica>,
    names: Vec<String>,
    view: Option<View>,
    findings: Findings,
}

fn inspect(directory: &Path) -> Findings {
    let store = Named { data: Some(directory.to_owned()), ..Named::default() };
    let mut findings = Findings::default();
    let Some(mut ids) = findings.readable(replica_ids(directory)) else { return findings };
    let saved = saved_view(directory);
    // A replica that has lost its directory is one all the same.
    ids.extend(saved.iter().flatten().flat_map(|view| view.in_sync.ids()));
    let (mut replicas, mut unread) = (Vec::new(), Vec::new());
    for id in ids {
        match Replica::open(directory, id) {
            Ok(replica) => replicas.push(replica),
            Err(why) => unread.push((id, why)),
        }
    }
    let all_books = unread.is_empty();
    let others = !replicas.is_empty();
    for (id, why) in unread {
        findings.unreadable.push(outlook::unread(NodeId::Order(id), why, others, &store));
    }
    let names = replicas.iter().map(|replica| label(NodeId::Order(replica.id))).collect();
    let mut inspection = Inspection { directory, store, replicas, names, view: None, findings };
    inspection.view = inspection.readable(FRONT_END, saved).flatten();
    inspection.go(all_books);
    inspection.findings
}

/// The directory holds one front-end, whatever its number.
const FRONT_END: NodeId = NodeId::FrontEnd(1);

impl Inspection<'_> {
    fn go(&mut self, all_books: bool) {
        let comparison = self.compare();
        let audit = self.readable(NodeId::Catalog, read_audit(self.directory));
        if let Some(comparison) = &comparison {
            report_books(&mut self.findings, &self.replicas, &self.names, comparison);
            self.foresee(comparison, audit.as_ref());
        }
        self.report_view();
        let furthest = comparison.as_ref().and_then(|comparison| {
            let furthest = comparison.furthest()?;
            let id = self.replicas[furthest].id;
            // Who is in sync has every acknowledged order, whatever the others had.
            (all_books || self.in_sync(id) == Some(true))
                .then(|| (id, furthest, &comparison.contents[furthest]))
        });
        let Some(audit) = audit else { return };
        let stock = match furthest {
            Some((id, furthest, contents)) => {
                let waiting = still_waiting(&self.replicas[furthest], audit.unsettled);
                let waiting = waiting.map_err(Unread::Unusable);
                let Some(pending) = self.readable(NodeId::Order(id), waiting) else { return };
                Stock { items: audit.items, ordered: Some(contents.ordered.clone()), pending }
            }
            None => Stock { items: audit.items, ordered: None, pending: audit.unsettled },
        };
        report_stock(&mut self.findings, &stock, furthest.map(|(id, ..)| id), &self.store);
    }

    /// Keeps what could be read; notes why it could not, and what will come of that.
    fn readable<T>(&mut self, id: NodeId, read: Result<T, Unread>) -> Option<T> {
        let others = self.replicas.len() > 1;
        let read = read.map_err(|why| outlook::unread(id, why, others, &self.store));
        self.findings.readable(read)
    }

    fn compare(&mut self) -> Option<Comparison> {
        let entries = self.replicas.iter().map(|replica| replica.summary.last.number);
        let progress = Progress::start("entries", entries.fold(0, u64::saturating_add));
        let compared = books::compare(&self.replicas, || progress.step(String::new));
        progress.finish();
        match compared {
            Ok(comparison) => Some(comparison),
            Err((book, error)) => {
                let Replica { id, file, .. } = &self.replicas[book];
                let (id, why) = (NodeId::Order(*id), Unread::Unusable(file.complaint(error)));
                self.readable(id, Err(why))
            }
        }
    }

    fn in_sync(&self, id: ReplicaId) -> Option<bool> {
        let members = &self.view.as_ref()?.in_sync;
        let stands = |replica: &Replica| members.is_stood_for(id, &replica.summary.line);
        Some(self.replicas.iter().find(|replica| replica.id == id).is_some_and(stands))
    }

    /// Says of each book that is not like the others what will become of it.
    fn foresee(&mut self, comparison: &Comparison, audit: Option<&Audit>) {
        let mut lines = Vec::new();
        if let Some(conflict) = &comparison.conflict {
            let in_sync: Vec<_> = self.replicas.iter().map(|replica| self.in_sync(replica.id)).collect();
            let commands: Vec<_> =
                self.replicas.iter().map(|replica| self.store.recover_replica(replica.id)).collect();
            lines = outlook::conflict(&self.names, conflict, &in_sync, &commands);
        } else if let Some(furthest) = comparison.furthest() {
            let last = comparison.contents[furthest].last.number;
            for (book, contents) in comparison.contents.iter().enumerate() {
                let ends = contents.last.number;
                if ends < last {
                    let settled = audit.map(|audit| audit.settled > ends);
                    let (name, in_sync) = (&self.names[book], self.in_sync(self.replicas[book].id));
                    let shorter = outlook::Shorter { name, lacks: ends + 1..=last, in_sync, settled };
                    lines.push(shorter.to_string());
                }
            }
        }
        lines.into_iter().for_each(|line| self.findings.say(line));
    }

    fn report_view(&mut self) {
        let Some(view) = &self.view else { return };
        self.findings.say(format_args!("\nThe front-end's view: {view}."));
        for Replica { id, summary, .. } in &self.replicas {
            let epoch = summary.epoch();
            if epoch > view.epoch {
                self.findings.contradict(format_args!(
                    "order-{id} has seen epoch {epoch}, which the front-end never saved: its file is an old copy. At its \
                     next start it asks every replica for the newest view."
                ));
            }
        }
    }
}

/// The replicas that have a directory here, or had one that was set aside.
fn replica_ids(directory: &Path) -> Result<BTreeSet<ReplicaId>, String> {
    let cannot = |error: io::Error| format!("cannot read the directory {}: {error}", directory.display());
    let mut ids = BTreeSet::new();
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        let name = name.to_str().and_then(|name| name.strip_prefix("order-"));
        let id = name.map(|name| name.split_once(ASIDE).map_or(name, |(id, _)| id));
        ids.extend(id.and_then(|id| id.parse::<ReplicaId>().ok()));
    }
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
            "The books do not agree: {}\nNone contradicts another, some are shorter.",
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

fn saved_view(directory: &Path) -> Result<Option<View>, Unread> {
    let path = directory.join(label(FRONT_END)).join(front_end::FILE);
    let owned = |found: &str| found.rsplit_once(' ').is_some_and(|(owner, _)| owner == front_end::OWNER);
    let file = Opened::open(path, front_end::OWNER, owned)?;
    Ok(file.read(front_end::saved)?.view)
}

fn read_audit(directory: &Path) -> Result<Audit, Unread> {
    let path = directory.join(label(NodeId::Catalog)).join(catalog::FILE);
    let owned = |found: &str| found == catalog::OWNER;
    let file = Opened::open(path, catalog::OWNER, owned)?;
    Ok(file.read(catalog::stock::audit)?)
}

/// Those unsettled purchases that are not in the book.
fn still_waiting(book: &Replica, unsettled: Vec<Purchase>) -> Result<Vec<Purchase>, OpenError> {
    let keys: Vec<_> = unsettled.iter().map(|purchase| purchase.key.clone()).collect();
    let ordered = book.indexed(&keys).map_err(|error| book.file.complaint(error))?;
    let waits = |(purchase, number): (Purchase, Option<_>)| number.is_none().then_some(purchase);
    Ok(unsettled.into_iter().zip(ordered).filter_map(waits).collect())
}

fn report_stock(findings: &mut Findings, stock: &Stock, book: Option<ReplicaId>, store: &Named) {
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
            if stock.is_behind() {
                findings.say(format_args!(
                    "The catalog knows of fewer sales than there are orders: its file is older than the book. {} rebuilds \
                     it from the book.",
                    store.recover_catalog()
                ));
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
