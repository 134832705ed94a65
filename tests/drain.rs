//! How a store stops behind a balancer: it says so in time, serves meanwhile, and cuts nobody off.

mod support;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::http::{self, Response};
use support::process::{Process, finish, toystore};
use support::store::{Cluster, Service, Up};
use support::{PATIENCE, eventually};

/// How long a process may take to end once nothing holds it.
const AN_END: Duration = Duration::from_secs(3);

/// Waits until the store says that it is about to stop. On a busy machine it may first say that it is not ready.
fn says_so(front_end: SocketAddr) {
    let said = eventually(PATIENCE, "/readyz says that the store is about to stop", || {
        http::get(front_end, "/readyz").ok().filter(|answer| answer.text().contains("about to stop"))
    });
    assert_eq!((said.status, &said.json()["error"]["code"]), (503, &503.into()));
}

/// Asks until it is answered with that status; until then the store may have had no leader for a moment.
fn answered(status: u16, ask: impl Fn() -> io::Result<Response>) {
    eventually(PATIENCE, &format!("it is answered {status}"), || {
        let answer = ask().expect("a store that serves");
        (answer.status == status).then_some(())
    });
}

/// A connection that is kept, on which something was asked.
fn kept(front_end: SocketAddr) -> TcpStream {
    let mut stream = http::connect(front_end).expect("a connection");
    let answer = ask_on(&mut stream);
    assert_eq!((answer.status, answer.header("connection")), (200, None));
    stream
}

fn ask_on(stream: &mut TcpStream) -> Response {
    stream.write_all(b"GET /products/Tux HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is sent");
    http::read_response(stream).expect("an answer")
}

fn assert_ended(stream: &mut TcpStream) {
    assert_eq!(stream.read(&mut [0]).expect("an orderly end"), 0);
}

#[test]
fn a_store_serves_on_while_it_says_that_it_stops() {
    for signal in [Signal::TERM, Signal::HUP] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut store = Up::start_with(directory.path(), &["--drain-s", "3"]);
        let mut busy = kept(store.front_end);
        let mut idle = kept(store.front_end);
        store.process.signal(signal);
        let began = Instant::now();

        says_so(store.front_end);
        answered(201, || http::order(store.front_end, "key", "Tux", 1));
        for path in ["/healthz", "/orders/1", "/products/Tux"] {
            answered(200, || http::get(store.front_end, path));
        }
        // A connection that is used meanwhile ends with its answer, so that nothing is sent on it any more.
        let last = ask_on(&mut busy);
        assert_eq!((last.status, last.header("connection")), (200, Some("close")));
        assert_ended(&mut busy);

        let status = store.process.wait(PATIENCE);
        let took = began.elapsed();
        assert_eq!(status.code(), Some(0), "{signal:?}: {}", store.process.complaints());
        assert!(took >= Duration::from_secs(3), "it ended after {took:?}");
        assert!(took < Duration::from_secs(3) + AN_END, "it ended after {took:?}");
        assert_ended(&mut idle);
        let again = Up::start(directory.path());
        assert_eq!(http::get(again.front_end, "/orders/1").expect("an answer").status, 200);
    }
}

#[test]
fn a_second_signal_ends_the_wait() {
    for (first, second) in
        [(Signal::TERM, Signal::TERM), (Signal::HUP, Signal::TERM), (Signal::TERM, Signal::INT)]
    {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut store = Up::start_with(directory.path(), &["--drain-s", "3600"]);
        store.process.signal(first);
        says_so(store.front_end);
        store.process.signal(second);
        let began = Instant::now();
        assert!(store.process.wait(PATIENCE).success(), "{}", store.process.complaints());
        let took = began.elapsed();
        assert!(took < AN_END, "{first:?}, {second:?}: it took {took:?}");
    }
}

/// Whoever presses Ctrl-C has no balancer.
#[test]
fn ctrl_c_waits_for_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Up::start_with(directory.path(), &["--drain-s", "3600"]);
    store.process.signal(Signal::INT);
    assert!(store.process.wait(AN_END).success(), "{}", store.process.complaints());
}

