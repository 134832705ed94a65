//! What an inspection found. `--json` writes this as it is: the names of the fields, and what they mean, are
//! promised in `docs/inspect.md`.

use serde::Serialize;
use toystore_actors::catalog::stock::Item;
use toystore_actors::domain::{Entry, Epoch, OrderNumber, Position, ReplicaId, StoreId, View};
use toystore_actors::net::NodeId;

use super::difference::Difference;
use super::inspected_file::InspectedFile;
use super::stock::Stock;
use crate::files::label;

/// All of it.
#[derive(Debug, Default, Serialize)]
pub struct InspectionReport {
    /// The data directory, as it was named.
    pub data: String,
    /// The exit status: 0 all agrees, 1 something does not, 3 something could not be read.
    pub status: u8,
    /// The stores that the files belong to: one, if they go together.
    pub stores: Vec<StoreId>,
    pub front_end: Option<FrontEndReport>,
    pub catalog: Option<CatalogReport>,
    /// Those whose books could be read, by their ids.
    pub replicas: Vec<ReplicaReport>,
    /// The directories of services that were set aside.
    pub set_aside: Vec<String>,
    /// `None` if no book could be read.
    pub books: Option<BooksReport>,
    /// `None` if the catalog could not be read.
    pub stock: Option<StockSummary>,
    /// What agrees, what does not, and what becomes of it at the next start.
    pub findings: Vec<Finding>,
    pub unreadable: Vec<Unreadable>,
    /// The products in the catalog's order, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub products: Option<Vec<ProductReport>>,
}

/// A data file.
#[derive(Debug, Serialize)]
pub struct DataFile {
    /// Below the data directory.
    pub path: String,
    pub bytes: u64,
    /// `None` if there is no journal beside it.
    pub journal_bytes: Option<u64>,
}

impl DataFile {
    /// The file of the service of this directory.
    pub fn new(directory: &str, name: &str, opened: &InspectedFile) -> DataFile {
        let (bytes, journal_bytes) = opened.bytes;
        DataFile { path: format!("{directory}/{name}"), bytes, journal_bytes }
    }
}

/// What the front-end remembers.
#[derive(Debug, Serialize)]
pub struct FrontEndReport {
    pub file: DataFile,
    /// `None` before the store was founded.
    pub store: Option<StoreId>,
    /// `None` before the first.
    pub view: Option<SavedView>,
}

/// Who leads, and who is in sync.
#[derive(Debug, Serialize)]
pub struct SavedView {
    pub epoch: Epoch,
    pub leader: ReplicaId,
    pub in_sync: Vec<ReplicaId>,
}

impl From<&View> for SavedView {
    fn from(view: &View) -> SavedView {
        SavedView { epoch: view.epoch, leader: view.leader, in_sync: view.in_sync.ids().collect() }
    }
}

/// What the catalog remembers.
#[derive(Debug, Serialize)]
pub struct CatalogReport {
    pub file: DataFile,
    /// `None` if it was never told.
    pub store: Option<StoreId>,
    pub products: usize,
    /// It knows the orders up to this number to be in the book.
    pub settled: OrderNumber,
    /// Purchases after these, of which it does not know that.
    pub unsettled: usize,
}

/// What an order replica remembers.
#[derive(Debug, Serialize)]
pub struct ReplicaReport {
    pub id: ReplicaId,
    pub file: DataFile,
    /// `None` if it has heard of no view yet.
    pub store: Option<StoreId>,
    /// The epoch of the newest view that it has heard of.
    pub epoch: Epoch,
    /// Whether it is in sync by the front-end's view; `None` if that could not be read.
    pub in_sync: Option<bool>,
    pub orders: u64,
    pub lost: u64,
    pub last: Position,
    pub digest: String,
    /// What is wrong with the book in itself.
    pub flaw: Option<String>,
}

/// The books held against each other.
#[derive(Debug, Serialize)]
pub struct BooksReport {
    /// Whether all hold the same. One book agrees with itself.
    pub agree: bool,
    /// Where they first differ, if only because one ends there.
    pub first_difference: Option<ComparedEntry>,
    /// Where two first hold different orders under one number.
    pub first_conflict: Option<ComparedEntry>,
}

/// What the books hold under one number.
#[derive(Debug, Serialize)]
pub struct ComparedEntry {
    pub number: OrderNumber,
    pub held: Vec<HeldEntry>,
}

