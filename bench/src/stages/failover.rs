//! `kill -9` of the leader under load.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Bench, median};
use crate::contestants::store::{Service, Shape, Store};
use crate::report::ms;
use crate::stop;

const CLIENTS: usize = 16;

/// How long the load runs before each kill.
const BEFORE: Duration = Duration::from_secs(1);

/// How long after a kill orders must have gone on.
const WITHIN: Duration = Duration::from_secs(10);

/// Measures and reports.
///
/// # Errors
/// When the store does not start, or does not come back after a kill.
pub fn run(bench: &mut Bench) -> Result<()> {
    let mut store = bench.store("failover", Shape::Five)?;
    let orders = store.orders(&bench.product_names());
    let over = AtomicBool::new(false);
    let acknowledged = Mutex::new(Vec::new());
    let mut gaps = Vec::new();
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            let limit = Instant::now() + Duration::from_secs(3600);
            orders.drive(CLIENTS, limit, |done| {
                if done.ok
                    && let Ok(mut acknowledged) = acknowledged.lock()
                {
                    acknowledged.push(done.at);
                }
                if over.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        });
        let killed = (1..=bench.kills).try_for_each(|kill| {
            let (leader, gap) = kill_leader(&mut store, &acknowledged)?;
            eprintln!("  kill {kill}: {}, no order for {:.1} ms", leader.label(), gap.as_secs_f64() * 1e3);
            gaps.push(gap.as_secs_f64() * 1e3);
            store.restart(leader)?;
            store.ready()
        });
        over.store(true, Ordering::Relaxed);
        match load.join() {
            Ok(ended) => killed.and(ended),
            Err(_) => bail!("the load panicked"),
        }
    })?;
    let (middle, worst) = (median(gaps.iter().copied()), gaps.iter().copied().fold(0.0, f64::max));
    bench.report.text(&format!(
        "## `kill -9` of the leader\n\nFive processes, {CLIENTS} clients that order; {} kills, each once all replicas are in \
         sync again. From the last order acknowledged before to the first after: median {} ms, worst {} ms.\n",
        bench.kills,
        ms(middle),
        ms(worst)
    ))?;
    bench.report.bar(
        format!("`kill -9` of the leader: gap between orders, median of {}", bench.kills),
        format!("{} ms", ms(middle)),
        "≤ 100 ms",
        middle <= 100.0,
    );
    Ok(())
}

/// Kills the leader, and finds the longest time without an order acknowledged that ended after it.
fn kill_leader(store: &mut Store, acknowledged: &Mutex<Vec<Instant>>) -> Result<(Service, Duration)> {
    thread::sleep(BEFORE);
    let leader = store.leader()?.context("nobody leads")?;
    let took = |acknowledged: &Mutex<Vec<Instant>>| match acknowledged.lock() {
        Ok(acknowledged) => Ok(acknowledged.clone()),
        Err(_) => bail!("the load panicked"),
    };
    let killed = Instant::now();
    store.kill(leader)?;
    // Answers of the old leader may still come in; a quarter of a second of orders shows that the new one is there.
    let settled = stop::eventually("orders go on after the kill", WITHIN, || {
        let acknowledged = took(acknowledged)?;
        let resumed = acknowledged.iter().filter(|at| **at > killed + Duration::from_millis(250)).count();
        Ok((resumed > CLIENTS && killed.elapsed() > Duration::from_millis(500)).then_some(acknowledged))
    })?;
    let pairs = settled.windows(2).filter(|pair| pair[1] > killed);
    let gap = pairs.map(|pair| pair[1] - pair[0]).max().context("no order after the kill")?;
    Ok((leader, gap))
}
