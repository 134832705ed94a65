//! Draws a schedule from a seed.

use std::collections::BTreeSet;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::net::NodeId;

use super::fault::{Direction, Fault, LostFiles};
use super::kind::FaultKind;
use super::schedule::ScheduledFault;
use crate::nodes::FRONT_END;
use toystore_actors::probe::{
    CatalogEventKind, EventKind, FrontEndEventKind, ReplicaEventKind, ViewEventKind,
};

type IsKind = fn(NodeId) -> bool;

/// At which of the events of a node it is worth crashing it.
const CRASH_POINTS: [(IsKind, &[EventKind]); 3] = [
    (
        |node| matches!(node, NodeId::Order(_)),
        &[
            EventKind::Replica(ReplicaEventKind::Acknowledged),
            EventKind::Replica(ReplicaEventKind::TakeoverBegan),
            EventKind::Replica(ReplicaEventKind::UnsettledCompleted),
            EventKind::Replica(ReplicaEventKind::Serving),
            EventKind::Replica(ReplicaEventKind::ViewAdopted),
            EventKind::Replica(ReplicaEventKind::TailCut),
            EventKind::Replica(ReplicaEventKind::DropAsked),
            EventKind::Replica(ReplicaEventKind::AddAsked),
            EventKind::Replica(ReplicaEventKind::CaughtUp),
            EventKind::Replica(ReplicaEventKind::Deposed),
        ],
    ),
    (
        |node| matches!(node, NodeId::FrontEnd(_)),
        &[
            EventKind::View(ViewEventKind::ViewSaved),
            EventKind::View(ViewEventKind::LeaderSuspected),
            EventKind::FrontEnd(FrontEndEventKind::OrderRetried),
            EventKind::FrontEnd(FrontEndEventKind::Invalidated),
        ],
    ),
    (
        |node| node == NodeId::Catalog,
        &[
            EventKind::Catalog(CatalogEventKind::GroupVisible),
            EventKind::Catalog(CatalogEventKind::Restocked),
            EventKind::Catalog(CatalogEventKind::CatalogReady),
            EventKind::Catalog(CatalogEventKind::BatchRepeated),
        ],
    ),
];

/// At which events of a replica it is worth crashing another node as well: what they tell each other is under way.
const PAIR_POINTS: [EventKind; 5] = [
    EventKind::Replica(ReplicaEventKind::ViewAdopted),
    EventKind::Replica(ReplicaEventKind::AddAsked),
    EventKind::Replica(ReplicaEventKind::DropAsked),
    EventKind::Replica(ReplicaEventKind::TakeoverBegan),
    EventKind::Replica(ReplicaEventKind::CaughtUp),
];

/// Draws a schedule over the first `until_ms` from a seed: a random subset of the kinds allowed, at rates
/// of their own, so that each run has a character and no kind is drowned by the others.
#[must_use]
pub fn draw(
    seed: u64,
    nodes: &[NodeId],
    until_ms: u64,
    allowed: &BTreeSet<FaultKind>,
) -> Vec<ScheduledFault> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut kinds = Vec::new();
    for kind in FaultKind::GENERAL.iter().copied() {
        // Drawn for every kind, allowed or not, so that switching one off changes the others little.
        let (chosen, weight) = (rng.random_bool(0.5), rng.random_range(1..10));
        if chosen && allowed.contains(&kind) && kind != FaultKind::Drift {
            kinds.push((kind, weight));
        }
    }
    if kinds.is_empty() {
        return Vec::new();
    }
    let mean_gap_ms = rng.random_range(300.0..6000.0);
    let mut schedule = Vec::new();
    if kinds.iter().any(|(kind, _)| *kind == FaultKind::FirstStart) {
        schedule.push(ScheduledFault { at_ms: 0, fault: one(FaultKind::FirstStart, &mut rng, nodes) });
    }
    kinds.retain(|(kind, _)| *kind != FaultKind::FirstStart);
    let total: u32 = kinds.iter().map(|(_, weight)| weight).sum();
    if total == 0 {
        return schedule;
    }
    let mut at = 500.0;
    loop {
        at += exponential(&mut rng, mean_gap_ms);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of milliseconds"
        )]
        let at_ms = at as u64;
        if at_ms >= until_ms {
            return schedule;
        }
        let mut pick = rng.random_range(0..total);
        for (kind, weight) in &kinds {
            if pick < *weight {
                schedule.push(ScheduledFault { at_ms, fault: one(*kind, &mut rng, nodes) });
                break;
            }
            pick -= weight;
        }
    }
}

