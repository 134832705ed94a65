//! What is counted is what was done.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::store::{Cluster, Service, Up};
use crate::support::{PATIENCE, eventually, http};
use crate::text::Page;
use crate::{page, patient_store, services};

/// How much a value has grown.
fn grown(before: &Page, after: &Page, name: &str, labels: &[(&str, &str)]) -> f64 {
    after.value(name, labels) - before.value(name, labels)
}

/// The pages of all replicas.
fn replicas(store: &Up) -> Vec<Page> {
    store.orders.values().map(|address| page(*address, None)).collect()
}

fn sum(pages: &[Page], name: &str) -> f64 {
    pages.iter().map(|page| page.value(name, &[])).sum()
}

/// So many calls with this message were answered; of a message that was never sent there is no series.
fn answered_calls(page: &Page, message: &str) -> f64 {
    let calls = page.0.get("toystore_call_duration_seconds").into_iter().flat_map(|family| &family.samples);
    let of = calls.filter(|(name, labels, _)| {
        name.ends_with("_count") && labels["message"] == message && labels["outcome"] == "answered"
    });
    of.map(|(.., count)| count).sum()
}

fn query(store: &Up, name: &str) -> u16 {
    http::get(store.front_end, &format!("/products/{name}")).expect("an answer").status
}

fn place(store: &Up, key: &str, name: &str, quantity: u64) -> u16 {
    http::order(store.front_end, key, name, quantity).expect("an answer").status
}

#[test]
fn every_request_is_counted_where_it_belongs() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = patient_store(directory.path());
    let before = page(store.front_end, None);
    let replicas_before = replicas(&store);
    let catalog_before = page(store.catalog, None);

    let names = ["Tux", "Fox", "Ape", "Bee", "Cat", "Dog", "Elk", "Fly", "Gnu", "Hen", "Owl", "Yak"];
    assert!(names.iter().all(|name| query(&store, name) == 200));
    assert!(["Hen", "Owl", "Yak"].iter().all(|name| query(&store, name) == 200));
    assert_eq!(query(&store, "Nope"), 404);
    let orders = [("k1", "Yak", 1), ("k2", "Yak", 2), ("k3", "Tux", 3), ("k1", "Yak", 1)];
    assert!(orders.iter().all(|(key, name, quantity)| place(&store, key, name, *quantity) == 201));
    assert_eq!(place(&store, "k4", "Nope", 1), 404);
    assert_eq!(place(&store, "k5", "Fox", 101), 409);
    for (path, status) in
        [("/orders/3", 200), ("/orders/99", 404), ("/orders", 200), ("/products", 200), ("/nothing", 404)]
    {
        assert_eq!(http::get(store.front_end, path).expect("an answer").status, status, "{path}");
    }

    let after = page(store.front_end, None);
    for (request, status, expected) in [
        ("query-cached", "2xx", 3.0),
        ("query", "2xx", 12.0),
        ("query", "4xx", 1.0),
        ("place", "2xx", 4.0),
        ("place", "4xx", 2.0),
        ("place", "5xx", 0.0),
        ("find", "2xx", 1.0),
        ("find", "4xx", 1.0),
        ("list", "2xx", 1.0),
        ("list-orders", "2xx", 1.0),
        ("other", "4xx", 1.0),
    ] {
        let labels = [("request", request), ("status", status)];
        let name = "toystore_request_duration_seconds_count";
        assert_eq!(grown(&before, &after, name, &labels), expected, "{labels:?}");
    }
    for (name, expected) in [
        ("toystore_cache_hits_total", 3.0),
        ("toystore_cache_misses_total", 13.0),
        ("toystore_cache_evictions_total", 2.0),
        // Of those that were ordered only this one was cached.
        ("toystore_cache_invalidations_total", 1.0),
        ("toystore_orders_retried_total", 0.0),
        ("toystore_cache_stale_fills_total", 0.0),
        ("toystore_view_changes_total", 0.0),
    ] {
        assert_eq!(grown(&before, &after, name, &[]), expected, "{name}");
    }
    assert_eq!(after.value("toystore_cache_products", &[]), 9.0, "ten, without the one that changed");
    assert_eq!(after.value("toystore_cache_capacity_products", &[]), 10.0);
    // Not "query", by which a front-end also looks whether the catalog is there.
    for (message, calls) in [("orders", 6.0), ("list", 1.0), ("order", 2.0), ("page", 1.0)] {
        assert_eq!(answered_calls(&after, message) - answered_calls(&before, message), calls, "{message}");
    }
    orders_are_counted(&store, &replicas_before, &catalog_before);
}

