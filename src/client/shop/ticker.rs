//! Tells every second how the shopping goes: to whom looks on while somebody breaks the store.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::say;
use super::shopper::Shop;

const EVERY: Duration = Duration::from_secs(1);

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

/// Tells it for ever.
pub async fn tell(shop: Rc<Shop>) {
    let mut before = (0, 0);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let (placed, retries) = {
            let tally = shop.tally.borrow();
            (tally.placed, tally.retries)
        };
        let longest = shop.silence.borrow_mut().take_longest();
        say(&format!(
            "{:>5.0} s {:>7} orders {:>5} retries, the longest time without an order {} ms",
            shop.history.elapsed().as_secs_f64(),
            placed - before.0,
            retries - before.1,
            longest.as_millis()
        ));
        before = (placed, retries);
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
