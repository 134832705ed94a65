//! Counts what happens while shopping, and says it at the end.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::history::OperationKind;
use super::judge::Fault;

/// How many single faults are quoted; the others are only counted.
const QUOTED: usize = 10;

/// What has happened so far.
#[derive(Debug, Default)]
pub struct Counts {
    /// Orders acknowledged.
    pub placed: u64,
    /// Orders refused for lack of stock.
    pub out_of_stock: u64,
    /// Attempts beyond the first of their operation.
    pub retries: u64,
    /// Operations without a definite answer within the deadline.
    pub unknown: u64,
    /// Definite answers that a shopper should not get.
    pub refused: u64,
    /// Answers that contradict a promise, the format or the client's memory.
    pub mismatches: u64,
    /// Acknowledged orders that were found again as remembered.
    pub confirmed: u64,
    /// Orders that were repeated under their key and kept their number.
    pub repeated: u64,
    latencies: BTreeMap<OperationKind, Latencies>,
    quoted: Vec<String>,
}

impl Counts {
    /// Counts one finished operation.
    pub fn operation(&mut self, kind: OperationKind, attempts: u32, took: Duration) {
        self.retries += u64::from(attempts.saturating_sub(1));
        self.latencies.entry(kind).or_default().record(took);
    }

    /// Counts a fault; `of` says of which request.
    pub fn fault(&mut self, of: &dyn fmt::Display, fault: &Fault) {
        let (count, label, why) = match fault {
            Fault::Unknown(why) => (&mut self.unknown, "no answer", why),
            Fault::Refused(why) => (&mut self.refused, "error", why),
            Fault::Mismatch(why) => (&mut self.mismatches, "mismatch", why),
        };
        *count += 1;
        if self.quoted.len() < QUOTED {
            self.quoted.push(format!("{label}: {of}: {why}"));
        }
    }

    /// How many faults there were.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.unknown + self.refused + self.mismatches
    }
}

/// The times that operations of one kind took, in microseconds, to three significant digits (the
/// histogram is Gil Tene's HdrHistogram).
#[derive(Debug)]
struct Latencies(Histogram<u64>);

impl Latencies {
    /// An hour, which is the longest deadline.
    const LONGEST_MICROS: u64 = 3_600_000_000;

    fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros.min(Self::LONGEST_MICROS));
    }
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, Self::LONGEST_MICROS, 3);
        Latencies(histogram.expect("one microsecond to an hour, with three digits, is a valid range"))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<14}{:>9}{:>10}{:>10}{:>10}{:>10}",
            "milliseconds", "count", "p50", "p90", "p99", "max"
        )?;
        for (kind, Latencies(times)) in &self.latencies {
            let at = |quantile| milliseconds(times.value_at_quantile(quantile).min(times.max()));
            let name = match kind {
                OperationKind::List => "list",
                OperationKind::Query => "query",
                OperationKind::Order => "order",
                OperationKind::Lookup => "lookup",
                OperationKind::Repeat => "repeated order",
            };
            let (count, max) = (times.len(), milliseconds(times.max()));
            writeln!(f, "{name:<14}{count:>9}{:>10}{:>10}{:>10}{max:>10}", at(0.5), at(0.9), at(0.99))?;
        }
        writeln!(f)?;
        for (name, count) in [
            ("placed", self.placed),
            ("out of stock", self.out_of_stock),
            ("retries", self.retries),
            ("no answer", self.unknown),
            ("errors", self.refused),
            ("mismatches", self.mismatches),
        ] {
            writeln!(f, "{name:<14}{count:>9}")?;
        }
        for fault in &self.quoted {
            write!(f, "\n{fault}")?;
        }
        let quoted = u64::try_from(self.quoted.len()).unwrap_or(u64::MAX);
        match self.faults().saturating_sub(quoted) {
            0 if quoted == 0 => Ok(()),
            0 => f.write_char('\n'),
            more => writeln!(f, "\n… and {more} more"),
        }
    }
}

/// Microseconds as milliseconds, to about three digits.
fn milliseconds(micros: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "an hour of microseconds has 32 bits; f64 holds 53")]
    let millis = micros as f64 / 1000.0;
    match micros {
        0..10_000 => format!("{millis:.2}"),
        10_000..100_000 => format!("{millis:.1}"),
        _ => format!("{millis:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_sensible_digits() {
        for (micros, text) in [
            (0, "0.00"),
            (7, "0.01"),
            (940, "0.94"),
            (1_234, "1.23"),
            (12_345, "12.3"),
            (123_456, "123"),
            (60_000_000, "60000"),
        ] {
            assert_eq!(milliseconds(micros), text);
        }
    }

    #[test]
    fn the_report_has_a_line_for_each_kind_and_outcome() {
        let mut counts = Counts { placed: 2, out_of_stock: 1, ..Counts::default() };
        for millis in [1, 2, 40] {
            counts.operation(OperationKind::Order, 2, Duration::from_millis(millis));
        }
        counts.operation(OperationKind::Query, 1, Duration::from_micros(300));
        for number in 0..12 {
            counts.fault(&format!("GET /orders/{number}"), &Fault::Mismatch("it is lost".into()));
        }
        let report = counts.to_string();
        let expected = "\
milliseconds      count       p50       p90       p99       max
query                 1      0.30      0.30      0.30      0.30
order                 3      2.00      40.0      40.0      40.0

placed                2
out of stock          1
retries               3
no answer             0
errors                0
mismatches           12

mismatch: GET /orders/0: it is lost
";
        assert!(report.starts_with(expected), "{report}");
        assert!(report.ends_with("\nmismatch: GET /orders/9: it is lost\n… and 2 more\n"), "{report}");
    }
}
