//! What the shoppers were told, judged by checkers that nobody here wrote.
//!
//! Two checkers see nothing but a history ([`crate::history_file`]), from a simulated or a deployed run: `todc-utils`, which
//! searches for an order of the operations that their times and a specification allow (`book`, `stock`), and `adya`, which
//! looks for cycles among transactions (`transactions`). What is ours in this is only the question that is put to them.

mod book;
mod finding;
mod judge;
mod search;
mod stock;
mod timed;
mod transactions;

#[cfg(test)]
mod against_ours;
#[cfg(test)]
mod tests;

pub use finding::{CheckerReport, Finding};
pub use judge::judge;
