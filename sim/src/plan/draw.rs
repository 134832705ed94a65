//! Draws a run from a seed.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::domain::ReplicaId;

use super::setup::{Setup, stream};
use super::sizes::ServiceSizes;
use crate::faults::{self, FaultKind};

/// By how much a clock may be fast or slow so that two of them differ by less than the lease's margin of
/// ten percent.
const MOST_DRIFT_PPM: i64 = 47_000;

impl Setup {
    /// Draws a run from a seed; `allowed` are the kinds of faults that may be in it.
    #[must_use]
    pub fn draw(seed: u64, allowed: &BTreeSet<FaultKind>) -> Setup {
        let mut rng = SmallRng::seed_from_u64(stream(seed, "setup"));
        let mut one_of = |values: &[u64]| values[rng.random_range(0..values.len())];
        let replicas: u8 =
            [3, 3, 3, 3, 3, 2, 4, 5][usize::try_from(one_of(&[0, 1, 2, 3, 4, 5, 6, 7])).unwrap_or(0)];
        let replicas: Vec<ReplicaId> = (1..=replicas).map(ReplicaId::new).collect();
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
            sizes: ServiceSizes::draw(&mut SmallRng::seed_from_u64(stream(seed, "sizes"))),
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
        if !allowed.contains(&FaultKind::Loss) {
            setup.loss_permille = 0;
        }
        if !allowed.contains(&FaultKind::Duplicate) {
            setup.duplicate_permille = 0;
        }
        if !allowed.contains(&FaultKind::Reorder) {
            setup.reorder = false;
        }
        let most = [0, 1_000, MOST_DRIFT_PPM][rng.random_range(0..3)];
        for node in setup.nodes() {
            let ppm = rng.random_range(-most..=most);
            if allowed.contains(&FaultKind::Drift) && ppm != 0 {
                setup.drift_ppm.insert(node.to_string(), ppm);
            }
        }
        setup.schedule = faults::draw(stream(seed, "faults"), &setup.nodes(), faults_ms, allowed);
        let (seed, nodes) = (stream(seed, "memory"), setup.nodes());
        faults::add_memory_faults(&mut setup.schedule, seed, &nodes, faults_ms, allowed);
        setup
    }
}
