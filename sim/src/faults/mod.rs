//! What can go wrong, and when: a schedule that is drawn before the run begins.
//!
//! The schedule is explicit so that it can be printed, written into a scenario file, and shortened until
//! only the faults that matter are left.

mod draw;
mod memory;
mod names;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use toystore_actors::net::NodeId;

pub use self::draw::draw;
pub use self::memory::add as add_memory_faults;
pub use self::names::node_name;
use self::names::{node_names, optional_node_name};

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

/// Which files of a node are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Files {
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
pub enum Back {
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
        event: String,
        down_ms: u64,
    },
    /// A node crashes at the very point where another one tells of this event the next time; that one too, if both do.
    CrashPair {
        #[serde(with = "node_name")]
        node: NodeId,
        #[serde(with = "node_name")]
        of: NodeId,
        event: String,
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
        files: Files,
    },
    /// A node's files are copied, and so much later it crashes and starts again with that copy.
    OldDisk {
        #[serde(with = "node_name")]
        node: NodeId,
        back: Back,
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

/// The kinds of faults, by the names that `--faults` takes. Clock drift is a property of a run and has no
/// place in its schedule; a first start that is cut short is a crash in the middle of a disk operation, at the very beginning.
pub const KINDS: [&str; 21] = [
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
    "crash-pair",
    "stop",
    "disk-sync-once",
    "first-start",
];

/// The kinds in which a memory is lost, older or another's, or a process is not who it is taken for. They are drawn
/// apart from the others, and only when they are asked for.
pub const MEMORY_KINDS: [&str; 10] = [
    "lose-replica-disk",
    "lose-catalog-disk",
    "old-replica-disk",
    "old-front-end-disk",
    "old-catalog-disk",
    "swap-disks",
    "misaddress",
    "second-front-end",
    "second-replica",
    "reconfigure",
];

/// All kinds.
#[must_use]
pub fn all() -> BTreeSet<&'static str> {
    KINDS.into_iter().chain(MEMORY_KINDS).collect()
}

impl Fault {
    /// Its kind, as in [`KINDS`] or [`MEMORY_KINDS`].
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Crash { .. } => "crash",
            Fault::CrashAll { .. } => "crash-all",
            Fault::CrashLoop { .. } => "crash-loop",
            Fault::CrashMidWrite { .. } => "crash-mid-write",
            Fault::CrashAt { .. } => "crash-at",
            Fault::CrashPair { .. } => "crash-pair",
            Fault::Stop { .. } => "stop",
            Fault::DiskSyncOnce { .. } => "disk-sync-once",
            Fault::LoseDisk { node, .. } => match node {
                NodeId::FrontEnd(_) => "lose-disk",
                NodeId::Order(_) => "lose-replica-disk",
                NodeId::Catalog => "lose-catalog-disk",
            },
            Fault::OldDisk { node, .. } => match node {
                NodeId::FrontEnd(_) => "old-front-end-disk",
                NodeId::Order(_) => "old-replica-disk",
                NodeId::Catalog => "old-catalog-disk",
            },
            Fault::SwapDisks { .. } => "swap-disks",
            Fault::Misaddress { .. } => "misaddress",
            Fault::SecondProcess { node: NodeId::FrontEnd(_), .. } => "second-front-end",
            Fault::SecondProcess { .. } => "second-replica",
            Fault::Reconfigure { .. } => "reconfigure",
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

    /// How long it lasts, for those that end of themselves.
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
            Fault::CrashPair { node, of, event, both, down_ms } => {
                let who = if *both { format!("{node} and {of} crash") } else { format!("{node} crashes") };
                write!(f, "{who} at the next {event} of {of}, for {down_ms} ms")
            }
            Fault::Stop { node, operations: None, down_ms } => {
                write!(f, "{node} is stopped and closes its files, for {down_ms} ms")
            }
            Fault::Stop { node, operations: Some(operations), down_ms } => {
                write!(
                    f,
                    "{node} is stopped, and crashes after {operations} disk operations of its closing; for {down_ms} ms"
                )
            }
            Fault::LoseDisk { node, down_ms, files } => {
                let what = match files {
                    Files::All => "disk",
                    Files::Data => "data file, not the journal",
                    Files::Journal => "journal, not the data file",
                };
                write!(f, "{node} crashes and loses its {what}, for {down_ms} ms")
            }
            Fault::OldDisk { node, back, after_ms, down_ms } => {
                let copied = match back {
                    Back::Run => "is stopped, copied and started again",
                    Back::Moment => "is copied while it runs",
                };
                write!(
                    f,
                    "the disk of {node} {copied}; {after_ms} ms later it crashes and has that copy, for {down_ms} ms"
                )
            }
            Fault::SwapDisks { one, other, down_ms } => {
                write!(f, "{one} and {other} crash and get each other's disk, for {down_ms} ms")
            }
            Fault::Misaddress { at, one, other, exchanged, for_ms } => {
                let both = if *exchanged { ", and the other way round," } else { "" };
                write!(f, "{at} has the address of {other} for {one}{both} for {for_ms} ms")
            }
            Fault::SecondProcess { node, empty, after_ms, reached_by, shoppers, for_ms } => {
                let files = if *empty { "no files" } else { "a copy made now of its files" };
                write!(
                    f,
                    "a second {node} runs with {files}, from {after_ms} to {for_ms} ms after this, reached by "
                )?;
                match (&reached_by[..], shoppers) {
                    ([], false) => write!(f, "nobody"),
                    ([], true) => write!(f, "every other shopper"),
                    (_, false) => write!(f, "{}", names_of(reached_by)),
                    (_, true) => write!(f, "{} and every other shopper", names_of(reached_by)),
                }
            }
            Fault::Reconfigure { without, at, gap_ms, for_ms } => {
                let at = if at.is_empty() { "everyone".to_owned() } else { names_of(at) };
                write!(
                    f,
                    "{at} is configured without {without} for {for_ms} ms, restarted {gap_ms} ms after one another"
                )
            }
            Fault::Pause { node, for_ms } => write!(f, "{node} is paused for {for_ms} ms"),
            Fault::Partition { side, way, for_ms } => {
                let what = match way {
                    Way::Both => "cut off",
                    Way::Out => "cut off, outgoing only,",
                    Way::In => "cut off, incoming only,",
                };
                write!(f, "{} {what} for {for_ms} ms", names_of(side))
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
            Fault::DiskSyncOnce { node } => write!(f, "the next sync of the disk of {node} fails"),
            Fault::DiskFull { node, for_ms } => write!(f, "the disk of {node} is full for {for_ms} ms"),
            Fault::DiskSlow { node, factor, for_ms } => {
                write!(f, "the disk of {node} is {factor} times slower for {for_ms} ms")
            }
        }
    }
}

fn names_of(nodes: &[NodeId]) -> String {
    let names: Vec<_> = nodes.iter().map(ToString::to_string).collect();
    names.join(", ")
}
