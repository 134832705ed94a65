//! The runtime's time, which stands still while anything can be done.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tokio::time::{Instant, sleep};

use crate::clock::{Clock, Timestamp};
use crate::domain::UnixMillis;

/// What its wall clock shows: always the same, so that a test can name it.
pub const WALL: UnixMillis = UnixMillis::new(1_795_867_200_000);

/// A clock of a runtime whose time is paused.
#[derive(Debug, Clone, Copy)]
pub struct VirtualClock(Instant);

impl VirtualClock {
    /// One that begins at zero, now.
    pub fn start() -> VirtualClock {
        VirtualClock(Instant::now())
    }

    /// The time since it began.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(0) + self.elapsed()
    }

    fn wall(&self) -> UnixMillis {
        WALL
    }

    fn sleep(&self, span: Duration) -> LocalBoxFuture<'static, ()> {
        Box::pin(sleep(span))
    }
}
