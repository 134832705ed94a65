//! The network as an endpoint sees it.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use bytes::Bytes;
use futures_util::future::{self, LocalBoxFuture};
use toystore_actors::net::{NetError, NodeId, Transport};

use super::state::World;
use crate::platform::network::Endpoint;

/// Sends the calls of one endpoint, for as long as it is alive.
pub(super) struct SimTransport {
    pub(super) world: Weak<World>,
    pub(super) from: Endpoint,
    pub(super) alive: Rc<Cell<bool>>,
}

impl Transport for SimTransport {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        match self.world.upgrade() {
            Some(world) if self.alive.get() => world.call(self.from, to, name, body),
            _ => Box::pin(future::pending()),
        }
    }
}
