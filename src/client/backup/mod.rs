//! `toystore backup`: copies the orders and the stock of a running store into a directory, of which `toystore restore`
//! makes a new store.

mod command;
mod copy;
mod pages;

pub use self::command::{Args, run};
