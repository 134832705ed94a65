//! What a new leader completes: the purchases that its predecessors left without an order (A4, C7). A book that lacks what
//! is settled must not be led by (M4), and its orders must be the purchases of their numbers (M5), with their receipts (C8).

use super::request_table::Sold;
use crate::bugs::order as bent;
use crate::domain::{Entry, OrderNumber, RequestId, SoldPurchase};

/// What the catalog's answer means to a new leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The book lacks what is settled: another must lead.
    Unfit,
    /// Compare the entries after `settled`, so many, with the purchases.
    Compare {
        /// Up to here everything is settled.
        after: OrderNumber,
        /// How many entries there are after it.
        entries: usize,
    },
}

/// What a new leader does about the purchases that are not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// An order in its book is not the purchase of its number: it must not lead.
    Differs(OrderNumber, RequestId),
    /// So many of the purchases have their orders in the book; the others are to be appended, if there are any.
    Append { in_book: usize, missing: Option<Sold> },
}

/// The book of a new leader ends at `last`, and orders up to `settled` are settled.
pub fn claim(settled: OrderNumber, last: OrderNumber) -> Claim {
    if bent::lacks_settled(last < settled) {
        return Claim::Unfit;
    }
    // As many as there are, if memory has room for them.
    let entries = usize::try_from(last.since(settled)).unwrap_or(usize::MAX);
    Claim::Compare { after: settled, entries }
}

/// `held` are the entries after `settled` that are on disk, of a book that ends at `last`; `unsettled` are the purchases after
/// it, in the order of their numbers.
pub fn complete(
    settled: OrderNumber,
    held: &[Entry],
    last: OrderNumber,
    unsettled: &[SoldPurchase],
) -> Completion {
    let differs = |(entry, sold): (&Entry, &SoldPurchase)| {
        (!entry.is_of(sold)).then(|| (entry.number, sold.purchase.key.clone()))
    };
    if let Some((number, key)) = held.iter().zip(unsettled).find_map(differs) {
        return Completion::Differs(number, key);
    }
    let in_book = usize::try_from(last.since(settled)).unwrap_or(usize::MAX).min(unsettled.len());
    let missing = &unsettled[in_book..];
    let first = settled + 1 + in_book as u64;
    let missing =
        bent::completes_unsettled(!missing.is_empty()).then(|| Sold { first, purchases: missing.to_vec() });
    Completion::Append { in_book, missing }
}
