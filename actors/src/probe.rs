//! What actors tell about themselves: to the log when deployed, to the trace when simulated.

mod sentence;

pub use sentence::plain;

use serde::Serialize;

use crate::catalog::messages::Refusal;
use crate::domain::{Epoch, OrderNumber, ProductName, ReplicaId, RequestId, Run, View};
use crate::net::NodeId;

/// Receives the events of a node.
pub trait Probe {
    /// Takes one event of the node `node`.
    fn record(&self, node: NodeId, event: &Event);
}

/// Something that a reader of a trace wants to know, and that a simulation wants to have seen. Displayed, it is a
/// sentence about the node that tells it; serialized, its name and its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are named after the domain's terms, which are documented there")]
pub enum Event {
    /// A replica took over: it is leader and brings everyone in sync to its own book.
    TakeoverBegan { view: View },
    /// A new leader appended purchases that its predecessor had left without an order.
    UnsettledCompleted { epoch: Epoch, purchases: usize },
    /// A replica serves as leader from now on.
    Serving { by: Run, epoch: Epoch, last: OrderNumber },
    /// A leader stopped leading because of a newer view.
    Deposed { epoch: Epoch },
    /// A leader went on leading in the next view, with or without some follower.
    ViewAdopted { view: View, orders_in_flight: usize },
    /// A follower cut a tail that no leader had acknowledged.
    TailCut { after: OrderNumber, entries: u64 },
    /// A follower refused a message of an older epoch.
    OldEpochRefused { message: &'static str, epoch: Epoch, current: Epoch },
    /// A leader answered a repeated request with the order that it already had.
    DuplicateSuppressed { key: RequestId, number: OrderNumber },
    /// A new leader found that purchases without a settlement have their orders in the book already.
    UnsettledInBook { epoch: Epoch, purchases: usize },
    /// The leader acknowledged the orders up to a number.
    Acknowledged { through: OrderNumber, by: Run, epoch: Epoch },
    /// A leader refused an order for lack of stock.
    OutOfStock { left: u64, epoch: Epoch },
    /// A leader asks that a follower leave the in-sync set.
    DropAsked { replica: ReplicaId, epoch: Epoch },
    /// A leader counts a replica that has caught up: it waits for it from now on.
    JoinerCounted { replica: ReplicaId, epoch: Epoch },
    /// A replica asked to be counted, and its leader could not reach it.
    JoinerUnreached { replica: ReplicaId, epoch: Epoch },
    /// A leader no longer waits for a joiner that does not answer.
    JoinerLetGo { replica: ReplicaId, epoch: Epoch },
    /// A leader asks that a replica join the in-sync set.
    AddAsked { replica: ReplicaId, epoch: Epoch },
    /// A replica that is not in sync fetched a part of the book.
    CaughtUp { last: OrderNumber },
    /// The front-end saved a view, before anyone hears of it.
    ViewSaved { view: View, why: &'static str },
    /// The front-end refused a change of the in-sync set that named another epoch.
    ViewChangeRefused { named: Epoch, current: Epoch },
    /// The front-end found that the leader does not answer.
    LeaderSuspected { replica: ReplicaId, epoch: Epoch, why: &'static str },
    /// The front-end sent an order once more, under the same request id.
    OrderRetried { key: RequestId, epoch: Epoch },
    /// A query was answered from the cache.
    CacheHit { name: ProductName },
    /// A fill was not cached because an invalidation came while it was under way.
    StaleFillDropped { name: ProductName },
    /// An invalidation dropped entries from the cache; an empty list is all of them.
    Invalidated { products: Vec<ProductName> },
    /// The catalog made a group of changes visible.
    GroupVisible { products: Vec<ProductName>, waited_for_lease: bool },
    /// The catalog refused a purchase batch of an older term or number.
    BatchRefused { term: Epoch, batch: u64 },
    /// The catalog answered a repeated purchase batch with its stored answer.
    BatchRepeated { term: Epoch, batch: u64 },
    /// The catalog restocked products that were sold out.
    Restocked { products: Vec<ProductName> },
    /// The catalog may answer: every front-end has dropped its cache, or its leases have run out.
    CatalogReady { confirmed: bool },
    /// A replica that was made leader lacks what the catalog knows to be acknowledged, and does not lead.
    Unfit { epoch: Epoch },
    /// The catalog sold under another number than the leader's next: one of the two remembers another past.
    OtherNumberSold { expected: OrderNumber, sold: OrderNumber },
    /// The book of a replica that takes over has another order under a number than the catalog sold.
    PurchaseDiffers { number: OrderNumber, key: RequestId },
    /// The catalog does not sell to this leader until an operator helps.
    CatalogRefuses { why: Refusal },
    /// The front-end's file is older than what others remember, or new: it takes the view that they know.
    ViewLost { why: &'static str },
    /// An operator went on with this replica's book, which lacks these acknowledged orders: they are lost.
    OrdersLost { after: OrderNumber, through: OrderNumber },
    /// The front-end made its run known to the catalog.
    FrontEndRegistered { run: Run },
    /// The catalog's memory was made anew from the leader's book, of so many orders; and what is in stock since.
    CatalogRebuilt { orders: OrderNumber, stock: Vec<(ProductName, u64)> },
    /// The catalog refused requests for lack of stock, and is about to remember them.
    Refused { keys: Vec<RequestId> },
    /// There was more of something than a limit allows at once, or allows to be kept.
    LimitReached { limit: Limit },
    /// The node's disk failed; it stops.
    DiskFailed { why: String },
}

macro_rules! limits {
    ($($limit:ident $name:literal;)*) => {
        /// A limit of what is done at once, or kept.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub enum Limit {
            $(#[doc = $name] $limit,)*
        }

        impl Limit {
            /// All of them.
            pub const ALL: &[Limit] = &[$(Limit::$limit,)*];

            /// What it limits, for a person.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self {
                    $(Limit::$limit => $name,)*
                }
            }

            /// That it was reached, for a simulation that wants to have seen it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Limit::$limit => concat!("limit reached: ", $name),)*
                }
            }
        }
    };
}

limits! {
    MessageEntries "entries in a message to a follower";
    FetchedEntries "entries fetched at a time";
    ChunkEntries "entries given at a time to one who catches up";
    BatchPurchases "purchases in a batch";
    LeaderRefusals "refusals that a leader remembers";
    CatalogRefusals "refusals that the catalog remembers";
    PageOrders "orders in a page";
    Readers "reads of a book at once";
    PendingOrders "orders that wait at a leader";
    Calls "calls under way at a service";
    Requests "requests under way at the front-end";
    QueuedCalls "calls that wait at the catalog";
    LeaderCalls "calls with orders to the leader";
    LeaderCallOrders "orders in a call to the leader";
    JournalHalf "half of a journal";
    LongCommit "a commit longer than half of a journal";
    ReplayedRecords "records replayed at a time";
}
