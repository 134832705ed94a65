//! What is said of the services while they die and come back.

use serde_json::Value;

use crate::page;
use crate::stream::Stream;
use crate::support::http;
use crate::support::store::{Cluster, Service};

fn node<'a>(cluster: &'a Value, name: &str) -> &'a Value {
    let nodes = cluster["nodes"].as_array().expect("nodes");
    nodes.iter().find(|node| node["node"] == name).unwrap_or_else(|| panic!("no {name}: {cluster}"))
}

#[test]
fn five_processes_are_shown_and_half_of_them_dead() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Cluster::with_settings(directory.path(), "token = \"secret\"\n");
    store.start_all();
    store.all_in_sync();
    http::order(store.front_end(), "k1", "Tux", 1).expect("an answer");
    let mut stream = Stream::open(store.front_end(), "cluster");
    let well = stream.until("everyone", "cluster", |cluster| {
        cluster["nodes"].as_array().is_some_and(|nodes| nodes.iter().all(|node| node["state"] == "up"))
            && node(cluster, "order-1")["last"] == 1
    });
    assert_eq!(node(&well, "order-3")["role"], "leader");
    assert_eq!(node(&well, "order-1")["in_sync"], true);
    assert_eq!(node(&well, "catalog")["last"], 1);
    assert_eq!(well["view"]["leader"], "order-3");

    store.kill(Service::Order(3));
    let led = stream.until("another leader", "cluster", |cluster| {
        cluster["view"]["leader"] == "order-2" && node(cluster, "order-2")["role"] == "leader"
    });
    assert_eq!(node(&led, "order-3")["state"], "down");
    let newest = &led["views"][0];
    assert!(newest["epoch"].as_u64().is_some_and(|epoch| epoch > 1), "{newest}");
    let log = stream.until("its sentence", "log", |log| {
        let lines = log["lines"].as_array().expect("lines");
        lines.iter().any(|line| {
            line["node"] == "order-2"
                && line["text"].as_str().is_some_and(|text| text.contains("leads in epoch"))
        })
    });
    assert!(
        log["lines"].as_array().is_some_and(|lines| lines.iter().all(|line| line["id"].as_u64() > Some(0)))
    );

    store.kill(Service::Order(1));
    store.kill(Service::Catalog);
    let dead = stream.until("half of them dead", "cluster", |cluster| {
        node(cluster, "catalog")["state"] == "down" && node(cluster, "order-1")["state"] == "down"
    });
    assert_eq!(node(&dead, "order-2")["state"], "up");
    let waits = stream
        .until("why nobody is sold anything", "cluster", |cluster| cluster["front_end"]["ready"] == false);
    assert!(waits["front_end"]["waits"].as_str().is_some_and(|why| why.contains("catalog")), "{waits}");
    let html = page(store.front_end(), "/cluster");
    assert_eq!(html.status, 200);
    assert!(html.text().contains("data-node=\"order-1\" data-state=\"down\""), "{}", html.text());

    // A process that is there and does not answer.
    store.process(Service::Order(2)).freeze();
    stream.until("a silent one", "cluster", |cluster| node(cluster, "order-2")["state"] == "silent");
    store.process(Service::Order(2)).resume();
    stream.until("it is back", "cluster", |cluster| node(cluster, "order-2")["state"] == "up");
    let lab = page(store.front_end(), "/lab");
    assert_eq!(lab.status, 404, "{}", lab.text());
    for asked in ["/observe", "/observe?after=1"] {
        assert_eq!(http::get(store.addresses[&Service::Order(2)], asked).expect("an answer").status, 401);
    }
}
