//! What can go wrong.

use serde::{Deserialize, Serialize};
use toystore_actors::net::NodeId;

use super::kind::FaultKind;
use super::names::{event_name, node_name, node_names, optional_node_name};
use toystore_actors::probe::EventKind;

/// Which messages across a partition are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// All.
    Both,
    /// Those that leave the side named.
    Out,
    /// Those that come to the side named.
    In,
}

/// Which files of a node are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LostFiles {
    /// All.
    #[default]
    All,
    /// The data file; its journal stays.
    Data,
    /// The journal; its data file stays.
    Journal,
}

/// How far an older copy of a disk goes back. Either has only what a crash at that moment would have kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CopyTime {
    /// To before the node's next start: it is stopped for the copy and started again.
    Run,
    /// To a moment at which it ran, and went on running.
    Moment,
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
        #[serde(with = "event_name")]
        event: EventKind,
        down_ms: u64,
    },
    /// A node crashes at the very point where another one tells of this event the next time; that one too, if both do.
    CrashPair {
        #[serde(with = "node_name")]
        node: NodeId,
        #[serde(with = "node_name")]
        of: NodeId,
        #[serde(with = "event_name")]
        event: EventKind,
        both: bool,
        down_ms: u64,
    },
    /// A node is stopped in peace, so that it closes its files; or crashes while it does, after so many disk operations.
    Stop {
        #[serde(with = "node_name")]
        node: NodeId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operations: Option<u64>,
        down_ms: u64,
    },
    /// A node's machine is replaced: it crashes, and starts again without its files.
    LoseDisk {
        #[serde(with = "node_name")]
        node: NodeId,
        down_ms: u64,
        #[serde(default)]
        files: LostFiles,
    },
    /// A node's files are copied, and so much later it crashes and starts again with that copy.
    OldDisk {
        #[serde(with = "node_name")]
        node: NodeId,
        #[serde(rename = "back")]
        copied: CopyTime,
        after_ms: u64,
        down_ms: u64,
    },
    /// Two nodes crash, and start again with each other's files.
    SwapDisks {
        #[serde(with = "node_name")]
        one: NodeId,
        #[serde(with = "node_name")]
        other: NodeId,
        down_ms: u64,
    },
    /// One node has a wrong address: its calls to `one` reach `other`, and the other way round if they are exchanged.
    Misaddress {
        #[serde(with = "node_name")]
        at: NodeId,
        #[serde(with = "node_name")]
        one: NodeId,
        #[serde(with = "node_name")]
        other: NodeId,
        #[serde(default = "yes")]
        exchanged: bool,
        for_ms: u64,
    },
    /// A node's files are copied, and so much later a second process runs under its name with that copy, or with no files
    /// at all. It calls whom it likes; calls to the node reach it from these nodes, and from every other shopper, or else
    /// from nobody. It ends `for_ms` after the copy.
    SecondProcess {
        #[serde(with = "node_name")]
        node: NodeId,
        #[serde(default)]
        empty: bool,
        #[serde(default)]
        after_ms: u64,
        #[serde(default, with = "node_names")]
        reached_by: Vec<NodeId>,
        #[serde(default)]
        shoppers: bool,
        for_ms: u64,
    },
    /// A replica is taken out of the configuration of these nodes, or of all, which are restarted one after the other;
    /// and put back later.
    Reconfigure {
        #[serde(with = "node_name")]
        without: NodeId,
        #[serde(default, with = "node_names")]
        at: Vec<NodeId>,
        gap_ms: u64,
        for_ms: u64,
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
        #[serde(rename = "way")]
        direction: Direction,
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
    /// The next sync of a disk fails, and those after it succeed.
    DiskSyncOnce {
        #[serde(with = "node_name")]
        node: NodeId,
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

fn yes() -> bool {
    true
}

impl Fault {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        match self {
            Fault::Crash { .. } => FaultKind::Crash,
            Fault::CrashAll { .. } => FaultKind::CrashAll,
            Fault::CrashLoop { .. } => FaultKind::CrashLoop,
            Fault::CrashMidWrite { .. } => FaultKind::CrashMidWrite,
            Fault::CrashAt { .. } => FaultKind::CrashAt,
            Fault::CrashPair { .. } => FaultKind::CrashPair,
            Fault::Stop { .. } => FaultKind::Stop,
            Fault::DiskSyncOnce { .. } => FaultKind::DiskSyncOnce,
            Fault::LoseDisk { node, .. } => match node {
                NodeId::FrontEnd(_) => FaultKind::LoseDisk,
                NodeId::Order(_) => FaultKind::LoseReplicaDisk,
                NodeId::Catalog => FaultKind::LoseCatalogDisk,
            },
            Fault::OldDisk { node, .. } => match node {
                NodeId::FrontEnd(_) => FaultKind::OldFrontEndDisk,
                NodeId::Order(_) => FaultKind::OldReplicaDisk,
                NodeId::Catalog => FaultKind::OldCatalogDisk,
            },
            Fault::SwapDisks { .. } => FaultKind::SwapDisks,
            Fault::Misaddress { .. } => FaultKind::Misaddress,
            Fault::SecondProcess { node: NodeId::FrontEnd(_), .. } => FaultKind::SecondFrontEnd,
            Fault::SecondProcess { .. } => FaultKind::SecondReplica,
            Fault::Reconfigure { .. } => FaultKind::Reconfigure,
            Fault::Pause { .. } => FaultKind::Pause,
            Fault::Partition { .. } => FaultKind::Partition,
            Fault::Clog { .. } => FaultKind::Clog,
            Fault::Loss { .. } => FaultKind::Loss,
            Fault::Duplicate { .. } => FaultKind::Duplicate,
            Fault::Delay { .. } => FaultKind::Delay,
            Fault::Reorder { .. } => FaultKind::Reorder,
            Fault::DiskBroken { .. } => FaultKind::DiskBroken,
            Fault::DiskFull { .. } => FaultKind::DiskFull,
            Fault::DiskSlow { .. } => FaultKind::DiskSlow,
        }
    }

    /// The nodes that it names.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        match self {
            Fault::Crash { node, .. }
            | Fault::CrashLoop { node, .. }
            | Fault::CrashMidWrite { node, .. }
            | Fault::Stop { node, .. }
            | Fault::DiskSyncOnce { node }
            | Fault::LoseDisk { node, .. }
            | Fault::OldDisk { node, .. }
            | Fault::Pause { node, .. }
            | Fault::DiskBroken { node, .. }
            | Fault::DiskFull { node, .. }
            | Fault::DiskSlow { node, .. } => vec![*node],
            Fault::CrashAt { node, of, .. } => [Some(*node), *of].into_iter().flatten().collect(),
            Fault::Partition { side, .. } => side.clone(),
            Fault::Clog { from, to, .. } => vec![*from, *to],
            Fault::CrashPair { node, of, .. } => vec![*node, *of],
            Fault::SwapDisks { one, other, .. } => vec![*one, *other],
            Fault::Misaddress { at, one, other, .. } => vec![*at, *one, *other],
            Fault::SecondProcess { node, reached_by: others, .. }
            | Fault::Reconfigure { without: node, at: others, .. } => [&[*node], &others[..]].concat(),
            Fault::CrashAll { .. }
            | Fault::Loss { .. }
            | Fault::Duplicate { .. }
            | Fault::Delay { .. }
            | Fault::Reorder { .. } => Vec::new(),
        }
    }

    /// How long it lasts, for those that end by themselves.
    #[must_use]
    pub fn lasts_ms(&self) -> Option<u64> {
        match self {
            Fault::Pause { for_ms, .. }
            | Fault::Misaddress { for_ms, .. }
            | Fault::SecondProcess { for_ms, .. }
            | Fault::Reconfigure { for_ms, .. }
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
            | Fault::CrashPair { .. }
            | Fault::Stop { .. }
            | Fault::DiskSyncOnce { .. }
            | Fault::LoseDisk { .. }
            | Fault::OldDisk { .. }
            | Fault::SwapDisks { .. }
            | Fault::CrashAll { .. }
            | Fault::CrashLoop { .. }
            | Fault::CrashMidWrite { .. }
            | Fault::CrashAt { .. } => None,
        }
    }
}
