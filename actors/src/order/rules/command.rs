//! What the rules of a replica have its shell do.

use crate::domain::{Entry, Epoch, OrderNumber, ReplicaId, Term};
use crate::probe::ReplicaEvent;

/// A leader that answers for the order service, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serving {
    /// The term in which it leads: what fences its purchases at the catalog.
    pub term: Term,
    /// The epoch of its view now; changes of the in-sync set raise it within a term.
    pub epoch: Epoch,
    /// Orders up to this number are acknowledged, and those after it nobody may see yet.
    pub acknowledged: OrderNumber,
}

/// One thing to do. Those that are returned together are done at once, in their order, before anything else happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Tell the probe.
    Tell(ReplicaEvent),
    /// Hand these own entries to the disk; then say that they are durable.
    Write { term: Term, entries: Vec<Entry> },
    /// Send the book to these replicas, each for as long as the term lasts. The suspect gets less time to answer for the
    /// first time: it led before, and was replaced because it did not answer.
    Replicate { term: Term, peers: Vec<ReplicaId>, suspect: Option<ReplicaId> },
    /// Wake those that send the book: there may be something to send, or nothing to do any more.
    WakeReplicators,
    /// Ask the catalog what the leaders before have left, and append it.
    Inherit(Term),
    /// Take requests from now on.
    Serve(Serving),
    /// Orders are acknowledged: answer those who wait.
    Acknowledge(Serving),
    /// The term has ended: what was not acknowledged may yet be, by another leader.
    StopServing,
}
