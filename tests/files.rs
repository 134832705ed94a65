//! Files that somebody touches while the store runs or starts.

mod support;

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use support::process::{Process, toystore};
use support::store::{Cluster, Service, Up};
use support::{PATIENCE, eventually, http};

const MOVED: &str = "was removed or moved away while it was in use";

/// Orders under new keys until `seen` says that it is enough.
fn order_until(up: &Up, what: &str, mut seen: impl FnMut() -> bool) {
    let mut number = 0;
    eventually(PATIENCE, what, || {
        number += 1;
        // It may be placed, refused or cut off; what matters is that the disks have to be written.
        let _ = http::order(up.front_end, &format!("more-{number}"), "Tux", 1);
        seen().then_some(())
    });
}

#[test]
fn a_store_whose_data_directory_vanishes_stops_and_says_why() {
    for (case, take_away) in [
        ("removed", (|data| fs::remove_dir_all(data)) as fn(&Path) -> std::io::Result<()>),
        ("moved away", |data| fs::rename(data, data.with_extension("elsewhere"))),
    ] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("data");
        let mut up = Up::start(&data);
        up.in_sync(&[1, 2, 3]);
        assert_eq!(http::order(up.front_end, "before", "Tux", 1).expect("it answers").status, 201);
        take_away(&data).expect("it can be taken away");
        let begun = Instant::now();
        let mut number = 0;
        let status = eventually(PATIENCE, "it stops", || {
            number += 1;
            let _ = http::order(up.front_end, &format!("after-{number}"), "Tux", 1);
            up.process.exited()
        });
        let said = up.process.complaints();
        assert_eq!(status.code(), Some(3), "{case}: {said}");
        assert!(said.contains(MOVED), "{case}: {said}");
        assert!(begun.elapsed() < PATIENCE, "{case}");
        if case == "moved away" {
            // It was put back, as it says: nothing that was acknowledged is missing.
            fs::remove_dir_all(&data)
                .or_else(
                    |error| {
                        if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
                    },
                )
                .expect("nothing is in its place");
            fs::rename(data.with_extension("elsewhere"), &data).expect("it is put back");
            let again = Up::start(&data);
            assert_eq!(http::get(again.front_end, "/orders/1").expect("it answers").status, 200);
        }
    }
}

#[test]
fn a_replica_whose_directory_is_moved_away_costs_one_replica() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let up = Up::start(directory.path());
    up.in_sync(&[1, 2, 3]);
    let order_2 = directory.path().join("order-2");
    fs::rename(&order_2, directory.path().join("elsewhere")).expect("it can be moved");
    order_until(&up, "it says so", || up.process.complaints().contains(MOVED));
    assert_eq!(http::order(up.front_end, "goes-on", "Fox", 1).map(|answer| answer.status).ok(), Some(201));
    // Nothing is in its place, so it begins anew there and takes the orders from the others.
    let dropped_and_back = "it left the in-sync set and is back";
    eventually(PATIENCE, dropped_and_back, || {
        let view = http::get(up.front_end, "/leader").ok()?.data();
        let begun_anew = order_2.join("book.redb").exists();
        (begun_anew && view["in_sync"].as_array()?.len() == 3).then_some(())
    });
}

/// Another start may take long; that is no failure of this one.
#[test]
fn a_start_waits_for_another_on_the_same_files_and_for_no_other() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::new(directory.path());
    let of = |service: Service| cluster.data.join(service.label());
    let slow = of(Service::Order(2));
    fs::create_dir_all(&slow).expect("a directory");
    let opening = File::open(&slow).expect("it is there");
    opening.lock().expect("nobody has it");
    let mut command = toystore(["serve", "order", "--id", "2", "--config"]);
    command.arg(&cluster.config);
    let waiting = Process::start(command);
    for service in [Service::FrontEnd, Service::Catalog, Service::Order(1), Service::Order(3)] {
        cluster.start(service);
    }
    let said = "order-2; this one waits for it";
    eventually(PATIENCE, said, || waiting.complaints().contains(said).then_some(()));
    assert_eq!(waiting.output(), "", "it has not begun");
    drop(opening);
    cluster.running.insert(Service::Order(2), waiting);
    let line = cluster
        .process(Service::Order(2))
        .line_within(Duration::from_secs(10), "it starts", |line| line.starts_with("order-2 http://"));
    assert!(line.contains("127.0.0.1"));
    cluster.ready();
}
