//! Names a process: a node's own, or a second one under the node's name.
//!
//! To the store a node is one process. A person can start two: by a copied unit file, or by a machine that was taken
//! for dead. So a world keeps processes, disks and tasks by process; what the store's messages name are nodes.

use std::fmt;

use toystore_actors::net::NodeId;

/// A process of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId {
    /// The node that it says it is.
    pub node: NodeId,
    /// 0 is the node's own; 1, the one that there should not be.
    pub copy: u8,
}

impl ProcessId {
    /// The second process under a node's name.
    #[must_use]
    pub fn second(node: NodeId) -> ProcessId {
        ProcessId { node, copy: 1 }
    }

    /// Whether it is the node's own.
    #[must_use]
    pub fn is_own(self) -> bool {
        self.copy == 0
    }

    /// A number that no other process has.
    #[must_use]
    pub fn number(self) -> u32 {
        let node = match self.node {
            NodeId::FrontEnd(number) => 0x100 + u32::from(number.get()),
            NodeId::Catalog => 0x200,
            NodeId::Order(id) => 0x300 + u32::from(id.get()),
        };
        node | u32::from(self.copy) << 16
    }
}

impl From<NodeId> for ProcessId {
    fn from(node: NodeId) -> ProcessId {
        ProcessId { node, copy: 0 }
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two letters: `order-2` and `order-2b`.
        write!(f, "{}{}", self.node, if self.is_own() { "" } else { "b" })
    }
}
