//! The rules of an order replica (docs/protocol.md): synchronous types that take what happened and say what to do. They
//! wait for nothing, send nothing and read no disk; [`super::replica`] and [`super::pipeline`] do what they say.
//!
//! - [`ReplicaRules`]: adopting views, taking over, leading, stepping down, counting those who join (A, B3, D, E, M);
//! - [`LeaderState`]: what a leader has promised and may acknowledge, within its term (A1, A4, D3, D4, D6);
//! - [`merge()`]: what a follower does with a leader's entries (B);
//! - [`SendState`]: what to send to one replica next, and when to give it up (E3, E4, M10);
//! - [`catch_up`]: what a replica that is not in sync does next;
//! - [`inheritance`]: what a new leader completes, or why it must not lead (A4, M4, M5);
//! - [`buying`]: what comes of a call to the catalog (C5);
//! - [`RequestTable`]: what becomes of a request (A2, A3, C2, C3, C6).

pub mod buying;
pub mod catch_up;
mod command;
mod following;
mod in_sync_set;
pub mod inheritance;
mod leader_state;
mod leading;
mod merge;
mod peer;
mod replica_rules;
mod request_table;
mod send_state;
mod views;

#[cfg(test)]
mod tests;

pub use command::{Command, Serving};
pub use in_sync_set::JoinStep;
pub use leader_state::LeaderState;
pub use merge::{BookChange, Follower, Held, Merge, merge};
pub use replica_rules::{Me, ReplicaRules};
pub use request_table::{Batch, PlaceReply, Placement, RequestTable, Sold};
pub use send_state::{SendState, Step};
