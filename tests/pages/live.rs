//! What is told while a page is open.

use std::time::{Duration, Instant};

use crate::stream::Stream;
use crate::support::store::{Service, Up};
use crate::support::{PATIENCE, eventually, http};

#[test]
fn who_looks_on_is_told_what_others_buy() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let mut streams =
        [Stream::open(store.front_end, "products"), Stream::open(store.front_end, "products,cluster")];
    for stream in &mut streams {
        assert!(stream.head.contains("content-type: text/event-stream\r\n"), "{}", stream.head);
        assert!(stream.head.contains("cache-control: no-store"), "{}", stream.head);
        stream.until("the first word", "reload", |_| true);
    }
    http::order(store.front_end, "k1", "Tux", 3).expect("an answer");
    for stream in &mut streams {
        let told = stream.until("the sale", "products", |data| data["products"][0]["name"] == "Tux");
        assert_eq!(
            told["products"][0],
            serde_json::json!({ "name": "Tux", "price": "15.99", "quantity": 97 })
        );
    }
    let second = streams[1].until("the order's second", "second", |second| second["orders"] == 1);
    assert!(second["p50_ms"].as_f64().is_some_and(|p50| p50 > 0.0), "{second}");

    let csv = "name,price,quantity\nTux,16.50,5\nGnu,1.00,4\n";
    let file = directory.path().join("more.csv");
    std::fs::write(&file, csv).expect("a file");
    let import = r#"{"products":[{"name":"Tux","price_cents":1650,"quantity":5},{"name":"Gnu","price_cents":100,"quantity":4}],"digest":null}"#;
    let imported = http::post(store.front_end, "/import", import).expect("an answer");
    assert_eq!(imported.status, 200, "{}", imported.text());
    let told = streams[0].until("the import", "products", |data| {
        data["products"].as_array().is_some_and(|all| all.len() == 2)
    });
    assert_eq!(told["products"][0]["price"], "16.50");
    assert_eq!(told["products"][1]["name"], "Gnu");
}

#[test]
fn a_stream_begins_with_all_that_there_is_and_is_kept_alive() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    http::order(store.front_end, "k1", "Tux", 3).expect("an answer");
    eventually(PATIENCE, "the order is in the series", || {
        let mut stream = Stream::open(store.front_end, "cluster");
        let series = stream.next().expect("the series");
        assert_eq!(series.name, "series");
        let cluster = stream.next().expect("the cluster");
        assert_eq!((cluster.name.as_str(), cluster.id), ("cluster", series.id + 1));
        let log = stream.next().expect("the log");
        assert_eq!(log.name, "log");
        let orders = series.data["orders"].as_array().expect("a list").iter();
        let leads = log.data["lines"].as_array().expect("lines").iter();
        let leads = leads.filter(|line| {
            line["text"].as_str().is_some_and(|text| text.starts_with("leads in epoch 1 after"))
        });
        (orders.filter_map(serde_json::Value::as_u64).sum::<u64>() == 1 && leads.count() == 1).then_some(())
    });
    for (path, status) in
        [("/events?topics=weather", 400), ("/events?topics=", 400), ("/events?color=red", 400)]
    {
        let answer = http::get(store.front_end, path).expect("an answer");
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
}

#[test]
fn streams_end_first_when_the_store_stops() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Up::start(directory.path());
    let mut streams: Vec<_> = (0..20).map(|_| Stream::open(store.front_end, "products,cluster")).collect();
    let began = Instant::now();
    assert!(store.process.terminate().success());
    assert!(began.elapsed() < Duration::from_secs(2), "it waited for them: {:?}", began.elapsed());
    for stream in &mut streams {
        stream.ends();
    }
}

#[test]
fn streams_end_when_draining_begins() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster =
        crate::support::store::Cluster::with_settings(directory.path(), "[http]\ndrain_s = 20\n");
    cluster.start_all();
    let mut stream = Stream::open(cluster.front_end(), "products");
    cluster.process(Service::FrontEnd).signal(rustix::process::Signal::TERM);
    assert!(stream.ends() < Duration::from_secs(10));
    // A page that comes back is sent an end at once, and not a refusal, after which it would never come again.
    let mut again = Stream::open(cluster.front_end(), "products");
    assert!(again.head.starts_with("http/1.1 200 "), "{}", again.head);
    again.ends();
}
