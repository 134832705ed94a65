//! Each node's own clock on the world's timeline.
//!
//! Tokio's timers round up to a millisecond, so there are none in a world: what an actor waits for is handed to it as its
//! clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use toystore_actors::clock::{Clock, Timestamp};
use toystore_actors::domain::UnixMillis;
use toystore_checks::time::{ClockSetting, nanos};

use super::timeline::Timeline;

/// One node's clock: virtual time from an origin of its own, running fast or slow.
pub struct NodeClock {
    timeline: Arc<Timeline>,
    setting: ClockSetting,
}

impl NodeClock {
    /// A clock that is set like this.
    #[must_use]
    pub fn new(timeline: Arc<Timeline>, setting: ClockSetting) -> NodeClock {
        NodeClock { timeline, setting }
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.setting.origin.saturating_add(self.setting.passed(self.timeline.now())))
    }

    fn wall(&self) -> UnixMillis {
        self.setting.wall(self.timeline.now())
    }

    fn sleep(&self, span: Duration) -> LocalBoxFuture<'static, ()> {
        // Rounded up, so that this clock shows at least `span` more when the sleep ends.
        let rate = self.setting.rate();
        let real = (i128::from(nanos(span)) * 1_000_000 + rate - 1) / rate;
        Box::pin(self.timeline.sleep(u64::try_from(real).unwrap_or(u64::MAX)))
    }
}

impl fmt::Debug for NodeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeClock").field("setting", &self.setting).finish_non_exhaustive()
    }
}
