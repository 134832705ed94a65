//! Messages that have a reply.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A message that one service sends to another and that has one reply.
pub trait Rpc:
    actix::Message<Result = <Self as Rpc>::Reply> + Serialize + DeserializeOwned + Send + 'static
{
    /// The message's name on the wire; also the last part of its path over HTTP.
    const NAME: &'static str;
    /// What it is answered with.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
}

/// Declares message types with their wire names and replies: `Type, "name" => Reply;`.
macro_rules! rpcs {
    ($($message:ty, $name:literal => $reply:ty;)*) => {$(
        impl actix::Message for $message {
            type Result = $reply;
        }
        impl $crate::net::Rpc for $message {
            const NAME: &'static str = $name;
            type Reply = $reply;
        }
    )*};
}
pub(crate) use rpcs;
