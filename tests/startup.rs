//! How the store starts, refuses to start, and stops: each with one clear sentence and the right status.

mod support;

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::process::{Process, finish, toystore};
use support::store::{Cluster, Service, Up, free_addresses};
use support::{PATIENCE, eventually, http};

/// The command ends with that status and one line on stderr that says this; nothing goes to stdout.
fn refused(label: &str, command: Command, status: i32, parts: &[&str]) {
    let finished = finish(command);
    assert_eq!(finished.status, status, "{label}: {finished:?}");
    assert_eq!(finished.stdout, "", "{label}");
    assert_eq!(finished.stderr.lines().count(), 1, "{label}: {finished:?}");
    for part in parts {
        assert!(finished.stderr.contains(part), "{label}: {:?} does not say {part:?}", finished.stderr);
    }
}

fn up(data: &Path, config: Option<&Path>) -> Command {
    let mut command = toystore(["up", "--data"]);
    command.arg(data);
    match config {
        Some(config) => command.arg("--config").arg(config),
        None => command.arg("--free-ports"),
    };
    command
}

/// A configuration with good services, some text before them and some after.
fn config(directory: &Path, before: &str, after: &str) -> PathBuf {
    let addresses = free_addresses(3);
    let text = format!(
        "{before}\n[[front_end]]\nid = 1\naddress = \"{}\"\n[catalog]\naddress = \"{}\"\nproducts = \"catalog.csv\"\n\
         [[order]]\nid = 1\naddress = \"{}\"\n{after}\n",
        addresses[0], addresses[1], addresses[2]
    );
    let file = directory.join("store.toml");
    fs::write(&file, text).expect("the configuration is written");
    fs::write(directory.join("catalog.csv"), "name,price,quantity\nTux,15.99,100\n").expect("it is written");
    file
}

/// `serve order --id 2`, on any free port.
fn serve_order_2(config: &Path, data: &Path) -> Command {
    let mut command = toystore(["serve", "order", "--id", "2", "--listen", "127.0.0.1:0", "--config"]);
    command.arg(config).arg("--data").arg(data);
    command
}

#[test]
fn a_bad_configuration_is_refused_with_its_place() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    for (before, after, parts) in [
        ("colour = \"red\"", "", &["store.toml:1:", "unknown field `colour`", "expected one of"][..]),
        ("", "[timing]\nheartbeat = 1", &["store.toml:12:", "unknown field `heartbeat`", "heartbeat_ms"]),
        ("", "[[order]]\nid = 1\naddress = \"127.0.0.1:9\"", &["store.toml:12:", "id 1 is used in line 9"]),
        (
            "",
            "[[order]]\nid = 2\naddress = \"localhost\"",
            &["store.toml:13:", "\"localhost\" is not IP:PORT"],
        ),
        ("", "[[order]]\nid = 2\naddress = \"127.0.0.1\"", &["store.toml:13:", "is not IP:PORT"]),
        ("", "[[order]]\nid = 2\naddress = \"127.0.0.1:99999\"", &["store.toml:13:", "is not IP:PORT"]),
        ("", "[[order]]\nid = -2\naddress = \"127.0.0.1:9\"", &["store.toml:12:", "`-2`"]),
        ("", "[[order]]\nid = 2\naddress = \"0.0.0.0:9\"", &["order-2", "0.0.0.0:9", "TOYSTORE_TOKEN"]),
        ("token = \"a b\"", "", &["store.toml:1:", "token", "visible ASCII"]),
        ("", "[timing]\norder_deadline_ms = 1", &["store.toml:12:", "order_deadline_ms is 1", "from 20 to"]),
        ("", "[cache]\nlease_ms = 0", &["store.toml:12:", "cache.lease_ms", "from 1 to"]),
        ("", "[cache]\ncapacity = \"ten\"", &["store.toml:12:", "invalid type", "ten"]),
        ("", "[cache\n", &["store.toml:11:"]),
        ("data = 5", "", &["store.toml:1:"]),
    ] {
        let file = config(directory.path(), before, after);
        refused(&format!("{before} {after}"), up(&data, Some(&file)), 2, parts);
    }
    let file = config(directory.path(), "", "");
    let csv = directory.path().join("catalog.csv");
    for (text, parts) in [
        ("name,price,quantity\nTux,15.99\n", &["catalog.csv:2:", "2 fields"][..]),
        ("name,price,quantity\nTux,15.99,100\nFox,1.2.3,5\n", &["catalog.csv:3:", "\"1.2.3\"", "15.99"]),
        ("name,price,quantity\nTux,15.99,many\n", &["catalog.csv:2:", "\"many\"", "whole number"]),
        ("Tux,15.99,100\n", &["catalog.csv:1:", "name,price,quantity"]),
        ("name,price,quantity\n", &["catalog.csv", "no product"]),
    ] {
        fs::write(&csv, text).expect("it is written");
        refused(text, up(&data, Some(&file)), 2, parts);
    }
    fs::write(&csv, [0xff, 0xfe, b'\n']).expect("it is written");
    refused("not text", up(&data, Some(&file)), 2, &["catalog.csv", "UTF-8"]);
    fs::remove_file(&csv).expect("it was there");
    refused("no catalog", up(&data, Some(&file)), 2, &["catalog.csv"]);
    refused("no file", up(&data, Some(Path::new("nowhere.toml"))), 2, &["nowhere.toml"]);
    assert!(!data.exists(), "a refused start leaves nothing behind");
}

