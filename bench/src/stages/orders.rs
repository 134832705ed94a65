//! Durable orders, beside etcd's puts and PostgreSQL's purchases.

use std::rc::Rc;

use anyhow::{Context, Result};

use super::{Bench, Contestant, rate_of, ratio, row, take_turns};
use crate::contestants::etcd::Etcd;
use crate::contestants::postgres::Postgres;
use crate::contestants::store::{Shape, Store};
use crate::load::{Outcome, Plan, etcd, postgres};

const MANY: usize = 128;

/// The pools of connections that PostgreSQL is tried with.
const POOLS: [usize; 4] = [16, 32, 64, 128];

/// The connections to a node that etcd is tried with.
const CHANNELS: [usize; 3] = [1, 4, 16];

/// Everyone who takes orders.
struct Field {
    five: Store,
    up: Store,
    etcd: Etcd,
    postgres: Postgres,
    names: Rc<[String]>,
    puts: u64,
}

/// Measures and reports.
///
/// # Errors
/// When a contestant does not start or breaks.
pub fn run(bench: &mut Bench) -> Result<()> {
    let names: Rc<[String]> = bench.product_names().into();
    let mut field = Field {
        five: bench.store("orders-five", Shape::Five)?,
        up: bench.store("orders-up", Shape::Up)?,
        etcd: Etcd::start(&bench.data.join("etcd"))?,
        postgres: Postgres::start(&bench.data.join("postgres"), &names)?,
        names,
        puts: 0,
    };
    bench.report.text(&format!(
        "## Durable orders\n\nOne piece of one of {} products, drawn evenly; for etcd a put of a new key of about 20 bytes \
         with a value of 27. Three replicas, each with fsync. No `Idempotency-Key` is sent: the front-end makes one. {} \
         rounds of {} s in turn, medians. Each rival in the fastest of the ways tried: etcd's put over {CHANNELS:?} gRPC \
         connections to the leader or to each node, PostgreSQL's purchase over pools of {POOLS:?}.\n",
        bench.products,
        bench.rounds,
        bench.length.as_secs()
    ))?;
    let many = compare(bench, &mut field, MANY)?;
    for (index, name) in [(0, "five processes"), (1, "`up`")] {
        let to_etcd = ratio(&many[index], &many[2], rate_of);
        let to_postgres = ratio(&many[index], &many[3], rate_of);
        let what = |rival: &str| format!("orders at {MANY} clients ÷ {rival}, {name}");
        bench.report.bar(what("etcd's puts"), format!("{to_etcd:.2}"), "≥ 5", to_etcd >= 5.0);
        bench.report.bar(
            what("PostgreSQL's purchases"),
            format!("{to_postgres:.2}"),
            "≥ 2",
            to_postgres >= 2.0,
        );
    }
    let one = compare(bench, &mut field, 1)?;
    for (index, name) in [(0, "five processes"), (1, "`up`")] {
        let to_etcd = ratio(&one[index], &one[2], |outcome| outcome.kinds[0].ms(0.5));
        bench.report.bar(
            format!("latency of an order at 1 client ÷ etcd's, {name}"),
            format!("{to_etcd:.2}"),
            "≤ 1",
            to_etcd <= 1.0,
        );
    }
    Ok(())
}

fn compare(bench: &mut Bench, field: &mut Field, clients: usize) -> Result<Vec<Vec<Outcome>>> {
    let trial = bench.trial(clients);
    let (mut put, put_through) = fastest_put(field, &trial)?;
    let (purchase, pool) = fastest_purchase(field, &trial)?;
    let (five, up) = (field.five.orders(&field.names), field.up.orders(&field.names));
    let puts = &mut field.puts;
    let mut contestants = [
        Contestant::new(Shape::Five.label(), "HTTP/1.1, connections kept", |plan| five.measure(plan)),
        Contestant::new(Shape::Up.label(), "HTTP/1.1, connections kept", |plan| up.measure(plan)),
        Contestant::new("etcd, 3 nodes: put", put_through, |plan| {
            fresh_keys(&mut put, puts);
            put.measure(plan)
        }),
        Contestant::new(
            "PostgreSQL, 2 synchronous standbys: purchase",
            format!("one prepared statement, pool of {pool}"),
            |plan| purchase.measure(plan),
        ),
    ];
    let outcomes = take_turns(&mut contestants, &bench.plan(clients), bench.rounds)?;
    let with_refused = |(contestant, rounds): (&Contestant<'_>, &Vec<Outcome>)| {
        let mut cells = row(contestant, rounds, &outcomes[0]);
        let refused = rounds.iter().map(|outcome| outcome.kinds[0].failed).sum::<u64>();
        cells.insert(cells.len() - 1, refused.to_string());
        cells
    };
    let rows: Vec<_> = contestants.iter().zip(&outcomes).map(with_refused).collect();
    bench.report.text(&format!("### {clients} client{}\n", if clients == 1 { "" } else { "s" }))?;
    let header = [
        "who",
        "through",
        "orders/s",
        "p50 ms",
        "p99 ms",
        "five processes ÷ this",
        "refused",
        "client's cores",
    ];
    bench.report.table(&header, &rows)?;
    Ok(outcomes)
}

/// Makes the keys of the next run differ from those of all others.
fn fresh_keys(put: &mut etcd::Target, runs: &mut u64) {
    *runs += 1;
    put.prefix = format!("orders/{runs}");
}

fn fastest_put(field: &mut Field, trial: &Plan) -> Result<(etcd::Target, String)> {
    let leader = field.etcd.leader()?.context("etcd has lost its leader")?;
    let mut best: Option<(f64, etcd::Target, String)> = None;
    for (nodes, to) in [(vec![leader], "to the leader"), (field.etcd.clients().to_vec(), "to each node")] {
        for connections in CHANNELS {
            if connections * nodes.len() > trial.clients.max(CHANNELS[0]) {
                continue;
            }
            let mut target = etcd::Target { nodes: nodes.clone(), connections, prefix: String::new() };
            fresh_keys(&mut target, &mut field.puts);
            let rate = rate_of(&target.measure(trial)?);
            eprintln!("  trial: etcd, {connections} connections {to}: {rate:.0}/s");
            if best.as_ref().is_none_or(|(best, ..)| rate > *best) {
                best = Some((rate, target, format!("gRPC, {connections} connections {to}")));
            }
        }
    }
    best.map(|(_, target, through)| (target, through)).context("etcd was not tried")
}

fn fastest_purchase(field: &Field, trial: &Plan) -> Result<(postgres::Target, usize)> {
    let mut best: Option<(f64, postgres::Target)> = None;
    for pool in POOLS.map(|pool| pool.min(trial.clients)) {
        if best.as_ref().is_some_and(|(_, best)| best.pool == pool) {
            continue;
        }
        let (address, products) = (field.postgres.primary, field.names.clone());
        let target = postgres::Target { address, pool, products };
        let rate = rate_of(&target.measure(trial)?);
        eprintln!("  trial: PostgreSQL, pool of {pool}: {rate:.0}/s");
        if best.as_ref().is_none_or(|(best, _)| rate > *best) {
            best = Some((rate, target));
        }
    }
    best.map(|(_, target)| (target.clone(), target.pool)).context("PostgreSQL was not tried")
}