/// Of five processes the front-end alone drains: nobody balances over the others.
#[test]
fn what_is_under_way_is_answered_and_what_is_idle_ends() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster =
        Cluster::with_settings(directory.path(), "http.drain_s = 1\ntiming.call_limit_ms = 5000");
    cluster.start_all();
    let front_end = cluster.front_end();
    let mut idle = kept(front_end);

    cluster.process(Service::Catalog).freeze();
    // What waits for the catalog's answer is under way.
    let mut waiting = http::connect(front_end).expect("a connection");
    waiting.write_all(b"GET /products HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is sent");
    cluster.process(Service::FrontEnd).signal(Signal::TERM);
    says_so(front_end);
    // The end of what is idle is the end of the draining; only now may the catalog answer.
    assert_ended(&mut idle);
    cluster.process(Service::Catalog).resume();
    assert_eq!(http::read_response(&mut waiting).expect("an answer").status, 200);
    let status = cluster.process(Service::FrontEnd).wait(AN_END);
    assert!(status.success(), "{status}");

    for service in [Service::Catalog, Service::Order(1)] {
        let began = Instant::now();
        assert!(cluster.process(service).terminate().success(), "{service:?}");
        assert!(began.elapsed() < Duration::from_secs(1) + AN_END, "{service:?}");
    }
}

#[test]
fn the_time_is_set_by_flag_environment_or_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let drains = |file: &str, environment: Option<&str>, flag: Option<&str>| {
        let data = directory.path().join("data");
        let mut command = toystore(["up", "--free-ports", "--config"]);
        command.arg(config(directory.path(), file)).arg("--data").arg(data);
        command.envs(environment.map(|seconds| ("TOYSTORE_DRAIN_S", seconds)));
        command.args(flag.into_iter().flat_map(|seconds| ["--drain-s", seconds]));
        let mut process = Process::start(command);
        let front_end = process.address("front-end");
        process.line("ready line", |line| line == "ready");
        process.signal(Signal::TERM);
        let drains = eventually(PATIENCE, "it drains or ends", || {
            let refuses = |answer: Response| answer.status == 503 && answer.text().contains("about to stop");
            match http::get(front_end, "/readyz") {
                Ok(answer) => refuses(answer).then_some(true),
                Err(_) => process.exited().map(|_| false),
            }
        });
        process.signal(Signal::TERM);
        assert!(process.wait(PATIENCE).success(), "{}", process.complaints());
        drains
    };
    for (file, environment, flag, expected) in [
        ("drain_s = 0", None, None, false),
        ("drain_s = 3600", None, None, true),
        ("drain_s = 3600", Some("0"), None, false),
        ("drain_s = 3600", Some(""), None, true),
        ("drain_s = 0", Some("3600"), None, true),
        ("drain_s = 0", Some("0"), Some("3600"), true),
        ("drain_s = 3600", Some("3600"), Some("0"), false),
    ] {
        assert_eq!(drains(file, environment, flag), expected, "{file:?} {environment:?} {flag:?}");
    }
    for seconds in ["-1", "3601", "soon"] {
        let ended = finish(toystore(["up", "--free-ports", &format!("--drain-s={seconds}")]));
        assert_eq!(ended.status, 2, "{seconds}: {}", ended.stderr);
        assert!(ended.stderr.contains("--drain-s"), "{seconds}: {}", ended.stderr);
    }
}

/// The configuration that is built in, with this instead of its own `drain_s`.
fn config(directory: &Path, drain: &str) -> std::path::PathBuf {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let text = std::fs::read_to_string(configs.join("local.toml")).expect("the configuration is read");
    assert!(text.contains("\ndrain_s = 0\n"), "{text}");
    let file = directory.join("store.toml");
    std::fs::write(&file, text.replace("\ndrain_s = 0\n", &format!("\n{drain}\n"))).expect("it is written");
    std::fs::copy(configs.join("catalog.csv"), directory.join("catalog.csv"))
        .expect("the products are copied");
    file
}
