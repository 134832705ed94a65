//! What one run is: its cluster, its shoppers, its weather and its faults, all drawn from one seed or read
//! from a file that a person wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use toystore_actors::bugs::Bug;
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;

use crate::clock::Nanos;
use crate::driver::COMES_BACK;
use crate::faults::{self, Timed};
use crate::network::Weather;
use crate::report::{Outcome, seconds};
use crate::sizes::Sizes;

/// A story about the store, in a file that a person can read and change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is about.
    pub title: String,
    /// What happens, for a reader.
    pub story: String,
    /// Events and counts that must be seen at least once, or the story did not take place.
    pub must_see: Vec<String>,
    /// What must not be seen more often than that: the store comes to rest.
    pub at_most: BTreeMap<String, u64>,
    /// Until all heals, the shoppers together never wait longer than that for the next order to be placed.
    pub silence_at_most_ms: Option<u64>,
    /// How it has to end.
    pub expect: Expect,
    /// The run.
    pub setup: Setup,
}

/// How a scenario has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// The store comes back.
    #[default]
    Recovers,
    /// The store waits, because going on could lose what it promised. It breaks no other promise.
    Waits,
}

/// A scenario as it is written: what a file leaves out of `setup` is drawn from the seed, without faults, but for the
/// sizes, which are then large.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    title: String,
    #[serde(default)]
    story: String,
    seed: u64,
    #[serde(default)]
    must_see: Vec<String>,
    #[serde(default)]
    at_most: BTreeMap<String, u64>,
    #[serde(default)]
    silence_at_most_ms: Option<u64>,
    #[serde(default)]
    expect: Expect,
    #[serde(default)]
    setup: toml::Table,
    #[serde(default)]
    fault: Vec<Timed>,
}

/// Why a scenario file is not one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadScenario(String);

/// What a store does that cannot go on without the risk of losing what it promised.
const WAITS: &str = "it waits";

/// What a store breaks that takes no orders, although it could.
const GOES_ON: &str = "orders go on";

