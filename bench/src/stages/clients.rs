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

/// What was measured at so many clients: by shape, orders a second and p99 in milliseconds.
type Point = (u32, [(f64, f64); 2]);

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
            (
                median(rounds.iter().map(rate_of)),
                median(rounds.iter().map(|outcome| outcome.kinds[0].ms(0.99))),
            )
        });
        points.push((clients, point));
    }
    let mut csv = String::from("clients,shape,orders_per_second,p99_ms\n");
    let mut rows = Vec::new();
    for (clients, [five, up]) in &points {
        writeln!(csv, "{clients},serve,{:.0},{:.3}\n{clients},up,{:.0},{:.3}", five.0, five.1, up.0, up.1)?;
        rows.push(vec![clients.to_string(), rate(five.0), ms(five.1), rate(up.0), ms(up.1)]);
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
        ["clients", "five processes: orders/s", "p99 ms", "`up`: orders/s", "p99 ms"];
    bench.report.table(&header, &rows)
}

/// Two charts, one above the other, that share their axis of clients.
fn draw(path: &Path, points: &[Point]) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::new(path, (900, 800)).into_drawing_area();
    area.fill(&WHITE)?;
    let charts = area.split_evenly((2, 1));
    let of = |value: fn(&(f64, f64)) -> f64| {
        [0, 1].map(|shape: usize| {
            points.iter().map(|(clients, values)| (*clients, value(&values[shape]))).collect::<Vec<_>>()
        })
    };
    chart(&charts[0], "orders/s", of(|value| value.0))?;
    chart(&charts[1], "p99, ms", of(|value| value.1))?;
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
