//! What the view service is asked by leaders, by the catalog and by operators, and what it answers.

use serde::{Deserialize, Serialize};

use super::catalog::Rebuilt;
use crate::domain::{Epoch, OrderNumber, ReplicaId, Run, View};
use crate::net::rpcs;

/// Who leads?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetView {}

/// How a leader wants the in-sync set to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InSyncChange {
    /// This replica did not confirm in time.
    Drop(ReplicaId),
    /// This run of the replica has confirmed everything acknowledged in this term. It replaces any other run that is
    /// the member of that number.
    Add(ReplicaId, Run),
}

/// From a leader: change the in-sync set of the view of this epoch. Answered with the view that is current
/// afterwards, whether or not it was changed by this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeView {
    /// The front-end's run whose view the leader wants to change.
    pub by: Run,
    /// The epoch of that view.
    pub epoch: Epoch,
    pub leader: ReplicaId,
    pub change: InSyncChange,
}

/// An operator goes on without those that do not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
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

rpcs! {
    GetView, "view" => Option<View>;
    ChangeView, "change-view" => Option<View>;
    Recover, "recover" => Result<Recovery, NotRecovered>;
    RecoverCatalog, "recover-catalog" => Result<Rebuilt, NotRecovered>;
    Vouch, "vouch" => Option<Vouched>;
}
