//! The store under `kill -9`, frozen and with a full disk, while clients shop in it: nothing acknowledged is
//! lost, no order is placed twice, and orders go on while one in-sync replica lives.

#[path = "../support/mod.rs"]
mod support;
mod town;

use std::process::Command;
use std::time::{Duration, Instant};

use support::process::{BINARY, Process};
use support::store::Service;
use support::{PATIENCE, eventually, http};
use town::Town;

#[test]
fn replicas_are_killed_under_load() {
    let mut town = Town::open();
    let shop = town.shop();
    for _ in 0..4 {
        let leader = town.leader();
        town.cluster.kill(leader);
        town.order();
        town.bring_back(&[leader]);

        let follower = town.followers()[0];
        town.cluster.kill(follower);
        town.order();
        town.bring_back(&[follower]);

        let (leader, follower) = (town.leader(), town.followers()[1]);
        town.cluster.kill(leader);
        town.cluster.kill(follower);
        town.order();
        town.bring_back(&[leader, follower]);

        // The one that came back leads again once the other leader is gone, and is killed again.
        let other = town.leader();
        town.cluster.kill(other);
        town.order();
        let again = town.leader();
        town.cluster.kill(again);
        town.order();
        town.bring_back(&[other, again]);
    }
    shop.close();
    town.close();
}

#[test]
fn all_five_are_killed_at_once() {
    let mut town = Town::open();
    let shop = town.shop();
    for orders in [0, 1, 5, 20, 50] {
        for _ in 0..orders {
            town.order();
        }
        for service in Service::ALL {
            town.cluster.process(service).signal(rustix::process::Signal::KILL);
        }
        for service in Service::ALL {
            town.cluster.kill(service);
        }
        town.cluster.start_all();
        town.cluster.all_in_sync();
    }
    shop.close();
    town.close();
}

#[test]
fn a_frozen_leader_is_replaced_and_does_not_go_on_in_its_epoch() {
    const FROZEN: Duration = Duration::from_secs(5);
    let mut town = Town::open();
    let shop = town.shop();
    town.order();
    let (old, old_epoch) = (town.leader(), town.epoch());
    let frozen = Instant::now();
    town.cluster.process(old).freeze();
    let took = town.order();
    assert!(took < Duration::from_secs(2), "orders stood still for {took:?}");
    let (new, new_epoch) = (town.leader(), town.epoch());
    assert!(new != old && new_epoch > old_epoch, "{new:?} leads epoch {new_epoch} after {old:?}");
    while frozen.elapsed() < FROZEN {
        town.order();
    }

    town.cluster.process(old).resume();
    // Asked in its own epoch, it must not answer that it placed an order, now or ever.
    let body = format!(
        r#"{{"epoch":{old_epoch},"purchase":{{"key":"to-the-old-leader","name":"Tux","quantity":1}}}}"#
    );
    let answer = http::post(town.cluster.addresses[&old], "/orders", &body);
    // (A request that reaches a process just awake may be too late for its HTTP server: 408.)
    if let Ok(answer) = answer {
        assert!([503, 408].contains(&answer.status), "{} {}", answer.status, answer.text());
    }
    eventually(PATIENCE, "the old leader follows the newer epoch", || {
        let status = town.status(old)?;
        (status["role"] == "follower" && status["epoch"].as_u64()? >= new_epoch).then_some(())
    });
    shop.close();
    town.close();
}

#[test]
fn a_frozen_front_end_and_catalog_wake_up_well() {
    const FROZEN: Duration = Duration::from_secs(3);
    let mut town = Town::open();
    let shop = town.shop();
    for service in [Service::FrontEnd, Service::Catalog] {
        town.order();
        town.cluster.process(service).freeze();
        // What is asked meanwhile waits, or is told to come again.
        let frozen = Instant::now();
        eventually(PATIENCE, "it was frozen long enough", || (frozen.elapsed() >= FROZEN).then_some(()));
        town.cluster.process(service).resume();
        town.order();
    }
    shop.close();
    town.close();
}

#[test]
fn a_frozen_follower_holds_up_nobody() {
    let mut town = Town::open();
    let shop = town.shop();
    for follower in town.followers() {
        town.order();
        town.cluster.process(follower).freeze();
        let took = town.order();
        assert!(took < Duration::from_secs(2), "orders stood still for {took:?}");
        town.cluster.process(follower).resume();
        town.cluster.all_in_sync();
    }
    shop.close();
    town.close();
}

#[test]
fn a_follower_is_down_and_then_the_leader_too() {
    let mut town = Town::open();
    let shop = town.shop();
    for neighbour in [0, 1, 0, 1] {
        let (leader, followers) = (town.leader(), town.followers());
        let down = followers[1 - neighbour];
        town.cluster.kill(down);
        for _ in 0..20 {
            town.order();
        }
        town.cluster.kill(leader);
        town.order();
        assert_eq!(town.leader(), followers[neighbour]);
        town.bring_back(&[leader, down]);
    }
    shop.close();
    town.close();
}

#[test]
fn the_catalog_and_the_front_end_are_killed_under_load() {
    let mut town = Town::open();
    let shop = town.shop();
    for _ in 0..5 {
        for service in [Service::Catalog, Service::FrontEnd] {
            for _ in 0..10 {
                town.order();
            }
            town.cluster.kill(service);
            town.cluster.start(service);
            town.order();
        }
    }
    // The order service must not have lost anything by what happened around it, nor by this.
    town.cluster.kill(Service::Catalog);
    let leader = town.leader();
    town.cluster.kill(leader);
    town.cluster.start(Service::Catalog);
    town.order();
    town.bring_back(&[leader]);
    shop.close();
    town.close();
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
    let mut town = Town::build();
    for service in Service::ALL.into_iter().filter(|service| *service != replica) {
        town.cluster.start(service);
    }
    let Service::Order(id) = replica else { panic!("{replica:?} is no replica") };
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {LIMIT}; exec \"$0\" \"$@\"");
    command.args(["-c", &script, BINARY, "serve", "order", "--id", &id.to_string(), "--config"]);
    command.arg(&town.cluster.config);
    town.cluster.running.insert(replica, Process::start(command));
    town.cluster.ready();
    town.cluster.all_in_sync();

    let shop = town.shop();
    let status = town.cluster.process(replica).wait(2 * PATIENCE);
    let complaints = town.cluster.process(replica).complaints();
    assert_eq!(status.code(), Some(3), "{complaints}");
    assert!(complaints.contains("File too large"), "{complaints}");
    town.order();
    assert!(!town.cluster.in_sync().contains(&id));
    town.cluster.kill(replica);
    town.bring_back(&[replica]);
    shop.close();
    town.close();
}
