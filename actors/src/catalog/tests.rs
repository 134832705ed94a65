//! The whole actor on virtual time.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test is a host: it is where the actors' time and tasks come from"
)]

mod fixture;

use std::collections::BTreeMap;
use std::time::Duration;

use redb::Builder;
use redb::backends::InMemoryBackend;
use tokio::time::{advance, sleep};

use self::fixture::{COUNTED_LEASE, Fixture, Habit, LEASE, TICK, buy, done, name, simulate, take_over};
use super::changes::GroupChanges;
use super::ledger;
use super::ledger::{Audit, audit};
use crate::domain::{Digest, FrontEndId, OrderNumber, ProductSeed, Receipt, RequestId, Term};
use crate::messages::catalog::{Buy, Import, Imported, List, Refusal, Restock, Sale};
use crate::net::NodeId;
use crate::probe::{CatalogEvent, Event, ServiceEvent};
use crate::test_doubles::{MemoryDisk, WALL};

/// The first purchase.
const SOLD: Sale =
    Sale::Sold { number: OrderNumber::new(1), receipt: Some(Receipt { price_cents: 1599, sold_at: WALL }) };

/// Rule cache 6.
#[test]
fn a_starting_catalog_refuses_everything_until_no_cache_can_be_older() {
    let check = |habit, confirmed, earliest, latest| {
        simulate(async move |mut fixture: Fixture| {
            fixture.front_ends.habit.set(habit);
            fixture.start();
            fixture.register().await;
            assert_eq!(fixture.query("Tux", 1).await, Err(Refusal::Starting));
            assert_eq!(done(fixture.send(buy(1, 1, &[]))).await.0, Some(Err(Refusal::Starting)));
            assert_eq!(done(fixture.send(take_over(1))).await.0, Some(Err(Refusal::Starting)));
            assert_eq!(done(fixture.send(Restock {})).await.0, Some(Err(Refusal::Starting)));
            while fixture.list().await.is_err() {
                sleep(TICK).await;
            }
            let ready_at = fixture.now();
            assert!(ready_at >= earliest && ready_at <= latest, "{habit:?}: ready at {ready_at:?}");
            assert_eq!(fixture.events(), [CatalogEvent::CatalogReady { confirmed }.into()], "{habit:?}");
            assert!(fixture.calls().iter().all(|(_, _, products)| products.is_empty()), "drop everything");
        });
    };
    check(Habit::ConfirmsAfter(TICK * 100), true, TICK * 100, TICK * 103);
    check(Habit::IsSilent, false, COUNTED_LEASE, COUNTED_LEASE + TICK * 3);
    check(Habit::Refuses, false, COUNTED_LEASE, COUNTED_LEASE + TICK * 3);
}

/// Rules cache 3 and 4.
#[test]
fn a_change_is_visible_when_every_holder_has_dropped_it() {
    simulate(async |mut fixture: Fixture| {
        fixture.serve().await;
        fixture.front_ends.habit.set(Habit::ConfirmsAfter(TICK * 100));
        assert_eq!(fixture.query("Tux", 1).await, Ok((10, true)));
        assert_eq!(fixture.query("Elephant", 2).await, Ok((5, true)));
        assert_eq!(fixture.query("Tux", 9).await, Ok((10, false)), "no configured front-end");
        let begun = fixture.now();
        let sold = fixture.send(buy(1, 1, &[("a", "Tux", 4), ("b", "Yak", 1)]));

        sleep(TICK * 50).await;
        assert_eq!(fixture.query("Tux", 2).await, Ok((10, false)), "it is about to change");
        assert_eq!(fixture.query("Yak", 2).await, Ok((0, true)), "it was refused and stays as it is");
        assert_eq!(fixture.list().await, Ok(vec![10, 0, 5]));
        assert!(!sold.is_finished());

        let (answer, at) = done(sold).await;
        assert_eq!(answer, Some(Ok(vec![SOLD, Sale::NotEnough { left: 0 }])));
        assert_eq!((at - begun).as_millis() / 10, 10, "at the confirmation");
        assert_eq!(fixture.query("Tux", 1).await, Ok((6, true)));
        let calls: Vec<_> = fixture.calls().into_iter().map(|(_, to, products)| (to, products)).collect();
        assert_eq!(calls, [(NodeId::FrontEnd(FrontEndId::new(1)), "Tux".to_owned())], "the one holder");
        let visible = CatalogEvent::GroupVisible { products: vec![name("Tux")], waited_for_lease: false };
        let refused = CatalogEvent::Refused { keys: vec![RequestId::new("b").expect("valid")] };
        assert_eq!(fixture.events(), [refused.into(), visible.into()]);
    });
}

