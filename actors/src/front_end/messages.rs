//! What the front-end is asked, by shoppers and by the other services, and what it answers.

use serde::{Deserialize, Serialize};

use crate::catalog::messages::{Import, Imported, Rebuilt, Stocked};
use crate::domain::{
    Entry, Epoch, Order, OrderNumber, Position, Product, ProductName, Quantity, ReplicaId, RequestId, Run,
    StoreId, View,
};
use crate::net::{NodeId, rpcs};

/// The answer is not known, or not now: ask again, an order under the same request id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{why}")]
pub struct Unavailable {
    /// What is being waited for, for a person.
    pub why: String,
    /// Whether anybody was asked, who may have acted on it.
    pub asked: bool,
}

/// One product, from the cache or from the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryProduct {
    /// Its name.
    pub name: ProductName,
}

/// Products in the catalog's order. The answer is `None` if there is no product of the name to begin after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListProducts {
    /// Only the products that follow this one; `None` to begin with the first.
    pub after: Option<ProductName>,
    /// How many at most; more than [`crate::catalog::MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// Takes in products, for an operator. Repeated until the catalog answers: the second time it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportProducts {
    /// What the catalog is told.
    pub import: Import,
}

/// Order something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// The request id, the shopper's own or the door's.
    pub key: RequestId,
    /// What.
    pub name: ProductName,
    /// How many.
    pub quantity: Quantity,
}

/// Why an order was not placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum OrderError {
    /// Final.
    #[error("there is no such product")]
    UnknownProduct,
    /// Final.
    #[error("not enough in stock: {left} left")]
    NotEnough {
        /// Pieces in stock when it was refused.
        left: u64,
    },
    /// Final.
    #[error("the Idempotency-Key was used for another order")]
    KeyReused,
    /// Not known: it may yet be placed, or have been.
    #[error("{0}")]
    Unavailable(Unavailable),
}

/// One order by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindOrder {
    /// Which.
    pub number: OrderNumber,
}

/// Orders by ascending number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOrders {
    /// Only orders with higher numbers.
    pub after: OrderNumber,
    /// How many at most.
    pub limit: u32,
}

/// Who leads?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetView {}

/// Can orders be placed now?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetReadiness {}

/// The answer to [`GetReadiness`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether a leader serves and the catalog answers.
    pub ready: bool,
    /// The services that are waited for.
    pub waiting_for: Vec<NodeId>,
    /// What is being waited for, for a person; empty when ready.
    pub why: String,
}

/// How a leader wants the in-sync set to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// This replica did not confirm in time.
    Drop(ReplicaId),
    /// This run of the replica has confirmed everything acknowledged in this term. It replaces any other run that is
    /// the member of that number.
    Add(ReplicaId, Run),
}

/// From a leader: change the in-sync set of the view of this epoch. Answered with the view that is current
/// afterwards, whether or not it was changed by this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// The front-end's run whose view the leader wants to change.
    pub by: Run,
    /// The epoch of that view.
    pub epoch: Epoch,
    /// Who asks.
    pub leader: ReplicaId,
    /// What for.
    pub change: Change,
}

/// An operator goes on without those that do not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recover {
    /// The replicas to go on without: the operator has made sure that they are dead.
    pub without: Vec<ReplicaId>,
    /// Whether to do it; else it is only said what would be done.
    pub confirmed: bool,
}

/// What going on without somebody means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The replica whose book is the best of those that answer: it leads alone, and the others join it. Without a front-end,
    /// who leads by the newest view.
    pub leader: ReplicaId,
    /// The last order in its book.
    pub last: OrderNumber,
    /// Orders up to this number are known to be acknowledged; those that the book lacks are lost. `None` if the
    /// catalog's memory is gone too, so that nobody knows.
    pub settled: Option<OrderNumber>,
    /// What is gone on without.
    pub without: Without,
    /// Whether it was done.
    pub done: bool,
}

