//! What can go wrong, and when: a schedule that is drawn before the run begins.
//!
//! The schedule is explicit so that it can be printed, written into a scenario file, and shortened until
//! only the faults that matter are left.

use std::collections::BTreeSet;
use std::fmt;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use toystore_actors::net::NodeId;

/// Node names in files and on the command line: `order-3`, `catalog`, `front-end-1`.
pub mod node_name {
    use serde::{Deserialize, Deserializer, Serializer};
    use toystore_actors::net::NodeId;

    /// Reads a name.
    ///
    /// # Errors
    /// When there is no such kind of node.
    pub fn parse(name: &str) -> Result<NodeId, String> {
        let number = |text: &str| text.parse().map_err(|_| format!("{name:?} has no number from 0 to 255"));
        match (name, name.strip_prefix("order-"), name.strip_prefix("front-end-")) {
            ("catalog", ..) => Ok(NodeId::Catalog),
            (_, Some(id), _) => number(id).map(NodeId::Order),
            (_, _, Some(id)) => number(id).map(NodeId::FrontEnd),
            _ => Err(format!("{name:?} is no node: use catalog, order-N or front-end-N")),
        }
    }

    pub(super) fn serialize<S: Serializer>(node: &NodeId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(node)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NodeId, D::Error> {
        parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// [`node_name`] for a node that may be left out.
mod optional_node_name {
    use serde::{Deserialize, Deserializer, Serializer};
    use toystore_actors::net::NodeId;

    #[allow(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(super) fn serialize<S: Serializer>(node: &Option<NodeId>, serializer: S) -> Result<S::Ok, S::Error> {
        match node {
            Some(node) => serializer.collect_str(node),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<NodeId>, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?;
        name.map(|name| super::node_name::parse(&name)).transpose().map_err(serde::de::Error::custom)
    }
}

/// [`node_name`] for several nodes.
mod node_names {
    use serde::{Deserialize, Deserializer, Serializer};
    use toystore_actors::net::NodeId;

    pub(super) fn serialize<S: Serializer>(nodes: &[NodeId], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(nodes.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NodeId>, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names
            .iter()
            .map(|name| super::node_name::parse(name))
            .collect::<Result<_, _>>()
            .map_err(serde::de::Error::custom)
    }
}

/// Which messages across a partition are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// All.
    Both,
    /// Those that leave the side named.
    Out,
    /// Those that come to the side named.
    In,
}

/// One thing that goes wrong. Spans are virtual milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields say what they are; their unit is in their name")]
pub enum Fault {
    /// A node crashes and is started again. While down it refuses calls, or (a dead machine) is silent.
    Crash {
        #[serde(with = "node_name")]
        node: NodeId,
        down_ms: u64,
        #[serde(default)]
        silent: bool,
    },
    /// All nodes crash at once and are started again.
    CrashAll { down_ms: u64 },
    /// A node crashes again and again, soon after each start.
    CrashLoop {
        #[serde(with = "node_name")]
        node: NodeId,
        times: u32,
        up_ms: u64,
        down_ms: u64,
    },
    /// A node crashes in the middle of a disk operation, after so many others.
    CrashMidWrite {
        #[serde(with = "node_name")]
        node: NodeId,
        operations: u64,
        down_ms: u64,
    },
    /// A node crashes at the very point where it, or the node `of`, tells of this event the next time.
    CrashAt {
        #[serde(with = "node_name")]
        node: NodeId,
        #[serde(default, with = "optional_node_name", skip_serializing_if = "Option::is_none")]
        of: Option<NodeId>,
        event: String,
        down_ms: u64,
    },
    /// A front-end's machine is replaced: it crashes, and starts again with an empty disk. (It may: the
    /// replicas know the view. What other services lose with their disks, nobody promised to keep.)
    LoseDisk {
        #[serde(with = "node_name")]
        node: NodeId,
        down_ms: u64,
    },
    /// A node is stopped and goes on later, as if nothing had happened.
    Pause {
        #[serde(with = "node_name")]
        node: NodeId,
        for_ms: u64,
    },
    /// Messages between these nodes and all others are lost.
    Partition {
        #[serde(with = "node_names")]
        side: Vec<NodeId>,
        way: Way,
        for_ms: u64,
    },
    /// Messages from one node to another are held, and released all at once.
    Clog {
        #[serde(with = "node_name")]
        from: NodeId,
        #[serde(with = "node_name")]
        to: NodeId,
        for_ms: u64,
    },
    /// Messages are lost.
    Loss { percent: u32, for_ms: u64 },
    /// Messages arrive twice.
    Duplicate { percent: u32, for_ms: u64 },
    /// Messages arrive later.
    Delay { percent: u32, up_to_ms: u64, for_ms: u64 },
    /// Messages overtake one another.
    Reorder { for_ms: u64 },
    /// Each operation of a disk fails.
    DiskBroken {
        #[serde(with = "node_name")]
        node: NodeId,
        for_ms: u64,
    },
    /// Each write to a disk fails for lack of room.
    DiskFull {
        #[serde(with = "node_name")]
        node: NodeId,
        for_ms: u64,
    },
    /// A disk takes so many times longer.
    DiskSlow {
        #[serde(with = "node_name")]
        node: NodeId,
        factor: u64,
        for_ms: u64,
    },
}

/// The kinds of faults, by the names that `--faults` takes. Clock drift is a property of a run and has no
/// place in its schedule.
pub const KINDS: [&str; 17] = [
    "crash",
    "crash-all",
    "crash-loop",
    "crash-mid-write",
    "crash-at",
    "pause",
    "partition",
    "clog",
    "loss",
    "duplicate",
    "delay",
    "reorder",
    "disk-broken",
    "disk-full",
    "disk-slow",
    "drift",
    "lose-disk",
];

impl Fault {
    /// Its kind, as in [`KINDS`].
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Crash { .. } => "crash",
            Fault::CrashAll { .. } => "crash-all",
            Fault::CrashLoop { .. } => "crash-loop",
            Fault::CrashMidWrite { .. } => "crash-mid-write",
            Fault::CrashAt { .. } => "crash-at",
            Fault::LoseDisk { .. } => "lose-disk",
            Fault::Pause { .. } => "pause",
            Fault::Partition { .. } => "partition",
            Fault::Clog { .. } => "clog",
            Fault::Loss { .. } => "loss",
            Fault::Duplicate { .. } => "duplicate",
            Fault::Delay { .. } => "delay",
            Fault::Reorder { .. } => "reorder",
            Fault::DiskBroken { .. } => "disk-broken",
            Fault::DiskFull { .. } => "disk-full",
            Fault::DiskSlow { .. } => "disk-slow",
        }
    }

    /// The nodes that it names.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        match self {
            Fault::Crash { node, .. }
            | Fault::CrashLoop { node, .. }
            | Fault::CrashMidWrite { node, .. }
            | Fault::LoseDisk { node, .. }
            | Fault::Pause { node, .. }
            | Fault::DiskBroken { node, .. }
            | Fault::DiskFull { node, .. }
            | Fault::DiskSlow { node, .. } => vec![*node],
            Fault::CrashAt { node, of, .. } => [Some(*node), *of].into_iter().flatten().collect(),
            Fault::Partition { side, .. } => side.clone(),
            Fault::Clog { from, to, .. } => vec![*from, *to],
            Fault::CrashAll { .. }
            | Fault::Loss { .. }
            | Fault::Duplicate { .. }
            | Fault::Delay { .. }
            | Fault::Reorder { .. } => Vec::new(),
        }
    }

    /// How long it lasts, for those that end of themselves.
    #[must_use]
    pub fn lasts_ms(&self) -> Option<u64> {
        match self {
            Fault::Pause { for_ms, .. }
            | Fault::Partition { for_ms, .. }
            | Fault::Clog { for_ms, .. }
            | Fault::Loss { for_ms, .. }
            | Fault::Duplicate { for_ms, .. }
            | Fault::Delay { for_ms, .. }
            | Fault::Reorder { for_ms }
            | Fault::DiskBroken { for_ms, .. }
            | Fault::DiskFull { for_ms, .. }
            | Fault::DiskSlow { for_ms, .. } => Some(*for_ms),
            Fault::Crash { .. }
            | Fault::LoseDisk { .. }
            | Fault::CrashAll { .. }
            | Fault::CrashLoop { .. }
            | Fault::CrashMidWrite { .. }
            | Fault::CrashAt { .. } => None,
        }
    }
}

