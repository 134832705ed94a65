//! Addresses in a world: which process a call reaches, and which replicas a node's configuration has.

use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;

use super::{MILLI, World};
use crate::clock::Due;
use crate::faults::Fault;
use crate::network::Endpoint;
use crate::process::ProcessId;

/// For how long a node is stopped that reads its configuration anew.
const RELOADING_MS: u64 = 30;

impl World {
    /// The process that a call reaches: the node's own, unless the caller has a wrong address for it.
    pub(super) fn address(&self, from: Endpoint, to: NodeId) -> ProcessId {
        let trouble = self.trouble.borrow();
        let wrong = trouble.active.values().filter(|_| trouble.addresses_wrong);
        wrong.into_iter().find_map(|fault| wrong_address(fault, from, to)).unwrap_or(to.into())
    }

    /// The replicas of a node's configuration. A replica is always in its own.
    pub(super) fn configured(&self, node: NodeId) -> Vec<ReplicaId> {
        let trouble = self.trouble.borrow();
        let left_out = |id: &ReplicaId| {
            NodeId::Order(*id) != node
                && trouble.active.values().any(|fault| {
                    matches!(fault, Fault::Reconfigure { without, at, .. }
                        if *without == NodeId::Order(*id) && (at.is_empty() || at.contains(&node)))
                })
        };
        self.setup.replicas.iter().copied().filter(|id| !left_out(id)).collect()
    }

    /// Restarts the nodes whose configuration has changed, one after the other.
    pub(super) fn reload(&self, fault: &Fault) {
        let Fault::Reconfigure { without, at, gap_ms, .. } = fault else { return };
        let nodes = self.setup.nodes().into_iter().filter(|node| node != without);
        for (node, turn) in nodes.filter(|node| at.is_empty() || at.contains(node)).zip(0..) {
            self.timeline.after(turn * gap_ms * MILLI, Due::Reload(node));
        }
    }

    /// Restarts a node, so that it reads its configuration anew.
    pub(super) fn reload_one(&self, node: NodeId) {
        if !self.trouble.borrow().healed {
            self.crash_for(node, false, RELOADING_MS, "restarted with another configuration");
        }
    }

    /// Stops the processes that do not have the configuration that they should have; they are started again.
    pub(super) fn stop_misconfigured(&self) {
        let stale: Vec<ProcessId> = {
            let processes = self.processes.borrow();
            let stale = processes.iter().filter(|(id, process)| process.replicas != self.configured(id.node));
            stale.map(|(id, _)| *id).collect()
        };
        for id in stale {
            self.crash(id, false);
        }
    }

    /// Whether two processes run under a node's name.
    pub(super) fn is_doubled(&self, node: NodeId) -> bool {
        let duplicates =
            |fault: &Fault| matches!(fault, Fault::SecondProcess { node: of, .. } if *of == node);
        self.trouble.borrow().active.values().any(duplicates)
    }
}

/// The process that a caller has a wrong address of, if this fault gave it one.
fn wrong_address(fault: &Fault, from: Endpoint, to: NodeId) -> Option<ProcessId> {
    match fault {
        Fault::Misaddress { at, one, other, exchanged, .. } if from == Endpoint::Process((*at).into()) => {
            if to == *one {
                Some((*other).into())
            } else {
                (*exchanged && to == *other).then(|| (*one).into())
            }
        }
        Fault::SecondProcess { node, reached_by, shoppers, .. } if *node == to => {
            let reaches = match from {
                Endpoint::Process(id) => id.is_own() && reached_by.contains(&id.node),
                // Every other one.
                Endpoint::Client(number) => *shoppers && number % 2 == 1,
            };
            reaches.then(|| ProcessId::second(*node))
        }
        _ => None,
    }
}