const MILLI: Nanos = 1_000_000;

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// Says what is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Scenario, BadScenario> {
        let written: Written = toml::from_str(text).map_err(|error| BadScenario(error.to_string()))?;
        let bad = |error: &dyn std::fmt::Display| BadScenario(format!("in setup: {error}"));
        // A story goes its way as long as no size is in its way.
        let drawn = Setup { sizes: Sizes::default(), ..Setup::draw(written.seed, &BTreeSet::new()) };
        let mut table = toml::Table::try_from(&drawn).map_err(|error| bad(&error))?;
        table.extend(written.setup);
        let mut setup: Setup = table.try_into().map_err(|error| bad(&error))?;
        setup.schedule = written.fault;
        setup.schedule.sort_by_key(|timed| timed.at_ms);
        let nodes = setup.nodes();
        for timed in &setup.schedule {
            if let Some(stranger) = timed.fault.nodes().into_iter().find(|node| !nodes.contains(node)) {
                return Err(BadScenario(format!("there is no {stranger} in this run: {timed}")));
            }
        }
        let Written { title, story, must_see, at_most, silence_at_most_ms, expect, .. } = written;
        Ok(Scenario { title, story, must_see, at_most, silence_at_most_ms, expect, setup })
    }

    /// The promises that its run broke although the scenario does not expect it.
    #[must_use]
    pub fn broken(&self, outcome: &Outcome) -> Vec<&'static str> {
        let broken = outcome.violations.iter().map(|violation| violation.promise);
        let stops = self.stops(outcome).then_some(GOES_ON);
        match self.expect {
            Expect::Recovers => broken.chain(stops).collect(),
            Expect::Waits => {
                // A store that has taken an order after all healed did not wait, even if something else kept it.
                let waits =
                    broken.clone().any(|promise| promise == COMES_BACK) && outcome.recovery_nanos == 0;
                let others = broken.filter(|promise| *promise != COMES_BACK);
                others.chain((!waits).then_some(WAITS)).chain(stops).collect()
            }
        }
    }

    /// Whether the shoppers waited longer for an order than the scenario allows.
    fn stops(&self, outcome: &Outcome) -> bool {
        let silence = outcome.history.longest_silence(self.setup.faults_ms * MILLI);
        self.silence_at_most_ms.is_some_and(|most| silence > most * MILLI)
    }

    /// What of the end of its run is not as the scenario has it; nothing, if all is well.
    #[must_use]
    pub fn unmet(&self, outcome: &Outcome) -> Vec<String> {
        let told = |promise: &'static str| match promise {
            WAITS => "it was to wait, but went on".to_owned(),
            GOES_ON => {
                let silence = outcome.history.longest_silence(self.setup.faults_ms * MILLI);
                format!("for {} no order was placed", seconds(silence))
            }
            promise => format!("this promise was broken: {promise}"),
        };
        let mut unmet: Vec<String> = self.broken(outcome).into_iter().map(told).collect();
        let unseen = self.must_see.iter().filter(|what| !outcome.counts.contains_key(*what));
        unmet.extend(unseen.map(|what| format!("was to be seen, but was not: {what}")));
        let seen = |what: &String| outcome.counts.get(what).copied().unwrap_or(0);
        let too_often = self.at_most.iter().filter(|(what, most)| seen(what) > **most);
        unmet.extend(
            too_often
                .map(|(what, most)| format!("was to be seen {most} times at most: {what} ({})", seen(what))),
        );
        unmet
    }

    /// The text of a scenario that is this run, to be kept in a file.
    ///
    /// # Errors
    /// When a number is too large for the format.
    pub fn text(title: &str, setup: &Setup) -> Result<String, BadScenario> {
        #[derive(Serialize)]
        struct Written<'a> {
            title: &'a str,
            seed: u64,
            setup: toml::Table,
            fault: &'a [Timed],
        }
        let bad = |error: toml::ser::Error| BadScenario(error.to_string());
        let plain = Setup { schedule: Vec::new(), ..setup.clone() };
        let mut settings = toml::Table::try_from(&plain).map_err(bad)?;
        settings.remove("seed");
        let written = Written { title, seed: setup.seed, setup: settings, fault: &setup.schedule };
        toml::to_string(&written).map_err(bad)
    }
}

/// A run.
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
    pub sizes: Sizes,
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
    /// How long the store suffers before all heals.
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
    #[serde(default, with = "crate::bugs::by_name", skip_serializing_if = "Option::is_none")]
    pub bug: Option<Bug>,
    /// What goes wrong.
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<Timed>,
}

fn yes() -> bool {
    true
}

/// By how much a clock may be fast or slow so that two of them differ by less than the lease's margin of
/// ten percent.
const MOST_DRIFT_PPM: i64 = 47_000;

/// The margin for drift that the catalog is configured with, in percent.
pub const DRIFT_PERCENT: u32 = 10;

