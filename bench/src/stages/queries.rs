//! Cached queries, beside a bare handler, nginx and Redis.

use anyhow::{Result, ensure};

use super::{Bench, Contestant, rate_of, ratio, row, take_turns};
use crate::contestants::bare::Bare;
use crate::contestants::nginx::Nginx;
use crate::contestants::redis::Redis;
use crate::contestants::store::Shape;

const CLIENTS: usize = 64;
const PRODUCT: &str = "Tux";

/// Measures and reports.
///
/// # Errors
/// When a contestant does not start or breaks.
pub fn run(bench: &mut Bench) -> Result<()> {
    let five = bench.store("queries-five", Shape::Five)?;
    let up = bench.store("queries-up", Shape::Up)?;
    let body = five.query(PRODUCT)?;
    ensure!(body == up.query(PRODUCT)?, "the two stores disagree");
    let bare = Bare::start(&bench.data.join("bare"), &body)?;
    let nginx = Nginx::start(&bench.data.join("nginx"), &body)?;
    let redis = Redis::start(&bench.data.join("redis"), PRODUCT, &body)?;
    let names = [PRODUCT.to_owned()];
    let http = "HTTP/1.1, connections kept";
    let targets = [
        (Shape::Five.label(), http, five.queries(&names)),
        (Shape::Up.label(), http, up.queries(&names)),
        ("bare actix-web", http, bare.queries(PRODUCT)),
        ("nginx `return 200`", http, nginx.queries(PRODUCT)),
        ("Redis `GET`", "RESP, no pipelining", redis.queries(PRODUCT)),
    ];
    let mut contestants: Vec<_> = targets
        .iter()
        .map(|(label, interface, target)| Contestant::new(label, *interface, |plan| target.measure(plan)))
        .collect();
    let outcomes = take_turns(&mut contestants, &bench.plan(CLIENTS), bench.rounds)?;

    let each = contestants.iter().zip(&outcomes);
    let rows: Vec<_> = each.map(|(contestant, rounds)| row(contestant, rounds, &outcomes[0])).collect();
    bench.report.text(&format!(
        "## Cached queries\n\n`GET /products/{PRODUCT}`, {} bytes of body, {CLIENTS} connections with one request under way \
         each; {} rounds of {} s in turn, medians.\n",
        body.len(),
        bench.rounds,
        bench.length.as_secs()
    ))?;
    let header =
        ["who", "through", "queries/s", "p50 ms", "p99 ms", "five processes ÷ this", "client's cores"];
    bench.report.table(&header, &rows)?;
    for (index, name) in [(0, "five processes"), (1, "`up`")] {
        let to_bare = ratio(&outcomes[index], &outcomes[2], rate_of);
        let to_nginx = ratio(&outcomes[index], &outcomes[3], rate_of);
        bench.report.bar(
            format!("cached queries ÷ bare actix-web, {name}"),
            format!("{to_bare:.2}"),
            "≥ 0.95",
            to_bare >= 0.95,
        );
        bench.report.bar(
            format!("cached queries ÷ nginx, {name}"),
            format!("{to_nginx:.2}"),
            "> 1",
            to_nginx > 1.0,
        );
    }
    Ok(())
}
