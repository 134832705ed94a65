//! The faults that are under way, and what follows from them for addresses, configurations and processes.

use std::collections::BTreeMap;

use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;

use crate::faults::Fault;
use crate::platform::network::Endpoint;
use crate::platform::process::ProcessId;

/// The faults that are under way.
#[derive(Debug, Default)]
pub struct ActiveFaults {
    /// By their places in the schedule.
    under_way: BTreeMap<usize, Fault>,
    /// For how long a process stays down that crashes in the middle of a disk operation.
    down_ms: BTreeMap<ProcessId, u64>,
    healed: bool,
    /// Some call may have reached, or may yet reach, whom it was not meant for.
    addresses_wrong: bool,
}

impl ActiveFaults {
    /// A fault is under way from now on.
    pub fn begin(&mut self, index: usize, fault: Fault) {
        self.addresses_wrong |= matches!(fault, Fault::Misaddress { .. } | Fault::SecondProcess { .. });
        self.under_way.insert(index, fault);
    }

    /// A fault is no longer under way; it is returned if it was.
    pub fn end(&mut self, index: usize) -> Option<Fault> {
        self.under_way.remove(&index)
    }

    /// Ends every fault for good.
    pub fn heal(&mut self) {
        *self =
            ActiveFaults { healed: true, addresses_wrong: self.addresses_wrong, ..ActiveFaults::default() };
    }

    /// Whether all has healed.
    #[must_use]
    pub fn healed(&self) -> bool {
        self.healed
    }

    /// Those that are under way.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.under_way.values()
    }

    /// A process that crashes in the middle of a disk operation is to stay down for so long.
    pub fn stay_down(&mut self, id: ProcessId, down_ms: u64) {
        self.down_ms.insert(id, down_ms);
    }

    /// For how long a process stays down that has crashed in the middle of a disk operation.
    pub fn take_down_ms(&mut self, id: ProcessId) -> u64 {
        self.down_ms.remove(&id).unwrap_or(100)
    }

    /// The process that a call reaches: the node's own, unless the caller has a wrong address for it.
    #[must_use]
    pub fn address(&self, from: Endpoint, to: NodeId) -> ProcessId {
        let mut wrong = self.iter().filter(|_| self.addresses_wrong);
        wrong.find_map(|fault| wrong_address(fault, from, to)).unwrap_or(to.into())
    }

    /// The replicas, of these, in a node's configuration. A replica is always in its own.
    #[must_use]
    pub fn configured(&self, node: NodeId, replicas: &[ReplicaId]) -> Vec<ReplicaId> {
        let left_out = |id: &ReplicaId| {
            NodeId::Order(*id) != node
                && self.iter().any(|fault| {
                    matches!(fault, Fault::Reconfigure { without, at, .. }
                        if *without == NodeId::Order(*id) && (at.is_empty() || at.contains(&node)))
                })
        };
        replicas.iter().copied().filter(|id| !left_out(id)).collect()
    }

    /// Whether two processes are to run under a node's name.
    #[must_use]
    pub fn is_doubled(&self, node: NodeId) -> bool {
        self.iter().any(|fault| matches!(fault, Fault::SecondProcess { node: of, .. } if *of == node))
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
