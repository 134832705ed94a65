//! The network as an actor sees it: typed calls to peers known by [`NodeId`], never by address.
//!
//! A restarted actor is a new `Addr` under the same `NodeId`, so nobody may keep an `Addr` of a peer. On
//! the calling side a [`Net`] encodes a message and hands it to a [`Transport`]; on the answering side a
//! [`Bridge`] decodes it, sends it to the actor's mailbox and encodes the reply. HTTP and the simulated
//! network both connect a `Transport` to a `Bridge`; the actors cannot tell which.
//!
//! In front of each message is an [`Envelope`]: for whom it is, from whom, of which store. A bridge refuses what is
//! not for its node, and a net says so once, by name (rule M11).

mod bridge;
mod calls;
mod codec;
mod complaints;
mod errors;
mod names;
mod node_id;
mod rpc;
mod transport;

pub use bridge::Bridge;
pub use calls::Net;
pub use codec::{decode, encode, open};
pub use errors::{BridgeError, Denied, NetError};
pub use names::{Envelope, Identity, Misdirected, Mismatch};
pub use node_id::NodeId;
pub use rpc::Rpc;
pub(crate) use rpc::rpcs;
pub use transport::Transport;
