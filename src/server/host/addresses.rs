//! Where the services listen.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::RwLock;
use toystore_actors::net::NodeId;

/// Where each service listens, as far as is known: as it is configured or, of one of this process, where it got a place.
/// Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Addresses(Arc<RwLock<BTreeMap<NodeId, SocketAddr>>>);

impl Addresses {
    /// As they are configured.
    pub fn configured(addresses: &BTreeMap<NodeId, SocketAddr>) -> Addresses {
        Addresses(Arc::new(RwLock::new(addresses.clone())))
    }

    /// A service of this process listens here.
    pub fn listens(&self, node: NodeId, address: SocketAddr) {
        self.0.write().insert(node, address);
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<NodeId, SocketAddr> {
        self.0.read().clone()
    }
}
