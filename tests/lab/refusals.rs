//! What the lab does not do, and for whom it does nothing.

use std::path::Path;

use crate::open_lab::Lab;
use crate::support::http;
use crate::support::process::{finish, toystore};
use crate::support::store::Up;

#[test]
fn a_store_that_other_machines_can_reach_is_not_for_breaking() {
    let local = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/local.toml");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = std::fs::read_to_string(local).expect("the configuration");
    let open = config.replacen("127.0.0.1:8080", "0.0.0.0:8080", 1);
    assert_ne!(open, config);
    let file = directory.path().join("open.toml");
    std::fs::write(&file, open).expect("the test's directory is writable");
    let data = directory.path().join("data");
    let mut command = toystore(["up", "--lab", "--free-ports", "--token", "secret", "--config"]);
    command.arg(&file).arg("--data").arg(&data);
    let refused = finish(command);
    assert_eq!(refused.status, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("--lab") && refused.stderr.contains("0.0.0.0"), "{}", refused.stderr);
    assert!(!data.exists(), "nothing is made for what is refused");
}

#[test]
fn without_the_flag_there_is_no_lab() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let up = Up::start(directory.path());
    for path in ["/lab/state", "/lab/heal", "/lab/nodes/order-1/crash"] {
        assert_eq!(http::get(up.front_end, path).expect("an answer").status, 404, "{path}");
    }
    let crash = http::post(up.front_end, "/lab/nodes/order-1/crash", "{}").expect("an answer");
    assert_ne!(crash.status, 200);
    up.in_sync(&[1, 2, 3]);
}

#[test]
fn what_makes_no_sense_is_told_and_changes_nothing() {
    let lab = Lab::open();
    let before = lab.state();
    for (path, body, status, said) in [
        ("/lab/nodes/order-4/crash", "{}", 404, "order-1, order-2, order-3"),
        ("/lab/nodes/front-end-1/crash", "{}", 404, "catalog"),
        ("/lab/nodes/order-1/explode", "{}", 404, "full-disk"),
        ("/lab/nodes/order-1/slow-disk", r#"{"ms":0}"#, 400, "from 1"),
        ("/lab/nodes/order-1/crash", "", 400, ""),
        ("/lab/nodes/order-1/crash", r#"{"now":true}"#, 400, "now"),
        ("/lab/nodes/order-1/restart", "{}", 409, "order-1 runs"),
        ("/lab/nodes/order-1/resume", "{}", 409, "order-1 runs"),
        ("/lab/links", r#"{"a":"order-1","b":"order-9","fault":"cut"}"#, 400, "order-9"),
        ("/lab/links", r#"{"a":"order-1","b":"order-1","fault":"cut"}"#, 400, "two ends"),
        ("/lab/links", r#"{"a":"order-1","b":"order-2","fault":"wet"}"#, 400, "lossy"),
        ("/lab/links", r#"{"a":"order-1","b":"order-2","fault":"lossy","percent":101}"#, 400, "1 to 100"),
        ("/lab/shoppers", r#"{"count":201,"buy_percent":20}"#, 400, "200"),
        ("/lab/shoppers", r#"{"count":1}"#, 400, "buy_percent"),
    ] {
        let answer = lab.post(path, body);
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text());
        let error = &answer.json()["error"];
        assert_eq!(error["code"], status);
        assert!(error["message"].as_str().is_some_and(|text| text.contains(said)), "{path} {body}: {error}");
    }
    assert_eq!(lab.state(), before);
    for (node, action, twice) in [("order-1", "crash", "has crashed"), ("order-2", "pause", "is paused")] {
        lab.act(node, action);
        let again = lab.post(&format!("/lab/nodes/{node}/{action}"), "{}");
        assert!(again.status == 409 && again.text().contains(twice), "{}", again.text());
    }
    lab.close();
}

#[test]
fn other_methods_and_other_bodies_are_refused() {
    let lab = Lab::open();
    let to = lab.front_end();
    for path in ["/lab/links", "/lab/shoppers", "/lab/bug", "/lab/heal", "/lab/nodes/order-1/crash"] {
        let read = http::get(to, path).expect("an answer");
        assert_eq!((read.status, read.header("allow")), (405, Some("POST, OPTIONS")), "{path}");
        let asked =
            http::request(to, "OPTIONS", path, &[("Origin", "http://toys.example")], b"").expect("an answer");
        let leave = asked.headers.iter().find(|(name, _)| name.to_lowercase().starts_with("access-control-"));
        assert_eq!(leave, None, "a page of another origin must not be let to send JSON");
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
            let headers: Vec<_> = kind.map(|kind| ("Content-Type", kind)).into_iter().collect();
            let sent = http::request(to, "POST", path, &headers, b"{}").expect("an answer");
            assert_eq!(sent.status, 415, "{path} {kind:?}");
        }
    }
    let written = lab.post("/lab/state", "{}");
    assert_eq!((written.status, written.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    lab.all_in_sync();
}

#[test]
fn a_page_of_another_origin_cannot_reach_the_lab() {
    let lab = Lab::open();
    let to = lab.front_end();
    let own = format!("http://{to}");
    let port = to.port();
    let send = |host: &str, origin: Option<&str>| {
        let origin = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        let rest = format!("Host: {host}\r\n{origin}Connection: close\r\n");
        let heal = format!(
            "POST /lab/heal HTTP/1.1\r\n{rest}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        let state = format!("GET /lab/state HTTP/1.1\r\n{rest}\r\n");
        [heal, state].map(|request| http::raw(to, request.as_bytes()).expect("an answer").status)
    };
    for (host, origin, status) in [
        (to.to_string(), None, 200),
        (to.to_string(), Some(own.as_str()), 200),
        (format!("localhost:{port}"), None, 200),
        (format!("toys.example:{port}"), None, 403),
        (format!("toys.example:{port}"), Some("http://toys.example"), 403),
        (to.to_string(), Some("http://toys.example"), 403),
        (to.to_string(), Some("http://127.0.0.1:1"), 403),
        (to.to_string(), Some("null"), 403),
    ] {
        assert_eq!(send(&host, origin), [status, status], "{host} {origin:?}");
    }
}

/// Built without them, the program says so; with them it has those that can be seen in it.
#[test]
fn only_a_bug_that_there_is_can_be_planted() {
    let lab = Lab::open();
    let planted = |name: &str| lab.post("/lab/bug", &format!(r#"{{"name":{name}}}"#));
    assert_eq!(planted("null").status, 200);
    assert_eq!(planted("\"gnu\"").status, if cfg!(feature = "planted-bugs") { 404 } else { 409 });
    let bugs = lab.state()["bugs"].clone();
    assert_eq!(bugs.is_null(), !cfg!(feature = "planted-bugs"));
    for bug in bugs.as_array().into_iter().flatten() {
        let named = planted(&bug["name"].to_string());
        assert_eq!((named.status, &named.data()["bug"]), (200, &bug["name"]));
    }
    lab.heal();
    assert!(lab.state()["bug"].is_null());
    lab.up.in_sync(&[1, 2, 3]);
}
