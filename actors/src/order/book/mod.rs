//! The order book on disk: a redb file with the entries, an index of their request ids, and the newest view.
//!
//! Everything here is synchronous and runs in a storage job; [`super::writer`] puts what waits into one
//! transaction. Orders live on disk only, so a book of any length costs no memory.

mod convert;
pub mod read;
mod restore;
pub mod scan;
mod tables;
mod write;

#[cfg(test)]
mod tests;

pub use super::summary::BookSummary;
pub use convert::convert;
pub use restore::restore;
pub use write::{Write, Written, apply, begin_run};
