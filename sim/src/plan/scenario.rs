//! A story about the store, in a file that a person can read and change.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toystore_checks::data::Promise;
use toystore_checks::time::{MILLI, seconds};

use super::setup::Setup;
use super::sizes::ServiceSizes;
use crate::coverage::Observation;
use crate::faults::ScheduledFault;
use crate::outcome::RunOutcome;

/// A story about the store, in a file that a person can read and change.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What it is about.
    pub title: String,
    /// What happens, for a reader.
    pub story: String,
    /// Events and counts that must be seen at least once, or the story did not take place.
    pub must_see: Vec<Observation>,
    /// What must not be seen more often than that: the store comes to rest.
    pub at_most: BTreeMap<Observation, u64>,
    /// Until all heals, the shoppers together never wait longer than that for the next order to be placed.
    pub silence_at_most_ms: Option<u64>,
    /// How it has to end.
    pub expect: Expect,
    /// The run.
    pub setup: Setup,
}

/// How a scenario has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
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
struct WrittenScenario {
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
    fault: Vec<ScheduledFault>,
}

/// Why a scenario file is not one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadScenario(String);

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// Says what is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Scenario, BadScenario> {
        let written: WrittenScenario =
            toml::from_str(text).map_err(|error| BadScenario(error.to_string()))?;
        let bad = |error: &dyn std::fmt::Display| BadScenario(format!("in setup: {error}"));
        // A story goes its way as long as no size is in its way.
        let drawn = Setup { sizes: ServiceSizes::default(), ..Setup::draw(written.seed, &BTreeSet::new()) };
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
        let WrittenScenario { title, story, silence_at_most_ms, expect, .. } = written;
        let must_see = written.must_see.iter().map(|name| observation(name)).collect::<Result<_, _>>()?;
        let at_most = written.at_most.iter().map(|(name, most)| Ok((observation(name)?, *most)));
        let at_most = at_most.collect::<Result<_, _>>()?;
        Ok(Scenario { title, story, must_see, at_most, silence_at_most_ms, expect, setup })
    }

    /// The promises that its run broke although the scenario does not expect it.
    #[must_use]
    pub fn broken(&self, outcome: &RunOutcome) -> Vec<Promise> {
        let broken = outcome.violations.iter().map(|violation| violation.promise);
        let stops = self.stops(outcome).then_some(Promise::OrdersGoOn);
        match self.expect {
            Expect::Recovers => broken.chain(stops).collect(),
            Expect::Waits => {
                // A store that has taken an order after all healed did not wait, even if something else kept it.
                let waits = broken.clone().any(|promise| promise == Promise::ComesBack)
                    && outcome.recovery_nanos == 0;
                let others = broken.filter(|promise| *promise != Promise::ComesBack);
                others.chain((!waits).then_some(Promise::Waits)).chain(stops).collect()
            }
        }
    }

    /// Whether the shoppers waited longer for an order than the scenario allows.
    fn stops(&self, outcome: &RunOutcome) -> bool {
        let silence = outcome.history.longest_silence(self.setup.faults_ms * MILLI);
        self.silence_at_most_ms.is_some_and(|most| silence > most * MILLI)
    }

    /// What of the end of its run is not as the scenario has it; nothing, if all is well.
    #[must_use]
    pub fn unmet(&self, outcome: &RunOutcome) -> Vec<String> {
        let told = |promise: Promise| match promise {
            Promise::Waits => "it was to wait, but went on".to_owned(),
            Promise::OrdersGoOn => {
                let silence = outcome.history.longest_silence(self.setup.faults_ms * MILLI);
                format!("for {} no order was placed", seconds(silence))
            }
            promise => format!("this promise was broken: {promise}"),
        };
        let mut unmet: Vec<String> = self.broken(outcome).into_iter().map(told).collect();
        let unseen = self.must_see.iter().filter(|what| outcome.counts.of(**what) == 0);
        unmet.extend(unseen.map(|what| format!("was to be seen, but was not: {}", what.name())));
        let too_often = self.at_most.iter().filter(|(what, most)| outcome.counts.of(**what) > **most);
        unmet.extend(too_often.map(|(what, most)| {
            let seen = outcome.counts.of(*what);
            format!("was to be seen {most} times at most: {} ({seen})", what.name())
        }));
        unmet
    }

    /// The text of a scenario that is this run, to be kept in a file.
    ///
    /// # Errors
    /// When a number is too large for the format.
    pub fn text(title: &str, setup: &Setup) -> Result<String, BadScenario> {
        #[derive(Serialize)]
        struct SavedScenario<'a> {
            title: &'a str,
            seed: u64,
            setup: toml::Table,
            fault: &'a [ScheduledFault],
        }
        let bad = |error: toml::ser::Error| BadScenario(error.to_string());
        let plain = Setup { schedule: Vec::new(), ..setup.clone() };
        let mut settings = toml::Table::try_from(&plain).map_err(bad)?;
        settings.remove("seed");
        let written = SavedScenario { title, seed: setup.seed, setup: settings, fault: &setup.schedule };
        toml::to_string(&written).map_err(bad)
    }
}

/// What a file names among `must_see` or `at_most`.
fn observation(name: &str) -> Result<Observation, BadScenario> {
    let unknown = || {
        BadScenario(format!(
            "nothing is counted under the name {name:?}: use a name as a summary of `toystore-sim run` has it"
        ))
    };
    Observation::named(name).ok_or_else(unknown)
}
