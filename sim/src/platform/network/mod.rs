//! The simulated network.

mod conditions;
mod links;
mod packet;

pub use conditions::NetworkConditions;
pub use links::{Arrival, Network, NetworkCounts};
pub use packet::{Endpoint, Packet, PacketContent};
