//! How long shoppers wait for their answers.
//!
//! This is on the way of every hit in the cache, which takes some millionths of a second in all: nothing here is locked,
//! and no two threads count in the same place. prometheus-client's own histogram has a lock.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::samples::{BOUNDS_NANOS, seconds};

/// What a shopper asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// One product, which the cache holds.
    QueryCached,
    /// One product, which is asked of the catalog.
    Query,
    /// The list of products.
    List,
    /// To place an order.
    Place,
    /// One order.
    Find,
    /// The list of orders.
    ListOrders,
    /// How the store is, and what it has nothing of.
    Other,
}

impl RequestKind {
    const ALL: [RequestKind; 7] = [
        RequestKind::QueryCached,
        RequestKind::Query,
        RequestKind::List,
        RequestKind::Place,
        RequestKind::Find,
        RequestKind::ListOrders,
        RequestKind::Other,
    ];

    /// As a label.
    fn name(self) -> &'static str {
        match self {
            RequestKind::QueryCached => "query-cached",
            RequestKind::Query => "query",
            RequestKind::List => "list",
            RequestKind::Place => "place",
            RequestKind::Find => "find",
            RequestKind::ListOrders => "list-orders",
            RequestKind::Other => "other",
        }
    }
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatusClass {
    Success,
    /// It is the request that is wrong, or cannot be met.
    Refused,
    /// Not now, or not known.
    Failed,
}

impl StatusClass {
    const ALL: [StatusClass; 3] = [StatusClass::Success, StatusClass::Refused, StatusClass::Failed];

    fn of(status: StatusCode) -> StatusClass {
        match status.as_u16() {
            500.. => StatusClass::Failed,
            400.. => StatusClass::Refused,
            _ => StatusClass::Success,
        }
    }

    /// As a label.
    fn name(self) -> &'static str {
        match self {
            StatusClass::Success => "2xx",
            StatusClass::Refused => "4xx",
            StatusClass::Failed => "5xx",
        }
    }
}

/// As many as a front-end has workers, and some more.
const SHARDS: usize = 4;

thread_local! {
    /// Where this thread counts.
    static SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// The place of this thread, one after the other by whoever counts first. Two threads that meet in one are only slower.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    SHARD.with(|shard| {
        if shard.get() == usize::MAX {
            shard.set(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
        }
        shard.get()
    })
}

/// Counts of one thread, on lines of the processor's cache that no other thread writes to.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard([[Durations; StatusClass::ALL.len()]; RequestKind::ALL.len()]);

/// The durations of one kind of answer.
#[derive(Debug, Default)]
struct Durations {
    /// How many there were in each bucket, the last without a bound.
    buckets: [AtomicU64; BOUNDS_NANOS.len() + 1],
    nanos: AtomicU64,
}

/// The durations of all answers of a front-end; clones count together.
#[derive(Debug, Clone, Default)]
pub struct RequestDurations(Arc<[Shard; SHARDS]>);

impl RequestDurations {
    /// A request of this kind was answered with this status, so long after its head had come.
    pub fn observe(&self, kind: RequestKind, status: StatusCode, took: Duration) {
        let durations = &self.0[shard()].0[kind as usize][StatusClass::of(status) as usize];
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_NANOS.iter().position(|bound| nanos <= *bound).unwrap_or(BOUNDS_NANOS.len());
        durations.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        durations.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// All shards together: how many in each bucket, with its bound in seconds, and the sum of all in seconds.
    fn sum(&self, kind: RequestKind, class: StatusClass) -> (Vec<(f64, u64)>, f64) {
        let of = self.0.iter().map(|shard| &shard.0[kind as usize][class as usize]);
        let bounds = BOUNDS_NANOS.into_iter().map(seconds).chain([f64::INFINITY]);
        let mut buckets: Vec<_> = bounds.map(|bound| (bound, 0)).collect();
        let mut nanos = 0;
        for durations in of {
            for ((_, all), own) in buckets.iter_mut().zip(&durations.buckets) {
                *all += own.load(Ordering::Relaxed);
            }
            nanos += durations.nanos.load(Ordering::Relaxed);
        }
        (buckets, seconds(nanos))
    }
}

/// As a family of histograms.
impl EncodeMetric for RequestDurations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for kind in RequestKind::ALL {
            for class in StatusClass::ALL {
                // Whatever the cache holds is there.
                if kind == RequestKind::QueryCached && class != StatusClass::Success {
                    continue;
                }
                let (buckets, sum) = self.sum(kind, class);
                let count = buckets.iter().map(|(_, count)| count).sum();
                let labels = [("request", kind.name()), ("status", class.name())];
                let mut family = encoder.encode_family(&labels)?;
                family.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn all_threads_are_counted_together_and_each_in_its_bucket() {
        let durations = RequestDurations::default();
        let observed: [(u64, usize); 7] = [
            (0, 0),
            (1_000, 0),
            (1_001, 1),
            (7_000, 3),
            (60_000_000, 15),
            (10_000_000_000, 21),
            (20_000_000_000, 22),
        ];
        thread::scope(|scope| {
            for _ in 0..2 * SHARDS {
                scope.spawn(|| {
                    for (nanos, _) in observed {
                        durations.observe(
                            RequestKind::Place,
                            StatusCode::CREATED,
                            Duration::from_nanos(nanos),
                        );
                    }
                });
            }
        });
        let mut expected = [0; BOUNDS_NANOS.len() + 1];
        for (_, bucket) in observed {
            expected[bucket] += 2 * SHARDS as u64;
        }
        let (buckets, sum) = durations.sum(RequestKind::Place, StatusClass::Success);
        assert_eq!(buckets.iter().map(|(_, count)| *count).collect::<Vec<_>>(), expected);
        let nanos: u64 = observed.iter().map(|(nanos, _)| 2 * SHARDS as u64 * nanos).sum();
        assert!((sum - seconds(nanos)).abs() < 1e-6, "{sum}");
        let (others, _) = durations.sum(RequestKind::Place, StatusClass::Failed);
        assert!(others.iter().all(|(_, count)| *count == 0));
    }

    #[test]
    fn an_answer_is_of_the_class_of_its_status() {
        for (status, class) in [
            (200, StatusClass::Success),
            (201, StatusClass::Success),
            (304, StatusClass::Success),
            (404, StatusClass::Refused),
            (409, StatusClass::Refused),
            (500, StatusClass::Failed),
            (503, StatusClass::Failed),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(StatusClass::of(status), class, "{status}");
        }
    }

    #[test]
    fn kinds_and_classes_are_counted_under_their_own_names() {
        for (index, kind) in RequestKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
        }
        for (index, class) in StatusClass::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, index);
        }
    }
}
