//! A host that keeps what the actor on it told and left on its disk.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::clock::VirtualClock;
use super::disk::MemoryDisk;
use super::events::KeptEvents;
use crate::host::{Failure, Host};
use crate::net::{Identity, Net, NodeId, Transport};

/// A node's world, which outlives its actors.
#[derive(Clone)]
pub struct TestHost {
    pub clock: VirtualClock,
    pub disk: MemoryDisk,
    pub events: Rc<KeptEvents>,
    /// What the host was told when an actor ended by itself.
    pub failures: Rc<RefCell<Vec<Failure>>>,
}

impl TestHost {
    /// An empty disk; time begins now.
    pub fn new() -> TestHost {
        TestHost {
            clock: VirtualClock::start(),
            disk: MemoryDisk::default(),
            events: Rc::default(),
            failures: Rc::default(),
        }
    }

    /// The host of a new actor, which knows these peers and reaches them by this transport.
    pub fn host(
        &self,
        id: NodeId,
        peers: impl IntoIterator<Item = NodeId>,
        transport: Rc<dyn Transport>,
    ) -> Host {
        let (clock, failures) = (Arc::new(self.clock), self.failures.clone());
        let identity = Arc::new(Identity::new(id, peers));
        Host {
            id,
            identity: identity.clone(),
            net: Net::new(identity, transport, clock.clone()),
            storage: Rc::new(self.disk.clone()),
            clock,
            probe: self.events.clone(),
            on_failure: Rc::new(move |_, failure| failures.borrow_mut().push(failure)),
        }
    }
}
