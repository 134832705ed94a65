//! What the faults that are under way do to the network and the disks.

use toystore_actors::net::NodeId;
use toystore_checks::time::MILLI;

use crate::faults::{Direction, Fault};
use crate::platform::disk::DiskFault;
use crate::platform::network::{Endpoint, NetworkConditions};
use crate::world::{World, calm_conditions, usual_conditions};

/// A fault is under way from now on.
pub(super) fn activate(world: &World, index: usize, fault: &Fault) {
    world.record.count(fault.kind());
    world.faults.borrow_mut().begin(index, fault.clone());
    apply(world);
}

/// Brings network and disks in line with the faults that are under way.
pub(super) fn apply(world: &World) {
    let (healed, active) = {
        let faults = world.faults.borrow();
        (faults.healed(), faults.iter().cloned().collect::<Vec<Fault>>())
    };
    let base = if healed { calm_conditions(&world.setup) } else { usual_conditions(&world.setup) };
    for packet in world.network.set_conditions(conditions(base, &active, &world.setup.nodes())) {
        world.deliver(packet);
    }
    for (id, disk) in world.disks.iter().filter(|(id, _)| id.is_own()) {
        let (fault, slow) = disk_condition(&active, id.node);
        disk.set_fault(fault);
        disk.set_slow(slow);
    }
}

/// How a node's disk fails, and how many times slower it is.
fn disk_condition(active: &[Fault], node: NodeId) -> (Option<DiskFault>, u64) {
    let mut slow = 1;
    let mut fails = None;
    for fault in active {
        match fault {
            Fault::DiskBroken { node: of, .. } if *of == node => fails = Some(DiskFault::Broken),
            Fault::DiskFull { node: of, .. } if *of == node => fails = fails.or(Some(DiskFault::Full)),
            Fault::DiskSlow { node: of, factor, .. } if *of == node => slow = slow.max(*factor),
            _ => {}
        }
    }
    (fails, slow)
}

/// What the network does to messages while these faults are under way.
fn conditions(base: NetworkConditions, active: &[Fault], nodes: &[NodeId]) -> NetworkConditions {
    let mut conditions = base;
    let share = |percent: &u32| f64::from(*percent.min(&100)) / 100.0;
    for fault in active {
        match fault {
            Fault::Loss { percent, .. } => conditions.loss = conditions.loss.max(share(percent)),
            Fault::Duplicate { percent, .. } => {
                conditions.duplicate = conditions.duplicate.max(share(percent));
            }
            Fault::Delay { percent, up_to_ms, .. } => {
                conditions.delay = conditions.delay.max(share(percent));
                conditions.delay_nanos = conditions.delay_nanos.max(up_to_ms * MILLI);
            }
            Fault::Reorder { .. } => conditions.shuffle = true,
            Fault::Clog { from, to, .. } => {
                conditions.clogged.insert((endpoint(*from), endpoint(*to)));
            }
            Fault::Partition { side, direction, .. } => {
                for inside in side {
                    for outside in nodes.iter().filter(|node| !side.contains(node)) {
                        let (inside, outside) = (endpoint(*inside), endpoint(*outside));
                        if *direction != Direction::In {
                            conditions.cut.insert((inside, outside));
                        }
                        if *direction != Direction::Out {
                            conditions.cut.insert((outside, inside));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    conditions
}

fn endpoint(node: NodeId) -> Endpoint {
    Endpoint::Process(node.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::FRONT_END;

    const NODES: [NodeId; 2] = [FRONT_END, NodeId::Catalog];

    #[test]
    fn a_partition_cuts_its_side_off_in_its_direction() {
        let (inside, outside) = (endpoint(FRONT_END), endpoint(NodeId::Catalog));
        for (direction, cut) in [
            (Direction::Both, vec![(inside, outside), (outside, inside)]),
            (Direction::Out, vec![(inside, outside)]),
            (Direction::In, vec![(outside, inside)]),
        ] {
            let fault = Fault::Partition { side: vec![FRONT_END], direction, for_ms: 1 };
            let made = conditions(NetworkConditions::default(), &[fault], &NODES);
            assert_eq!(made.cut, cut.into_iter().collect(), "{direction:?}");
        }
    }

    #[test]
    fn of_several_faults_the_worst_counts() {
        let base = NetworkConditions { loss: 0.3, ..NetworkConditions::default() };
        let faults = [
            Fault::Loss { percent: 10, for_ms: 1 },
            Fault::Duplicate { percent: 20, for_ms: 1 },
            Fault::Duplicate { percent: 5, for_ms: 1 },
            Fault::DiskFull { node: FRONT_END, for_ms: 1 },
            Fault::DiskBroken { node: FRONT_END, for_ms: 1 },
            Fault::DiskSlow { node: FRONT_END, factor: 7, for_ms: 1 },
            Fault::DiskSlow { node: FRONT_END, factor: 3, for_ms: 1 },
        ];
        let made = conditions(base, &faults, &NODES);
        assert_eq!((made.loss, made.duplicate), (0.3, 0.2));
        assert_eq!(disk_condition(&faults, FRONT_END), (Some(DiskFault::Broken), 7));
        assert_eq!(disk_condition(&faults, NodeId::Catalog), (None, 1));
    }
}
