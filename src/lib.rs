//! The deployed toy store: the actors of `toystore-actors` on real clocks, disks and networks.
//!
//! It is a library for its own program and its own benches, and promises nothing to others.

mod advice;
mod asking;
pub mod backup;
pub mod catalog;
pub mod config;
mod failure;
pub mod host;
pub mod http;
pub mod inspect;
pub mod logging;
pub mod node;
mod progress;
pub mod recover;
mod rejoin;
pub mod restore;
pub mod serve;
pub mod services;
pub mod shop;
pub mod stop;
pub mod up;
mod utc;

pub use failure::Failure;