fn orders_are_counted(store: &Up, before: &[Page], catalog_before: &Page) {
    let after = replicas(store);
    for (name, expected) in [
        ("toystore_orders_acknowledged_total", 3.0),
        ("toystore_orders_refused_total", 1.0),
        ("toystore_takeovers_total", 0.0),
    ] {
        assert_eq!(sum(&after, name) - sum(before, name), expected, "{name}");
    }
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(grown(before, after, "toystore_commit_orders_sum", &[]), 3.0, "orders on each disk");
        let commits = grown(before, after, "toystore_commit_duration_seconds_count", &[]);
        assert!((1.0..=3.0).contains(&commits), "{commits}");
        assert_eq!(after.value("toystore_last_order", &[]), 3.0);
    }
    let catalog = page(store.catalog, None);
    assert_eq!(grown(catalog_before, &catalog, "toystore_purchases_refused_total", &[]), 1.0);
    assert_eq!(catalog.value("toystore_last_purchase", &[]), 3.0);
    assert!(grown(catalog_before, &catalog, "toystore_commit_calls_sum", &[]) >= 3.0);
    eventually(PATIENCE, "everyone knows that all is acknowledged", || {
        let known = |page: &Page| page.value("toystore_acknowledged_order", &[]);
        let settled = page(store.catalog, None).value("toystore_settled_order", &[]);
        (replicas(store).iter().all(|page| known(page) == 3.0) && settled == 3.0).then_some(())
    });
}

#[test]
fn what_is_so_now_is_told_by_whoever_knows() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = patient_store(directory.path());
    // What does not answer in time is left out.
    let front_end = eventually(PATIENCE, "it is ready", || {
        let page = page(store.front_end, None);
        (page.has("toystore_ready") && page.value("toystore_ready", &[]) == 1.0).then_some(page)
    });
    let leader = http::get(store.front_end, "/leader").expect("an answer").data()["leader"].to_string();
    for id in ["1", "2", "3"] {
        let labels = [("replica", id)];
        assert_eq!(front_end.value("toystore_in_sync", &labels), 1.0, "{id}");
        let leads = if id == leader { 1.0 } else { 0.0 };
        assert_eq!(front_end.value("toystore_view_leader", &labels), leads, "{id}");
        let replica = page(store.orders[&id.parse().expect("an id")], None);
        assert_eq!(replica.value("toystore_leader", &[]), leads, "{id}");
        assert_eq!(replica.has("toystore_in_sync"), id == leader, "{id}");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
    for (name, address) in services(&store) {
        let page = page(address, None);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        assert_eq!(page.value("toystore_build_info", &version), 1.0, "{name}");
        assert_eq!(
            page.value("toystore_limit", &[("limit", "calls under way at a service")]),
            1024.0,
            "{name}"
        );
        let file = match name.as_str() {
            "front-end" => "front-end.redb",
            "catalog" => "catalog.redb",
            _ => "book.redb",
        };
        assert!(page.value("toystore_file_bytes", &[("file", file)]) > 4096.0, "{name}");
        let started = page.value("process_start_time_seconds", &[]);
        assert!((now - 600.0..now + 5.0).contains(&started), "{name}: {started}, now {now}");
        let resident = page.value("process_resident_memory_bytes", &[]);
        let expected = store.process.resident_kib().expect("Linux") as f64 * 1024.0;
        assert!((expected / 2.0..expected * 2.0).contains(&resident), "{name}: {resident}, {expected}");
        let (open, most) = (page.value("process_open_fds", &[]), page.value("process_max_fds", &[]));
        assert!(10.0 < open && open < most, "{name}: {open} of {most}");
        assert!(page.value("process_cpu_seconds_total", &[]) > 0.0, "{name}");
        assert!(page.value("process_threads", &[]) > 5.0, "{name}");
    }
}

/// The page is for who has to find out what is wrong: it is there when not all is well.
#[test]
fn a_service_that_is_alone_tells_what_it_has() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "token = \"s3cret\"");
    cluster.start(Service::FrontEnd);
    let front_end = page(cluster.front_end(), Some("s3cret"));
    assert_eq!(front_end.value("toystore_ready", &[]), 0.0);
    assert_eq!(front_end.value("toystore_epoch", &[]), 0.0);
    for id in ["1", "2", "3"] {
        for name in ["toystore_in_sync", "toystore_view_leader"] {
            assert_eq!(front_end.value(name, &[("replica", id)]), 0.0, "{name} {id}");
        }
    }
    eventually(PATIENCE, "its calls fail", || {
        let page = page(cluster.front_end(), Some("s3cret"));
        let calls = &page.0["toystore_call_duration_seconds"].samples;
        let failed = calls.iter().any(|(name, labels, count)| {
            name.ends_with("_count") && labels["outcome"] == "failed" && *count > 0.0
        });
        failed.then_some(())
    });
    assert_eq!(http::get(cluster.front_end(), "/metrics").expect("an answer").status, 401);
    cluster.terminate_all();
}
