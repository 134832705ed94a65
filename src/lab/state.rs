//! All that is broken now, as it is shown.

use serde::Serialize;
use toystore_actors::net::NodeId;

use super::bugs::LabBug;
use super::disk::DiskState;
use super::network::LinkFault;
use super::node::{Condition, LabNode};
use super::shoppers::{ShopperCounts, ShopperPlan};
use super::verdict::VerdictState;

/// All that is broken now, and the verdict on what the store has done so far.
#[derive(Debug, Clone, Serialize)]
pub struct LabState {
    /// The nodes that can be broken.
    pub nodes: Vec<NodeState>,
    /// The links that are not well.
    pub links: Vec<LinkState>,
    /// Who shops.
    pub shoppers: ShoppersState,
    /// The bugs that can be planted; `null` in a program that was built without them.
    pub bugs: Option<Vec<LabBug>>,
    /// The name of the one that is.
    pub bug: Option<&'static str>,
    /// Whether the store has kept what it promised.
    pub verdict: VerdictState,
}

/// A node.
#[derive(Debug, Clone, Serialize)]
pub struct NodeState {
    /// Its name.
    pub node: String,
    /// `running`, `paused`, `crashed`, or `stopped`: by itself.
    pub state: &'static str,
    /// Why it stopped; otherwise empty.
    pub why: String,
    /// `healthy`, `slow` or `full`.
    pub disk: &'static str,
    /// By how much longer each sync takes, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_ms: Option<u64>,
}

impl NodeState {
    /// A node as it is now.
    pub fn of(id: NodeId, node: &LabNode) -> NodeState {
        let (state, why) = match node.condition() {
            Condition::Running => ("running", String::new()),
            Condition::Paused => ("paused", String::new()),
            Condition::Crashed => ("crashed", String::new()),
            Condition::Stopped(why) => ("stopped", why),
        };
        let (disk, disk_ms) = match node.disk.state() {
            DiskState::Healthy => ("healthy", None),
            DiskState::Slow(longer) => ("slow", Some(millis(longer))),
            DiskState::Full => ("full", None),
        };
        NodeState { node: id.to_string(), state, why, disk, disk_ms }
    }
}

/// A link that is not well.
#[derive(Debug, Clone, Serialize)]
pub struct LinkState {
    /// One end.
    pub a: String,
    /// The other.
    pub b: String,
    /// `cut`, `slow` or `lossy`.
    pub fault: &'static str,
    /// By how much longer a message takes, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// How many messages of a hundred are lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
}

impl LinkState {
    /// The link between two nodes.
    pub fn of(a: NodeId, b: NodeId, fault: LinkFault) -> LinkState {
        let (fault, ms, percent) = match fault {
            LinkFault::Cut => ("cut", None, None),
            LinkFault::Slow(span) => ("slow", Some(millis(span)), None),
            LinkFault::Lossy(percent) => ("lossy", None, Some(percent)),
        };
        LinkState { a: a.to_string(), b: b.to_string(), fault, ms, percent }
    }
}

/// Who shops, and what came of it since the start.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ShoppersState {
    #[serde(flatten)]
    pub plan: ShopperPlan,
    #[serde(flatten)]
    pub counts: ShopperCounts,
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