fn exponential(rng: &mut SmallRng, mean: f64) -> f64 {
    -mean * (1.0 - rng.random::<f64>()).ln()
}

fn one(kind: FaultKind, rng: &mut SmallRng, nodes: &[NodeId]) -> Fault {
    let node = nodes[rng.random_range(0..nodes.len())];
    let other = nodes[rng.random_range(0..nodes.len())];
    let down_ms = [rng.random_range(1..50), rng.random_range(50..1000), rng.random_range(1000..8000)]
        [rng.random_range(0..3)];
    let for_ms = [rng.random_range(20..200), rng.random_range(200..2000), rng.random_range(2000..8000)]
        [rng.random_range(0..3)];
    match kind {
        FaultKind::Crash => Fault::Crash { node, down_ms, silent: rng.random_bool(0.3) },
        FaultKind::CrashAll => Fault::CrashAll { down_ms },
        FaultKind::CrashLoop => Fault::CrashLoop {
            node,
            times: rng.random_range(2..6),
            up_ms: rng.random_range(1..600),
            down_ms: rng.random_range(1..300),
        },
        FaultKind::CrashMidWrite => {
            Fault::CrashMidWrite { node, operations: rng.random_range(0..60), down_ms }
        }
        FaultKind::CrashAt => {
            let of = rng.random_bool(0.3).then_some(other);
            let points = CRASH_POINTS.iter().find(|(whose, _)| whose(of.unwrap_or(node)));
            let points = points.map_or(&[][..], |(_, points)| points);
            Fault::CrashAt { node, of, event: points[rng.random_range(0..points.len())], down_ms }
        }
        FaultKind::FirstStart => Fault::CrashMidWrite { node, operations: rng.random_range(0..60), down_ms },
        FaultKind::CrashPair => {
            let replicas: Vec<NodeId> =
                nodes.iter().copied().filter(|node| matches!(node, NodeId::Order(_))).collect();
            let of = replicas[rng.random_range(0..replicas.len())];
            let event = PAIR_POINTS[rng.random_range(0..PAIR_POINTS.len())];
            let node = if rng.random_bool(0.5) { FRONT_END } else { node };
            Fault::CrashPair { node, of, event, both: rng.random_bool(0.5), down_ms }
        }
        FaultKind::Stop => {
            let operations = rng.random_bool(0.7).then(|| rng.random_range(0..12));
            Fault::Stop { node, operations, down_ms }
        }
        FaultKind::DiskSyncOnce => Fault::DiskSyncOnce { node },
        FaultKind::LoseDisk => Fault::LoseDisk { node: FRONT_END, down_ms, files: LostFiles::All },
        FaultKind::Pause => Fault::Pause { node, for_ms },
        FaultKind::Partition => {
            let side: Vec<NodeId> = nodes.iter().copied().filter(|_| rng.random_bool(0.4)).collect();
            let side = if side.is_empty() || side.len() == nodes.len() { vec![node] } else { side };
            Fault::Partition {
                side,
                direction: [Direction::Both, Direction::Both, Direction::Out, Direction::In]
                    [rng.random_range(0..4)],
                for_ms,
            }
        }
        FaultKind::Clog => Fault::Clog { from: node, to: other, for_ms },
        FaultKind::Loss => Fault::Loss { percent: rng.random_range(1..60), for_ms },
        FaultKind::Duplicate => Fault::Duplicate { percent: rng.random_range(5..100), for_ms },
        FaultKind::Delay => {
            Fault::Delay { percent: rng.random_range(5..100), up_to_ms: rng.random_range(5..3000), for_ms }
        }
        FaultKind::Reorder => Fault::Reorder { for_ms },
        FaultKind::DiskBroken => Fault::DiskBroken { node, for_ms },
        FaultKind::DiskFull => Fault::DiskFull { node, for_ms },
        _ => Fault::DiskSlow { node, factor: rng.random_range(2..200), for_ms },
    }
}
