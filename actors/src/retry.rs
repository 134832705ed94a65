//! How often to try again, and how long.

use std::time::Duration;

use crate::clock::Timestamp;

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

/// What is left until a deadline; `None` when nothing is.
pub fn left(until: Timestamp, now: Timestamp) -> Option<Duration> {
    Some(until.since(now)).filter(|left| !left.is_zero())
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
