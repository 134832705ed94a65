//! How processes stop.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::store::{Cluster, Service, Up};
use crate::support::{PATIENCE, eventually, http};

#[test]
fn it_stops_within_three_seconds_and_well() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut store = Up::start(directory.path());
        // Connections that do nothing, one in the middle of a body, and orders all the time.
        let _idle = http::connect(store.front_end).expect("a connection");
        let mut half = http::connect(store.front_end).expect("a connection");
        half.write_all(
            b"POST /orders HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        )
        .expect("a part is sent");
        let front_end = store.front_end;
        let shopper = thread::spawn(move || {
            let mut placed = 0;
            while http::order(front_end, &format!("key-{placed}"), "Tux", 1).is_ok_and(|a| a.status == 201) {
                placed += 1;
            }
            placed
        });
        eventually(PATIENCE, "an order is placed", || {
            http::get(front_end, "/orders/3").ok().filter(|answer| answer.status == 200)
        });
        store.process.signal(signal);
        let began = Instant::now();
        let status = store.process.wait(PATIENCE);
        let took = began.elapsed();
        assert_eq!(status.code(), Some(0), "{signal:?}: {}", store.process.complaints());
        assert!(took < Duration::from_secs(3), "{signal:?}: it took {took:?}");
        let placed = shopper.join().expect("the shopper ends");
        let store = Up::start(directory.path());
        let last = http::get(store.front_end, &format!("/orders/{placed}")).expect("an answer");
        assert_eq!(last.status, 200, "{}", last.text());
    }
}

#[test]
fn five_processes_stop_well_too() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::new(directory.path());
    cluster.start_all();
    assert_eq!(http::order(cluster.front_end(), "key", "Tux", 1).expect("an answer").status, 201);
    for service in Service::ALL {
        let began = Instant::now();
        assert!(cluster.process(service).terminate().success(), "{service:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{service:?}: {:?}", began.elapsed());
    }
}
