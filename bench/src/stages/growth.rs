//! Orders a second, and memory, as the book grows.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Bench, memory};
use crate::contestants::store::Shape;
use crate::report::rate;

const CLIENTS: usize = 128;

/// Measures and reports.
///
/// # Errors
/// When the store does not start or breaks.
pub fn run(bench: &mut Bench) -> Result<()> {
    let mut store = bench.store("growth", Shape::Five)?;
    let orders = store.orders(&bench.product_names());
    let steps = (4..).map(|power| 10_u64.pow(power)).take_while(|step| *step <= bench.grow_to);
    let mut placed = 0;
    let mut rates = Vec::new();
    let mut rows = Vec::new();
    for step in steps {
        // The measured orders are the last before the step, so that the book is at most as long as it says.
        let (filled, filling) = place(&orders, |count, _| placed + count >= step - step / 4)?;
        placed += filled;
        let length = bench.length * 2;
        let (count, seconds) = place(&orders, |_, since| since >= length)?;
        placed += count;
        let measured = count as f64 / seconds.as_secs_f64();
        let (resident, _) = memory(&store);
        eprintln!(
            "  {placed} orders: {measured:.0}/s (filled in {:.0} s); MiB: {resident}",
            filling.as_secs_f64()
        );
        rates.push(measured);
        rows.push(vec![rate(placed as f64), rate(measured), resident]);
    }
    store.check()?;
    let (_, most) = memory(&store);
    let first = rates.first().copied().unwrap_or(f64::NAN);
    let worst = rates.iter().map(|rate| (rate / first - 1.0).abs()).fold(0.0, f64::max) * 100.0;
    bench.report.text(&format!(
        "## A growing book\n\nFive processes, {CLIENTS} clients that order without pause; each rate over {} s.\n",
        (bench.length * 2).as_secs()
    ))?;
    bench.report.table(&["orders in the book", "orders/s", "resident MiB"], &rows)?;
    bench.report.bar(
        format!(
            "orders a second from 10^4 to {} in the book: largest deviation from the first",
            rate(placed as f64)
        ),
        format!("{worst:.0} %"),
        "≤ 15 %",
        worst <= 15.0,
    );
    bench.report.bar(
        format!("resident memory of a process with {} orders, at its highest", rate(placed as f64)),
        format!("{most:.0} MiB"),
        "≤ 256 MiB",
        most <= 256.0,
    );
    Ok(())
}

/// Places orders until told that it is enough, by their count and the time; says both.
fn place(
    orders: &crate::load::raw::Target,
    enough: impl Fn(u64, Duration) -> bool,
) -> Result<(u64, Duration)> {
    let begun = Instant::now();
    let mut count = 0;
    orders.drive(CLIENTS, begun + Duration::from_secs(4 * 3600), |done| {
        count += u64::from(done.ok);
        if enough(count, done.at - begun) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok((count, begun.elapsed()))
}
