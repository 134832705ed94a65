//! `toystore inspect`: reads the data files of a stopped store, and says whether they tell one story.

mod book_source;
mod books;
mod file;
mod outlook;
mod read_only;
mod report;
mod stock;
mod tally;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use toystore_actors::catalog::stock::Audit;
use toystore_actors::domain::{Entry, OrderNumber, Purchase, ReplicaId, RequestId, StoreId, View};
use toystore_actors::front_end::Saved;
use toystore_actors::net::NodeId;
use toystore_actors::order::book::scan::{self, Row};
use toystore_actors::order::book::{BookSummary, read};
use toystore_actors::storage::{DiskError, OpenError};
use toystore_actors::{catalog, front_end, order};

use book_source::BookSource;
use books::Comparison;
use file::{Opened, Unread};
use report::{About, Books, Catalog, DataFile, Finding, FrontEnd, Place, Product, Report, StockSummary};
use stock::Stock;
use tally::Contents;

use crate::advice::NamedStore;
use crate::console::progress::Progress;
use crate::files::{ASIDE, label};

/// Reads the data files of a stopped store, and says whether they agree.
///
/// Prints what each service remembers: the front-end its view, the catalog its purchases, each order replica how many
/// orders it holds, the last one's number, the newest epoch it has heard of and a digest of its book (the first 16
/// hex digits of SHA-256 over all orders). Then where the books first differ, what is in stock, and whether what was sold
/// is what was ordered. Of whatever is damaged, gone, or behind it says what becomes of it at the next start, and which
/// command helps where none of the services does. The files are not changed, not even those that a crash left unrepaired.
///
/// Exit status: 0 all agrees, 1 something does not, 2 usage, 3 a file could not be read.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  toystore inspect toystore-data\n  \
                        toystore inspect --json toystore-data | jq .books.agree")]
pub struct Args {
    /// The store's data directory.
    #[arg(value_name = "DIR")]
    data: PathBuf,

    /// List every product, however many there are.
    #[arg(long)]
    products: bool,

    /// Print one JSON object instead, for programs; docs/inspect.md says what its fields mean.
    #[arg(long)]
    json: bool,
}

/// Inspects, and says what was found.
pub fn run(args: Args) -> ExitCode {
    let report = inspect(&args);
    let shown = if args.json { text::json(&report) } else { text::text(&report) };
    // Whoever closed the output does not want to know; the exit status still says it.
    let _ = io::stdout().write_all(shown.as_bytes());
    for unreadable in &report.unreadable {
        let _ = writeln!(io::stderr(), "toystore inspect: {}", unreadable.why);
    }
    ExitCode::from(report.status)
}

impl Report {
    fn find(&mut self, about: About, contradiction: bool, text: impl Into<String>, details: Vec<String>) {
        self.findings.push(Finding { about, contradiction, text: text.into(), details });
    }

    fn say(&mut self, about: About, text: impl Into<String>) {
        self.find(about, false, text, Vec::new());
    }

    fn contradict(&mut self, about: About, text: impl Into<String>) {
        self.find(about, true, text, Vec::new());
    }

    fn unreadable(&mut self, service: Option<NodeId>, why: String) {
        self.unreadable.push(report::Unreadable { service: service.map(label), why });
    }