/// A fault and when it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// Virtual milliseconds after the world began.
    pub at_ms: u64,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

impl fmt::Display for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[allow(clippy::cast_precision_loss, reason = "for people")]
        let seconds = self.at_ms as f64 / 1000.0;
        write!(f, "{seconds:>8.3} s  {}", self.fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Crash { node, down_ms, silent } => {
                write!(f, "{node} crashes, {}for {down_ms} ms", if *silent { "silently, " } else { "" })
            }
            Fault::CrashAll { down_ms } => write!(f, "all nodes crash, for {down_ms} ms"),
            Fault::CrashLoop { node, times, up_ms, down_ms } => {
                write!(f, "{node} crashes {times} times, {up_ms} ms up and {down_ms} ms down")
            }
            Fault::CrashMidWrite { node, operations, down_ms } => {
                write!(
                    f,
                    "{node} crashes in the middle of a disk operation, after {operations} more; for {down_ms} ms"
                )
            }
            Fault::CrashAt { node, of, event, down_ms } => match of {
                Some(of) => write!(f, "{node} crashes at the next {event} of {of}, for {down_ms} ms"),
                None => write!(f, "{node} crashes at its next {event}, for {down_ms} ms"),
            },
            Fault::LoseDisk { node, down_ms } => {
                write!(f, "{node} crashes and loses its disk, for {down_ms} ms")
            }
            Fault::Pause { node, for_ms } => write!(f, "{node} is paused for {for_ms} ms"),
            Fault::Partition { side, way, for_ms } => {
                let side: Vec<_> = side.iter().map(ToString::to_string).collect();
                let what = match way {
                    Way::Both => "cut off",
                    Way::Out => "cut off, outgoing only,",
                    Way::In => "cut off, incoming only,",
                };
                write!(f, "{} {what} for {for_ms} ms", side.join(", "))
            }
            Fault::Clog { from, to, for_ms } => write!(f, "{from} to {to} clogged for {for_ms} ms"),
            Fault::Loss { percent, for_ms } => write!(f, "{percent} % of messages lost for {for_ms} ms"),
            Fault::Duplicate { percent, for_ms } => {
                write!(f, "{percent} % of requests arrive twice for {for_ms} ms")
            }
            Fault::Delay { percent, up_to_ms, for_ms } => {
                write!(f, "{percent} % of messages late by up to {up_to_ms} ms, for {for_ms} ms")
            }
            Fault::Reorder { for_ms } => write!(f, "messages overtake one another for {for_ms} ms"),
            Fault::DiskBroken { node, for_ms } => write!(f, "the disk of {node} fails for {for_ms} ms"),
            Fault::DiskFull { node, for_ms } => write!(f, "the disk of {node} is full for {for_ms} ms"),
            Fault::DiskSlow { node, factor, for_ms } => {
                write!(f, "the disk of {node} is {factor} times slower for {for_ms} ms")
            }
        }
    }
}

