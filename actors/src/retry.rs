//! How often to try again, and how long.

use std::time::Duration;

use crate::clock::{Clock, Timestamp, within};

/// Pauses between attempts that double up to a limit.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    limit: Duration,
}

impl Backoff {
    /// Begins with a pause of `first`, and never pauses longer than `limit`.
    pub fn new(first: Duration, limit: Duration) -> Backoff {
        Backoff { next: first.min(limit), limit }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.limit);
        pause
    }
}

/// Attempts at something until a deadline, which may be put off meanwhile, with pauses between them.
#[derive(Debug)]
pub struct Retry<'a> {
    clock: &'a dyn Clock,
    backoff: Backoff,
}

impl<'a> Retry<'a> {
    /// Begins with a pause of `first`, and never pauses longer than `limit`.
    pub fn new(clock: &'a dyn Clock, first: Duration, limit: Duration) -> Retry<'a> {
        Retry { clock, backoff: Backoff::new(first, limit) }
    }

    /// What is left until the deadline for one more attempt; `None` when nothing is.
    pub fn left(&self, until: Timestamp) -> Option<Duration> {
        Some(until.since(self.clock.now())).filter(|left| !left.is_zero())
    }

    /// Pauses before the next attempt, but no longer than what was left.
    pub async fn pause(&mut self, left: Duration) {
        self.clock.sleep(self.backoff.pause().min(left)).await;
    }

    /// The same; the pause ends early when `news` does.
    pub async fn pause_unless(&mut self, left: Duration, news: impl Future) {
        // Either way it is over.
        let _ = within(self.clock, self.backoff.pause().min(left), news).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(35));
        let pauses: Vec<_> = (0..4).map(|_| backoff.pause().as_millis()).collect();
        assert_eq!(pauses, [10, 20, 35, 35]);
    }
}