    /// To be called when all is found.
    fn judge(&mut self) {
        let contradictions = self.findings.iter().any(|finding| finding.contradiction);
        self.status = match (contradictions, self.unreadable.is_empty()) {
            (true, _) => 1,
            (false, false) => 3,
            (false, true) => 0,
        };
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

    fn name(&self) -> String {
        label(NodeId::Order(self.id))
    }

    fn store(&self) -> Option<StoreId> {
        self.summary.view.as_ref().map(|view| view.store)
    }

    fn report(&self, in_sync: Option<bool>, contents: Contents) -> report::Replica {
        let file = DataFile::new(&self.name(), order::BOOK_FILE, &self.file);
        let Contents { orders, lost, last, digest, flaw, .. } = contents;
        let (id, store, epoch) = (self.id, self.store(), self.summary.epoch());
        report::Replica { id, file, store, epoch, in_sync, orders, lost, last, digest, flaw }
    }
}

impl BookSource for Replica {
    fn scan(&self, visit: &mut dyn FnMut(Row<'_>)) -> Result<(), DiskError> {
        self.file.try_read(|database| scan::entries(database, visit))
    }

    fn scan_index(&self, visit: &mut dyn FnMut(&str, OrderNumber)) -> Result<(), DiskError> {
        self.file.try_read(|database| scan::index(database, visit))
    }

    fn entries(&self, after: OrderNumber, limit: usize) -> Result<Vec<Entry>, DiskError> {
        self.file.try_read(|database| read::entries(database, after, limit))
    }

    fn indexed(&self, keys: &[RequestId]) -> Result<Vec<Option<OrderNumber>>, DiskError> {
        let found = self.file.try_read(|database| read::by_keys(database, keys))?;
        Ok(found.into_iter().map(|entry| entry.map(|entry| entry.number)).collect())
    }
}

/// What was read of a store, and what was found.
struct Inspection {
    /// How the store is named in the commands that are given as advice.
    store: NamedStore,
    replicas: Vec<Replica>,
    /// Whether the book of every replica could be read so far.
    all_books: bool,
    view: Option<View>,
    report: Report,
}

/// The directory holds one front-end, whatever its number.
const FRONT_END: NodeId = NodeId::FrontEnd(1);

fn inspect(args: &Args) -> Report {
    let directory = &args.data;
    let mut report = Report { data: directory.display().to_string(), ..Report::default() };
    match services(directory) {
        Ok(found) => {
            report.set_aside = found.set_aside;
            let store = NamedStore { data: Some(directory.to_owned()), ..NamedStore::default() };
            let replicas = Vec::new();
            let mut inspection = Inspection { store, replicas, all_books: true, view: None, report };
            inspection.go(directory, found.replicas, args.products);
            report = inspection.report;
        }
        Err(why) => report.unreadable(None, why),
    }
    report.judge();
    report
}

impl Inspection {
    fn go(&mut self, directory: &Path, mut ids: BTreeSet<ReplicaId>, list_products: bool) {
        let saved = read_saved(directory);
        // A replica that has lost its directory is one all the same.
        let view = saved.as_ref().ok().and_then(|(saved, _)| saved.view.as_ref());
        ids.extend(view.iter().flat_map(|view| view.in_sync.ids()));
        self.open_replicas(directory, ids);
        if let Some((saved, file)) = self.readable(FRONT_END, saved) {
            let Saved { store, view, .. } = saved;
            self.report.front_end =
                Some(FrontEnd { file, store, view: view.as_ref().map(report::SavedView::from) });
            self.view = view;
        }
        let comparison = self.compare();
        let audit = self.readable(NodeId::Catalog, read_audit(directory));
        let audit = audit.map(|(audit, file)| {
            let (store, settled, unsettled) = (audit.store, audit.settled, audit.unsettled.len());
            let products = audit.items.len();
            self.report.catalog = Some(Catalog { file, store, products, settled, unsettled });
            audit
        });
        self.report_books(&comparison);
        self.foresee(&comparison, audit.as_ref());
        self.report_stores();
        self.report_view();
        if let Some(audit) = audit {
            self.report_stock(&comparison, audit, list_products);
        }
    }

    fn open_replicas(&mut self, directory: &Path, ids: BTreeSet<ReplicaId>) {
        let mut unread = Vec::new();
        for id in ids {
            match Replica::open(directory, id) {
                Ok(replica) => self.replicas.push(replica),
                Err(why) => unread.push((id, why)),
            }
        }
        self.all_books = unread.is_empty();
        let others = !self.replicas.is_empty();
        for (id, why) in unread {
            self.unread(NodeId::Order(id), why, others);
        }
    }

    /// Keeps what could be read; notes why it could not, and what will come of that.
    fn readable<T>(&mut self, id: NodeId, read: Result<T, Unread>) -> Option<T> {
        let others = self.replicas.len() > 1;
        read.map_err(|why| self.unread(id, why, others)).ok()
    }

    fn unread(&mut self, id: NodeId, why: Unread, others: bool) {
        let why = outlook::unread(id, why, others, &self.store);
        self.report.unreadable(Some(id), why);
    }

    /// Reads all books. One that turns out to be damaged is left out, and the others are read again.
    fn compare(&mut self) -> Comparison {
        loop {
            let entries = self.replicas.iter().map(|replica| replica.summary.last.number);
            let progress = Progress::start("entries", entries.fold(0, u64::saturating_add));
            let compared = books::compare(&self.replicas, |entries| progress.advance(entries, String::new));
            progress.finish();
            match compared {
                Ok(comparison) => return comparison,
                Err((book, error)) => {
                    let others = self.replicas.len() > 1;
                    let Replica { id, file, .. } = self.replicas.remove(book);
                    self.all_books = false;
                    self.unread(NodeId::Order(id), Unread::Unusable(file.complaint(error)), others);
                }
            }
        }
    }

    fn names(&self) -> Vec<String> {
        self.replicas.iter().map(Replica::name).collect()
    }

    fn in_sync(&self, replica: &Replica) -> Option<bool> {
        let members = &self.view.as_ref()?.in_sync;
        Some(members.is_stood_for(replica.id, &replica.summary.line))
    }

