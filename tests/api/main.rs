//! The API's document against the store that it is about: what it names is answered as it says, and what is answered is
//! named in it.

mod page;
mod routes;
#[path = "../support/mod.rs"]
mod support;

use std::net::SocketAddr;

use serde_json::Value;

use support::http::{self, Response};
use support::store::Up;

const TOKEN: &str = "s3cret";

/// A store with a token and one order.
fn store(directory: &std::path::Path) -> Up {
    let store = Up::start_with(directory, &["--token", TOKEN]);
    let placed = http::order(store.front_end, "key-1", "Tux", 2).expect("an answer");
    assert_eq!(placed.status, 201, "{}", placed.text());
    store
}

fn document(store: SocketAddr) -> Value {
    let answer = http::get(store, "/openapi.json").expect("an answer");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    answer.json()
}

/// An operation of the document.
struct Operation<'a> {
    path: &'a str,
    method: String,
    told: &'a Value,
}

fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    document["paths"].as_object().into_iter().flatten().flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, told)| Operation { path, method: method.to_uppercase(), told })
    })
}

impl Operation<'_> {
    /// The path and what follows it, with the examples put in.
    fn target(&self) -> String {
        let (mut target, mut query) = (self.path.to_owned(), Vec::new());
        for parameter in self.told["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            let value = match &parameter["example"] {
                Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            match parameter["in"].as_str() {
                Some("path") => target = target.replace(&format!("{{{name}}}"), &value),
                Some("query") => query.push(format!("{name}={value}")),
                _ => {}
            }
        }
        if query.is_empty() { target } else { format!("{target}?{}", query.join("&")) }
    }

    /// Asks with the examples.
    fn ask(&self, store: SocketAddr, token: Option<&str>) -> Response {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers: Vec<_> = bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
        let body =
            self.told["requestBody"]["content"]["application/json"].get("example").map(Value::to_string);
        headers.extend(body.iter().map(|_| ("Content-Type", "application/json")));
        let body = body.unwrap_or_default();
        http::request(store, &self.method, &self.target(), &headers, body.as_bytes()).expect(self.path)
    }

    fn label(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

#[test]
fn what_the_document_names_is_answered_as_it_says() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store(directory.path());
    let document = document(store.front_end);
    assert!(operations(&document).count() >= 17);
    for operation in operations(&document) {
        let label = operation.label();
        let answer = operation.ask(store.front_end, Some(TOKEN));
        let status = answer.status.to_string();
        assert!(![404, 405].contains(&answer.status) && answer.status < 500, "{label}: {}", answer.text());
        let told = &operation.told["responses"][&status];
        let kinds: Vec<_> = told["content"].as_object().into_iter().flatten().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [answer.header("content-type").unwrap_or_default()], "{label} {status}");
        for (name, _) in told["headers"].as_object().into_iter().flatten() {
            assert!(answer.header(name).is_some(), "{label} {status} has no {name}");
        }
        // A key more than the document demands is never asked for.
        let without = operation.ask(store.front_end, None).status;
        assert_eq!(
            without == 401,
            operation.told.get("security").is_some(),
            "{label} without a token: {without}"
        );
    }
}

#[test]
fn every_path_says_which_methods_it_has_whatever_is_tried() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store(directory.path());
    let document = document(store.front_end);
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let target = path.replace("{name}", "Tux").replace("{number}", "1");
        for method in ["QUERY", "TRACE", "DELETE", "PATCH", "PUT"] {
            let answer = http::request(store.front_end, method, &target, &[], b"").expect(path);
            let allow = answer.header("allow").unwrap_or_default();
            let allowed: Vec<_> = allow.split(", ").collect();
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            for (told, _) in methods.as_object().expect("methods") {
                assert!(allowed.contains(&&*told.to_uppercase()), "{method} {path}: {allow} lacks {told}");
            }
            for allowed in allowed.iter().filter(|allowed| !["HEAD", "OPTIONS"].contains(*allowed)) {
                assert!(methods.get(allowed.to_lowercase()).is_some(), "the document lacks {allowed} {path}");
            }
        }
    }
}
