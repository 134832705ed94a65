//! How fast a replica catches up with what it missed.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Bench, memory};
use crate::contestants::store::{Service, Shape, Store};
use crate::report::rate;
use crate::stop;

const CLIENTS: usize = 256;
const ABSENT: Service = Service::Order(1);

/// Measures and reports.
///
/// # Errors
/// When the store does not start or breaks, or the replica does not catch up.
pub fn run(bench: &mut Bench) -> Result<()> {
    let mut store = bench.store("catch-up", Shape::Five)?;
    let orders = store.orders(&bench.product_names());
    store.kill(ABSENT)?;
    let mut placed = 0;
    orders.drive(CLIENTS, Instant::now() + Duration::from_secs(3600), |done| {
        placed += u64::from(done.ok);
        if placed >= bench.missed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    eprintln!("  placed {placed} orders while {} was down", ABSENT.label());
    let started = Instant::now();
    store.restart(ABSENT)?;
    stop::eventually("the replica catches up", Store::CATCH_UP, || {
        store.check()?;
        Ok((store.in_sync()? == [1, 2, 3]).then_some(()))
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let caught_up = placed as f64 / seconds;
    let (resident, _) = memory(&store);
    bench.report.text(&format!(
        "## Catching up\n\nA replica that missed {} orders is in sync {seconds:.2} s after its process was started: {} \
         orders/s. No other load. Resident MiB: {resident}.\n",
        rate(placed as f64),
        rate(caught_up)
    ))?;
    bench.report.bar(
        format!("catch-up with {} missed orders", rate(placed as f64)),
        format!("{} orders/s", rate(caught_up)),
        "≥ 300,000",
        caught_up >= 300_000.0,
    );
    Ok(())
}
