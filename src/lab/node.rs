//! The nodes that can be broken, and how each is.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use toystore_actors::net::{NetError, NodeId};

use super::disk::Disk;
use super::incarnation::Incarnation;

/// How a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It runs.
    Running,
    /// It is held still.
    Paused,
    /// Somebody ended it.
    Crashed,
    /// It ended by itself, or did not start, for this reason.
    Stopped(String),
}

/// A node that can be broken.
#[derive(Debug)]
pub struct LabNode {
    /// Its disk, whichever incarnation uses it.
    pub disk: Arc<Disk>,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    incarnation: Arc<Incarnation>,
    /// Why it does not run, if it does not.
    ended: Option<Condition>,
}

impl LabNode {
    fn new() -> LabNode {
        let current = Current { incarnation: Arc::default(), ended: None };
        LabNode { disk: Arc::default(), current: Mutex::new(current) }
    }

    /// The one that runs, or ran last.
    pub fn incarnation(&self) -> Arc<Incarnation> {
        self.current.lock().incarnation.clone()
    }

    /// How it is.
    pub fn condition(&self) -> Condition {
        let current = self.current.lock();
        match &current.ended {
            Some(ended) => ended.clone(),
            None if current.incarnation.is_paused() => Condition::Paused,
            None => Condition::Running,
        }
    }

    /// It is about to be started anew.
    pub fn begin(&self) {
        let mut current = self.current.lock();
        current.incarnation.kill();
        *current = Current { incarnation: Arc::default(), ended: None };
    }

    /// Somebody ends it: it writes and sends nothing more.
    pub fn crash(&self) {
        let mut current = self.current.lock();
        current.incarnation.kill();
        current.ended = Some(Condition::Crashed);
    }

    /// It ends by itself, or did not start. Says whether that is news: what is gone already cannot fail any more.
    pub fn stop(&self, why: String) -> bool {
        let mut current = self.current.lock();
        if current.incarnation.is_gone() {
            return false;
        }
        current.incarnation.kill();
        current.ended = Some(Condition::Stopped(why));
        true
    }
}

/// The nodes that can be broken: all but the front-end, whose server is the way into the lab.
#[derive(Debug)]
pub struct Nodes(BTreeMap<NodeId, LabNode>);

impl Nodes {
    /// All of these, running.
    pub fn new(ids: impl IntoIterator<Item = NodeId>) -> Nodes {
        let breakable = |id: &NodeId| !matches!(id, NodeId::FrontEnd(_));
        Nodes(ids.into_iter().filter(breakable).map(|id| (id, LabNode::new())).collect())
    }

    /// One of them.
    pub fn get(&self, id: NodeId) -> Option<&LabNode> {
        self.0.get(&id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &LabNode)> {
        self.0.iter().map(|(id, node)| (*id, node))
    }

    /// Holds an answer back as long as the node that gave it is held still.
    pub async fn once_moving(&self, id: NodeId, answer: Result<Bytes, NetError>) -> Result<Bytes, NetError> {
        let Some(node) = self.get(id) else { return answer };
        let incarnation = node.incarnation();
        if !incarnation.is_paused() || incarnation.moving().await { answer } else { Err(NetError::Lost) }
    }
}
