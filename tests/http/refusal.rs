//! What a refused request is answered with.

use serde_json::json;

use crate::support::http::Response;

pub const JSON: (&str, &str) = ("Content-Type", "application/json");

pub const TUX: &str = r#"{"name":"Tux","quantity":1}"#;

/// What a request is answered with when it is refused: the status, the shape of the body and a part of its
/// message.
pub fn refused(label: &str, answer: &Response, status: u16, part: &str) {
    assert_eq!(answer.status, status, "{label}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
    let body = answer.json();
    let message = body["error"]["message"].as_str().unwrap_or_else(|| panic!("{label}: {body}"));
    assert!(message.contains(part), "{label}: {message:?} does not say {part:?}");
    assert_eq!(body, json!({ "error": { "code": status, "message": message } }), "{label}");
    assert_eq!(answer.header("retry-after").is_some(), status == 503, "{label}");
    assert_eq!(answer.header("allow").is_some(), status == 405, "{label}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
}