/// What an operator goes on without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Without {
    /// These replicas, or none: it is enough that no other answers.
    Replicas(Vec<ReplicaId>),
    /// The front-end that registered at the catalog last, of which no replica has heard. Everyone stays who they were.
    FrontEnd,
}

/// An operator has the catalog's memory rebuilt from the leader's book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoverCatalog {
    /// Replicas that do not answer, to go on without.
    pub without: Vec<ReplicaId>,
}

/// Why an operator's command was not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum NotRecovered {
    /// Nothing is lost.
    #[error("order-{0} leads and serves: there is nothing to go on without")]
    Serves(ReplicaId),
    /// These may be alive, and one of them may have what nobody else has.
    #[error("{0} do not answer; start them, or, if they are gone for good, name each with --without")]
    Silent(String),
    /// These are alive.
    #[error("{0} answer, so they are not gone; leave them out of --without, or stop them")]
    Alive(String),
    /// The catalog is needed.
    #[error("the catalog does not answer; start it first, if need be with a new file")]
    NoCatalog,
    /// The catalog is another store's.
    #[error("the catalog belongs to another store ({0})")]
    AnotherStore(String),
    /// The leader's book is not the best: another leader is being chosen.
    #[error(
        "order-{better} has a better book than the leader, order-{leader}, and is made the leader now; run this once more"
    )]
    Shorter {
        /// Whose book is better.
        better: ReplicaId,
        /// Who led.
        leader: ReplicaId,
    },
    /// Something changed meanwhile.
    #[error("{0}; nothing was changed, try again")]
    Changed(String),
}

/// For a backup: what the leader's book has after a place in it. Linearizable, as a lookup is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyBook {
    /// The last entry that the backup has.
    pub after: Position,
    /// How many entries at most.
    pub limit: u32,
}

/// The answer to [`CopyBook`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Copied {
    /// Acknowledged entries; there is none if nothing comes after.
    Entries {
        /// Whose book it is.
        store: StoreId,
        /// All orders up to this number are acknowledged, and have been since before the answer was sent.
        acknowledged: OrderNumber,
        /// Numbered without gaps from the one after the place.
        entries: Vec<Entry>,
    },
    /// The book has another entry at that place: what was copied before is not of this book.
    Diverged,
}

/// For a backup: products with their counts, once the catalog tells them; as [`ListProducts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyStock {
    /// Only the products that follow this one; `None` to begin with the first.
    pub after: Option<ProductName>,
    /// How many at most; more than [`crate::catalog::MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// From the catalog, when it starts: which view is the newest?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouch {}

/// The answer to [`Vouch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    /// The view, of this front-end's own run.
    pub view: View,
    /// The highest order number that this front-end has heard of; `None` before it has heard of a book that was in sync. A
    /// catalog that remembers fewer purchases is older than that.
    pub orders: Option<OrderNumber>,
}

/// From the catalog: these products are about to change; drop them, and confirm. No product at all means
/// every one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalidate {
    /// Products, or none for all.
    pub products: Vec<ProductName>,
}

rpcs! {
    QueryProduct, "query" => Result<Option<Product>, Unavailable>;
    ImportProducts, "import" => Result<Imported, Unavailable>;
    ListProducts, "list" => Result<Option<Vec<Product>>, Unavailable>;
    PlaceOrder, "place" => Result<OrderNumber, OrderError>;
    FindOrder, "find" => Result<Option<Order>, Unavailable>;
    ListOrders, "find-all" => Result<Vec<Order>, Unavailable>;
    GetView, "view" => Option<View>;
    GetReadiness, "readiness" => Readiness;
    CopyBook, "copy-book" => Result<Copied, Unavailable>;
    CopyStock, "copy-stock" => Result<Option<Vec<Stocked>>, Unavailable>;
    ChangeView, "change-view" => Option<View>;
    Recover, "recover" => Result<Recovery, NotRecovered>;
    RecoverCatalog, "recover-catalog" => Result<Rebuilt, NotRecovered>;
    Vouch, "vouch" => Option<Vouched>;
    Invalidate, "cache" => ();
}
