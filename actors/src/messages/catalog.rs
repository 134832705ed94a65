//! What the catalog is asked, and what it answers.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Digest, Epoch, FrontEndId, Line, OrderNumber, Product, ProductName, ProductSeed, Purchase, Receipt, Run,
    SoldPurchase, StoreId, Term,
};
use crate::net::rpcs;

/// So many products are listed at a time, at most: what they take is nothing beside a batch of orders.
pub const MAX_PAGE: u32 = 1000;

/// One product, please. Asked by a front-end, the answer may be a lease on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    pub name: ProductName,
    /// Which front-end would cache the answer; `None` for one that does not cache.
    #[serde(default)]
    pub front_end: Option<FrontEndId>,
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryReply {
    /// The product; `None` if the catalog has none of that name.
    pub product: Option<Product>,
    /// Whether the front-end may cache it, for the lease's time counted from before it sent the query.
    pub cacheable: bool,
}

/// Products in the catalog's order, as of one moment. The answer is `None` if there is no product of the name to begin after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Only the products that follow this one; `None` to begin with the first.
    pub after: Option<ProductName>,
    /// How many at most; more than [`MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// Products in the catalog's order whose name has this text in it, in capitals or not. The answer is `None` if there is no
/// product of the name to begin after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// What the name has to contain.
    pub text: String,
    /// Only the products that follow this one; `None` to begin with the first.
    pub after: Option<ProductName>,
    /// How many at most; more than [`MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// The answer to a [`Search`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What was found; perhaps not yet as many as there are.
    pub products: Vec<Product>,
    /// The last product that was looked at, to go on after it; `None` if there is no other.
    pub looked_through: Option<ProductName>,
}

/// Which products are others than they were? For whoever shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The revision of the answer before; `None` to be told the revision now, and no product.
    pub since: Option<u64>,
    /// How many products at most; more than [`MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// The answer to [`Changes`], as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// What to ask with the next time.
    pub revision: u64,
    /// The products that changed, as they are now; `None` if they are more than that, or not remembered: any may have.
    pub products: Option<Vec<Product>>,
}

/// Who asks as the leader of the order service, and what it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leadership {
    /// The epoch in which this leader took over.
    #[serde(rename = "reign")]
    pub term: Term,
    /// The epoch of its view now.
    pub epoch: Epoch,
    /// The front-end's run that saved its view.
    pub by: Run,
    /// The number of the last order in its book.
    pub last: OrderNumber,
}

/// One batch of a leader: sells what is bought, and forgets the purchases that have become acknowledged
/// orders. A batch is answered the same however often it is repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buy {
    pub leader: Leadership,
    /// Numbers the batches of a term: 1, 2, 3, …; one is in flight at a time.
    pub batch: u64,
    /// What to sell. A request id appears at most once.
    pub purchases: Vec<Purchase>,
    /// Orders up to this number are acknowledged.
    pub settled: OrderNumber,
}

/// What became of one purchase of a batch, in the batch's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sale {
    /// Sold: it will become exactly one order, the one of this number.
    Sold {
        /// The number of the purchase, and of its order.
        number: OrderNumber,
        /// For how much, and when; `None` if that was before there were receipts.
        receipt: Option<Receipt>,
    },
    /// There are only `left` in stock; nothing was sold.
    NotEnough {
        /// Pieces in stock when it was refused.
        left: u64,
    },
    /// There is no such product.
    UnknownProduct,
}

/// A leader takes over: raises the fence to its term, and asks what its predecessors left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    pub leader: Leadership,
    /// The line of the front-end's file, as the leader's view has it.
    pub line: Line,
}

/// What a leader that takes over finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inheritance {
    /// Orders up to this number are acknowledged: whose book lacks one of them must not lead.
    pub settled: OrderNumber,
    /// The purchases that follow, in the order of their numbers: each is or becomes the order of its number.
    pub unsettled: Vec<SoldPurchase>,
}

/// A front-end has started and makes its run known, before it does anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    pub store: StoreId,
    pub run: Run,
    pub line: Line,
    /// The epoch of its view; 0 when it founds a store.
    pub epoch: Epoch,
    /// See [`super::view_service::Vouched::orders`].
    pub orders: Option<OrderNumber>,
}

/// What becomes of a [`Register`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Registered {
    /// Leaders under views of the runs before are refused from now on.
    Welcome,
    /// The front-end's file is older than what the catalog remembers.
    Older {
        /// The newest term that has been here.
        #[serde(rename = "reign")]
        term: Term,
        /// Whether another run than those of the front-end's file was the last to register.
        superseded: bool,
    },
    /// A store is founded only by a front-end, replicas and a catalog whose files are all new.
    NotNew,
}

/// What does the catalog remember of the store around it? For an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {}

