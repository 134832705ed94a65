//! The lab between the nodes and the machine.

use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use toystore_actors::net::{NodeId, Transport};
use toystore_actors::storage::Storage;

use super::disk::LabStorage;
use super::incarnation::Pausable;
use super::network::{LabTransport, Network};
use super::node::Nodes;
use crate::server::host::{Gate, Interposer};

/// What stands between the nodes and the machine. The front-end has the lab's network alone.
pub struct Between {
    pub nodes: Arc<Nodes>,
    pub network: Arc<Network>,
}

impl Interposer for Between {
    fn storage(&self, node: NodeId, files: Rc<dyn Storage>) -> Rc<dyn Storage> {
        match self.nodes.get(node) {
            Some(node) => Rc::new(LabStorage::new(files, node.incarnation(), node.disk.clone())),
            None => files,
        }
    }

    fn transport(&self, node: NodeId, transport: Rc<dyn Transport>) -> Rc<dyn Transport> {
        Rc::new(LabTransport::new(node, self.network.clone(), self.nodes.clone(), transport))
    }

    fn run(&self, node: NodeId, actor: LocalBoxFuture<'static, ()>) -> LocalBoxFuture<'static, ()> {
        match self.nodes.get(node) {
            Some(node) => Box::pin(Pausable::new(node.incarnation(), actor)),
            None => actor,
        }
    }

    fn gate(&self, node: NodeId) -> Option<Arc<dyn Gate>> {
        self.nodes.get(node).map(|node| -> Arc<dyn Gate> { node.incarnation() })
    }
}
