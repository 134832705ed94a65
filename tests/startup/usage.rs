//! What is wrong with a command line or a configuration, and what cannot run.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use crate::commands::{config, refused, serve_order_2, up};
use crate::support::http;
use crate::support::process::{Process, finish, toystore};

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
