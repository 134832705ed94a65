//! `toystore recover`: what an operator does about a service whose files are damaged or gone. Each command first
//! makes sure that nothing acknowledged depends on what it does, and says why it refuses.

mod catalog;
mod command;
mod front_end;
mod go_on;
mod replica;

pub use self::command::{Args, run};
