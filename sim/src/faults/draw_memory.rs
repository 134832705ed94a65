//! Draws what happens to memories: rarely, so that most runs still test the rest, and one or two in a run.

use std::collections::BTreeSet;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;

use super::fault::{CopyTime, Fault, LostFiles};
use super::kind::FaultKind;
use super::schedule::ScheduledFault;
use crate::nodes::FRONT_END;

/// One run in so many has such faults.
const ONE_IN: u32 = 4;

/// Before this the store may not have begun.
const EARLIEST_MS: u64 = 2_000;

/// Draws the memory faults of a run. Whether each is carried out is decided when it comes due, by what else was lost.
fn draw(seed: u64, nodes: &[NodeId], until_ms: u64, allowed: &BTreeSet<FaultKind>) -> Vec<ScheduledFault> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let kinds: Vec<FaultKind> =
        FaultKind::OF_MEMORY.iter().copied().filter(|kind| allowed.contains(kind)).collect();
    let drawn = rng.random_range(0..ONE_IN) == 0;
    if kinds.is_empty() || !drawn || until_ms <= EARLIEST_MS {
        return Vec::new();
    }
    let faults = rng.random_range(1..=2);
    let draw = |_| {
        let at_ms = rng.random_range(EARLIEST_MS..until_ms);
        let kind = kinds[rng.random_range(0..kinds.len())];
        Some(ScheduledFault { at_ms, fault: one(kind, &mut rng, nodes, until_ms - at_ms)? })
    };
    (0..faults).filter_map(draw).collect()
}

/// Adds the memory faults of a run to its schedule. Unless replicas are all that loses its memory, the front-end keeps
/// its disk in turn: nearly nothing else is admitted together with that.
pub fn add(
    schedule: &mut Vec<ScheduledFault>,
    seed: u64,
    nodes: &[NodeId],
    until_ms: u64,
    allowed: &BTreeSet<FaultKind>,
) {
    let drawn = draw(seed, nodes, until_ms, allowed);
    if drawn.iter().any(|timed| timed.fault.kind() != FaultKind::LoseReplicaDisk) {
        schedule.retain(|timed| timed.fault.kind() != FaultKind::LoseDisk);
    }
    schedule.extend(drawn);
    schedule.sort_by_key(|timed| timed.at_ms);
}

/// One fault that is over before `within_ms` have passed, if it can be.
fn one(kind: FaultKind, rng: &mut SmallRng, nodes: &[NodeId], within_ms: u64) -> Option<Fault> {
    let replicas: Vec<ReplicaId> = nodes
        .iter()
        .filter_map(|node| match node {
            NodeId::Order(id) => Some(*id),
            _ => None,
        })
        .collect();
    let place = rng.random_range(0..replicas.len());
    let replica = NodeId::Order(replicas[place]);
    let another = (replicas.len() > 1).then(|| {
        let further = rng.random_range(1..replicas.len());
        NodeId::Order(replicas[(place + further) % replicas.len()])
    });
    let down_ms = [rng.random_range(1..50), rng.random_range(50..1000), rng.random_range(1000..5000)]
        [rng.random_range(0..3)];
    let after_ms = rng.random_range(0..within_ms.max(1));
    let copied = if rng.random_bool(0.5) { CopyTime::Run } else { CopyTime::Moment };
    // A data file without its journal is refused, and then somebody has to see to it: the rarest.
    let files = [LostFiles::All, LostFiles::All, LostFiles::All, LostFiles::Data, LostFiles::Journal]
        [rng.random_range(0..5)];
    let for_ms = rng.random_range(200..8000);
    let at = nodes[rng.random_range(0..nodes.len())];
    let (empty, exchanged, gap_ms) = (rng.random_bool(0.4), rng.random_bool(0.7), rng.random_range(0..2000));
    let some: Vec<NodeId> = nodes.iter().copied().filter(|_| rng.random_bool(0.5)).collect();
    let old = |node| Fault::OldDisk { node, copied, after_ms, down_ms };
    Some(match kind {
        FaultKind::LoseReplicaDisk => Fault::LoseDisk { node: replica, down_ms, files },
        FaultKind::LoseCatalogDisk => Fault::LoseDisk { node: NodeId::Catalog, down_ms, files },
        FaultKind::OldReplicaDisk => old(replica),
        FaultKind::OldFrontEndDisk => old(FRONT_END),
        FaultKind::OldCatalogDisk => old(NodeId::Catalog),
        FaultKind::SwapDisks => Fault::SwapDisks { one: replica, other: another?, down_ms },
        FaultKind::Misaddress => Fault::Misaddress { at, one: replica, other: another?, exchanged, for_ms },
        // Shoppers do not reach it, and the catalog not it instead of the first: a lease is a front-end's, by its number,
        // and of two under one number only one is told what to drop.
        FaultKind::SecondFrontEnd => Fault::SecondProcess {
            node: FRONT_END,
            empty,
            after_ms: after_ms % for_ms,
            reached_by: some.into_iter().filter(|node| *node != NodeId::Catalog).collect(),
            shoppers: false,
            for_ms,
        },
        FaultKind::SecondReplica => Fault::SecondProcess {
            node: replica,
            empty,
            after_ms: after_ms % for_ms,
            reached_by: some,
            shoppers: false,
            for_ms,
        },
        _ => Fault::Reconfigure { without: replica, at: some, gap_ms, for_ms },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn order(id: u8) -> NodeId {
        NodeId::Order(ReplicaId::new(id))
    }

    const NODES: [NodeId; 5] = [FRONT_END, NodeId::Catalog, order(1), order(2), order(3)];

    #[test]
    fn they_are_rare_and_each_is_drawn() {
        let all: BTreeSet<FaultKind> = FaultKind::OF_MEMORY.iter().copied().collect();
        let (mut runs, mut seen) = (0, BTreeSet::new());
        for seed in 0..1000 {
            let drawn = draw(seed, &NODES, 20_000, &all);
            assert!(drawn.len() <= 2, "seed {seed}");
            runs += usize::from(!drawn.is_empty());
            seen.extend(drawn.iter().map(|timed| timed.fault.kind()));
        }
        assert!((200..300).contains(&runs), "{runs} runs of 1000 have some");
        assert_eq!(seen, all);
    }

    #[test]
    fn none_is_drawn_that_was_not_asked_for() {
        let general = FaultKind::GENERAL.iter().copied().collect();
        assert!((0..100).all(|seed| draw(seed, &NODES, 20_000, &general).is_empty()));
        let one = [FaultKind::SwapDisks].into();
        let drawn = (0..100).flat_map(|seed| draw(seed, &NODES, 20_000, &one));
        assert!(drawn.into_iter().all(|timed| timed.fault.kind() == FaultKind::SwapDisks));
        // One replica has nobody to exchange with.
        assert!((0..100).all(|seed| draw(seed, &NODES[..3], 20_000, &one).is_empty()));
    }
}