#[test]
fn an_import_waits_for_whoever_holds_a_price_and_is_there_after_a_crash() {
    simulate(async |mut fixture: Fixture| {
        fixture.serve().await;
        fixture.front_ends.habit.set(Habit::IsSilent);
        assert_eq!(fixture.query("Tux", 1).await, Ok((10, true)));
        let granted = fixture.now();
        let seed = |text, price_cents| ProductSeed { name: name(text), price_cents, quantity: 4 };
        let digest = Some(Digest([1; 32]));
        let import = Import { products: vec![seed("Tux", 1), seed("Gnu", 2)], digest };
        let (answer, at) = done(fixture.send(import)).await;
        let expected = Imported { added: 1, repriced: 1, unchanged: 0, recounted: 1 };
        assert_eq!(answer, Some(Ok(expected)));
        assert!(at - granted >= COUNTED_LEASE, "the old price may have been shown until then");
        assert_eq!(fixture.list().await, Ok(vec![10, 0, 5, 4]));
        fixture.crash().await;
        let books = fixture.audit();
        let kept: Vec<_> = books.items.iter().map(|item| (item.price_cents, item.quantity)).collect();
        assert_eq!(kept, [(1, 10), (1599, 0), (1599, 5), (2, 4)]);
    });
}

/// Rule cache 4.
#[test]
fn a_change_waits_for_the_lease_of_a_holder_that_does_not_answer() {
    for habit in [Habit::IsSilent, Habit::Refuses] {
        simulate(async move |mut fixture: Fixture| {
            fixture.serve().await;
            fixture.front_ends.habit.set(habit);
            assert_eq!(fixture.query("Tux", 1).await, Ok((10, true)));
            let granted = fixture.now();
            sleep(TICK * 1000).await;
            let (answer, at) = done(fixture.send(buy(1, 1, &[("a", "Tux", 4)]))).await;
            assert_eq!(answer, Some(Ok(vec![SOLD])));
            let waited = at - granted;
            assert!(waited >= COUNTED_LEASE && waited < COUNTED_LEASE + TICK * 10, "{habit:?}: {waited:?}");
            let calls = fixture.calls().len();
            assert!((2..=30).contains(&calls), "{habit:?}: repeated while the lease lasts, {calls} times");
            let visible = CatalogEvent::GroupVisible { products: vec![name("Tux")], waited_for_lease: true };
            assert_eq!(fixture.events(), [visible.into()]);

            let begun = fixture.now();
            let (_, at) = done(fixture.send(buy(1, 2, &[("b", "Tux", 1)]))).await;
            assert!(at - begun < TICK * 10, "nobody holds it any more");
        });
    }
}

#[test]
fn an_invalidation_that_failed_is_sent_again() {
    simulate(async |mut fixture: Fixture| {
        fixture.serve().await;
        fixture.front_ends.habit.set(Habit::IsSilent);
        assert_eq!(fixture.query("Tux", 1).await, Ok((10, true)));
        let begun = fixture.now();
        let sold = fixture.send(buy(1, 1, &[("a", "Tux", 4)]));
        sleep(TICK * 200).await;
        fixture.front_ends.habit.set(Habit::ConfirmsAfter(TICK));
        let (_, at) = done(sold).await;
        let waited = at - begun;
        assert!(waited > TICK * 500 && waited < TICK * 600, "after the limit of a call: {waited:?}");
    });
}

