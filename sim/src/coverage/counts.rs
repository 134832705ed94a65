//! How often each thing was seen.

use std::collections::BTreeMap;

use super::observation::Observation;

/// What was seen, how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<Observation, u64>);

impl Counts {
    /// It was seen so often, which may be never.
    pub fn add(&mut self, what: Observation, times: u64) {
        *self.0.entry(what).or_default() += times;
    }

    /// All that others have seen was seen here too.
    pub fn add_all(&mut self, others: &Counts) {
        for (what, times) in &others.0 {
            self.add(*what, *times);
        }
    }

    /// How often it was seen.
    #[must_use]
    pub fn of(&self, what: Observation) -> u64 {
        self.0.get(&what).copied().unwrap_or(0)
    }

    /// Everything that was counted, by name.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<&'static str, u64> {
        self.0.iter().map(|(what, times)| (what.name(), *times)).collect()
    }

    /// What must have been seen and was not.
    pub fn never_seen(&self) -> impl Iterator<Item = Observation> {
        Observation::all().filter(|what| what.must_be_seen() && self.of(*what) == 0)
    }
}