type IsKind = fn(NodeId) -> bool;

/// At which of the events of a node it is worth crashing it.
const CRASH_POINTS: [(IsKind, &[&str]); 3] = [
    (
        |node| matches!(node, NodeId::Order(_)),
        &[
            "Acknowledged",
            "TakeoverBegan",
            "UnsettledCompleted",
            "Serving",
            "ViewAdopted",
            "TailCut",
            "DropAsked",
            "AddAsked",
            "CaughtUp",
            "Deposed",
        ],
    ),
    (
        |node| matches!(node, NodeId::FrontEnd(_)),
        &["ViewSaved", "LeaderSuspected", "OrderRetried", "Invalidated"],
    ),
    (|node| node == NodeId::Catalog, &["GroupVisible", "Restocked", "CatalogReady", "BatchRepeated"]),
];

/// Draws a schedule over the first `until_ms` from a seed: a random subset of the kinds allowed, at rates
/// of their own, so that each run has a character and no kind is drowned by the others.
#[must_use]
pub fn draw(seed: u64, nodes: &[NodeId], until_ms: u64, allowed: &BTreeSet<&str>) -> Vec<Timed> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut kinds = Vec::new();
    for kind in KINDS {
        // Drawn for every kind, allowed or not, so that switching one off changes the others little.
        let (chosen, weight) = (rng.random_bool(0.5), rng.random_range(1..10));
        if chosen && allowed.contains(kind) && kind != "drift" {
            kinds.push((kind, weight));
        }
    }
    let total: u32 = kinds.iter().map(|(_, weight)| weight).sum();
    if total == 0 {
        return Vec::new();
    }
    let mean_gap_ms = rng.random_range(300.0..6000.0);
    let mut schedule = Vec::new();
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
                schedule.push(Timed { at_ms, fault: one(kind, &mut rng, nodes) });
                break;
            }
            pick -= weight;
        }
    }
}

