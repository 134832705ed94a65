//! What an order replica is asked, and what it answers.

use serde::{Deserialize, Serialize};

use crate::domain::{Entry, Epoch, Line, Order, OrderNumber, Position, Purchase, ReplicaId, Run, View};
use crate::messages::catalog::{Rebuilt, Refusal};
use crate::net::rpcs;

/// Places orders, each by itself: or answers again what the same request id was answered before. The answers
/// are in the order of the purchases. For the leader only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The epoch of the view that named this leader.
    pub epoch: Epoch,
    /// The request ids, the products, how many of each.
    pub purchases: Vec<Purchase>,
}

/// An order that was placed, now or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Its number.
    pub number: OrderNumber,
}

/// Why an order was not placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PlaceError {
    /// Final, if this is the leader of the current view: nothing was sold.
    #[error("only {left} left in stock")]
    NotEnough {
        /// Pieces in stock when it was refused.
        left: u64,
        /// The leader's epoch now.
        epoch: Epoch,
    },
    /// Final: the catalog has no such product.
    #[error("no such product")]
    UnknownProduct,
    /// Final: the request id belongs to another order.
    #[error("the key was used for another order")]
    KeyReused,
    /// Not decided: this replica does not serve as leader, or no longer, or has too much to do.
    #[error("{0}")]
    NotServing(NotServing),
}

/// Why a replica does not answer for the order service. What was asked may or may not come to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum NotServing {
    /// It does not lead in the epoch named.
    #[error("this replica does not lead epoch {named}; its epoch is {current}")]
    NotLeader {
        /// The epoch that the caller named.
        named: Epoch,
        /// The epoch of this replica.
        current: Epoch,
    },
    /// It leads, but has not yet brought everyone in sync to its own book.
    #[error("this replica has just become leader of epoch {epoch} and is taking over")]
    TakingOver {
        /// Its epoch.
        epoch: Epoch,
    },
    /// It leads, but has too many orders waiting.
    #[error("too many orders are waiting")]
    Overloaded,
}

/// One order by its number. With an epoch, from the leader, linearizable; without, from what this replica
/// holds and knows to be acknowledged, which may lag behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// The epoch of the view that named this leader.
    pub epoch: Option<Epoch>,
    /// Which order.
    pub number: OrderNumber,
}

/// Acknowledged orders in their order, from the leader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The epoch of the view that named this leader.
    pub epoch: Epoch,
    /// Only orders with higher numbers.
    pub after: OrderNumber,
    /// How many at most.
    pub limit: u32,
}

/// What a replica is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Takes what a leader sends.
    Follower,
    /// Leads, but answers nobody yet.
    TakingOver,
    /// Leads and serves.
    Leader,
    /// Was made leader, and lacks orders that the catalog knows to be acknowledged: another must lead (rule M4).
    Unfit,
}

/// How is it?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {}

/// The answer to [`Status`] and to [`Announce`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// Which replica.
    pub id: ReplicaId,
    /// Its run.
    pub run: Run,
    /// All runs of its file, from the one on that a view named last: what it can stand for.
    pub line: Line,
    /// What it is doing.
    pub role: Role,
    /// Its epoch.
    pub epoch: Epoch,
    /// The last entry of its book.
    pub last: Position,
    /// The last order that it knows to be acknowledged.
    pub acknowledged: OrderNumber,
    /// The newest view that it has saved; none says that its file is new.
    pub view: Option<View>,
    /// Why the catalog does not sell to it, if it does not.
    pub hindered: Option<Refusal>,
}

/// Where does your book end?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {}

/// A view, from the front-end, to every replica: at a change, and again and again until its leader has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announce {
    /// The view.
    pub view: View,
}

