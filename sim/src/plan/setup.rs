//! What one run is.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toystore_actors::bugs::Bug;
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;
use toystore_checks::time::ClockSetting;

use super::sizes::ServiceSizes;
use crate::faults::ScheduledFault;
use crate::nodes::FRONT_END;

/// The margin for drift that the catalog is configured with, in percent.
pub const DRIFT_PERCENT: u32 = 10;

/// A run: its cluster, its shoppers, its network and its faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Decides everything that is not written here.
    pub seed: u64,
    /// The order replicas' ids.
    pub replicas: Vec<ReplicaId>,
    /// How many shoppers there are.
    pub clients: u8,
    /// How long a shopper thinks between two requests, on average.
    pub think_ms: u64,
    /// What a shopper does, in percent: orders; the rest are queries and lookups.
    pub order_percent: u32,
    /// Pieces in stock of each toy at first.
    pub stock: Vec<u64>,
    /// The most pieces that one order asks for.
    pub most_pieces: u64,
    /// The chance, in percent, that a shopper who was told that the outcome is not known leaves it at that.
    pub give_up_percent: u64,
    /// See the catalog's configuration.
    pub restock_every_ms: u64,
    /// See the catalog's configuration.
    pub restock_to: u64,
    /// See the front-end's configuration.
    pub cache_capacity: usize,
    /// How long an answer may be cached.
    pub lease_ms: u64,
    /// See the front-end's configuration.
    pub heartbeat_ms: u64,
    /// See the front-end's configuration.
    pub suspect_after_ms: u64,
    /// See the services' configurations.
    pub call_limit_ms: u64,
    /// How long the front-end works on a request before it answers "not known".
    pub deadline_ms: u64,
    /// See the order replica's configuration.
    pub drop_after_ms: u64,
    /// See the order replica's configuration.
    pub retry_every_ms: u64,
    /// How many calls may be under way at an order replica, and how many orders may wait there.
    pub max_calls: usize,
    /// How much the services do at a time.
    #[serde(default)]
    pub sizes: ServiceSizes,
    /// Mean time that a message travels, in microseconds.
    pub latency_us: u64,
    /// Messages lost all the time, in thousandths.
    pub loss_permille: u32,
    /// Requests doubled all the time, in thousandths.
    pub duplicate_permille: u32,
    /// Whether messages may always overtake one another.
    pub reorder: bool,
    /// By how many millionths each node's clock is fast, by the node's name.
    pub drift_ppm: BTreeMap<String, i64>,
    /// How long things go wrong before all heals.
    pub faults_ms: u64,
    /// How long it may take, after all healed, until orders succeed and all replicas are in sync.
    pub recovery_ms: u64,
    /// Whether somebody does what the store waits for an operator to do.
    #[serde(default = "yes")]
    pub operator: bool,
    /// Whether memories may be lost beyond what the store promises to survive: then it has to wait.
    #[serde(default)]
    pub unlimited_losses: bool,
    /// Which rule of the store is broken on purpose.
    #[serde(default, with = "super::bug_name::by_name", skip_serializing_if = "Option::is_none")]
    pub bug: Option<Bug>,
    /// What goes wrong.
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<ScheduledFault>,
}

fn yes() -> bool {
    true
}

impl Setup {
    /// The seed of one concern of this run.
    #[must_use]
    pub fn stream(&self, concern: &str) -> u64 {
        stream(self.seed, concern)
    }

    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        let orders = self.replicas.iter().map(|id| NodeId::Order(*id));
        [FRONT_END, NodeId::Catalog].into_iter().chain(orders).collect()
    }

    /// How a node's clocks are set. No two wall clocks are right alike: they are up to two minutes apart.
    #[must_use]
    pub fn clock(&self, node: NodeId) -> ClockSetting {
        let origin = self.stream(&format!("clock {node}")) % 1_000_000_000_000;
        let drift_ppm = self.drift_ppm.get(&node.to_string()).copied().unwrap_or(0);
        let wall_ahead_ms = self.stream(&format!("wall clock {node}")) % 120_000;
        ClockSetting { origin, drift_ppm, wall_ahead_ms }
    }

    /// The longest that a call of a shopper may reasonably take.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.deadline_ms + 1_000)
    }
}

impl fmt::Display for Setup {
    /// The settings and the schedule, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = Setup { schedule: Vec::new(), ..self.clone() };
        match toml::Table::try_from(&plain) {
            Ok(settings) => write!(f, "{settings}")?,
            Err(error) => writeln!(f, "{error}")?,
        }
        for timed in &self.schedule {
            writeln!(f, "{timed}")?;
        }
        Ok(())
    }
}

/// An independent seed for each concern of a run, so that one concern's draws do not shift another's.
#[must_use]
pub fn stream(seed: u64, concern: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, concern).hash(&mut hasher);
    hasher.finish()
}
