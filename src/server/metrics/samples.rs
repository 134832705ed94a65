//! What is written once it is asked for, in families; and the one set of buckets that all durations have.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

/// The upper bounds of the buckets of durations, in nanoseconds: from what a hit in the cache takes to longer than any
/// deadline. What takes longer is in the last, which has no bound.
pub const BOUNDS_NANOS: [u64; 22] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// Those of what is committed together, in orders or calls.
const SIZES: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0];

/// Nanoseconds as seconds, exact for a hundred days. Divided: a product with 1e-9 would be off in its last digit, and a
/// bound is a label.
pub fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// A histogram of durations, in seconds.
pub fn durations() -> Histogram {
    Histogram::new(BOUNDS_NANOS.into_iter().map(seconds))
}

/// A histogram of how many were committed together.
pub fn sizes() -> Histogram {
    Histogram::new(SIZES)
}

/// Samples of this moment.
#[derive(Debug, Default)]
pub struct Samples {
    registry: Registry,
}

impl Samples {
    /// A value that goes up and down.
    pub fn gauge<V>(&mut self, name: &str, help: &str, value: V)
    where
        ConstGauge<V>: Metric,
    {
        self.registry.register(name, help, ConstGauge::new(value));
    }

    /// A value that only grows while the process lives; `_total` is added to its name.
    pub fn counter<V>(&mut self, name: &str, help: &str, value: V)
    where
        ConstCounter<V>: Metric,
    {
        self.registry.register(name, help, ConstCounter::new(value));
    }

    /// Values that go up and down, each with what it is of.
    pub fn gauges(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: impl IntoIterator<Item = (String, u64)>,
    ) {
        let family = Family::<[(&'static str, String); 1], Gauge<u64, AtomicU64>>::default();
        for (of, value) in values {
            family.get_or_create(&[(label, of)]).set(value);
        }
        self.registry.register(name, help, family);
    }

    /// What is written of itself.
    pub fn register(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.registry.register(name, help, metric);
    }

    /// Adds their text to `text`.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub fn write(&self, text: &mut String) -> fmt::Result {
        encode(text, &self.registry)
    }
}
