//! The store under `kill -9`, frozen and with a full disk, while clients shop in it: nothing acknowledged is
//! lost, no order is placed twice, and orders go on while one in-sync replica lives.

mod audited_store;
#[path = "../support/mod.rs"]
mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use audited_store::AuditedStore;
use support::process::{BINARY, Process};
use support::store::Service;
use support::{PATIENCE, eventually, http};

#[test]
fn replicas_are_killed_under_load() {
    let mut store = AuditedStore::open();
    let shop = store.shop();
    for _ in 0..4 {
        let leader = store.leader();
        store.cluster.kill(leader);
        store.order();
        store.bring_back(&[leader]);

        let follower = store.followers()[0];
        store.cluster.kill(follower);
        store.order();
        store.bring_back(&[follower]);

        let (leader, follower) = (store.leader(), store.followers()[1]);
        store.cluster.kill(leader);
        store.cluster.kill(follower);
        store.order();
        store.bring_back(&[leader, follower]);

        // The one that came back leads again once the other leader is gone, and is killed again.
        let other = store.leader();
        store.cluster.kill(other);
        store.order();
        let again = store.leader();
        store.cluster.kill(again);
        store.order();
        store.bring_back(&[other, again]);
    }
    shop.close();
    store.close();
}

#[test]
fn all_five_are_killed_at_once() {
    let mut store = AuditedStore::open();
    let shop = store.shop();
    for orders in [0, 1, 5, 20, 50] {
        for _ in 0..orders {
            store.order();
        }
        for service in Service::ALL {
            store.cluster.process(service).signal(rustix::process::Signal::KILL);
        }
        for service in Service::ALL {
            store.cluster.kill(service);
        }
        store.cluster.start_all();
        store.cluster.all_in_sync();
    }
    shop.close();
    store.close();
}

#[test]
fn a_frozen_leader_is_replaced_and_does_not_go_on_in_its_epoch() {
    const FROZEN: Duration = Duration::from_secs(5);
    let mut store = AuditedStore::open();
    let shop = store.shop();
    store.order();
    let (old, old_epoch) = (store.leader(), store.epoch());
    let frozen = Instant::now();
    store.cluster.process(old).freeze();
    let took = store.order();
    assert!(took < Duration::from_secs(2), "orders stood still for {took:?}");
    let (new, new_epoch) = (store.leader(), store.epoch());
    assert!(new != old && new_epoch > old_epoch, "{new:?} leads epoch {new_epoch} after {old:?}");
    while frozen.elapsed() < FROZEN {
        store.order();
    }

    store.cluster.process(old).resume();
    // Asked in its own epoch, it must not answer that it placed an order, now or ever.
    let body = format!(
        r#"{{"epoch":{old_epoch},"purchase":{{"key":"to-the-old-leader","name":"Tux","quantity":1}}}}"#
    );
    let answer = http::post(store.cluster.addresses[&old], "/orders", &body);
    // (A request that reaches a process just awake may be too late for its HTTP server: 408.)
    if let Ok(answer) = answer {
        assert!([503, 408].contains(&answer.status), "{} {}", answer.status, answer.text());
    }
    eventually(PATIENCE, "the old leader follows the newer epoch", || {
        let status = store.status(old)?;
        (status["role"] == "follower" && status["epoch"].as_u64()? >= new_epoch).then_some(())
    });
    shop.close();
    store.close();
}

#[test]
fn a_frozen_front_end_and_catalog_wake_up_well() {
    const FROZEN: Duration = Duration::from_secs(3);
    let mut store = AuditedStore::open();
    let shop = store.shop();
    for service in [Service::FrontEnd, Service::Catalog] {
        store.order();
        store.cluster.process(service).freeze();
        // What is asked meanwhile waits, or is told to come again.
        let frozen = Instant::now();
        eventually(PATIENCE, "it was frozen long enough", || (frozen.elapsed() >= FROZEN).then_some(()));
        store.cluster.process(service).resume();
        store.order();
    }
    shop.close();
    store.close();
}

#[test]
fn a_frozen_follower_holds_up_nobody() {
    let mut store = AuditedStore::open();
    let shop = store.shop();
    for follower in store.followers() {
        store.order();
        store.cluster.process(follower).freeze();
        let took = store.order();
        assert!(took < Duration::from_secs(2), "orders stood still for {took:?}");
        store.cluster.process(follower).resume();
        store.cluster.all_in_sync();
    }
    shop.close();
    store.close();
}

#[test]
fn a_follower_is_down_and_then_the_leader_too() {
    let mut store = AuditedStore::open();
    let shop = store.shop();
    for neighbour in [0, 1, 0, 1] {
        let (leader, followers) = (store.leader(), store.followers());
        let down = followers[1 - neighbour];
        store.cluster.kill(down);
        for _ in 0..20 {
            store.order();
        }
        store.cluster.kill(leader);
        store.order();
        assert_eq!(store.leader(), followers[neighbour]);
        store.bring_back(&[leader, down]);
    }
    shop.close();
    store.close();
}

#[test]
fn the_catalog_and_the_front_end_are_killed_under_load() {
    let mut store = AuditedStore::open();
    let shop = store.shop();
    for _ in 0..5 {
        for service in [Service::Catalog, Service::FrontEnd] {
            for _ in 0..10 {
                store.order();
            }
            store.cluster.kill(service);
            store.cluster.start(service);
            store.order();
        }
    }
    // The order service must not have lost anything by what happened around it, nor by this.
    store.cluster.kill(Service::Catalog);
    let leader = store.leader();
    store.cluster.kill(leader);
    store.cluster.start(Service::Catalog);
    store.order();
    store.bring_back(&[leader]);
    shop.close();
    store.close();
}

#[test]
fn a_follower_whose_disk_is_full_stops_and_the_others_go_on() {
    full_disk(Service::Order(1));
}

#[test]
fn a_leader_whose_disk_is_full_stops_and_the_others_go_on() {
    full_disk(Service::Order(3));
}

/// A replica may not write files beyond a size that its book outgrows. It must stop rather than go on.
fn full_disk(replica: Service) {
    /// In blocks of 512 bytes.
    const LIMIT: u32 = 512;
    let mut store = AuditedStore::build();
    for service in Service::ALL.into_iter().filter(|service| *service != replica) {
        store.cluster.start(service);
    }
    let Service::Order(id) = replica else { panic!("{replica:?} is no replica") };
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {LIMIT}; exec \"$0\" \"$@\"");
    command.args(["-c", &script, BINARY, "serve", "order", "--id", &id.to_string(), "--config"]);
    command.arg(&store.cluster.config);
    store.cluster.running.insert(replica, Process::start(command));
    store.cluster.ready();
    store.cluster.all_in_sync();

    let shop = store.shop();
    let status = store.cluster.process(replica).wait(2 * PATIENCE);
    let complaints = store.cluster.process(replica).complaints();
    assert_eq!(status.code(), Some(3), "{complaints}");
    assert!(complaints.contains("File too large"), "{complaints}");
    store.order();
    assert!(!store.cluster.in_sync().contains(&id));
    store.cluster.kill(replica);
    store.bring_back(&[replica]);
    shop.close();
    store.close();
}
