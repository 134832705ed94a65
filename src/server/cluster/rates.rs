//! How much is done, second by second.

use std::collections::VecDeque;
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;

/// So many seconds are remembered.
const SECONDS: usize = 300;

/// The longest order that is told apart from longer ones, in microseconds: a minute.
const LONGEST: u64 = 60_000_000;

/// Takes note of each order that was placed; shared by all who answer.
#[derive(Debug)]
pub struct OrderMeter(Mutex<Histogram<u64>>);

impl Default for OrderMeter {
    fn default() -> OrderMeter {
        let histogram = Histogram::new_with_max(LONGEST, 2).expect("two digits up to a minute are fine");
        OrderMeter(Mutex::new(histogram))
    }
}

impl OrderMeter {
    /// An order was placed, and it took so long.
    pub fn placed(&self, took: Duration) {
        self.0.lock().saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST));
    }

    /// What was noted since this was called before.
    fn take(&self) -> (u64, Option<f64>, Option<f64>) {
        let mut histogram = self.0.lock();
        let orders = histogram.len();
        let quantile = |q| (orders > 0).then(|| millis(histogram.value_at_quantile(q)));
        let taken = (orders, quantile(0.5), quantile(0.99));
        histogram.reset();
        taken
    }
}

/// Milliseconds, to the hundredth.
#[expect(clippy::cast_precision_loss, reason = "at most a minute in microseconds")]
fn millis(micros: u64) -> f64 {
    (micros as f64 / 10.0).round() / 100.0
}

/// One second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Second {
    /// Which, in seconds since 1970.
    pub t: u64,
    /// Orders that were placed in it.
    pub orders: u64,
    /// Queries that the cache answered in it.
    pub hits: u64,
    /// How long half of the orders took at most, in milliseconds; `None` where there was none.
    pub p50_ms: Option<f64>,
    /// How long all but a hundredth took at most.
    pub p99_ms: Option<f64>,
}

/// The last seconds, column by column; one value each second.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Columns {
    /// The first second, in seconds since 1970.
    pub from: u64,
    /// See [`Second`].
    pub orders: Vec<u64>,
    /// See [`Second`].
    pub hits: Vec<u64>,
    /// See [`Second`].
    pub p50_ms: Vec<Option<f64>>,
    /// See [`Second`].
    pub p99_ms: Vec<Option<f64>>,
}

/// The last seconds.
#[derive(Debug, Default)]
pub struct Rates {
    seconds: VecDeque<Second>,
    hits: u64,
}

impl Rates {
    /// A second has ended. `hits` is how many there were in all so far. `None` if it is none that comes after the last: the
    /// clock was set back.
    pub fn end_second(&mut self, t: u64, meter: &OrderMeter, hits: u64) -> Option<Second> {
        let (orders, p50_ms, p99_ms) = meter.take();
        let second = Second { t, orders, hits: hits.saturating_sub(self.hits), p50_ms, p99_ms };
        self.hits = hits;
        let last = self.seconds.back().map_or(0, |last| last.t);
        if last >= t {
            if last > t + SECONDS as u64 {
                self.seconds.clear();
            }
            return None;
        }
        self.seconds.push_back(second);
        let oldest = t.saturating_sub(SECONDS as u64);
        while self.seconds.front().is_some_and(|first| first.t <= oldest) {
            self.seconds.pop_front();
        }
        Some(second)
    }

    /// All of them. A second that was missed, since the machine slept or had too much to do, counts as one without anything.
    pub fn columns(&self) -> Columns {
        let Some(first) = self.seconds.front() else { return Columns::default() };
        let mut columns = Columns { from: first.t, ..Columns::default() };
        for second in &self.seconds {
            while columns.from + (columns.orders.len() as u64) < second.t {
                columns.push(0, 0, None, None);
            }
            columns.push(second.orders, second.hits, second.p50_ms, second.p99_ms);
        }
        columns
    }
}

impl Columns {
    fn push(&mut self, orders: u64, hits: u64, p50_ms: Option<f64>, p99_ms: Option<f64>) {
        self.orders.push(orders);
        self.hits.push(hits);
        self.p50_ms.push(p50_ms);
        self.p99_ms.push(p99_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_what_was_done_in_it() {
        let (mut rates, meter) = (Rates::default(), OrderMeter::default());
        for took in [1, 2, 3, 400] {
            meter.placed(Duration::from_millis(took));
        }
        let second = rates.end_second(1000, &meter, 50).expect("the first");
        assert_eq!((second.orders, second.hits), (4, 50));
        assert!((1.9..=2.1).contains(&second.p50_ms.expect("there were orders")), "{second:?}");
        assert!((396.0..=404.0).contains(&second.p99_ms.expect("there were orders")), "{second:?}");
        let quiet = rates.end_second(1001, &meter, 50);
        assert_eq!(quiet, Some(Second { t: 1001, orders: 0, hits: 0, p50_ms: None, p99_ms: None }));
        meter.placed(Duration::from_secs(3600));
        assert_eq!(rates.end_second(1001, &meter, 60), None, "the clock stands still");
        rates.end_second(1004, &meter, 61);
        let columns = rates.columns();
        assert_eq!(
            (columns.from, &columns.orders[..], &columns.hits[..]),
            (1000, &[4, 0, 0, 0, 0][..], &[50, 0, 0, 0, 1][..])
        );
        assert_eq!(columns.p50_ms[1..], [None; 4]);
    }

    #[test]
    fn only_the_last_minutes_are_kept() {
        let (mut rates, meter) = (Rates::default(), OrderMeter::default());
        for t in 1..=1000 {
            rates.end_second(t, &meter, t);
        }
        let columns = rates.columns();
        assert_eq!((columns.from, columns.orders.len()), (701, SECONDS));
        rates.end_second(2000, &meter, 1);
        assert_eq!(rates.columns().orders.len(), 1, "the machine slept");
        assert_eq!(rates.end_second(10, &meter, 1), None, "the clock was set back by a lot");
        assert!(rates.end_second(11, &meter, 1).is_some());
    }
}