    fn report_books(&mut self, comparison: &Comparison) {
        for (replica, contents) in self.replicas.iter().zip(&comparison.contents) {
            self.report.replicas.push(replica.report(self.in_sync(replica), contents.clone()));
        }
        let names = self.names();
        for (name, contents) in names.iter().zip(&comparison.contents) {
            if let Some(flaw) = &contents.flaw {
                self.report.contradict(About::Books, format!("The book of {name} is broken: {flaw}."));
            }
        }
        let Comparison { difference, conflict, .. } = comparison;
        match (difference, conflict) {
            (None, _) => self.report.say(
                About::Books,
                match names.len() {
                    0 => "No book could be read.".to_owned(),
                    1 => "There is no other book to compare it with.".to_owned(),
                    books => format!("The {books} books agree."),
                },
            ),
            (Some(first), conflict) => {
                let text = format!("The books do not agree: they first differ at order {}:", first.number);
                self.report.find(About::Books, true, text, first.lines(&names));
                match conflict {
                    None => self.report.say(About::Books, "None contradicts another, some are shorter."),
                    Some(conflict) if conflict.number != first.number => {
                        let text = format!("Two contradict each other at order {}:", conflict.number);
                        self.report.find(About::Books, false, text, conflict.lines(&names));
                    }
                    Some(_) => {}
                }
            }
        }
        if !self.replicas.is_empty() {
            let ids: Vec<_> = self.replicas.iter().map(|replica| replica.id).collect();
            let place = |found: &Option<_>| found.as_ref().map(|found| Place::new(&ids, found));
            let (first_difference, first_conflict) = (place(difference), place(conflict));
            self.report.books = Some(Books { agree: difference.is_none(), first_difference, first_conflict });
        }
    }

    /// Says of each book that is not like the others what will become of it.
    fn foresee(&mut self, comparison: &Comparison, audit: Option<&Audit>) {
        let names = self.names();
        let mut lines = Vec::new();
        if let Some(conflict) = &comparison.conflict {
            let in_sync: Vec<_> = self.replicas.iter().map(|replica| self.in_sync(replica)).collect();
            let commands: Vec<_> =
                self.replicas.iter().map(|replica| self.store.recover_replica(replica.id)).collect();
            lines = outlook::conflict(&names, conflict, &in_sync, &commands);
        } else if let Some(furthest) = comparison.furthest() {
            let last = comparison.contents[furthest].last.number;
            for (book, contents) in comparison.contents.iter().enumerate() {
                let ends = contents.last.number;
                if ends < last {
                    let settled = audit.map(|audit| audit.settled > ends);
                    let (name, in_sync) = (&names[book], self.in_sync(&self.replicas[book]));
                    let shorter = outlook::Shorter { name, lacks: ends + 1..=last, in_sync, settled };
                    lines.push(shorter.to_string());
                }
            }
        }
        lines.into_iter().for_each(|line| self.report.say(About::Books, line));
    }

    /// Who is of another store than the front-end is refused by it, and refuses it.
    fn report_stores(&mut self) {
        let mut stores: BTreeMap<StoreId, Vec<String>> = BTreeMap::new();
        let front_end = self.report.front_end.as_ref().and_then(|front_end| front_end.store);
        let catalog = self.report.catalog.as_ref().and_then(|catalog| catalog.store);
        let of_replicas = self.replicas.iter().map(|replica| (replica.store(), replica.name()));
        let others = [(front_end, label(FRONT_END)), (catalog, label(NodeId::Catalog))];
        for (store, name) in others.into_iter().chain(of_replicas) {
            if let Some(store) = store {
                stores.entry(store).or_default().push(name);
            }
        }
        if stores.len() > 1 {
            let files = stores.iter().map(|(store, names)| format!("{}: {store}", names.join(", ")));
            let text = "The files are not of one store, and services of different stores refuse each other. Put each \
                        service's own file there:";
            self.report.find(About::Stores, true, text, files.collect());
        }
        self.report.stores = stores.into_keys().collect();
    }

    fn report_view(&mut self) {
        let Some(view) = &self.view else { return };
        for Replica { id, summary, .. } in &self.replicas {
            let epoch = summary.epoch();
            if epoch > view.epoch {
                self.report.contradict(
                    About::View,
                    format!(
                        "order-{id} has seen epoch {epoch}, which the front-end never saved: its file is an old copy. At \
                         its next start it asks every replica for the newest view."
                    ),
                );
            }
        }
    }

