//! Orders a second and p99 against the number of clients: a table of comma-separated values and a plot.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use super::{Bench, Contestant, median, rate_of, take_turns};
use crate::contestants::store::Shape;
use crate::report::{ms, rate};

const SHAPES: [Shape; 2] = [Shape::Five, Shape::Up];

/// Up to 2 to this power.
const POWERS: u32 = 10;

/// What one shape of the store did.
#[derive(Debug, Clone, Copy)]
struct Measured {
    orders_per_second: f64,
    p99_ms: f64,
    refused: u64,
}

/// What was measured at so many clients, by shape.
type Point = (u32, [Measured; 2]);

/// Measures and reports.
///
/// # Errors
/// When the store does not start or breaks.
pub fn run(bench: &mut Bench) -> Result<()> {
    let names = bench.product_names();
    let stores = [bench.store("clients-five", Shape::Five)?, bench.store("clients-up", Shape::Up)?];
    let targets = [stores[0].orders(&names), stores[1].orders(&names)];
    let mut points: Vec<Point> = Vec::new();
    for clients in (0..=POWERS).map(|power| 1 << power) {
        let mut contestants = [0, 1].map(|index: usize| {
            let target = &targets[index];
            Contestant::new(SHAPES[index].label(), format!("{clients} clients"), |plan| target.measure(plan))
        });
        eprintln!("  {clients} clients");
        let plan = bench.plan(usize::try_from(clients)?);
        let outcomes = take_turns(&mut contestants, &plan, bench.rounds)?;
        let point = [0, 1].map(|index: usize| {
            let rounds = &outcomes[index];
            Measured {
                orders_per_second: median(rounds.iter().map(rate_of)),
                p99_ms: median(rounds.iter().map(|outcome| outcome.kinds[0].ms(0.99))),
                refused: rounds.iter().map(|outcome| outcome.kinds[0].failed).sum(),
            }
        });
        points.push((clients, point));
    }
    let mut csv = String::from("clients,shape,orders_per_second,p99_ms,refused\n");
    let mut rows = Vec::new();
    for (clients, shapes) in &points {
        let mut row = vec![clients.to_string()];
        for (measured, shape) in shapes.iter().zip(["serve", "up"]) {
            let Measured { orders_per_second, p99_ms, refused } = measured;
            writeln!(csv, "{clients},{shape},{orders_per_second:.0},{p99_ms:.3},{refused}")?;
            row.extend([rate(*orders_per_second), ms(*p99_ms), refused.to_string()]);
        }
        rows.push(row);
    }
    std::fs::write(bench.report.dir().join("clients.csv"), csv)?;
    draw(&bench.report.dir().join("clients.svg"), &points).map_err(|error| anyhow!("the plot: {error}"))?;
    bench.report.text(&format!(
        "## Orders against the number of clients\n\n{} rounds of {} s in turn, medians; `clients.csv` and `clients.svg` have \
         the same.\n",
        bench.rounds,
        bench.length.as_secs()
    ))?;
    let header =
        ["clients", "five processes: orders/s", "p99 ms", "refused", "`up`: orders/s", "p99 ms", "refused"];
    bench.report.table(&header, &rows)
}

/// Two charts, one above the other, that share their axis of clients.
fn draw(path: &Path, points: &[Point]) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::new(path, (900, 800)).into_drawing_area();
    area.fill(&WHITE)?;
    let charts = area.split_evenly((2, 1));
    let of = |value: fn(&Measured) -> f64| {
        [0, 1].map(|shape: usize| {
            points.iter().map(|(clients, values)| (*clients, value(&values[shape]))).collect::<Vec<_>>()
        })
    };
    chart(&charts[0], "orders/s", of(|measured| measured.orders_per_second))?;
    chart(&charts[1], "p99, ms", of(|measured| measured.p99_ms))?;
    area.present()?;
    Ok(())
}

fn chart(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    what: &str,
    lines: [Vec<(u32, f64)>; 2],
) -> Result<(), Box<dyn std::error::Error>> {
    let most = lines.iter().flatten().map(|point| point.1).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(15)
        .x_label_area_size(40)
        .y_label_area_size(80)
        .build_cartesian_2d((1_u32..1 << POWERS).log_scale().base(2.0), 0.0..most * 1.05)?;
    chart.configure_mesh().x_desc("clients").y_desc(what).x_labels(11).draw()?;
    for ((line, shape), color) in lines.into_iter().zip(SHAPES).zip([BLUE, RED]) {
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)).point_size(3))?
            .label(shape.label())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    Ok(())
}
