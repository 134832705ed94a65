//! What a follower does with a leader's entries (rules B1 to B3, and M6): decided where the newest view and the book on
//! disk are known, carried out by the transaction that asked.

use crate::bugs::order as bent;
use crate::domain::{Entry, Epoch, OrderNumber, Position, ReplicaId, Run, View};
use crate::messages::order::{AppendEntries, AppendReply};
use crate::order::summary::BookSummary;

/// Whose book it is, and what it must not lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follower {
    /// The replica.
    pub id: ReplicaId,
    /// Its run.
    pub run: Run,
    /// Known to be acknowledged: never cut.
    pub acknowledged: OrderNumber,
}

/// The entries that are held, as far as a merge asks.
pub trait Held {
    /// Why they could not be read.
    type Error;

    /// The epoch of the entry of this number; `None` if there is none. The place before the first is everyone's.
    ///
    /// # Errors
    /// When they cannot be read.
    fn epoch_at(&self, number: OrderNumber) -> Result<Option<Epoch>, Self::Error>;

    /// The last entry that comes after `bound` neither in number nor in epoch.
    ///
    /// # Errors
    /// When they cannot be read.
    fn last_at_most(&self, bound: Position) -> Result<Position, Self::Error>;
}

/// One change of a book, in a transaction with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookChange {
    /// Follow this view from now on.
    SaveView(View),
    /// Remove every entry after this number: no leader has acknowledged one.
    CutAfter(OrderNumber),
    /// Append these.
    Append(Vec<Entry>),
}

/// What is to be done with a message, and answered once that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// In this order.
    pub changes: Vec<BookChange>,
    /// The answer.
    pub reply: AppendReply,
}

/// The leader holds another order under a number that this follower knows to be acknowledged: nothing may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the leader holds another order {number} than this replica, which knows orders up to {acknowledged} to be acknowledged"
)]
pub struct Contradiction {
    /// The first number that differs.
    pub number: OrderNumber,
    /// Up to where orders are known to be acknowledged.
    pub acknowledged: OrderNumber,
}

/// Decides on a message: an older view is refused, a newer one saved in the transaction whose answer names it (B3); the
/// entry before must be held (B2); the tail is cut at the first entry whose epoch differs and nowhere else (B1); what is
/// confirmed is the end of this message (B2).
///
/// # Errors
/// When the book cannot be read.
pub fn merge<H: Held>(
    message: &AppendEntries,
    follower: Follower,
    summary: &BookSummary,
    held: &H,
) -> Result<Result<Merge, Contradiction>, H::Error> {
    let AppendEntries { view, after, entries, .. } = message;
    let followed = summary.view.as_ref();
    let same = followed.is_some_and(|followed| view.is(followed));
    let newer = !same && view.may_follow(followed);
    if bent::is_old_view(!same && !newer) || view.leader == follower.id {
        let reply = AppendReply::Refused { epoch: summary.epoch() };
        return Ok(Ok(Merge { changes: Vec::new(), reply }));
    }
    let mut changes = Vec::new();
    if bent::saves_newer_view(newer) {
        changes.push(BookChange::SaveView(view.clone()));
    }
    if bent::lacks_entry_before(held.epoch_at(after.number)? != Some(after.epoch)) {
        let reply = AppendReply::Missing { after: held.last_at_most(*after)? };
        return Ok(Ok(Merge { changes, reply }));
    }
    let mut last = summary.last.number;
    let new = first_new(entries, last, held)?;
    let message_ends = after.number + entries.len() as u64;
    let mut cut = None;
    if let Some(first) = entries.get(new) {
        cut = (first.number <= last).then(|| first.number.before());
        last = message_ends;
    }
    if let Some(after) = cut.or_else(|| bent::cut_after_message(message_ends, last)) {
        if after < follower.acknowledged {
            let acknowledged = follower.acknowledged;
            return Ok(Err(Contradiction { number: after + 1, acknowledged }));
        }
        changes.push(BookChange::CutAfter(after));
    }
    if new < entries.len() {
        changes.push(BookChange::Append(entries[new..].to_vec()));
    }
    let number = bent::confirms(message_ends, last);
    let reply = AppendReply::Confirmed { run: follower.run, epoch: view.epoch, number };
    Ok(Ok(Merge { changes, reply }))
}

/// The index of the first entry that the book does not hold.
fn first_new<H: Held>(entries: &[Entry], last: OrderNumber, held: &H) -> Result<usize, H::Error> {
    for (index, entry) in entries.iter().enumerate() {
        if entry.number > last || bent::entry_differs(held.epoch_at(entry.number)? != Some(entry.epoch)) {
            return Ok(index);
        }
    }
    Ok(entries.len())
}