/// Rule cache 5.
#[test]
fn nothing_is_told_about_a_change_before_it_is_visible() {
    simulate(async |mut fixture: Fixture| {
        fixture.serve().await;
        fixture.front_ends.habit.set(Habit::IsSilent);
        assert_eq!(fixture.query("Tux", 1).await, Ok((10, true)));
        let first = fixture.send(buy(1, 1, &[("a", "Tux", 4)]));
        sleep(TICK * 20).await;
        let repeated = fixture.send(buy(1, 1, &[("a", "Tux", 4)]));
        let inherited = fixture.send(take_over(2));
        let late = fixture.send(buy(1, 2, &[("b", "Tux", 1)]));
        let refused = fixture.send(buy(2, 1, &[("c", "Tux", 7)]));
        sleep(LEASE).await;
        let waiting = [first.is_finished(), repeated.is_finished(), refused.is_finished()];
        assert_eq!((waiting, inherited.is_finished()), ([false; 3], false));

        assert_eq!(done(first).await.0, Some(Ok(vec![SOLD])));
        assert_eq!(done(repeated).await.0, Some(Ok(vec![SOLD])));
        let found = done(inherited).await.0.expect("an answer").expect("the newest term");
        assert_eq!(found.unsettled.iter().map(|sold| sold.purchase.key.as_str()).collect::<Vec<_>>(), ["a"]);
        assert_eq!(done(late).await.0, Some(Err(Refusal::Superseded { term: Term::new(2), batch: 0 })));
        assert_eq!(done(refused).await.0, Some(Ok(vec![Sale::NotEnough { left: 6 }])));
        assert_eq!(fixture.list().await, Ok(vec![6, 0, 5]));
        let events = fixture.events();
        for event in [
            CatalogEvent::BatchRepeated { term: Term::new(1), batch: 1 },
            CatalogEvent::BatchRefused { term: Term::new(1), batch: 2 },
        ] {
            assert!(events.contains(&event.into()), "{events:?}");
        }
    });
}

/// Rules C2 and C7.
#[test]
fn a_catalog_goes_on_where_it_crashed() {
    simulate(async |mut fixture: Fixture| {
        fixture.serve().await;
        let answer =
            done(fixture.send(buy(3, 5, &[("a", "Tux", 4), ("b", "Yak", 1), ("c", "Gnu", 1)]))).await.0;
        fixture.crash().await;
        let books = fixture.audit();
        assert_eq!((books.term, books.batch, books.unsettled.len()), (Term::new(3), 5, 1));
        assert_eq!(books.items.len(), 3, "a repeated name is imported once");
        fixture.serve().await;
        assert_eq!(fixture.list().await, Ok(vec![6, 0, 5]));
        let repeated = done(fixture.send(buy(3, 5, &[("a", "Tux", 4)]))).await.0;
        assert_eq!(repeated, answer, "the stored answer");
        assert_eq!(
            done(fixture.send(buy(2, 9, &[("x", "Tux", 1)]))).await.0,
            Some(Err(Refusal::Superseded { term: Term::new(3), batch: 5 }))
        );
        let again = buy(4, 1, &[("a", "Tux", 4)]);
        assert_eq!(done(fixture.send(again)).await.0, Some(Ok(vec![SOLD])), "the key is sold already");
        let settled = Buy { settled: OrderNumber::new(1), ..buy(4, 2, &[]) };
        assert_eq!(done(fixture.send(settled)).await.0, Some(Ok(vec![])));
        fixture.crash().await;
        let books = fixture.audit();
        assert_eq!((books.term, books.batch, books.unsettled.len()), (Term::new(4), 2, 0));
        assert_eq!((books.items[0].sold, books.items[0].quantity), (4, 6));
    });
}

/// Rule C3.
#[test]
fn a_catalog_that_crashed_remembers_its_refusals() {
    simulate(async |mut fixture: Fixture| {
        fixture.serve().await;
        let little = Sale::NotEnough { left: 0 };
        assert_eq!(done(fixture.send(buy(1, 1, &[("b", "Yak", 1)]))).await.0, Some(Ok(vec![little])));
        fixture.crash().await;
        fixture.serve().await;
        assert_eq!(done(fixture.send(Restock {})).await.0, Some(Ok(vec![name("Yak")])));
        let late = buy(2, 1, &[("b", "Yak", 1), ("c", "Yak", 1)]);
        assert_eq!(done(fixture.send(late)).await.0, Some(Ok(vec![little, SOLD])));
    });
}

#[test]
fn a_crash_in_the_middle_of_a_group_leaves_all_or_nothing() {
    for (wait, left) in [(Duration::ZERO, 10), (MemoryDisk::JOB + TICK * 2, 6)] {
        simulate(async move |mut fixture: Fixture| {
            fixture.serve().await;
            fixture.front_ends.habit.set(Habit::IsSilent);
            assert_eq!(fixture.query("Tux", 1).await, Ok((10, true)));
            let sold = fixture.send(buy(1, 1, &[("a", "Tux", 4)]));
            tokio::task::yield_now().await;
            advance(wait).await;
            tokio::task::yield_now().await;
            fixture.crash().await;
            assert_eq!(done(sold).await.0, None, "not known");
            let books = fixture.audit();
            assert_eq!(books.items[0].quantity, left);
            assert_eq!(books.unsettled.len() as u64, u64::from(left == 6));
            assert_eq!(books.batch, u64::from(left == 6));
        });
    }
}

