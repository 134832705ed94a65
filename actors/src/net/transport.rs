//! What carries calls, handed in.

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;

use super::errors::NetError;
use super::node_id::NodeId;

/// Carries encoded calls to a node and brings back the encoded reply to *that very call*.
///
/// Dropping the returned future does not recall a message that is already on its way.
pub trait Transport {
    /// Sends `body`, a message of the name `name`, to `to`.
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>>;

    /// Where a node is, by the configuration, as a person would look for it there.
    fn place(&self, _: NodeId) -> Option<String> {
        None
    }
}
