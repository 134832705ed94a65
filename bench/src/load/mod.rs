//! Closed-loop load: so many clients, each with one request under way.

pub mod etcd;
pub mod postgres;
pub mod raw;
pub mod wire;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use tokio::task::LocalSet;

/// The longest latency that is told apart, in nanoseconds.
const LONGEST_NS: u64 = 60_000_000_000;

/// How much load, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Clients, each with one request under way.
    pub clients: usize,
    /// What is driven before the measuring starts.
    pub warm_up: Duration,
    /// What is measured.
    pub length: Duration,
}

/// A request that was answered.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// Which of several kinds of request.
    pub kind: usize,
    /// When it was sent.
    pub sent: Instant,
    /// When its answer was there.
    pub at: Instant,
    /// Whether it was the answer wanted.
    pub ok: bool,
}

/// What one kind of request came to.
#[derive(Debug, Clone)]
pub struct Series {
    /// Of the answers wanted, in nanoseconds.
    pub latency: Histogram<u64>,
    /// Other answers.
    pub failed: u64,
    /// Measured seconds.
    pub seconds: f64,
}

impl Series {
    /// Answers wanted a second.
    pub fn rate(&self) -> f64 {
        self.latency.len() as f64 / self.seconds
    }

    /// A quantile of the latency, in milliseconds.
    pub fn ms(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1e6
    }
}

/// What a load came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// By kind of request.
    pub kinds: Vec<Series>,
    /// How much of one core the client itself took.
    pub client_cores: f64,
}

/// Takes the answers of the measured span.
#[derive(Debug)]
pub struct Recorder {
    from: Instant,
    until: Instant,
    latency: Vec<Histogram<u64>>,
    failed: Vec<u64>,
    cpu_from: Option<Duration>,
}

impl Recorder {
    /// Measures from when the plan's warm-up is over.
    pub fn new(plan: &Plan, kinds: usize) -> Recorder {
        let from = Instant::now() + plan.warm_up;
        // The bounds are constants that the crate accepts.
        let histogram = Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("good bounds");
        Recorder {
            from,
            until: from + plan.length,
            latency: vec![histogram; kinds],
            failed: vec![0; kinds],
            cpu_from: None,
        }
    }

    /// When the measuring is over.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// Takes an answer; breaks when the span is over.
    pub fn note(&mut self, done: Done) -> ControlFlow<()> {
        if done.at >= self.until {
            return ControlFlow::Break(());
        }
        if done.at >= self.from {
            if self.cpu_from.is_none() {
                self.cpu_from = Some(thread_cpu());
            }
            if done.ok {
                let ns = (done.at - done.sent).as_nanos();
                self.latency[done.kind].saturating_record(u64::try_from(ns).unwrap_or(LONGEST_NS));
            } else {
                self.failed[done.kind] += 1;
            }
        }
        ControlFlow::Continue(())
    }

    /// What it came to. Called by the thread that drove the load.
    pub fn outcome(self) -> Outcome {
        let seconds = (self.until - self.from).as_secs_f64();
        let cpu = self.cpu_from.map_or(Duration::ZERO, |from| thread_cpu().saturating_sub(from));
        let kinds = self.latency.into_iter().zip(self.failed);
        Outcome {
            kinds: kinds.map(|(latency, failed)| Series { latency, failed, seconds }).collect(),
            client_cores: cpu.as_secs_f64() / seconds,
        }
    }
}

/// Drives a load on this thread alone.
///
/// # Errors
/// What the load fails with.
pub fn on_this_thread(drive: impl Future<Output = Result<Recorder>>) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let recorder = LocalSet::new().block_on(&runtime, drive)?;
    Ok(recorder.outcome())
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
