//! Product queries are linearizable, also those that a cache answers.

mod check;
mod search;
mod step;

#[cfg(test)]
mod tests;

pub(super) use check::check;
pub use search::{StockVerdict, search};
pub use step::{StockEffect, StockReset, StockStep};
