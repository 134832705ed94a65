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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::replica;
    use crate::nodes::FRONT_END;

    fn order(id: u8) -> NodeId {
        NodeId::Order(replica(id))
    }

    /// The process that a call from an endpoint reaches while one fault is under way.
    fn reached(fault: &Fault, from: Endpoint, to: NodeId) -> ProcessId {
        let mut faults = ActiveFaults::default();
        faults.begin(0, fault.clone());
        faults.address(from, to)
    }

    #[test]
    fn a_wrong_address_leads_to_another_process() {
        let misaddress = |exchanged| Fault::Misaddress {
            at: FRONT_END,
            one: order(1),
            other: order(2),
            exchanged,
            for_ms: 1,
        };
        let second = |shoppers| Fault::SecondProcess {
            node: FRONT_END,
            empty: false,
            after_ms: 0,
            reached_by: vec![order(3)],
            shoppers,
            for_ms: 1,
        };
        let node = |node: NodeId| Endpoint::Process(node.into());
        for (fault, from, to, expected) in [
            (misaddress(false), node(FRONT_END), order(1), order(2).into()),
            (misaddress(false), node(FRONT_END), order(2), order(2).into()),
            (misaddress(true), node(FRONT_END), order(2), order(1).into()),
            (misaddress(true), node(FRONT_END), order(3), order(3).into()),
            (misaddress(true), node(order(3)), order(1), order(1).into()),
            (second(false), node(order(3)), FRONT_END, ProcessId::second(FRONT_END)),
            (second(false), node(order(2)), FRONT_END, FRONT_END.into()),
            (second(false), Endpoint::Client(1), FRONT_END, FRONT_END.into()),
            (second(true), Endpoint::Client(1), FRONT_END, ProcessId::second(FRONT_END)),
            (second(true), Endpoint::Client(2), FRONT_END, FRONT_END.into()),
        ] {
            assert_eq!(reached(&fault, from, to), expected, "{fault}: {from} to {to}");
        }
    }

    #[test]
    fn a_replica_is_left_out_of_configurations_but_its_own() {
        let all = [replica(1), replica(2)];
        let only_second = vec![replica(2)];
        for (at, node, expected) in [
            (vec![], FRONT_END, &only_second[..]),
            (vec![], order(2), &only_second),
            (vec![], order(1), &all),
            (vec![NodeId::Catalog], NodeId::Catalog, &only_second),
            (vec![NodeId::Catalog], FRONT_END, &all),
        ] {
            let mut faults = ActiveFaults::default();
            let fault = Fault::Reconfigure { without: order(1), at, gap_ms: 0, for_ms: 1 };
            faults.begin(0, fault.clone());
            assert_eq!(faults.configured(node, &all), expected, "{fault}: {node}");
        }
    }

    #[test]
    fn nothing_is_under_way_after_all_healed() {
        let mut faults = ActiveFaults::default();
        faults.begin(0, Fault::Reorder { for_ms: 1 });
        faults.stay_down(FRONT_END.into(), 7);
        faults.heal();
        assert_eq!((faults.iter().count(), faults.healed()), (0, true));
        assert_eq!(
            faults.take_down_ms(FRONT_END.into()),
            100,
            "what was to stay down comes back as any other"
        );
    }
}
