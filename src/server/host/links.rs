//! How nodes reach each other.

use std::collections::BTreeSet;
use std::rc::Rc;

use toystore_actors::net::{NodeId, Transport};

/// How the nodes of this process reach their peers. A transport belongs to one thread, so each node makes
/// its own from this.
pub trait Links: Send + Sync {
    /// A transport for the current thread.
    fn transport(&self) -> Rc<dyn Transport>;

    /// Those of these nodes that were to run in this process, and do not.
    fn stopped(&self, _: &BTreeSet<NodeId>) -> Vec<NodeId> {
        Vec::new()
    }
}