fn exponential(rng: &mut SmallRng, mean: f64) -> f64 {
    -mean * (1.0 - rng.random::<f64>()).ln()
}

fn one(kind: &str, rng: &mut SmallRng, nodes: &[NodeId]) -> Fault {
    let node = nodes[rng.random_range(0..nodes.len())];
    let other = nodes[rng.random_range(0..nodes.len())];
    let down_ms = [rng.random_range(1..50), rng.random_range(50..1000), rng.random_range(1000..8000)]
        [rng.random_range(0..3)];
    let for_ms = [rng.random_range(20..200), rng.random_range(200..2000), rng.random_range(2000..8000)]
        [rng.random_range(0..3)];
    match kind {
        "crash" => Fault::Crash { node, down_ms, silent: rng.random_bool(0.3) },
        "crash-all" => Fault::CrashAll { down_ms },
        "crash-loop" => Fault::CrashLoop {
            node,
            times: rng.random_range(2..6),
            up_ms: rng.random_range(1..600),
            down_ms: rng.random_range(1..300),
        },
        "crash-mid-write" => Fault::CrashMidWrite { node, operations: rng.random_range(0..60), down_ms },
        "crash-at" => {
            let of = rng.random_bool(0.3).then_some(other);
            let points = CRASH_POINTS.iter().find(|(whose, _)| whose(of.unwrap_or(node)));
            let points = points.map_or(&[][..], |(_, points)| points);
            Fault::CrashAt { node, of, event: points[rng.random_range(0..points.len())].to_owned(), down_ms }
        }
        "lose-disk" => Fault::LoseDisk { node: NodeId::FrontEnd(1), down_ms },
        "pause" => Fault::Pause { node, for_ms },
        "partition" => {
            let side: Vec<NodeId> = nodes.iter().copied().filter(|_| rng.random_bool(0.4)).collect();
            let side = if side.is_empty() || side.len() == nodes.len() { vec![node] } else { side };
            Fault::Partition {
                side,
                way: [Way::Both, Way::Both, Way::Out, Way::In][rng.random_range(0..4)],
                for_ms,
            }
        }
        "clog" => Fault::Clog { from: node, to: other, for_ms },
        "loss" => Fault::Loss { percent: rng.random_range(1..60), for_ms },
        "duplicate" => Fault::Duplicate { percent: rng.random_range(5..100), for_ms },
        "delay" => {
            Fault::Delay { percent: rng.random_range(5..100), up_to_ms: rng.random_range(5..3000), for_ms }
        }
        "reorder" => Fault::Reorder { for_ms },
        "disk-broken" => Fault::DiskBroken { node, for_ms },
        "disk-full" => Fault::DiskFull { node, for_ms },
        _ => Fault::DiskSlow { node, factor: rng.random_range(2..200), for_ms },
    }
}