/// What one book holds there.
#[derive(Debug, Serialize)]
pub struct HeldEntry {
    pub replica: ReplicaId,
    /// `None` if it has nothing there; an order without a purchase is lost.
    pub order: Option<Entry>,
}

impl ComparedEntry {
    /// Of the books of these replicas.
    pub fn new(replicas: &[ReplicaId], found: &Difference) -> ComparedEntry {
        let held = replicas.iter().zip(&found.entries);
        let held = held.map(|(replica, order)| HeldEntry { replica: *replica, order: order.clone() });
        ComparedEntry { number: found.number, held: held.collect() }
    }
}

/// All products together.
#[derive(Debug, Serialize)]
pub struct StockSummary {
    pub products: usize,
    /// Of how many there is not one piece.
    pub sold_out: usize,
    /// Pieces at the import, and so on.
    pub initial: u64,
    pub restocked: u64,
    pub sold: u64,
    pub in_stock: u64,
    /// Purchases that a leader has yet to make orders.
    pub waiting: usize,
    /// The replica whose book it was compared with; `None` if it could not be.
    pub compared_with: Option<ReplicaId>,
    pub adds_up: bool,
}

impl StockSummary {
    pub fn new(stock: &Stock, compared_with: Option<ReplicaId>, adds_up: bool) -> StockSummary {
        // A number that is damaged may be any.
        let all = |pieces: fn(&Item) -> u64| {
            stock.items.iter().fold(0, |sum: u64, item| sum.saturating_add(pieces(item)))
        };
        StockSummary {
            products: stock.items.len(),
            sold_out: stock.items.iter().filter(|item| item.quantity == 0).count(),
            initial: all(|item| item.initial),
            restocked: all(|item| item.restocked),
            sold: all(|item| item.sold),
            in_stock: all(|item| item.quantity),
            waiting: stock.pending.len(),
            compared_with,
            adds_up,
        }
    }
}

/// One product.
#[derive(Debug, Serialize)]
pub struct ProductReport {
    pub name: String,
    pub price_cents: u64,
    pub initial: u64,
    pub restocked: u64,
    pub sold: u64,
    pub in_stock: u64,
}

impl From<&Item> for ProductReport {
    fn from(item: &Item) -> ProductReport {
        let Item { name, price_cents, initial, restocked, sold, quantity } = item.clone();
        ProductReport { name: name.to_string(), price_cents, initial, restocked, sold, in_stock: quantity }
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// To which store the files belong.
    Stores,
    /// The replicas' books.
    Books,
    /// The front-end's view.
    View,
    /// The catalog's stock.
    Stock,
}

/// Something that was found, as a sentence.
#[derive(Debug, Serialize)]
pub struct Finding {
    pub about: About,
    /// Whether it contradicts something else.
    pub contradiction: bool,
    pub text: String,
    /// One line each.
    pub details: Vec<String>,
}

/// Something that could not be read.
#[derive(Debug, Serialize)]
pub struct Unreadable {
    /// Whose file it is; `None` if it is the directory itself.
    pub service: Option<String>,
    /// Why, and what will come of that or helps.
    pub why: String,
}

impl InspectionReport {
    /// Adds a finding, with a line for each detail.
    pub fn find(&mut self, about: About, contradiction: bool, text: impl Into<String>, details: Vec<String>) {
        self.findings.push(Finding { about, contradiction, text: text.into(), details });
    }

    /// Adds one that contradicts nothing.
    pub fn say(&mut self, about: About, text: impl Into<String>) {
        self.find(about, false, text, Vec::new());
    }

    /// Adds one that does.
    pub fn contradict(&mut self, about: About, text: impl Into<String>) {
        self.find(about, true, text, Vec::new());
    }

    /// Notes what could not be read.
    pub fn unreadable(&mut self, service: Option<NodeId>, why: String) {
        self.unreadable.push(Unreadable { service: service.map(label), why });
    }

    /// Finds the exit status, when all is found.
    pub fn judge(&mut self) {
        let contradictions = self.findings.iter().any(|finding| finding.contradiction);
        self.status = match (contradictions, self.unreadable.is_empty()) {
            (true, _) => 1,
            (false, false) => 3,
            (false, true) => 0,
        };
    }
}
