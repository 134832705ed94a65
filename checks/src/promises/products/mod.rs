//! Product queries are linearizable, also those that a cache answers.

mod check;
mod search;
mod step;

#[cfg(test)]
mod tests;

pub(super) use check::check;
pub(crate) use check::{contradicts, told_of};
pub(crate) use search::{Begin, Possibility, Walk, walk};
pub use search::{StockVerdict, search};
pub use step::{StockEffect, StockReset, StockStep};
pub(crate) use step::{bought, perhaps_bought, sights};