/// The answer to [`Recall`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalled {
    /// The store and the run of the front-end that registered last; `None` for a new file.
    pub store: Option<(StoreId, Run)>,
    /// The newest term.
    #[serde(rename = "reign")]
    pub term: Term,
    /// Orders up to this number are acknowledged.
    pub settled: OrderNumber,
    /// The number of the last purchase.
    pub purchases: OrderNumber,
}

/// An operator goes on without those that do not answer: from now on only this front-end's leaders count, from this
/// epoch on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoOn {
    pub store: StoreId,
    pub run: Run,
    /// The epoch of its view to come.
    pub epoch: Epoch,
}

/// Fills the memory of a catalog anew from the leader's book; the operator's command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuild {
    pub store: StoreId,
    /// The leader, whose book has all orders up to its last one.
    pub leader: Leadership,
    /// Pieces that the book has of each product.
    pub sold: Vec<(ProductName, u64)>,
}

/// What a [`Rebuild`] could not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuilt {
    /// Orders that the catalog knows again.
    pub orders: OrderNumber,
    /// Products of which more were sold than were imported, and how many had to be restocked at least.
    pub restocked: Vec<(ProductName, u64)>,
    /// Products that the book has and the catalog has not.
    pub unknown: Vec<ProductName>,
}

/// What the catalog keeps of its products, for a backup: as [`List`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Only the products that follow this one; `None` to begin with the first.
    pub after: Option<ProductName>,
    /// How many at most; more than [`MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// One product, as the catalog keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stocked {
    pub name: ProductName,
    pub price_cents: u64,
    /// Pieces at the import.
    pub initial: u64,
    /// Pieces that all restocks brought.
    pub restocked: u64,
    /// Pieces that all purchases took.
    pub sold: u64,
}

/// Restocks what is out of stock, now instead of at the next interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restock {}

/// Takes in products from a file, or a part of it: those that are new, and the prices of those that are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// In the file's order.
    pub products: Vec<ProductSeed>,
    /// Of the whole file, with its last part: at later starts nothing is said of it.
    pub digest: Option<Digest>,
}

/// What came of an [`Import`], in products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Imported {
    pub added: u64,
    pub repriced: u64,
    pub unchanged: u64,
    /// Of those that were there: with another quantity than at their import. It was not changed.
    pub recounted: u64,
}

impl Imported {
    /// Of two parts together.
    #[must_use]
    pub fn plus(self, other: Imported) -> Imported {
        Imported {
            added: self.added + other.added,
            repriced: self.repriced + other.repriced,
            unchanged: self.unchanged + other.unchanged,
            recounted: self.recounted + other.recounted,
        }
    }
}

/// Why the catalog did nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// A newer leader has been here, or this batch was followed by a later one.
    #[error("a newer term ({term}) or batch ({batch}) has been here")]
    Superseded {
        #[serde(rename = "reign")]
        term: Term,
        batch: u64,
    },
    /// It has just started, and front-ends may still hold what they cached before, or it does not know yet which
    /// view is the newest. It will answer soon.
    #[error("the catalog has just started and waits for the front-end")]
    Starting,
    /// The leader's view is not, or not yet, of the front-end that registered last (rule M7), or is older than the
    /// one that the catalog was told when it started (rule M9).
    #[error("another front-end's view, or a newer one, counts")]
    OutdatedView,
    /// The leader has orders that this catalog never sold: its memory is gone, or that of an earlier time (rule M9).
    #[error(
        "the catalog remembers {purchases} purchases, and the book has {orders} orders: its memory is older"
    )]
    Behind {
        /// The number of the last purchase that the catalog remembers.
        purchases: OrderNumber,
        /// That of the last order in the leader's book.
        orders: OrderNumber,
    },
    /// There is nothing to rebuild: it remembers at least what the leader's book has.
    #[error("the catalog's memory is whole")]
    Whole,
    /// Its file is new, and the store is not (rule M9).
    #[error("the catalog's memory is gone: its file is new, and the store is not")]
    Lost,
}

impl Refusal {
    /// Whether only an operator can help.
    #[must_use]
    pub fn needs_operator(self) -> bool {
        matches!(self, Refusal::Behind { .. } | Refusal::Lost)
    }
}

rpcs! {
    Query, "query" => Result<QueryReply, Refusal>;
    Search, "search" => Result<Option<Found>, Refusal>;
    Changes, "changes" => Result<Changed, Refusal>;
    List, "list" => Result<Option<Vec<Product>>, Refusal>;
    Buy, "buy" => Result<Vec<Sale>, Refusal>;
    TakeOver, "take-over" => Result<Inheritance, Refusal>;
    Register, "register" => Registered;
    Recall, "recall" => Recalled;
    GoOn, "go-on" => bool;
    Rebuild, "rebuild" => Result<Rebuilt, Refusal>;
    Inventory, "inventory" => Result<Option<Vec<Stocked>>, Refusal>;
    Restock, "restock" => Result<Vec<ProductName>, Refusal>;
    Import, "import" => Result<Imported, Refusal>;
}