impl Setup {
    /// Draws a run from a seed; `allowed` are the kinds of faults that may be in it.
    #[must_use]
    pub fn draw(seed: u64, allowed: &BTreeSet<&str>) -> Setup {
        let mut rng = SmallRng::seed_from_u64(stream(seed, "setup"));
        let mut one_of = |values: &[u64]| values[rng.random_range(0..values.len())];
        let replicas: u8 =
            [3, 3, 3, 3, 3, 2, 4, 5][usize::try_from(one_of(&[0, 1, 2, 3, 4, 5, 6, 7])).unwrap_or(0)];
        let replicas: Vec<ReplicaId> = (1..=replicas).collect();
        let faults_ms = one_of(&[20_000, 40_000, 40_000, 60_000]);
        let call_limit_ms = one_of(&[300, 500, 1000]);
        let mut setup = Setup {
            seed,
            clients: u8::try_from(one_of(&[3, 5, 5, 8])).unwrap_or(5),
            think_ms: one_of(&[50, 200, 500, 1000]),
            order_percent: u32::try_from(one_of(&[30, 50, 50, 80])).unwrap_or(50),
            stock: (0..one_of(&[1, 3, 4, 6])).map(|_| one_of(&[3, 10, 20, 100])).collect(),
            most_pieces: one_of(&[1, 3, 5]),
            give_up_percent: one_of(&[4, 4, 30]),
            restock_every_ms: one_of(&[3_000, 10_000]),
            restock_to: one_of(&[5, 20, 100]),
            cache_capacity: usize::try_from(one_of(&[0, 2, 10, 10])).unwrap_or(10),
            lease_ms: one_of(&[100, 500, 2000, 2000]),
            heartbeat_ms: one_of(&[100, 250, 500]),
            suspect_after_ms: 0,
            call_limit_ms,
            deadline_ms: one_of(&[2_000, 5_000]),
            drop_after_ms: one_of(&[300, 500, 1000]),
            retry_every_ms: one_of(&[20, 50, 100]),
            max_calls: usize::try_from(one_of(&[1, 4, 64, 64, 1024])).unwrap_or(64),
            sizes: Sizes::draw(&mut SmallRng::seed_from_u64(stream(seed, "sizes"))),
            latency_us: one_of(&[100, 500, 2_000, 10_000]),
            loss_permille: u32::try_from(one_of(&[0, 0, 0, 5, 30])).unwrap_or(0),
            duplicate_permille: u32::try_from(one_of(&[0, 0, 10, 100])).unwrap_or(0),
            reorder: one_of(&[0, 1]) == 1,
            drift_ppm: BTreeMap::new(),
            faults_ms,
            recovery_ms: 20_000,
            operator: true,
            unlimited_losses: false,
            bug: None,
            schedule: Vec::new(),
            replicas,
        };
        // A leader is to be asked at least twice before it is suspected.
        setup.suspect_after_ms = setup.heartbeat_ms * [2, 3, 4][rng.random_range(0..3)] + 100;
        if !allowed.contains("loss") {
            setup.loss_permille = 0;
        }
        if !allowed.contains("duplicate") {
            setup.duplicate_permille = 0;
        }
        if !allowed.contains("reorder") {
            setup.reorder = false;
        }
        let most = [0, 1_000, MOST_DRIFT_PPM][rng.random_range(0..3)];
        for node in setup.nodes() {
            let ppm = rng.random_range(-most..=most);
            if allowed.contains("drift") && ppm != 0 {
                setup.drift_ppm.insert(node.to_string(), ppm);
            }
        }
        setup.schedule = faults::draw(stream(seed, "faults"), &setup.nodes(), faults_ms, allowed);
        let (seed, nodes) = (stream(seed, "memory"), setup.nodes());
        faults::add_memory_faults(&mut setup.schedule, seed, &nodes, faults_ms, allowed);
        setup
    }

    /// The seed of one concern of this run.
    #[must_use]
    pub fn stream(&self, concern: &str) -> u64 {
        stream(self.seed, concern)
    }

    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        let orders = self.replicas.iter().map(|id| NodeId::Order(*id));
        [NodeId::FrontEnd(1), NodeId::Catalog].into_iter().chain(orders).collect()
    }

    /// Where a node's clock begins, and by how many millionths it is fast.
    #[must_use]
    pub fn clock(&self, node: NodeId) -> (Nanos, i64) {
        let origin = self.stream(&format!("clock {node}")) % 1_000_000_000_000;
        (origin, self.drift_ppm.get(&node.to_string()).copied().unwrap_or(0))
    }

    /// The network while no fault is active.
    #[must_use]
    pub fn weather(&self) -> Weather {
        Weather {
            mean_nanos: self.latency_us * 1000,
            loss: f64::from(self.loss_permille.min(1000)) / 1000.0,
            duplicate: f64::from(self.duplicate_permille.min(1000)) / 1000.0,
            reorder: self.reorder,
            ..Weather::default()
        }
    }

    /// The network after all healed.
    #[must_use]
    pub fn calm(&self) -> Weather {
        Weather { mean_nanos: self.latency_us * 1000, reorder: self.reorder, ..Weather::default() }
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
