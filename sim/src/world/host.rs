//! What a process of a node gets from its machine: a clock, a network, files, and somebody to tell of events.

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use toystore_actors::host::Host;
use toystore_actors::net::{Identity, Net, NodeId};
use toystore_actors::probe::{Event, Probe};

use super::node_storage::NodeStorage;
use super::state::World;
use super::transport::SimTransport;
use crate::nodes::FRONT_END;
use crate::platform::clock::NodeClock;
use crate::platform::network::Endpoint;
use crate::platform::process::ProcessId;

impl World {
    /// What a process gets from its machine.
    pub(super) fn host(&self, id: ProcessId, incarnation: u32, alive: &Rc<Cell<bool>>) -> Host {
        let clock = Arc::new(NodeClock::new(self.timeline.clone(), self.setup.clock(id.node)));
        let transport =
            SimTransport { world: self.me.clone(), from: Endpoint::Process(id), alive: alive.clone() };
        let replicas = self.configured(id.node).into_iter().map(NodeId::Order);
        let others = replicas.chain([FRONT_END, NodeId::Catalog]);
        let identity = Arc::new(Identity::new(id.node, others));
        let world = self.me.clone();
        let still = alive.clone();
        Host {
            id: id.node,
            identity: identity.clone(),
            net: Net::new(identity, Rc::new(transport), clock.clone()),
            storage: Rc::new(NodeStorage::new(self.me.clone(), id, self.disks[&id].clone(), alive.clone())),
            clock,
            probe: Rc::new(NodeProbe { id, world: self.me.clone(), alive: alive.clone() }),
            on_failure: Rc::new(move |_, failure| {
                if let Some(world) = world.upgrade()
                    && still.get()
                {
                    world.failed(id, incarnation, &failure);
                }
            }),
        }
    }
}

struct NodeProbe {
    id: ProcessId,
    world: Weak<World>,
    alive: Rc<Cell<bool>>,
}

impl Probe for NodeProbe {
    fn record(&self, _: NodeId, event: &Event) {
        if let Some(world) = self.world.upgrade()
            && self.alive.get()
        {
            world.event(self.id, event);
        }
    }
}
