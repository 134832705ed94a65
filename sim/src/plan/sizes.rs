//! How much the services do at a time, and keep: drawn by the seed from 1 upwards, because what is behind a limit that
//! no run reaches is never run.

use rand::RngExt;
use rand::rngs::SmallRng;
use serde::{Deserialize, Serialize};
use toystore_actors::{catalog, front_end, order, storage};

/// The sizes of a run. What a scenario file leaves out is so large that the story does not depend on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceSizes {
    /// See the order replica's limits.
    pub sync_entries: usize,
    /// See the order replica's limits.
    pub fetch_entries: u32,
    /// See the order replica's limits.
    pub chunk_entries: u32,
    /// See the order replica's limits.
    pub batch: usize,
    /// How many refusals a leader remembers.
    pub leader_refusals: usize,
    /// How many refusals the catalog remembers. How a refusal is judged that it has forgotten, is said in
    /// `checks/forgotten.rs`.
    pub catalog_refusals: usize,
    /// See the order replica's limits.
    pub page: u32,
    /// See the order replica's limits.
    pub readers: usize,
    /// How many calls may be under way at the front-end.
    pub front_end_calls: usize,
    /// How many requests of shoppers the front-end may work on.
    pub front_end_requests: usize,
    /// How many calls may be under way at the catalog.
    pub catalog_calls: usize,
    /// See the front-end's limits.
    pub leader_calls: usize,
    /// See the front-end's limits.
    pub leader_batch: usize,
    /// See the front-end's limits.
    pub exact_cache: usize,
    /// How much of a file redb keeps in memory.
    pub cache_bytes: usize,
    /// Half of a file's journal. Tens of commits have room in the smallest of those that are large, so that a run fills
    /// it often; in the smallest of all, none has.
    pub journal_bytes: usize,
    /// See the files' sizes.
    pub fold_every: usize,
}

impl Default for ServiceSizes {
    fn default() -> ServiceSizes {
        let (order, front_end) = (order::Limits::default(), front_end::Limits::default());
        ServiceSizes {
            sync_entries: order.sync_entries,
            fetch_entries: order.fetch_entries,
            chunk_entries: order.chunk_entries,
            batch: order.batch,
            leader_refusals: order.refusals,
            catalog_refusals: catalog::REFUSALS,
            page: order.page,
            readers: order.readers,
            front_end_calls: 64,
            front_end_requests: 64,
            catalog_calls: 64,
            leader_calls: front_end.leader_calls,
            leader_batch: front_end.leader_batch,
            exact_cache: front_end.exact_cache,
            cache_bytes: 1 << 20,
            journal_bytes: 128 << 10,
            fold_every: storage::Sizes::default().fold_every,
        }
    }
}

impl ServiceSizes {
    /// Draws them. Each is large in half of the runs, so that one that is small is seen at work while others do not
    /// stand in its way; a small one is as likely to have one binary digit as another number of them.
    pub(crate) fn draw(rng: &mut SmallRng) -> ServiceSizes {
        let large = ServiceSizes::default();
        let mut size = |large: usize, most: usize| {
            let (is_large, digits) = (rng.random_bool(0.5), rng.random_range(0..=most.ilog2()));
            let small = rng.random_range(1 << digits..2 << digits);
            if is_large { large } else { small.min(most) }
        };
        let mut sizes = ServiceSizes {
            sync_entries: size(large.sync_entries, 16),
            batch: size(large.batch, 4),
            leader_refusals: size(large.leader_refusals, 32),
            catalog_refusals: size(large.catalog_refusals, 32),
            readers: size(large.readers, 3),
            front_end_calls: size(large.front_end_calls, 8),
            front_end_requests: size(large.front_end_requests, 8),
            catalog_calls: size(large.catalog_calls, 8),
            leader_calls: size(large.leader_calls, 4),
            leader_batch: size(large.leader_batch, 4),
            exact_cache: size(large.exact_cache, 8),
            cache_bytes: size(large.cache_bytes, 1 << 18),
            fold_every: size(large.fold_every, 16),
            ..large.clone()
        };
        let mut entries = |large: u32, most| u32::try_from(size(large as usize, most)).unwrap_or(large);
        sizes.fetch_entries = entries(large.fetch_entries, 64);
        sizes.chunk_entries = entries(large.chunk_entries, 64);
        sizes.page = entries(large.page, 16);
        sizes.journal_bytes = match size(0, 16) {
            0 => [128 << 10, 1 << 20, 8 << 20][rng.random_range(0..3)],
            pages => pages << 12,
        };
        sizes
    }

    /// Those of an order replica.
    #[must_use]
    pub fn order(&self) -> order::Limits {
        order::Limits {
            sync_entries: self.sync_entries,
            fetch_entries: self.fetch_entries,
            chunk_entries: self.chunk_entries,
            batch: self.batch,
            refusals: self.leader_refusals,
            page: self.page,
            readers: self.readers,
        }
    }

    /// Those of the front-end.
    #[must_use]
    pub fn front_end(&self) -> front_end::Limits {
        front_end::Limits {
            leader_calls: self.leader_calls,
            leader_batch: self.leader_batch,
            exact_cache: self.exact_cache,
        }
    }

    /// Those of a file.
    #[must_use]
    pub fn storage(&self) -> storage::Sizes {
        storage::Sizes {
            cache_bytes: self.cache_bytes,
            journal_bytes: self.journal_bytes,
            fold_every: self.fold_every,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    type Size = fn(&ServiceSizes) -> usize;

    #[test]
    fn half_of_the_runs_have_a_size_large_and_some_have_it_smallest() {
        let drawn: Vec<_> =
            (0..400).map(|seed| ServiceSizes::draw(&mut SmallRng::seed_from_u64(seed))).collect();
        let large = ServiceSizes::default();
        let of: [(&str, Size, usize); 4] = [
            ("sync_entries", |sizes| sizes.sync_entries, 1),
            ("catalog_refusals", |sizes| sizes.catalog_refusals, 1),
            ("fetch_entries", |sizes| sizes.fetch_entries as usize, 1),
            ("journal_bytes", |sizes| sizes.journal_bytes, 4096),
        ];
        for (name, size, smallest) in of {
            let large = drawn.iter().filter(|sizes| size(sizes) >= size(&large)).count();
            let least = drawn.iter().filter(|sizes| size(sizes) == smallest).count();
            assert!((150..250).contains(&large) && least >= 10, "{name}: {large} large, {least} smallest");
            assert!(drawn.iter().all(|sizes| size(sizes) >= smallest), "{name}");
        }
    }
}
