//! The judge of a running store, told of simulated runs as they went, says of each what the checks say at its end.

use toystore_actors::bugs::Bug;
use toystore_actors::domain::OrderNumber;
use toystore_actors::messages::catalog::Stocked;
use toystore_checks::data::{Promise, StoreAudit};
use toystore_checks::live::{BookPage, InventoryPage, LiveJudge, ReplicaPage, Verdict};
use toystore_checks::time::{MILLI, Nanos};
use toystore_sim::faults::FaultKind;
use toystore_sim::outcome::RunOutcome;
use toystore_sim::plan::Setup;
use toystore_sim::plan::products::products;
use toystore_sim::run::run;

/// What both look at.
const PROMISES: [Promise; 7] = [
    Promise::AcknowledgedKept,
    Promise::ExactlyOnce,
    Promise::OneHistory,
    Promise::LinearizableOrders,
    Promise::LinearizableQueries,
    Promise::PricesAdvance,
    Promise::NoOversell,
];

/// So often the judge is told what has happened since.
const EVERY: Nanos = 200 * MILLI;

fn page(judge: &LiveJudge, audit: &StoreAudit, at: Nanos, acknowledged: OrderNumber) -> BookPage {
    let after = judge.read_on_from().number;
    let book = audit.books.values().next().expect("a replica");
    let of_page = |number: OrderNumber| number > after && number <= acknowledged;
    let entries = book.iter().filter(|entry| of_page(entry.number)).cloned().collect();
    BookPage { asked: at, answered: at, after, entries, acknowledged }
}

/// The highest number that the answers until then told.
fn acknowledged(outcome: &RunOutcome, audit: &StoreAudit, at: Nanos) -> OrderNumber {
    use toystore_checks::data::Response::{Found, Orders, Placed};
    let told = outcome.history.operations.iter().filter(|operation| operation.returned <= at);
    let numbers = told.filter_map(|operation| match &operation.response {
        Placed { number } => Some(*number),
        Found { order } => order.as_ref().map(|order| order.number),
        Orders { orders } => orders.last().map(|order| order.number),
        _ => None,
    });
    let end = audit.books.values().next().expect("a replica").len() as u64;
    numbers.max().unwrap_or_default().min(OrderNumber::new(end))
}

fn at_the_end(judge: &mut LiveJudge, audit: &StoreAudit, end: Nanos) {
    let last = OrderNumber::new(audit.books.values().next().expect("a replica").len() as u64);
    judge.advance(end);
    judge.book(&page(judge, audit, end, last));
    judge.advance(end + 1);
    for (replica, book) in &audit.books {
        let (after, entries) = (OrderNumber::NONE, book.clone());
        let page =
            ReplicaPage { replica: *replica, in_sync: true, at_rest: true, after, entries, ends: true };
        judge.replica(&page);
    }
    let products = audit.items.iter().map(|item| Stocked {
        name: item.name.clone(),
        price_cents: item.price_cents,
        initial: item.initial,
        restocked: item.restocked,
        sold: item.sold,
    });
    judge.inventory(InventoryPage { asked: end + 2, answered: end + 2, products: products.collect() });
    judge.advance(end + 3);
    judge.book(&page(judge, audit, end + 4, last));
}

fn live(setup: &Setup, outcome: &RunOutcome, audit: &StoreAudit) -> Verdict {
    let mut judge = LiveJudge::new(setup.restock_to);
    let begins = products(setup).into_iter().map(|product| Stocked {
        name: product.name,
        price_cents: product.price_cents,
        initial: product.quantity,
        restocked: 0,
        sold: 0,
    });
    judge.begins_with(&begins.collect::<Vec<_>>());
    let history = &outcome.history;
    let mut left: Vec<_> = history.operations.clone();
    left.sort_by_key(|operation| operation.returned);
    let end = outcome.virtual_nanos + 1;
    let mut now = 0;
    while now < end {
        let (before, at) = (now, now + EVERY);
        now = at;
        for repricing in &history.repricings {
            let known = repricing.imported.filter(|imported| (before..at).contains(imported));
            if (before..at).contains(&repricing.invoked) || known.is_some() {
                judge.repriced(repricing.clone());
            }
        }
        let rebuilds = history.rebuilds.iter().filter(|rebuild| (before..at).contains(&rebuild.at));
        rebuilds.for_each(|rebuild| judge.catalog_rebuilt(rebuild.at));
        let answered = left.partition_point(|operation| operation.returned <= at);
        left.drain(..answered).for_each(|operation| judge.answered(operation));
        let under_way = left.iter().map(|operation| operation.invoked).min();
        judge.advance(under_way.unwrap_or(at).min(at));
        judge.book(&page(&judge, audit, at, acknowledged(outcome, audit, at)));
    }
    at_the_end(&mut judge, audit, now + 60_000 * MILLI);
    judge.verdict().clone()
}

fn is_broken(verdict: &Verdict) -> bool {
    verdict.lost + verdict.doubled + verdict.stock_off + verdict.stale_reads > 0
}

#[test]
fn says_of_right_runs_that_they_are_right() {
    let (mut judged, mut undecided) = (0, 0);
    for seed in 1..=12 {
        let setup = Setup::draw(seed, &FaultKind::all());
        let outcome = run(setup.clone(), false);
        let audit = outcome.audit.as_ref().expect("it comes to rest");
        assert_eq!(outcome.violations, [], "seed {seed}");
        let verdict = live(&setup, &outcome, audit);
        assert!(!is_broken(&verdict), "seed {seed}: {verdict:#?}");
        judged += verdict.operations;
        undecided += verdict.undecided;
    }
    assert!(undecided < judged / 10, "{undecided} stretches of {judged} operations");
}

/// Bugs that show in what shoppers are told, or on the disks of a store that comes to rest.
#[test]
fn finds_what_planted_bugs_break() {
    for bug in [Bug::LeaseIgnored, Bug::AnswerBeforeVisible, Bug::HolderForgotten] {
        let found = (1..=20).find_map(|seed| {
            let setup = Setup { bug: Some(bug), ..Setup::draw(seed, &FaultKind::all()) };
            let outcome = run(setup.clone(), false);
            let audit = outcome.audit.clone()?;
            let looked_at = outcome.violations.iter().any(|found| PROMISES.contains(&found.promise));
            looked_at.then(|| (seed, live(&setup, &outcome, &audit), outcome.violations))
        });
        let (seed, verdict, batch) = found.unwrap_or_else(|| panic!("{} shows in no seed", bug.name()));
        assert!(is_broken(&verdict), "{} in seed {seed}: {batch:#?}\n{verdict:#?}", bug.name());
    }
}
