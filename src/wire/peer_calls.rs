//! Calls between the services.

/// What the services exchange among themselves: bincode, as [`toystore_actors::net::encode`] writes it.
pub const BINCODE: &str = "application/x-toystore-bincode";
