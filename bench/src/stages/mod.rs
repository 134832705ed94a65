//! What is measured.

pub mod catch_up;
pub mod clients;
pub mod failover;
pub mod growth;
pub mod mixed;
pub mod orders;
pub mod queries;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::contestants::store::{Service, Shape, Store, product_names};
use crate::load::{Outcome, Plan};
use crate::report::{Report, ms, rate};

/// What all stages share.
#[derive(Debug)]
pub struct Bench {
    /// The store's binary.
    pub binary: PathBuf,
    /// Where the contestants keep their data.
    pub data: PathBuf,
    /// What is found.
    pub report: Report,
    /// How often each load is repeated; contestants take turns.
    pub rounds: usize,
    /// How long each load is measured.
    pub length: Duration,
    /// How many different products are sold.
    pub products: usize,
    /// Kills of the leader.
    pub kills: usize,
    /// Up to how many orders the book grows.
    pub grow_to: u64,
    /// How many orders a replica misses.
    pub missed: u64,
}

impl Bench {
    /// A load, with a warm-up before it.
    pub fn plan(&self, clients: usize) -> Plan {
        Plan { clients, warm_up: Duration::from_secs(1), length: self.length }
    }

    /// A short load, to find out which of several ways is the fastest.
    pub fn trial(&self, clients: usize) -> Plan {
        Plan { clients, warm_up: Duration::from_millis(500), length: Duration::from_millis(1500) }
    }

    /// What is sold.
    pub fn product_names(&self) -> Vec<String> {
        product_names(self.products)
    }

    /// A fresh store that sells all products.
    ///
    /// # Errors
    /// When it does not start.
    pub fn store(&self, name: &str, shape: Shape) -> Result<Store> {
        Store::start(&self.binary, &self.data.join(name), shape, &self.product_names())
    }
}

/// Drives a contestant.
type Measure<'a> = Box<dyn FnMut(&Plan) -> Result<Outcome> + 'a>;

/// Someone who takes a load.
pub struct Contestant<'a> {
    /// As tables name it.
    pub label: String,
    /// Through what it is used.
    pub interface: String,
    /// Drives it.
    pub measure: Measure<'a>,
}

impl<'a> Contestant<'a> {
    /// Names who is driven how.
    pub fn new(
        label: &str,
        interface: impl Into<String>,
        measure: impl FnMut(&Plan) -> Result<Outcome> + 'a,
    ) -> Contestant<'a> {
        Contestant { label: label.into(), interface: interface.into(), measure: Box::new(measure) }
    }
}

/// Drives the contestants in turn, so often; what else the machine does hits them alike. The result is by
/// contestant, then by round.
///
/// # Errors
/// The first of a load.
pub fn take_turns(
    contestants: &mut [Contestant<'_>],
    plan: &Plan,
    rounds: usize,
) -> Result<Vec<Vec<Outcome>>> {
    let mut outcomes = vec![Vec::new(); contestants.len()];
    for round in 1..=rounds {
        for (contestant, outcomes) in contestants.iter_mut().zip(&mut outcomes) {
            let outcome = (contestant.measure)(plan)?;
            let series = &outcome.kinds[0];
            eprintln!(
                "  round {round}: {:26} {:>9.0}/s  p50 {:.3} ms  p99 {:.3} ms  failed {}",
                contestant.label,
                series.rate(),
                series.ms(0.5),
                series.ms(0.99),
                series.failed
            );
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

/// The middle one.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count.is_multiple_of(2) => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

/// The median, over the rounds, of what one contestant did divided by what another did in the same round.
pub fn ratio(of: &[Outcome], to: &[Outcome], value: impl Fn(&Outcome) -> f64) -> f64 {
    median(of.iter().zip(to).map(|(of, to)| value(of) / value(to)))
}

/// Answers wanted of the first kind, a second.
pub fn rate_of(outcome: &Outcome) -> f64 {
    outcome.kinds[0].rate()
}

/// A row of a table: who, through what, how often a second, p50, p99, what the first contestant did divided by
/// what this one did, and the client's cores. Medians of the rounds.
pub fn row(contestant: &Contestant<'_>, rounds: &[Outcome], first: &[Outcome]) -> Vec<String> {
    let of = |value: &dyn Fn(&Outcome) -> f64| median(rounds.iter().map(value));
    vec![
        contestant.label.clone(),
        contestant.interface.clone(),
        rate(of(&rate_of)),
        ms(of(&|outcome| outcome.kinds[0].ms(0.5))),
        ms(of(&|outcome| outcome.kinds[0].ms(0.99))),
        format!("{:.2}", ratio(first, rounds, rate_of)),
        format!("{:.2}", of(&|outcome| outcome.client_cores)),
    ]
}

/// The resident memory of each process, as a row of MiB; and the most that one has had.
pub fn memory(store: &Store) -> (String, f64) {
    let mib = |kib: u64| kib as f64 / 1024.0;
    let all = store.resident_kib();
    let text = all.iter().map(|(service, now, most): &(Service, u64, u64)| {
        format!("{} {:.0} (at most {:.0})", service.label(), mib(*now), mib(*most))
    });
    let most = all.iter().map(|(_, _, most)| mib(*most)).fold(0.0, f64::max);
    (text.collect::<Vec<_>>().join(", "), most)
}
