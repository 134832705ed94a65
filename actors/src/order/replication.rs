//! What stands between the placing of orders and the replication of the book.
//!
//! [`super::desk::Desk`] turns requests into purchases and purchases into entries; a [`Replication`] makes
//! entries survive. Neither knows how the other does it, so another way to replicate (Raft, say) takes the
//! place of [`super::leader`] without a change above.

use super::messages::NotServing;
use crate::domain::{Epoch, OrderNumber, Purchase};

/// A replica's standing at one moment, as far as it may answer for the order service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The epoch in which it took over: what fences its purchases at the catalog.
    pub reign: Epoch,
    /// The epoch of its view now; changes of the in-sync set raise it within a reign.
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

    /// Whether `reign` still lasts.
    fn reigns(&self, reign: Epoch) -> bool;

    /// Makes purchases the next entries of the book, and says the number of the first. They are acknowledged
    /// later, all or none in their order ([`Observer::acknowledged`]). `None` when the reign has ended.
    fn append(&self, reign: Epoch, purchases: Vec<Purchase>) -> Option<OrderNumber>;

    /// Says that a newer reign than this one has been seen: it ends here and now, whoever leads instead.
    fn superseded(&self, reign: Epoch);

    /// Says that everything a new leader had to append before it serves has been appended.
    fn inheritance_appended(&self, reign: Epoch);
}

/// What a [`Replication`] tells those that build on it.
pub trait Observer {
    /// This replica leads from now on, but does not serve yet: it must first append what its predecessor left.
    fn took_over(&self, reign: Epoch);

    /// All the book so far is acknowledged, and the replica serves.
    fn serving(&self, standing: Standing);

    /// Orders up to this number are acknowledged.
    fn acknowledged(&self, standing: Standing);

    /// The reign has ended. What was not acknowledged may yet be, by another leader.
    fn deposed(&self);
}
