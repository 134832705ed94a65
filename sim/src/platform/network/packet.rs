//! What travels on the network, and between whom.

use std::fmt;

use bytes::Bytes;
use toystore_actors::net::NetError;

use crate::platform::process::ProcessId;

/// Who sends and receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// A process of the store.
    Process(ProcessId),
    /// A shopper; never crashes.
    Client(u8),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Process(process) => process.fmt(f),
            Endpoint::Client(number) => write!(f, "client-{number}"),
        }
    }
}

/// What travels.
#[derive(Debug, Clone)]
pub enum PacketContent {
    /// A call.
    Request(Bytes),
    /// What it was answered with.
    Reply(Result<Bytes, NetError>),
}

/// One message under way.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The call that it is, or answers.
    pub call: u64,
    /// Who sent it.
    pub from: Endpoint,
    /// To whom.
    pub to: Endpoint,
    /// The message's name on the wire; a reply has its call's.
    pub name: &'static str,
    /// The message.
    pub content: PacketContent,
}
