//! Draws what happens to memories: rarely, so that most runs still test the rest, and one or two in a run.

use std::collections::BTreeSet;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;

use super::{Back, Fault, Files, MEMORY_KINDS, Timed};

/// One run in so many has such faults.
const ONE_IN: u32 = 4;

/// Before this the store may not have begun.
const EARLIEST_MS: u64 = 2_000;

/// Draws the memory faults of a run. Whether each is carried out is decided when it comes due, by what else was lost.
fn draw(seed: u64, nodes: &[NodeId], until_ms: u64, allowed: &BTreeSet<&str>) -> Vec<Timed> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let kinds: Vec<&str> = MEMORY_KINDS.into_iter().filter(|kind| allowed.contains(kind)).collect();
    let drawn = rng.random_range(0..ONE_IN) == 0;
    if kinds.is_empty() || !drawn || until_ms <= EARLIEST_MS {
        return Vec::new();
    }
    let faults = rng.random_range(1..=2);
    let draw = |_| {
        let at_ms = rng.random_range(EARLIEST_MS..until_ms);
        let kind = kinds[rng.random_range(0..kinds.len())];
        Some(Timed { at_ms, fault: one(kind, &mut rng, nodes, until_ms - at_ms)? })
    };
    (0..faults).filter_map(draw).collect()
}

/// Adds the memory faults of a run to its schedule. Unless replicas are all that loses its memory, the front-end keeps
/// its disk in turn: nearly nothing else is admitted together with that.
pub fn add(schedule: &mut Vec<Timed>, seed: u64, nodes: &[NodeId], until_ms: u64, allowed: &BTreeSet<&str>) {
    let drawn = draw(seed, nodes, until_ms, allowed);
    if drawn.iter().any(|timed| timed.fault.kind() != "lose-replica-disk") {
        schedule.retain(|timed| timed.fault.kind() != "lose-disk");
    }
    schedule.extend(drawn);
    schedule.sort_by_key(|timed| timed.at_ms);
}

/// One fault that is over before `within_ms` have passed, if it can be.
fn one(kind: &str, rng: &mut SmallRng, nodes: &[NodeId], within_ms: u64) -> Option<Fault> {
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
    let back = if rng.random_bool(0.5) { Back::Run } else { Back::Moment };
    // A data file without its journal is refused, and then somebody has to see to it: the rarest.
    let files = [Files::All, Files::All, Files::All, Files::Data, Files::Journal][rng.random_range(0..5)];
    let for_ms = rng.random_range(200..8000);
    let at = nodes[rng.random_range(0..nodes.len())];
    let (empty, exchanged, gap_ms) = (rng.random_bool(0.4), rng.random_bool(0.7), rng.random_range(0..2000));
    let some: Vec<NodeId> = nodes.iter().copied().filter(|_| rng.random_bool(0.5)).collect();
    let old = |node| Fault::OldDisk { node, back, after_ms, down_ms };
    Some(match kind {
        "lose-replica-disk" => Fault::LoseDisk { node: replica, down_ms, files },
        "lose-catalog-disk" => Fault::LoseDisk { node: NodeId::Catalog, down_ms, files },
        "old-replica-disk" => old(replica),
        "old-front-end-disk" => old(NodeId::FrontEnd(1)),
        "old-catalog-disk" => old(NodeId::Catalog),
        "swap-disks" => Fault::SwapDisks { one: replica, other: another?, down_ms },
        "misaddress" => Fault::Misaddress { at, one: replica, other: another?, exchanged, for_ms },
        // Shoppers do not reach it, and the catalog not it instead of the first: a lease is a front-end's, by its number,
        // and of two under one number only one is told what to drop.
        "second-front-end" => Fault::SecondProcess {
            node: NodeId::FrontEnd(1),
            empty,
            after_ms: after_ms % for_ms,
            reached_by: some.into_iter().filter(|node| *node != NodeId::Catalog).collect(),
            shoppers: false,
            for_ms,
        },
        "second-replica" => Fault::SecondProcess {
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

    const NODES: [NodeId; 5] =
        [NodeId::FrontEnd(1), NodeId::Catalog, NodeId::Order(1), NodeId::Order(2), NodeId::Order(3)];

    #[test]
    fn they_are_rare_and_each_is_drawn() {
        let all: BTreeSet<&str> = MEMORY_KINDS.into();
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
        let defaults = super::super::KINDS.into();
        assert!((0..100).all(|seed| draw(seed, &NODES, 20_000, &defaults).is_empty()));
        let one = ["swap-disks"].into();
        let drawn = (0..100).flat_map(|seed| draw(seed, &NODES, 20_000, &one));
        assert!(drawn.into_iter().all(|timed| timed.fault.kind() == "swap-disks"));
        // One replica has nobody to exchange with.
        assert!((0..100).all(|seed| draw(seed, &NODES[..3], 20_000, &one).is_empty()));
    }
}
