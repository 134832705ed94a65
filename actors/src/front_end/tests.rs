//! The whole actor on virtual time: what shoppers and peers see of it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the test world is a host: it is where the actors' time and tasks come from"
)]

mod always;
mod peers;
mod world;

use std::collections::BTreeSet;

use futures_util::future;

use self::peers::Replica;
use self::world::{MS, World, toy};
use crate::domain::{Epoch, OrderNumber, ProductName, ReplicaId, RequestId, Run};
use crate::messages::front_end::*;
use crate::messages::order::{NotServing, PlaceError, Role};
use crate::messages::view_service::*;
use crate::net::{NetError, NodeId};
use crate::probe::{EventKind, FrontEndEventKind, ServiceEventKind, ViewEventKind};
use crate::test_doubles::{MemoryDisk, on_virtual_time};

fn order_replica(id: u8) -> NodeId {
    NodeId::Order(ReplicaId::new(id))
}

fn drop_of(id: u8) -> InSyncChange {
    InSyncChange::Drop(ReplicaId::new(id))
}

#[test]
fn concurrent_misses_make_one_catalog_request() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        let answers = future::join_all((0..20).map(|_| world.quantity())).await;
        assert_eq!(answers, [100; 20]);
        assert_eq!(world.peers.queries.get(), 1);
        assert_eq!(world.quantity().await, 100);
        assert_eq!(world.peers.queries.get(), 1, "a hit");
        tokio::time::sleep(2000 * MS).await;
        world.peers.quantity.set(98);
        assert_eq!(world.quantity().await, 98, "the lease has run out");
    });
}

#[test]
fn what_the_cache_holds_is_answered_without_the_actor() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        for _ in 0..2 {
            let found =
                world.query_from_elsewhere(toy()).await.expect("an answer").expect("from the catalog");
            assert_eq!(found.map(|product| product.quantity), Some(100));
            assert_eq!(world.peers.queries.get(), 1);
        }
        world.kill().await;
        assert!(world.query_from_elsewhere(toy()).await.is_ok());
        let other = ProductName::new("Fox").expect("valid");
        assert_eq!(world.query_from_elsewhere(other).await, Err(NetError::Lost));
        tokio::time::sleep(2000 * MS).await;
        assert_eq!(world.query_from_elsewhere(toy()).await, Err(NetError::Lost), "the lease has run out");
    });
}

#[test]
fn an_invalidation_voids_the_fill_under_way() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        let early = world.quantity();
        let later = async {
            tokio::time::sleep(5 * MS).await;
            world.ask(Invalidate { products: vec![toy()] }).await;
            world.peers.quantity.set(98);
            world.quantity().await
        };
        assert_eq!(future::join(early, later).await, (100, 98));
        assert_eq!(world.peers.queries.get(), 2);
        assert!(world.saw(EventKind::FrontEnd(FrontEndEventKind::StaleFillDropped)));
        assert_eq!(world.quantity().await, 98);
        assert_eq!(world.peers.queries.get(), 2, "the second fill is cached");
    });
}

// Rule cache 8.
#[test]
fn a_late_query_gets_no_earlier_answer_with_the_cache_off_either() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.config.cache_capacity = 0;
        world.start();
        let early = world.quantity();
        let later = async {
            tokio::time::sleep(5 * MS).await;
            world.peers.quantity.set(98);
            future::join(world.quantity(), world.quantity()).await
        };
        assert_eq!(future::join(early, later).await, (100, (98, 98)));
        assert_eq!(world.peers.queries.get(), 2, "the late ones share theirs");
    });
}

#[test]
fn a_starting_catalog_is_asked_again_until_the_deadline() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.peers.catalog_starting.set(true);
        world.start();
        let heal = async {
            tokio::time::sleep(2000 * MS).await;
            world.peers.catalog_starting.set(false);
        };
        assert_eq!(future::join(world.quantity(), heal).await.0, 100);
        world.ask(Invalidate { products: vec![] }).await;
        world.peers.catalog_starting.set(true);
        let began = tokio::time::Instant::now();
        assert!(world.ask(QueryProduct { name: toy() }).await.is_err());
        assert!(world.ask(ListProducts { after: None, limit: 10 }).await.is_err());
        assert_eq!(began.elapsed().as_secs(), 10);
    });
}

#[test]
fn the_first_view_waits_for_every_replica_and_a_restart_keeps_a_leader_that_is_well() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.peers.with(2, |replica| replica.up = false);
        world.start();
        tokio::time::sleep(3000 * MS).await;
        assert_eq!(world.ask(GetView {}).await, None);
        let readiness = world.ask(GetReadiness {}).await;
        assert_eq!((readiness.ready, readiness.waiting_for), (false, vec![order_replica(2)]));
        world.peers.with(2, |replica| replica.up = true);
        assert_eq!(world.led_by(3).await, (1, 3, vec![1, 2, 3]));
        assert_eq!(world.order("k").await, Ok(1));
        let readiness = world.ask(GetReadiness {}).await;
        assert!(readiness.ready, "{readiness:?}");

        world.kill().await;
        world.peers.with(3, |replica| replica.up = false);
        world.start();
        // One view of its own run, and one with another leader.
        assert_eq!(world.led_by(2).await, (3, 2, vec![1, 2, 3]));
        world.kill().await;
        world.peers.with(3, |replica| replica.up = true);
        world.start();
        tokio::time::sleep(3000 * MS).await;
        assert_eq!(world.led_by(2).await, (4, 2, vec![1, 2, 3]));
    });
}

