//! A running store that is broken on purpose, by the lab: it does what it does when the same happens to real processes, disks
//! and cables, and loses nothing.

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "planted-bugs")]
mod bugs;
mod open_lab;
mod refusals;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use open_lab::Lab;
use support::{PATIENCE, eventually, http};

/// Whether nobody listens there.
fn is_closed(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

fn order(id: u64) -> String {
    format!("order-{id}")
}

#[test]
fn another_takes_over_when_the_leader_crashes_and_it_joins_when_it_is_restarted() {
    let lab = Lab::open();
    lab.shoppers(10);
    lab.more_is_bought(5);
    for _ in 0..2 {
        let leader = lab.leader();
        lab.act(&order(leader), "crash");
        assert_eq!(lab.node(&order(leader))["state"], "crashed");
        assert!(is_closed(lab.replica(leader)), "somebody listens at the address of a process that is gone");
        lab.another_leads(leader);
        lab.order();
        lab.more_is_bought(5);
        lab.act(&order(leader), "restart");
        assert_eq!(lab.node(&order(leader))["state"], "running");
        lab.all_in_sync();
    }
    // What a crash leaves is not stamped as whole: what only the journal has is replayed.
    lab.close();
}

#[test]
fn a_paused_node_takes_connections_and_answers_nobody_until_it_is_resumed() {
    let lab = Lab::open();
    let leader = lab.leader();
    let address = lab.replica(leader);
    let ask = |stream: &mut TcpStream| {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is taken");
    };
    let mut before = http::connect(address).expect("it listens");
    ask(&mut before);
    assert_eq!(http::read_response(&mut before).expect("it answers").status, 200);

    lab.act(&order(leader), "pause");
    assert_eq!(lab.node(&order(leader))["state"], "paused");
    let new = http::connect(address).expect("it still listens");
    let mut asked = [before, new];
    for stream in &mut asked {
        ask(stream);
        stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a limit");
        let heard = stream.read(&mut [0; 64]);
        let kind = heard.map_err(|error| error.kind());
        assert!(matches!(kind, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{kind:?}");
    }
    lab.another_leads(leader);
    lab.order();

    lab.act(&order(leader), "resume");
    for stream in &mut asked {
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        assert_eq!(http::read_response(stream).expect("it answers after all").status, 200);
    }
    lab.all_in_sync();
    lab.close();
}

#[test]
fn a_paused_node_can_be_crashed() {
    let lab = Lab::open();
    for node in ["order-1", "catalog"] {
        lab.act(node, "pause");
        lab.act(node, "crash");
        assert_eq!(lab.node(node)["state"], "crashed");
        lab.act(node, "restart");
    }
    lab.close();
}

#[test]
fn a_wiped_replica_leads_only_once_it_has_caught_up() {
    let lab = Lab::open();
    for _ in 0..5 {
        lab.order();
    }
    let wiped = lab.leader();
    let before = lab.view()["epoch"].as_u64();
    lab.act(&order(wiped), "wipe");
    assert!(lab.data.join(format!("{}.aside-1/book.redb", order(wiped))).exists(), "its files are kept");
    // Once the view has changed, it may lead if it has everything, and not before.
    let has = |number: u64| {
        let found = http::get(lab.replica(wiped), &format!("/{number}"));
        found.is_ok_and(|found| found.status == 200)
    };
    eventually(PATIENCE, "it has all orders again", || {
        let view = lab.view();
        let leads = view["epoch"].as_u64() > before && view["leader"] == wiped;
        assert!(!leads || has(5), "it leads without the orders: {view}");
        (view["epoch"].as_u64() > before && has(5)).then_some(())
    });
    lab.all_in_sync();
    lab.order();
    for number in 1..=6 {
        eventually(PATIENCE, "it has all orders", || has(number).then_some(()));
    }
    lab.close();
}

#[test]
fn an_order_waits_for_a_slow_disk() {
    let lab = Lab::open();
    let leader = order(lab.leader());
    let answer = lab.post(&format!("/lab/nodes/{leader}/slow-disk"), r#"{"ms":300}"#);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((&lab.node(&leader)["disk"], &lab.node(&leader)["disk_ms"]), (&"slow".into(), &300.into()));
    let took = lab.order();
    assert!(took >= Duration::from_millis(300), "{took:?} with a disk that takes 300 ms to sync");
    lab.act(&leader, "healthy-disk");
    assert_eq!(lab.node(&leader)["disk"], "healthy");
    lab.close();
}

#[test]
fn a_node_whose_disk_is_full_stops_and_starts_again_once_there_is_room() {
    let lab = Lab::open();
    for node in [order(lab.another_leads(0) % 3 + 1), "catalog".to_owned()] {
        lab.act(&node, "full-disk");
        // The order that it cannot write is placed without it, or not before it is back.
        let key = format!("full-{node}");
        let stopped = eventually(PATIENCE, "it stops", || {
            let _ = http::order(lab.front_end(), &key, "Tux", 1);
            let stopped = lab.node(&node);
            (stopped["state"] == "stopped").then_some(stopped)
        });
        let why = stopped["why"].as_str().expect("a sentence");
        assert!(why.contains("No space left on device"), "{why}");
        let refused = lab.post(&format!("/lab/nodes/{node}/restart"), "{}");
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert!(refused.text().contains("No space left on device"), "{}", refused.text());
        assert_eq!(lab.node(&node)["state"], "stopped");
        lab.act(&node, "healthy-disk");
        lab.act(&node, "restart");
        lab.all_in_sync();
        lab.order();
    }
    lab.close();
}

#[test]
fn a_leader_that_reaches_no_follower_goes_on_alone_and_one_that_reaches_nobody_is_replaced() {
    let lab = Lab::open();
    let leader = lab.leader();
    let others: Vec<_> = [1, 2, 3].into_iter().filter(|id| *id != leader).collect();
    for follower in &others {
        lab.link(&order(leader), &order(*follower), "cut");
    }
    assert_eq!(lab.state()["links"].as_array().map(Vec::len), Some(2));
    lab.order();
    lab.in_sync_are(&[leader]);
    lab.heal();
    assert_eq!(lab.state()["links"].as_array().map(Vec::len), Some(0));
    lab.all_in_sync();

    for peer in ["front-end", "catalog"] {
        lab.link(peer, &order(leader), "cut");
    }
    for follower in &others {
        lab.link(&order(*follower), &order(leader), "cut");
    }
    let next = lab.another_leads(leader);
    lab.order();
    lab.in_sync_are(&others);
    assert!(others.contains(&next));
    lab.close();
}

#[test]
fn on_a_lossy_network_every_key_is_one_order() {
    let lab = Lab::open();
    lab.shoppers(20);
    let nodes = ["front-end", "catalog", "order-1", "order-2", "order-3"];
    for (index, a) in nodes.iter().enumerate() {
        for b in &nodes[index + 1..] {
            lab.link_with(&format!(r#"{{"a":"{a}","b":"{b}","fault":"lossy","percent":10}}"#));
        }
    }
    assert_eq!(lab.state()["links"].as_array().map(Vec::len), Some(10));
    for _ in 0..5 {
        lab.order();
    }
    lab.more_is_bought(10);
    // Whether a shopper hears of it is chance: the front-end asks again.
    eventually(PATIENCE, "orders are sent again", || {
        let metrics = http::get(lab.front_end(), "/metrics").expect("the front-end answers").text();
        let retried = metrics.lines().find_map(|line| line.strip_prefix("toystore_orders_retried_total "));
        retried.and_then(|count| count.parse::<f64>().ok()).filter(|count| *count > 0.0)
    });
    lab.close();
}

#[test]
fn the_store_outlives_its_catalog() {
    let lab = Lab::open();
    lab.shoppers(5);
    lab.more_is_bought(3);
    lab.order();
    lab.act("catalog", "crash");
    assert!(is_closed(lab.up.catalog));
    eventually(PATIENCE, "nothing is sold", || lab.cannot_order().then_some(()));
    lab.act("catalog", "restart");
    lab.order();
    lab.more_is_bought(3);
    lab.close();
}

#[test]
fn who_looks_on_is_told_what_is_broken() {
    let lab = Lab::open();
    assert_eq!(http::get(lab.front_end(), "/lab").expect("a page").status, 200);
    let mut stream = http::connect(lab.front_end()).expect("it listens");
    stream.write_all(b"GET /events?topics=lab HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is taken");
    lab.act("order-2", "full-disk");
    let mut told = String::new();
    let mut piece = [0; 4096];
    while !(told.contains("event: lab\n") && told.contains(r#""disk":"full""#)) {
        let read = stream.read(&mut piece).expect("more is told");
        assert!(read > 0, "the stream ended: {told}");
        told.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    lab.close();
}

#[test]
fn everything_is_mended_at_once() {
    let lab = Lab::open();
    lab.act("order-1", "crash");
    lab.act("order-2", "pause");
    lab.act("catalog", "crash");
    lab.act("order-3", "slow-disk");
    lab.link("order-3", "catalog", "slow");
    lab.heal();
    let state = lab.state();
    for node in state["nodes"].as_array().expect("a list") {
        assert_eq!((&node["state"], &node["disk"]), (&"running".into(), &"healthy".into()), "{state}");
    }
    assert_eq!(state["links"], serde_json::json!([]));
    lab.close();
}
