//! The toy store's services as actix actors.
//!
//! Nothing in this crate knows HTTP, reads a real clock, opens a real file or draws unseeded randomness: an
//! actor is given a [`host::Host`] and touches nothing else. The same actors run deployed and simulated.

pub mod bugs;
pub mod catalog;
pub mod clock;
pub mod domain;
mod duplicate_processes;
pub mod front_end;
pub mod host;
mod lifecycle;
pub mod messages;
pub mod net;
pub mod order;
pub mod probe;
mod refusals;
mod retry;
pub mod settings;
pub mod storage;
pub mod tasks;
#[cfg(test)]
mod test_doubles;
pub mod view_service;
