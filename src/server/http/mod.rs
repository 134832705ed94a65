//! The services' doors on the network: routes, the shapes of answers and errors, and the way to the peers.

pub(crate) mod backup;
mod connection;
mod errors;
pub mod front_end;
pub(crate) mod internal;
mod request;
pub mod server;
pub(crate) mod shape;
mod together;

/// What the services exchange among themselves: bincode, as [`toystore_actors::net::encode`] writes it.
pub const BINCODE: &str = "application/x-toystore-bincode";
