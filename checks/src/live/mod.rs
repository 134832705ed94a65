//! A verdict on a store that runs, for as long as it runs: by the same checks as at the end of a simulated run.
//!
//! [`LiveJudge`] is told what the front door answered, each operation with when it was asked and answered, and what was read of the
//! store itself: the leader's book, page by page, the replicas' books, the catalog's counts. It has no clock, no thread and no file. It may run
//! for hours, so it keeps no history, but what the checks need of it:
//!
//! - **Orders**: their numbers are their order, so what is needed of all that was told is when somebody was first told of a number so
//!   high (`orders.rs`); of the leader's book, the digests of its newest entries (`book.rs`); of keys, the numbers of
//!   their orders, which were refused, and of which nobody knows what became (`keys.rs`).
//! - **Stock** is judged a stretch at a time, from one moment at which nothing of the product is under way to the next
//!   (`product.rs`). A stretch that is too much to search counts as undecided, and the next begins where everybody agrees.
//! - **The catalog's counts** lie between what the book had before and what it has after (`stocks.rs`).
//!
//! What is told may come out of order, from several threads: nothing is judged before [`LiveJudge::advance`] says that all
//! which was asked before is there. Orders and lookups older than what is kept (a million orders, a hundred thousand of those told) are
//! not judged again. An order of unknown outcome may be sold at any time, until a leader that answers does not have it half a minute later.
//!
//! What is not judged live: whether a list has the catalog's order, because an import may change it.

mod arrivals;
mod book;
mod judge;
mod keys;
mod orders;
mod outcomes;
mod prices;
mod product;
mod products;
mod readings;
mod stocks;
mod verdict;

#[cfg(test)]
mod tests;

pub use judge::LiveJudge;
pub use readings::{BookPage, InventoryPage, ReplicaPage};
pub use verdict::Verdict;
