//! The machine's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::LocalBoxFuture;
use toystore_actors::clock::{Clock, Timestamp};
use toystore_actors::domain::UnixMillis;

/// Time since the machine started, the time that it was suspended included where the system counts it
/// (Linux: `CLOCK_BOOTTIME`): a lease must not outlive a laptop's lid. Sleeping uses the runtime's timer,
/// which stands still while suspended; that only makes a wait longer.
#[derive(Debug)]
#[cfg_attr(target_os = "linux", derive(Default))]
pub struct SystemClock {
    #[cfg(not(target_os = "linux"))]
    origin: std::time::Instant,
}

#[cfg(not(target_os = "linux"))]
impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock { origin: std::time::Instant::now() }
    }
}

impl SystemClock {
    #[cfg(target_os = "linux")]
    fn elapsed(&self) -> Duration {
        use rustix::time::{ClockId, clock_gettime};

        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
        Duration::new(seconds, nanos)
    }

    #[cfg(not(target_os = "linux"))]
    fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn wall(&self) -> UnixMillis {
        unix_millis(SystemTime::now())
    }

    fn sleep(&self, span: Duration) -> LocalBoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// A clock that shows a time before 1970 is wrong, and no reason to stop: then it is 1970.
fn unix_millis(time: SystemTime) -> UnixMillis {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward() {
        let clock = SystemClock::default();
        let first = clock.now();
        assert!(clock.now() >= first);
        assert!(first.0 > 0);
    }

    #[test]
    fn a_time_before_1970_is_1970() {
        let day = Duration::from_secs(86_400);
        for (time, expected) in [
            (UNIX_EPOCH - day, 0),
            (UNIX_EPOCH, 0),
            (UNIX_EPOCH + Duration::from_micros(1_999), 1),
            (UNIX_EPOCH + day, 86_400_000),
        ] {
            assert_eq!(unix_millis(time).get(), expected, "{time:?}");
        }
        assert!(SystemClock::default().wall().get() > 1_700_000_000_000, "this machine's clock is set");
    }
}
