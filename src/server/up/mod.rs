//! `toystore up`: the whole store in one process.

mod announce;
mod bound;
mod command;
mod missing;
mod open;
mod store;
mod supervise;
#[cfg(test)]
mod tests;

pub use self::announce::announce;
pub use self::command::{Args, Prepared, run, say_addresses};
pub use self::open::open_all;
pub use self::store::{LocalStore, environment};
