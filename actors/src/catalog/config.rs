//! How a catalog works.

use std::time::Duration;

use crate::bugs::catalog as bent;
use crate::domain::FrontEndId;

/// So many refused request ids are remembered when deployed: nobody waits for a copy of a request that is later than
/// so many others.
pub const REFUSALS: usize = 65_536;

/// How a catalog works.
#[derive(Debug, Clone)]
pub struct CatalogConfig {
    /// The front-ends that may cache, by their numbers. Nobody else gets a cacheable answer.
    pub front_ends: Vec<FrontEndId>,
    /// How long a front-end may use a cacheable answer, by its own clock.
    pub lease: Duration,
    /// How much longer it counts here, in percent: by how much two clocks may drift apart in this time.
    pub drift_percent: u32,
    /// How often what is out of stock is restocked; zero for never.
    pub restock_every: Duration,
    /// Pieces of a product after its restock; zero for no restock at all.
    pub restock_to: u64,
    /// The longest wait for the answer to one invalidation. It is repeated while the lease lasts.
    pub call_limit: Duration,
    /// How many calls may be under way at once.
    pub max_calls: usize,
    /// How many refused request ids it remembers, at least 1; see rule C3.
    pub refusals: usize,
}

impl CatalogConfig {
    /// How long an answer counts as a lease here: what the front-end counts, and the margin for drift (cache rule 1).
    pub(super) fn counted_lease(&self) -> Duration {
        let margin = bent::drift_percent(self.drift_percent);
        self.lease.saturating_add(self.lease.saturating_mul(margin) / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule cache 1.
    #[test]
    fn a_lease_counts_longer_here_by_the_margin_for_drift() {
        for (lease_ms, drift_percent, counted_ms) in [(2000, 10, 2200), (2000, 0, 2000), (0, 10, 0)] {
            let config = CatalogConfig {
                front_ends: Vec::new(),
                lease: Duration::from_millis(lease_ms),
                drift_percent,
                restock_every: Duration::ZERO,
                restock_to: 0,
                call_limit: Duration::ZERO,
                max_calls: 1,
                refusals: 1,
            };
            let counted = Duration::from_millis(counted_ms);
            assert_eq!(config.counted_lease(), counted, "{lease_ms} ms and {drift_percent} %");
        }
    }
}