#[test]
fn wrong_usage_is_status_2() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = config(directory.path(), "", "[[order]]\nid = 2\naddress = \"127.0.0.1:9\"");
    let serve = |arguments: &[&str]| {
        let mut command = toystore(["serve"]);
        command.args(arguments).arg("--config").arg(&file).arg("--data").arg(directory.path().join("data"));
        command
    };
    refused("no such replica", serve(&["order", "--id", "9"]), 2, &["no [[order]] with id 9", "1, 2"]);
    refused("which replica", serve(&["order"]), 2, &["--id", "1, 2"]);
    refused("which catalog", serve(&["catalog", "--id", "1"]), 2, &["one catalog"]);
    let open = serve(&["catalog", "--listen", "0.0.0.0:0"]);
    refused("open to strangers", open, 2, &["catalog", "0.0.0.0:0", "TOYSTORE_TOKEN"]);
    let mut command = serve(&["catalog"]);
    command.env("TOYSTORE_TOKEN", "not visible");
    refused("a bad token", command, 2, &["TOYSTORE_TOKEN", "visible ASCII"]);

    let any_port = config(directory.path(), "", "[[order]]\nid = 2\naddress = \"127.0.0.1:0\"");
    let serve = serve_order_2(&any_port, &directory.path().join("data"));
    refused("a port that nobody knows", serve, 2, &["order-2 has the address 127.0.0.1:0", "toystore up"]);

    for arguments in [&["up", "--colour", "red"][..], &["dance"], &[], &["serve"], &["serve", "shop"]] {
        assert_eq!(finish(toystore(arguments)).status, 2, "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["up", "--help"], &["serve", "--help"]] {
        let finished = finish(toystore(arguments));
        assert_eq!(finished.status, 0, "{arguments:?}");
        assert!(finished.stdout.contains("Usage: toystore"), "{arguments:?}");
        if arguments.len() > 1 {
            assert!(finished.stdout.contains("Example: toystore"), "{arguments:?}");
        }
    }
}

#[test]
fn what_cannot_run_is_status_3() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let file = config(directory.path(), "", "");
    let text = fs::read_to_string(&file).expect("it was written");
    let address = text.lines().find_map(|line| line.strip_prefix("address = ")).expect("an address");
    let address: SocketAddr = address.trim_matches('"').parse().expect("an address");
    let taken = TcpListener::bind(address).expect("it was free");
    let parts = ["front-end cannot listen on", &address.to_string(), "taken"];
    refused("a taken port", up(&data, Some(&file)), 3, &parts);
    assert!(!data.exists());
    drop(taken);

    let in_the_way = directory.path().join("file");
    fs::write(&in_the_way, "x").expect("it is written");
    refused("a file", up(&in_the_way, None), 3, &["data directory", "file", "--data"]);
    let below = in_the_way.join("data");
    refused("below a file", up(&below, None), 3, &["data directory", "Not a directory", "--data"]);
    // Nobody may make files here, not even the superuser.
    #[cfg(target_os = "linux")]
    refused("not writable", up(Path::new("/proc"), None), 3, &["data directory", "/proc", "--data"]);
}

#[test]
fn a_directory_that_is_not_writable_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    fs::create_dir(&data).expect("it is made");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).expect("its mode is set");
    if fs::write(data.join("probe"), "").is_ok() {
        // The superuser may write everywhere; see the test before.
        return;
    }
    refused("not writable", up(&data, None), 3, &["data directory", "Permission denied", "--data"]);
}