#[test]
fn an_order_goes_on_through_a_new_leader_under_the_same_key() {
    // How the leader fails; how long the order may take at most.
    for (case, fail, limit) in [
        ("crash", (|replica| replica.up = false) as fn(&mut Replica), 300),
        ("freeze", |replica| replica.frozen = true, 1500),
        (
            "restart",
            |replica| {
                replica.role = Role::Follower;
                replica.runs.push(Run::new(31));
            },
            300,
        ),
    ] {
        on_virtual_time(async || {
            let mut world = World::new();
            world.start();
            world.led_by(3).await;
            assert_eq!(world.order("first").await, Ok(1));
            world.peers.with(3, fail);
            if case != "restart" {
                // What was replicated, the next leader has.
                world.peers.with(2, |replica| {
                    replica.orders.insert(RequestId::new("first").expect("valid"), 1);
                });
            }
            let began = tokio::time::Instant::now();
            let twice = future::join(world.order("k"), world.order("k")).await;
            assert_eq!(twice, (Ok(2), Ok(2)), "{case}");
            assert!(began.elapsed() < limit * MS, "{case} took {:?}", began.elapsed());
            let keys: BTreeSet<_> =
                world.peers.placed.borrow().iter().map(|(_, key)| key.to_string()).collect();
            assert_eq!(keys, BTreeSet::from(["first".into(), "k".into()]), "{case}");
            assert!(world.saw(EventKind::FrontEnd(FrontEndEventKind::OrderRetried)), "{case}");
            let leader = if case == "restart" { 3 } else { 2 };
            assert_eq!(world.led_by(leader).await.0, 2, "{case}");
        });
    }
}

#[test]
fn the_no_of_an_old_epoch_is_not_passed_on() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        let (epoch, ..) = world.led_by(3).await;
        let not_enough = |epoch| Err(PlaceError::NotEnough { left: 1, epoch: Epoch::new(epoch) });
        world.peers.with(3, |replica| replica.answers = vec![not_enough(epoch - 1)]);
        assert_eq!(world.order("a").await, Ok(1));
        world.peers.with(3, |replica| replica.answers = vec![not_enough(epoch)]);
        assert_eq!(world.order("b").await, Err(OrderError::NotEnough { left: 1 }));
        let overloaded = Err(PlaceError::NotServing(NotServing::Overloaded));
        world.peers.with(3, |replica| replica.answers = vec![overloaded]);
        let began = tokio::time::Instant::now();
        assert!(matches!(world.order("c").await, Err(OrderError::Unavailable(_))));
        assert!(began.elapsed() < 10 * MS);
    });
}

#[test]
fn a_lost_announcement_is_repeated_and_makes_no_new_view() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.peers.with(3, |replica| replica.deaf = 2);
        world.start();
        assert_eq!(world.led_by(3).await.0, 1);
        let began = tokio::time::Instant::now();
        assert_eq!(world.order("k").await, Ok(1));
        assert!(began.elapsed() < 250 * MS, "took {:?}", began.elapsed());
        world.peers.with(3, |replica| replica.deaf = 2);
        tokio::time::sleep(5000 * MS).await;
        assert_eq!(world.led_by(3).await.0, 1);
    });
}

#[test]
fn a_dead_leader_is_replaced_though_nobody_orders() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        world.led_by(3).await;
        for (leader, epoch) in [(3, 2), (2, 3)] {
            world.peers.with(leader, |replica| replica.up = false);
            let began = tokio::time::Instant::now();
            assert_eq!(world.led_by(leader - 1).await.0, epoch);
            assert!(began.elapsed() < 300 * MS, "took {:?}", began.elapsed());
        }
        assert_eq!(world.ask(FindOrder { number: OrderNumber::new(1) }).await, Ok(None));
        assert_eq!(world.order("k").await, Ok(1));
    });
}