#[test]
fn what_is_out_of_stock_is_restocked_on_demand_and_in_intervals() {
    simulate(async |mut fixture: Fixture| {
        fixture.serve().await;
        assert_eq!(fixture.query("Yak", 1).await, Ok((0, true)));
        assert_eq!(done(fixture.send(Restock {})).await.0, Some(Ok(vec![name("Yak")])));
        assert_eq!(fixture.query("Yak", 1).await, Ok((100, true)));
        assert_eq!(fixture.calls().len(), 1, "the holder was told");
        assert_eq!(done(fixture.send(Restock {})).await.0, Some(Ok(vec![])));
        let restocked = CatalogEvent::Restocked { products: vec![name("Yak")] };
        assert!(fixture.events().contains(&restocked.into()));
    });
    simulate(async |mut fixture: Fixture| {
        fixture.config.restock_every = Duration::from_secs(10);
        fixture.serve().await;
        assert_eq!(done(fixture.send(buy(1, 1, &[("a", "Tux", 10)]))).await.0, Some(Ok(vec![SOLD])));
        sleep(Duration::from_secs(9)).await;
        assert_eq!(fixture.list().await, Ok(vec![0, 0, 5]));
        sleep(Duration::from_secs(2)).await;
        assert_eq!(fixture.list().await, Ok(vec![100, 100, 5]));
        fixture.crash().await;
        assert_eq!(fixture.audit().items[0].restocked, 100);
    });
}

#[test]
fn a_catalog_whose_disk_fails_stops_and_acknowledges_nothing() {
    simulate(async |mut fixture: Fixture| {
        fixture.serve().await;
        fixture.host.disk.set_full(true);
        let sold = fixture.send(buy(1, 1, &[("a", "Tux", 4)]));
        let waits = fixture.send(buy(1, 2, &[("b", "Tux", 4)]));
        assert_eq!(done(sold).await.0, None);
        assert_eq!(done(waits).await.0, None);
        assert_eq!(done(fixture.send(List { after: None, limit: 10 })).await.0, None);
        assert_eq!(fixture.host.failures.borrow().len(), 1);
        assert!(matches!(fixture.events()[..], [Event::Service(ServiceEvent::DiskFailed { .. })]));
        let (_, run) = fixture.running.take().expect("it was started");
        run.await.expect("it ended by itself");
        fixture.host.disk.set_full(false);
        fixture.serve().await;
        assert_eq!(fixture.list().await, Ok(vec![10, 0, 5]));
    });
}

#[test]
fn calls_that_nobody_waits_for_do_not_fill_the_queue() {
    simulate(async |mut fixture: Fixture| {
        fixture.config.max_calls = 4;
        fixture.serve().await;
        fixture.front_ends.habit.set(Habit::IsSilent);
        assert_eq!(fixture.query("Tux", 1).await, Ok((10, true)));
        let first = fixture.send(buy(1, 1, &[("a", "Tux", 1)]));
        sleep(TICK).await;
        for _ in 0..100 {
            let given_up = fixture.send(Restock {});
            sleep(TICK).await;
            given_up.abort();
        }
        let live: Vec<_> = (0..4).map(|_| fixture.send(take_over(1))).collect();
        sleep(TICK).await;
        let too_many = fixture.send(take_over(1));
        assert_eq!(done(too_many).await.0, None, "turned away at once");
        assert_eq!(done(first).await.0, Some(Ok(vec![SOLD])));
        for call in live {
            assert!(matches!(done(call).await.0, Some(Ok(_))));
        }
    });
}

#[test]
fn books_that_do_not_add_up_are_not_opened() {
    let database = Builder::new().create_with_backend(InMemoryBackend::new()).expect("a database");
    assert_eq!(audit(&database).expect("readable"), Audit::default(), "nothing was imported");
    let seed = ProductSeed { name: name("Tux"), price_cents: 1, quantity: 10 };
    let stock = ledger::import(&database, &[seed], None, 10).expect("imported");
    assert_eq!(ledger::load(&database, 10).expect("read"), Some((stock, None)), "imported once");

    let mut item = audit(&database).expect("readable").items.remove(0);
    item.quantity = 11;
    let changes = GroupChanges { items: BTreeMap::from([(0, item)]), ..Default::default() };
    ledger::commit(&database, &changes, 10).expect("saved");
    assert!(ledger::load(&database, 10).is_err());
    assert!(!audit(&database).expect("an audit reads them all the same").items[0].adds_up());
}
