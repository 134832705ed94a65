//! Orders a second, and memory, as the book grows.
//!
//! The machine's own speed drifts by more, within the time that a long book takes, than what is looked for. So at each
//! length a young store stands beside the old one, and both are driven in turn.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Bench, Contestant, median, memory, rate_of, ratio, take_turns};
use crate::contestants::store::Shape;
use crate::load::raw::Target;
use crate::report::rate;

const CLIENTS: usize = 128;

/// How many orders a young store has.
const YOUNG: u64 = 10_000;

/// Measures and reports.
///
/// # Errors
/// When a store does not start or breaks.
pub fn run(bench: &mut Bench) -> Result<()> {
    let mut store = bench.store("growth", Shape::Five)?;
    let orders = store.orders(&bench.product_names());
    let steps = (5..).map(|power| 10_u64.pow(power)).take_while(|step| *step <= bench.grow_to);
    let mut placed = 0;
    let mut worst = 0.0_f64;
    let mut rows = Vec::new();
    for step in steps {
        placed += fill(&orders, step - placed)?;
        let mut young = bench.store(&format!("young-{step}"), Shape::Five)?;
        let young_orders = young.orders(&bench.product_names());
        fill(&young_orders, YOUNG)?;
        let interface = "HTTP/1.1, connections kept";
        let old = Contestant::new(&format!("{step} orders"), interface, |plan| orders.measure(plan));
        let new = Contestant::new("a young book", interface, |plan| young_orders.measure(plan));
        let outcomes = take_turns(&mut [old, new], &bench.plan(CLIENTS), bench.rounds)?;
        let kept = ratio(&outcomes[0], &outcomes[1], rate_of);
        worst = worst.max((kept - 1.0).abs() * 100.0);
        let (resident, _) = memory(&store);
        rows.push(vec![
            rate(step as f64),
            rate(median(outcomes[0].iter().map(rate_of))),
            rate(median(outcomes[1].iter().map(rate_of))),
            format!("{kept:.2}"),
            resident,
        ]);
        young.check()?;
    }
    store.check()?;
    let (_, most) = memory(&store);
    bench.report.text(&format!(
        "## A growing book\n\nFive processes, {CLIENTS} clients that order without pause, beside five others whose book begins \
         with {} orders; {} rounds of {} s in turn, medians.\n",
        rate(YOUNG as f64),
        bench.rounds,
        bench.length.as_secs()
    ))?;
    bench.report.table(&["orders in the book", "orders/s", "a young book's", "÷", "resident MiB"], &rows)?;
    let grown = rate(placed as f64);
    bench.report.bar(
        format!("orders a second with up to {grown} in the book ÷ with a young book: largest deviation"),
        format!("{worst:.0} %"),
        "≤ 15 %",
        worst <= 15.0,
    );
    bench.report.bar(
        format!("resident memory of a process with {grown} orders, at its highest"),
        format!("{most:.0} MiB"),
        "≤ 256 MiB",
        most <= 256.0,
    );
    Ok(())
}

/// Places so many orders, and a few more that were under way.
fn fill(orders: &Target, wanted: u64) -> Result<u64> {
    let begun = Instant::now();
    let mut count = 0;
    orders.drive(CLIENTS, begun + Duration::from_secs(4 * 3600), |done| {
        count += u64::from(done.ok);
        if count >= wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    eprintln!("  {count} orders placed in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(count)
}
