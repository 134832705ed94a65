//! Within one process, from one node to the other's bridge.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use parking_lot::RwLock;
use toystore_actors::net::{Bridge, NetError, NodeId, Transport};

use crate::server::host::Links;

/// The running nodes of this process. A node that is down is not in it.
#[derive(Debug, Clone, Default)]
pub struct Registry(Arc<RwLock<BTreeMap<NodeId, Arc<Bridge>>>>);

impl Registry {
    /// Lets the others reach a node.
    pub fn insert(&self, id: NodeId, bridge: Arc<Bridge>) {
        self.0.write().insert(id, bridge);
    }

    /// A node is down; calls to it are refused from now on.
    pub fn remove(&self, id: NodeId) {
        self.0.write().remove(&id);
    }
}

impl Links for Registry {
    fn transport(&self) -> Rc<dyn Transport> {
        Rc::new(LocalTransport(self.clone()))
    }

    fn stopped(&self, nodes: &BTreeSet<NodeId>) -> Vec<NodeId> {
        let running = self.0.read();
        nodes.iter().copied().filter(|node| !running.contains_key(node)).collect()
    }
}

/// Calls into the other node's bridge directly.
struct LocalTransport(Registry);

impl Transport for LocalTransport {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        let bridge = self.0.0.read().get(&to).cloned();
        Box::pin(async move {
            let bridge = bridge.ok_or(NetError::Refused)?;
            Ok(bridge.dispatch(name, body).await?)
        })
    }
}