    /// Holds the stock against the book that reaches furthest, if that can be told.
    fn report_stock(&mut self, comparison: &Comparison, audit: Audit, list_products: bool) {
        let furthest = comparison.furthest().filter(|furthest| {
            // Who is in sync has every acknowledged order, whatever the others had.
            self.all_books || self.in_sync(&self.replicas[*furthest]) == Some(true)
        });
        let (ordered, pending) = match furthest {
            Some(furthest) => {
                let book = &self.replicas[furthest];
                let id = NodeId::Order(book.id);
                let waiting = still_waiting(book, audit.unsettled).map_err(Unread::Unusable);
                let Some(pending) = self.readable(id, waiting) else { return };
                (Some(comparison.contents[furthest].ordered.clone()), pending)
            }
            None => (None, audit.unsettled),
        };
        let stock = Stock { items: audit.items, ordered, pending };
        let book = furthest.map(|furthest| self.replicas[furthest].id);
        let faults = stock.faults();
        self.report.stock = Some(StockSummary::new(&stock, book, faults.is_empty()));
        if list_products || stock.items.len() <= text::FEW {
            self.report.products = Some(stock.items.iter().map(Product::from).collect());
        }
        self.judge_stock(&stock, book, faults);
    }

    fn judge_stock(&mut self, stock: &Stock, book: Option<ReplicaId>, faults: Vec<String>) {
        let pending = match stock.pending.len() {
            0 => String::new(),
            1 => " and one purchase that a leader has yet to make an order".to_owned(),
            more => format!(" and {more} purchases that a leader has yet to make orders"),
        };
        match book {
            _ if !faults.is_empty() => {
                self.report.find(About::Stock, true, "The stock does not add up:", faults);
                if stock.is_behind() {
                    let text = format!(
                        "The catalog knows of fewer sales than there are orders: its file is older than the book. {} \
                         rebuilds it from the book.",
                        self.store.recover_catalog()
                    );
                    self.report.say(About::Stock, text);
                }
            }
            Some(id) => self.report.say(
                About::Stock,
                format!("The stock adds up: what was sold is what the book of order-{id} holds{pending}."),
            ),
            None => self.report.say(
                About::Stock,
                "The stock adds up in itself. It was not compared with the orders, since not all books were read.",
            ),
        }
    }
}

/// The services that a data directory is for.
#[derive(Debug, Default)]
struct Services {
    /// Those that have a directory, or had one that was set aside.
    replicas: BTreeSet<ReplicaId>,
    /// The directories that were set aside, by their names.
    set_aside: Vec<String>,
}

fn services(directory: &Path) -> Result<Services, String> {
    let cannot = |error: io::Error| format!("cannot read the directory {}: {error}", directory.display());
    let mut services = Services::default();
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        let Some(name) = name.to_str() else { continue };
        let service = match name.split_once(ASIDE) {
            Some((service, _)) => {
                services.set_aside.push(name.to_owned());
                service
            }
            None => name,
        };
        let id = service.strip_prefix("order-").and_then(|id| id.parse::<ReplicaId>().ok());
        services.replicas.extend(id);
    }
    services.set_aside.sort();
    if services.replicas.is_empty() {
        let directory = directory.display();
        return Err(format!("{directory} is no store's data directory: it has no {directory}/order-1"));
    }
    Ok(services)
}

fn read_saved(directory: &Path) -> Result<(Saved, DataFile), Unread> {
    let name = label(FRONT_END);
    let owned = |found: &str| found.rsplit_once(' ').is_some_and(|(owner, _)| owner == front_end::OWNER);
    let path = directory.join(&name).join(front_end::FILE);
    let file = Opened::open(path, front_end::OWNER, owned)?;
    Ok((file.read(front_end::saved)?, DataFile::new(&name, front_end::FILE, &file)))
}

fn read_audit(directory: &Path) -> Result<(Audit, DataFile), Unread> {
    let name = label(NodeId::Catalog);
    let owned = |found: &str| found == catalog::OWNER;
    let file = Opened::open(directory.join(&name).join(catalog::FILE), catalog::OWNER, owned)?;
    Ok((file.read(catalog::stock::audit)?, DataFile::new(&name, catalog::FILE, &file)))
}

/// Those unsettled purchases that are not in the book.
fn still_waiting(book: &Replica, unsettled: Vec<Purchase>) -> Result<Vec<Purchase>, OpenError> {
    let keys: Vec<_> = unsettled.iter().map(|purchase| purchase.key.clone()).collect();
    let ordered = book.indexed(&keys).map_err(|error| book.file.complaint(error))?;
    let waits = |(purchase, number): (Purchase, Option<_>)| number.is_none().then_some(purchase);
    Ok(unsettled.into_iter().zip(ordered).filter_map(waits).collect())
}
