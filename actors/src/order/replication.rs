//! What stands between the placing of orders and the replication of the book.
//!
//! [`super::pipeline::OrderPipeline`] turns requests into purchases and purchases into entries; a [`Replication`] makes
//! entries survive. Neither knows how the other does it, so another way to replicate (Raft, say) takes the
//! place of [`super::replica`] without a change above.

use super::request_table::Sold;
use crate::domain::{Epoch, Line, OrderNumber, Term};
use crate::messages::catalog::{Leadership, Refusal};
use crate::messages::order::NotServing;

/// A replica's standing at one moment, as far as it may answer for the order service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The epoch in which it took over: what fences its purchases at the catalog.
    pub term: Term,
    /// The epoch of its view now; changes of the in-sync set raise it within a term.
    pub epoch: Epoch,
    /// Orders up to this number are acknowledged, and those after it nobody may see yet.
    pub acknowledged: OrderNumber,
}

/// The leader's side of a replicated order book.
pub trait Replication {
    /// Whether this replica serves as leader for a caller that names epoch `named`.
    ///
    /// # Errors
    /// [`NotServing`], saying why not.
    fn standing(&self, named: Epoch) -> Result<Standing, NotServing>;

    /// Whether `term` still lasts.
    fn leads_in(&self, term: Term) -> bool;

    /// What this leader shows the catalog now, with the line of its view; `None` once `term` has ended.
    fn leadership(&self, term: Term) -> Option<(Leadership, Line)>;

    /// Makes purchases the next entries of the book, under their numbers. They are acknowledged later, all or none in
    /// their order ([`Observer::acknowledged`]). False when the term has ended, as it does here when these are not
    /// the next numbers: then the catalog's memory and this book are not of one store, or one of them is older (M5).
    fn append(&self, term: Term, sold: &Sold) -> bool;

    /// Says why the catalog does not sell to this leader; `None` when it does.
    fn hindered(&self, why: Option<Refusal>);

    /// Says that the book lacks what the catalog knows to be acknowledged: the term ends, and this replica must not
    /// lead (M4).
    fn unfit(&self, term: Term);

    /// Says that a newer term than this one has been seen: it ends here and now, whoever leads instead.
    fn superseded(&self, term: Term);

    /// Says that everything a new leader had to append before it serves has been appended.
    fn inheritance_appended(&self, term: Term);
}

/// What a [`Replication`] tells those that build on it.
pub trait Observer {
    /// This replica leads from now on, but does not serve yet: it must first append what its predecessor left.
    fn took_over(&self, term: Term);

    /// All the book so far is acknowledged, and the replica serves.
    fn serving(&self, standing: Standing);

    /// Orders up to this number are acknowledged.
    fn acknowledged(&self, standing: Standing);

    /// The term has ended. What was not acknowledged may yet be, by another leader.
    fn deposed(&self);
}
