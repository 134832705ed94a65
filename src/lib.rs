//! The deployed toy store: the actors of `toystore-actors` on real clocks, disks and networks.
//!
//! It is a library for its own program and its own benches, and promises nothing to others.

mod advice;
mod backup_format;
pub mod client;
pub mod config;
pub mod console;
pub mod files;
pub mod lab;
pub mod offline;
pub mod process;
pub mod server;
mod wire;

pub use console::failure::Failure;