#[test]
fn a_leader_changes_its_in_sync_set_and_nobody_else_does() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        world.led_by(3).await;
        let ask = |epoch, leader, change| world.change(epoch, leader, change);
        let smaller = Some((2, 3, vec![2, 3]));
        assert_eq!(ask(1, 3, drop_of(1)).await, smaller);
        assert_eq!(ask(1, 3, drop_of(2)).await, smaller, "of another epoch");
        assert_eq!(ask(2, 2, drop_of(3)).await, smaller, "not the leader");
        // Two at once: the second comes too late.
        let both = future::join(
            ask(2, 3, drop_of(1)),
            ask(2, 3, InSyncChange::Add(ReplicaId::new(1), Run::new(10))),
        )
        .await;
        let bumped = Some((3, 3, vec![2, 3]));
        assert_eq!(both, (bumped.clone(), bumped));
        tokio::time::sleep(500 * MS).await;
        assert_eq!(world.peers.epoch(1), 3);
        // The one that was dropped is never chosen.
        world.peers.with(3, |replica| replica.up = false);
        world.peers.with(2, |replica| replica.up = false);
        tokio::time::sleep(5000 * MS).await;
        let readiness = world.ask(GetReadiness {}).await;
        assert_eq!(readiness.waiting_for, [order_replica(2), order_replica(3)], "{}", readiness.why);
        world.peers.with(2, |replica| replica.up = true);
        assert_eq!(world.led_by(2).await, (4, 2, vec![2, 3]));
    });
}

#[test]
fn a_front_end_that_lost_its_file_goes_on_from_the_newest_view_of_all() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        world.led_by(3).await;
        world.change(1, 3, drop_of(1)).await;
        tokio::time::sleep(500 * MS).await;
        let copy = world.host.disk.copy();
        world.change(2, 3, drop_of(2)).await;
        tokio::time::sleep(500 * MS).await;
        world.kill().await;

        world.host.disk = MemoryDisk::default();
        world.peers.with(1, |replica| replica.up = false);
        world.start();
        tokio::time::sleep(5000 * MS).await;
        assert_eq!(world.ask(GetView {}).await, None);
        world.peers.with(1, |replica| replica.up = true);
        assert_eq!(world.led_by(3).await, (4, 3, vec![3]));
        world.kill().await;

        // An old copy of the files is as good as none.
        world.host.disk = copy;
        world.start();
        tokio::time::sleep(3000 * MS).await;
        assert_eq!(world.led_by(3).await, (5, 3, vec![3]));
        assert!(world.saw(EventKind::View(ViewEventKind::ViewLost)));
    });
}

#[test]
fn without_a_leader_that_serves_orders_end_at_their_deadline() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.config.max_calls = 3;
        for id in 1..=3 {
            world.peers.with(id, |replica| replica.slow = true);
        }
        world.start();
        world.led_by(3).await;
        let began = tokio::time::Instant::now();
        let waiting: Vec<_> = (0..5).map(|index| world.order(&index.to_string())).collect();
        let mut spans = Vec::new();
        for answer in waiting {
            assert!(matches!(answer.await, Err(OrderError::Unavailable(_))));
            spans.push(began.elapsed().as_millis() >= 5000);
        }
        assert!(spans[0], "the first waits until its deadline");
        assert_eq!(world.peers.placed.borrow().len(), 0, "nobody asks a leader that does not serve");
        // The places of those that ended are free again.
        let began = tokio::time::Instant::now();
        assert!(world.ask(FindOrder { number: OrderNumber::new(1) }).await.is_err());
        assert_eq!(began.elapsed().as_millis(), 5000);
        let readiness = world.ask(GetReadiness {}).await;
        assert_eq!(readiness.waiting_for, [order_replica(3)], "{}", readiness.why);
    });
}

/// The network was cut for a while: nobody was restarted, and the leader never stopped to serve.
#[test]
fn a_leader_that_is_heard_again_is_not_waited_for() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        world.led_by(3).await;
        assert_eq!(world.order("k").await, Ok(1));
        (1..=3).for_each(|id| world.peers.with(id, |replica| replica.frozen = true));
        tokio::time::sleep(20_000 * MS).await;
        let readiness = world.ask(GetReadiness {}).await;
        assert!(readiness.why.contains("do not answer"), "{}", readiness.why);
        (1..=3).for_each(|id| world.peers.with(id, |replica| replica.frozen = false));
        let began = tokio::time::Instant::now();
        while !world.ask(GetReadiness {}).await.ready {
            tokio::time::sleep(10 * MS).await;
        }
        assert!(began.elapsed() < 1500 * MS, "took {:?}", began.elapsed());
        assert_eq!(world.order("l").await, Ok(2));
    });
}

#[test]
fn after_a_disk_failure_nothing_is_answered() {
    on_virtual_time(async || {
        let mut world = World::new();
        world.start();
        world.led_by(3).await;
        world.host.disk.set_full(true);
        let ask = world.change_of(1, 3, drop_of(1)).await;
        let answer = world.addr.as_ref().expect("started").send(ask).await;
        assert!(answer.is_err(), "{answer:?}");
        assert_eq!(world.host.failures.borrow().len(), 1);
        assert!(world.saw(EventKind::Service(ServiceEventKind::DiskFailed)));
        for id in 1..=3 {
            assert_eq!(world.peers.epoch(id), 1);
        }
    });
}