/// Entries from the leader to a follower. It stands for the whole book up to the end of `entries`: the
/// follower refuses it unless it holds the entry before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendEntries {
    /// The leader's view.
    pub view: View,
    /// The entry before the first of `entries`.
    pub after: Position,
    /// Entries, numbered without gaps from `after.number + 1`; may be empty.
    pub entries: Vec<Entry>,
    /// Orders up to this number are acknowledged.
    pub acknowledged: OrderNumber,
}

/// The answer to [`AppendEntries`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppendReply {
    /// The book up to the last number *of that message* is on this follower's disk.
    Confirmed {
        /// Whose disk it is: the run of this follower (rule M3).
        run: Run,
        /// The epoch of the message.
        epoch: Epoch,
        /// The last number of the message.
        number: OrderNumber,
    },
    /// The entry before is not held.
    Missing {
        /// The follower's last entry that does not come after the missing one, in number or epoch: the books
        /// can agree no further than there.
        after: Position,
    },
    /// The message is of an older view or another front-end's, or this replica leads itself.
    Refused {
        /// The epoch of this replica.
        epoch: Epoch,
    },
}

/// A chunk of the leader's acknowledged orders, for a replica that catches up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchEntries {
    /// The epoch of the replica that asks.
    pub epoch: Epoch,
    /// The end of its book.
    pub after: Position,
    /// How many entries at most.
    pub limit: u32,
}

/// The answer to [`FetchEntries`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FetchReply {
    /// To be merged exactly like a [`AppendEntries`]; no entries means that nothing is missing.
    Entries(AppendEntries),
    /// The leader does not hold the entry there.
    Diverged {
        /// The leader's last entry that does not come after it, in number or epoch: the books can agree no
        /// further than there.
        after: Position,
    },
    /// This replica does not serve as leader.
    NotServing(NotServing),
}

/// A replica that is not in sync has caught up, and asks the leader to be counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// The replica that asks.
    pub replica: ReplicaId,
    /// Its run.
    pub run: Run,
    /// The epoch of the view that names the leader.
    pub epoch: Epoch,
}

/// Why a replica that asks is not counted. It asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum JoinError {
    /// The one that was asked does not lead.
    #[error("{0}")]
    NotServing(NotServing),
    /// The leader's own question did not come back from the process that asks (E5).
    #[error("the leader does not reach this replica at the address in its configuration")]
    NotReached,
    /// One that was counted has just been let go, and orders go on without any for a while (E5).
    #[error("the leader has just waited for one that did not confirm")]
    NotNow,
}

/// From the front-end, for an operator: the book of this replica is the one to go on with. What it lacks up to
/// `through`, which was acknowledged, is lost. Not for one that leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The run that is meant.
    pub run: Run,
    /// Where its book ends.
    pub last: Position,
    /// The epoch of the view that will name it.
    pub epoch: Epoch,
    /// The last number that the catalog knows to be acknowledged.
    pub through: OrderNumber,
}

/// Why a catalog was not rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum RebuildError {
    /// This replica does not lead, or has orders that are not on its disk yet.
    #[error("{0}")]
    NotServing(NotServing),
    /// The catalog refused.
    #[error("{0}")]
    Refused(Refusal),
    /// The catalog does not answer.
    #[error("the catalog does not answer")]
    Silent,
}

/// From the front-end, for an operator: fill the catalog's memory from your book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebuildCatalog {
    /// The epoch of the view that named this leader.
    pub epoch: Epoch,
}

rpcs! {
    Fill, "fill" => bool;
    RebuildCatalog, "rebuild-catalog" => Result<Rebuilt, RebuildError>;
    Place, "orders" => Vec<Result<Placed, PlaceError>>;
    Lookup, "order" => Result<Option<Order>, NotServing>;
    Page, "page" => Result<Vec<Order>, NotServing>;
    Status, "status" => ReplicaStatus;
    Last, "last" => Position;
    Announce, "leader" => ReplicaStatus;
    AppendEntries, "sync" => AppendReply;
    FetchEntries, "syncfrom" => FetchReply;
    Join, "join" => Result<(), JoinError>;
}
