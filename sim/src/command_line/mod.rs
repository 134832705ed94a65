//! The command line of `toystore-sim`.

mod args;
mod bugs;
mod error;
mod files;
mod judge;
mod program;
mod progress;
mod replay;
mod scenarios;
mod seeds;

pub use program::main;