#[test]
fn a_store_that_runs_keeps_its_files_to_itself() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Up::start(directory.path());
    refused(
        "held",
        up(directory.path(), None),
        3,
        &[".redb is in use by another running store", "directory"],
    );
    assert_eq!(http::order(store.front_end, "key", "Tux", 1).expect("an answer").status, 201);
    store.process.kill();
    // A killed store holds nothing.
    let store = Up::start(directory.path());
    let order = http::get(store.front_end, "/orders/1").expect("an answer");
    assert_eq!(order.text(), r#"{"data":{"number":1,"name":"Tux","quantity":1}}"#);
}

#[test]
fn damaged_and_foreign_files_are_named_and_left_as_they_are() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path();
    let mut store = Up::start(data);
    for index in 0..20 {
        http::order(store.front_end, &format!("key-{index}"), "Tux", 1).expect("an answer");
    }
    assert!(store.process.terminate().success());
    let catalog = data.join("catalog/catalog.redb");
    let book = data.join("order-2/book.redb");
    let good = fs::read(&book).expect("a book");
    let other_redb = {
        let file = data.join("other");
        drop(redb::Database::create(&file).expect("a database"));
        fs::read(&file).expect("a database")
    };
    let mut flipped = good.clone();
    for byte in &mut flipped[4096..] {
        *byte ^= 0x5a;
    }
    let mut header = good.clone();
    header[..4096].fill(0xee);
    let file = config(directory.path(), "", "[[order]]\nid = 2\naddress = \"127.0.0.1:9\"");
    let serve = || serve_order_2(&file, data);
    for (label, content, part) in [
        ("empty", Vec::new(), "not a toystore data file"),
        ("text", b"name,price,quantity\nTux,15.99,100\n".repeat(1000), "not a toystore data file"),
        ("zeros", vec![0; 1 << 20], "not a toystore data file"),
        ("the catalog's", fs::read(&catalog).expect("the catalog"), "it holds the data of the catalog"),
        (
            "another replica's",
            fs::read(data.join("order-1/book.redb")).expect("a book"),
            "it holds the data of order replica 1",
        ),
        ("another program's", other_redb, "another program's redb database"),
        ("cut", good[..good.len() / 2].to_vec(), "is damaged"),
        ("cut short", good[..5000].to_vec(), "is damaged"),
        ("flipped", flipped, "is damaged"),
        ("a broken head", header, "order-2/book.redb"),
    ] {
        fs::write(&book, &content).expect("it is written");
        let help = "`toystore recover replica 2 --config ";
        refused(label, serve(), 3, &["order-2/book.redb", part, "left as it", help]);
        assert!(fs::read(&book).expect("it is still there") == content, "{label}: the file was changed");
    }
    fs::write(&book, &good).expect("it is written");
    let store = Up::start(data);
    assert_eq!(http::get(store.front_end, "/orders/20").expect("an answer").status, 200);
}

#[test]
fn a_file_that_was_not_closed_does_not_open_without_its_journal() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path();
    let mut store = Up::start(data);
    http::order(store.front_end, "key", "Tux", 1).expect("an answer");
    store.process.kill();
    let (journal, elsewhere) = (data.join("order-2/book.redb.journal"), data.join("elsewhere"));
    fs::rename(&journal, &elsewhere).expect("it is there");
    let parts = [
        "order-2/book.redb does not go with its journal",
        "which has what was written last, is missing or cannot be read",
    ];
    let file = config(data, "", "[[order]]\nid = 2\naddress = \"127.0.0.1:9\"");
    refused("no journal", serve_order_2(&file, data), 3, &parts);
    fs::rename(&elsewhere, &journal).expect("it is still there");
    let store = Up::start(data);
    assert_eq!(http::get(store.front_end, "/orders/1").expect("an answer").status, 200);
}

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
        support::eventually(support::PATIENCE, "an order is placed", || {
            http::get(front_end, "/orders/3").ok().filter(|answer| answer.status == 200)
        });
        store.process.signal(signal);
        let began = Instant::now();
        let status = store.process.wait(support::PATIENCE);
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

#[test]
fn five_processes_share_a_token() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "token = \"s3cret\"");
    cluster.start_all();
    assert_eq!(http::order(cluster.front_end(), "key", "Tux", 1).expect("an answer").status, 201);
    let refused = http::get(cluster.addresses[&Service::Order(1)], "/status").expect("an answer");
    assert_eq!(refused.status, 401);
}

