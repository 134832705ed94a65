//! How long nobody's order was placed.

use std::time::{Duration, Instant};

/// Nobody's order was placed for so long.
#[derive(Debug)]
pub struct Silence {
    since: Instant,
    longest: Duration,
}

impl Silence {
    /// It begins now.
    pub fn begin() -> Silence {
        Silence { since: Instant::now(), longest: Duration::ZERO }
    }

    /// An order was placed.
    pub fn ends(&mut self) {
        let now = Instant::now();
        self.longest = self.longest.max(now - self.since);
        self.since = now;
    }

    /// The longest since this was last asked, with the one that goes on.
    pub fn take_longest(&mut self) -> Duration {
        std::mem::take(&mut self.longest).max(self.since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_that_goes_on_counts_and_one_that_was_told_does_not() {
        let mut silence = Silence::begin();
        silence.since -= Duration::from_secs(3);
        silence.ends();
        let longest = silence.take_longest();
        assert!(longest >= Duration::from_secs(3) && longest < Duration::from_secs(4), "{longest:?}");
        assert!(silence.take_longest() < Duration::from_secs(1), "it was told");
        silence.since -= Duration::from_secs(2);
        assert!(silence.take_longest() >= Duration::from_secs(2), "it goes on");
    }
}
