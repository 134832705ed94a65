//! A real Prometheus reads what a running store serves.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::documented::PROMETHEUS;
use crate::services;
use crate::support::process::Process;
use crate::support::store::{Up, free_addresses};
use crate::support::{PATIENCE, eventually, http};

const TOKEN: &str = "s3cret";

/// Our own configuration, for the addresses of this store and with its token; a second apart, so that the test is short.
fn configuration(directory: &Path, store: &Up) -> String {
    let mut text = PROMETHEUS.to_owned();
    let configured = ["8080", "8081", "8091", "8092", "8093"].map(|port| format!("\"127.0.0.1:{port}\""));
    for (from, (_, to)) in configured.iter().zip(services(store)) {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, &format!("\"{to}\""));
    }
    let (token, alerts) =
        (directory.join("token"), concat!(env!("CARGO_MANIFEST_DIR"), "/configs/prometheus/alerts.yml"));
    fs::write(&token, TOKEN).expect("it can be written");
    for (from, to) in [
        ("# authorization:", "authorization:".to_owned()),
        (
            "#   credentials_file: /etc/prometheus/toystore-token",
            format!("  credentials_file: {}", token.display()),
        ),
        ("- alerts.yml", format!("- {alerts}")),
        ("scrape_interval: 5s", "scrape_interval: 1s".to_owned()),
        ("evaluation_interval: 5s", "evaluation_interval: 1s".to_owned()),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, &to);
    }
    text
}

/// Starts Prometheus, whose files are in `directory`.
fn start(directory: &Path, store: &Up) -> (Process, SocketAddr) {
    let address = free_addresses(1)[0];
    let config = directory.join("prometheus.yml");
    fs::write(&config, configuration(directory, store)).expect("it can be written");
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", directory.join("tsdb").display()))
        .arg(format!("--web.listen-address={address}"))
        .stdin(Stdio::null());
    (Process::start(command), address)
}

/// What Prometheus answers. By HTTP/1.0 it is not chunked, and ends with the connection.
fn ask(prometheus: SocketAddr, path: &str) -> Option<Value> {
    let mut stream = http::connect(prometheus).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {prometheus}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

/// What a query finds: for each series its labels and its value.
fn query(prometheus: SocketAddr, query: &str) -> Option<Vec<(Value, f64)>> {
    let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let answer = ask(prometheus, &format!("/api/v1/query?query={encoded}"))?;
    let series = answer["data"]["result"].as_array()?.iter().map(|series| {
        let value = series["value"][1].as_str().and_then(|value| value.parse().ok());
        (series["metric"].clone(), value.unwrap_or(f64::NAN))
    });
    Some(series.collect())
}

#[test]
fn a_real_prometheus_reads_it() {
    if Command::new("prometheus").arg("--version").output().is_err() {
        eprintln!("skipped: prometheus is not installed (Debian: apt-get install prometheus)");
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start_with(&directory.path().join("data"), &["--token", TOKEN]);
    for (key, status) in [("k1", 201), ("k2", 201), ("k3", 201)] {
        assert_eq!(http::order(store.front_end, key, "Tux", 1).expect("an answer").status, status, "{key}");
    }
    let (_prometheus, address) = start(directory.path(), &store);
    eventually(PATIENCE, "all five are up", || {
        let up = query(address, "up")?;
        (up.len() == 5 && up.iter().all(|(_, value)| *value == 1.0)).then_some(())
    });
    for (expression, expected) in [
        ("sum(toystore_orders_acknowledged_total)", 3.0),
        ("max(toystore_last_order)", 3.0),
        ("sum(toystore_leader)", 1.0),
        ("count(toystore_build_info)", 5.0),
        (r#"toystore_request_duration_seconds_count{request="place",status="2xx"}"#, 3.0),
        (r#"sum(toystore_in_sync{node="front-end"})"#, 3.0),
        ("sum(toystore:lag_orders)", 0.0),
    ] {
        eventually(PATIENCE, expression, || {
            let found = query(address, expression)?;
            found.iter().any(|(_, value)| *value == expected).then_some(())
        });
    }
    eventually(PATIENCE, "the rules are evaluated", || {
        let rules = ask(address, "/api/v1/rules")?;
        let rules = rules["data"]["groups"][0]["rules"].as_array()?.clone();
        assert_eq!(rules.len(), 12);
        for rule in &rules {
            assert_ne!(rule["health"], "err", "{rule}");
            assert_ne!(rule["state"], "firing", "{rule}");
        }
        rules.iter().all(|rule| rule["health"] == "ok").then_some(())
    });
}
