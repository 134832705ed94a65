//! Each node's own clock on the world's timeline.
//!
//! Tokio's timers round up to a millisecond, so there are none in a world: what an actor waits for is handed to it as its
//! clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use toystore_actors::clock::{Clock, Timestamp};
use toystore_checks::time::{Nanos, nanos};

use super::timeline::Timeline;

/// One node's clock: virtual time from an origin of its own, running fast or slow.
pub struct NodeClock {
    timeline: Arc<Timeline>,
    origin: Nanos,
    drift_ppm: i64,
}

impl NodeClock {
    /// A clock that shows `origin` when the world begins and gains `drift_ppm` millionths.
    #[must_use]
    pub fn new(timeline: Arc<Timeline>, origin: Nanos, drift_ppm: i64) -> NodeClock {
        NodeClock { timeline, origin, drift_ppm }
    }

    fn rate(&self) -> i128 {
        1_000_000 + i128::from(self.drift_ppm)
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        let shown = i128::from(self.timeline.now()) * self.rate() / 1_000_000;
        Timestamp(self.origin.saturating_add(u64::try_from(shown).unwrap_or(u64::MAX)))
    }

    fn sleep(&self, span: Duration) -> LocalBoxFuture<'static, ()> {
        // Rounded up, so that this clock shows at least `span` more when the sleep ends.
        let real = (i128::from(nanos(span)) * 1_000_000 + self.rate() - 1) / self.rate();
        Box::pin(self.timeline.sleep(u64::try_from(real).unwrap_or(u64::MAX)))
    }
}

impl fmt::Debug for NodeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeClock").field("drift_ppm", &self.drift_ppm).finish_non_exhaustive()
    }
}