#[test]
fn up_works_from_any_directory_without_a_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = toystore(["up", "--free-ports"]);
    command.current_dir(directory.path());
    let mut process = Process::start(command);
    let front_end = process.address("front-end");
    let tries: Vec<String> = ["/products/Tux", "/orders", "/orders/1"]
        .map(|path| process.line("line to try", |line| line.starts_with("  curl") && line.ends_with(path)))
        .into();
    assert!(tries.iter().all(|line| line.contains(&front_end.to_string())), "{tries:?}");
    assert!(directory.path().join("toystore-data/order-3/book.redb").exists());
    assert_eq!(http::get(front_end, "/products/Tux").expect("an answer").status, 200);
    assert!(process.terminate().success());
}

#[test]
fn a_flag_comes_before_the_environment_and_that_before_the_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = config(directory.path(), "data = \"from-file\"", "");
    let start = |environment: Option<&str>, flag: Option<&str>| {
        let mut command = toystore(["up", "--free-ports", "--config"]);
        command.arg(&file).current_dir(directory.path());
        if let Some(data) = environment {
            command.env("TOYSTORE_DATA", data);
        }
        if let Some(data) = flag {
            command.args(["--data", data]);
        }
        let mut process = Process::start(command);
        process.line("ready line", |line| line == "ready");
        assert!(process.terminate().success());
    };
    for (environment, flag, expected) in [
        (None, None, "from-file"),
        (Some("from-environment"), None, "from-environment"),
        (Some("from-environment-2"), Some("from-flag"), "from-flag"),
    ] {
        start(environment, flag);
        assert!(directory.path().join(expected).join("catalog").exists(), "{expected}");
    }
    assert!(!directory.path().join("from-environment-2").exists());
}

#[test]
fn memory_at_rest_is_small() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    http::order(store.front_end, "key", "Tux", 1).expect("an answer");
    if let Some(resident) = store.process.resident_kib() {
        assert!(resident <= 64 << 10, "{resident} KiB are resident");
    }
}

/// Whoever supervises `up` is told which part of it does not run.
#[test]
fn healthz_names_the_part_that_does_not_run() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let first = Up::start(directory.path());
    first.in_sync(&[1, 2, 3]);
    drop(first);
    let book = directory.path().join("order-2");
    fs::write(book.join("book.redb"), "damaged").expect("a file");
    let up = Up::start_without(directory.path(), &[1, 3]);
    let health = || http::get(up.front_end, "/healthz").expect("it answers").data();
    assert_eq!(health(), serde_json::json!({ "status": "alive", "stopped": ["order-2"] }));
    fs::rename(&book, directory.path().join("elsewhere")).expect("it can be moved");
    eventually(PATIENCE, "all of it runs", || {
        (health() == serde_json::json!({ "status": "alive" })).then_some(())
    });
}

/// Five fresh services, the catalog last: its file is not gone, it was never there.
#[test]
fn a_catalog_that_starts_after_the_replicas_is_not_taken_for_one_that_lost_its_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::new(directory.path());
    for service in
        [Service::Order(1), Service::Order(2), Service::Order(3), Service::FrontEnd, Service::Catalog]
    {
        cluster.start(service);
    }
    cluster.ready();
    let said = cluster.process(Service::Catalog).complaints();
    assert!(!said.contains("is gone"), "{said}");
}

/// One replica is missing at the very first start: nobody knows whether it remembers a store, so all wait for it, and say so.
#[test]
fn a_first_start_waits_for_every_replica_and_says_for_whom() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "[timing]\norder_deadline_ms = 500\n");
    for service in [Service::FrontEnd, Service::Catalog, Service::Order(1), Service::Order(3)] {
        cluster.start(service);
    }
    let front_end = cluster.front_end();
    eventually(PATIENCE, "/readyz says for whom it waits", || {
        let answer = http::get(front_end, "/readyz").ok()?;
        (answer.status == 503 && answer.text().contains("order-2")).then_some(())
    });
    let said = "`toystore recover` goes on without them";
    eventually(PATIENCE, said, || {
        cluster.process(Service::FrontEnd).complaints().contains(said).then_some(())
    });
    let answer = http::order(front_end, "early", "Tux", 1).expect("it answers");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("passed on to nobody"), "{}", answer.text());
    cluster.start(Service::Order(2));
    cluster.ready();
    assert_eq!(http::order(front_end, "early", "Tux", 1).expect("it answers").status, 201);
    let orders = http::get(front_end, "/orders").expect("it answers").data();
    assert_eq!(orders.as_array().map(Vec::len), Some(1));
}
