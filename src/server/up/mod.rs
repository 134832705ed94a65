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

pub use self::command::{Args, run};
