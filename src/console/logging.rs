//! The log, on standard error: lines for people, or JSON objects for programs.
//!
//! `docs/operating.md` has the fields of an object. What ends the process is not told here but by [`crate::console::failure`].

use std::env;
use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::time::SystemTime;

use log::{Level, Record};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toystore_actors::net::NodeId;

use crate::console::utc;

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people
    #[default]
    Text,
    /// A JSON object a line, for programs
    Json,
}

/// What is told when nobody says otherwise: what is wrong. A client's malformed request is no news.
pub const WRONG: &str = "warn,actix_http=off";

/// As [`WRONG`], and the turning points of a service.
pub const TURNING_POINTS: &str = "info,actix_http=off,actix_server=warn";

static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Starts the log of this process, with what `TOYSTORE_LOG` says or else these filters. It has one log: the first
/// start counts.
pub fn start(format: LogFormat, filters: &str) {
    if FORMAT.set(format).is_err() {
        return;
    }
    let named = env::var("TOYSTORE_LOG").ok().filter(|filters| !filters.trim().is_empty());
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(named.as_deref().unwrap_or(filters));
    // env_logger's own format panics where the clock is beyond the year 9999.
    match format {
        LogFormat::Json => builder.format(|out, record| out.write_all(&json(&LogLine::of(record)))),
        LogFormat::Text => builder.format(|out, record| {
            let (time, level) = (utc::millis(SystemTime::now()), record.level());
            writeln!(out, "[{time} {level:<5} {}] {}", record.target(), record.args())
        }),
    };
    builder.init();
}

/// Tells a person what is wrong with a service, whatever is filtered.
pub fn tell(node: NodeId, what: &str) {
    let mut line = format!("toystore: {what}\n").into_bytes();
    if FORMAT.get() == Some(&LogFormat::Json) {
        line = json(&LogLine {
            node: Some(node.to_string()),
            ..LogLine::new(Level::Error, "toystore", what.into())
        });
    }
    // Nobody reads standard error any more: the service goes on all the same.
    let _ = io::stderr().write_all(&line);
}

/// One object, and the end of its line.
fn json(line: &LogLine<'_>) -> Vec<u8> {
    // It has no map whose keys are not texts, and so can be written.
    let mut json = serde_json::to_vec(line).unwrap_or_default();
    json.push(b'\n');
    json
}

#[derive(Debug, Serialize)]
struct LogLine<'a> {
    time: String,
    level: String,
    target: &'a str,
    /// Of which service it is, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    /// The event's name, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Value>,
    message: String,
}

impl<'a> LogLine<'a> {
    fn new(level: Level, target: &'a str, message: String) -> LogLine<'a> {
        let (time, level) = (utc::millis(SystemTime::now()), level.as_str().to_lowercase());
        LogLine { time, level, target, node: None, event: None, fields: None, message }
    }

    fn of(record: &'a Record<'_>) -> LogLine<'a> {
        let given = |key: &str| record.key_values().get(key.into()).map(|value| value.to_string());
        let (event, fields) = given("event").and_then(|event| named(&event)).unzip();
        let line = LogLine::new(record.level(), record.target(), record.args().to_string());
        LogLine { node: given("node"), event, fields, ..line }
    }
}

/// Takes apart a serialized event: an object with its name alone.
fn named(event: &str) -> Option<(String, Value)> {
    serde_json::from_str::<Map<String, Value>>(event).ok()?.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(line: &LogLine<'_>) -> Value {
        let json = json(line);
        let (last, object) = json.split_last().unwrap();
        assert_eq!(*last, b'\n');
        assert!(!object.contains(&b'\n'), "one line");
        serde_json::from_slice(object).unwrap()
    }

    #[test]
    fn a_record_is_an_object_with_what_it_was_given() {
        let given = [("node", "order-2"), ("event", r#"{"Deposed":{"epoch":8}}"#)];
        let of = |given: &[(&str, &str)]| {
            let message = format_args!("order-2 \"leads\"\nno longer");
            let record =
                Record::builder().args(message).level(Level::Warn).target("a::b").key_values(&given).build();
            object(&LogLine::of(&record))
        };
        let line = of(&given);
        for (field, expected) in [
            ("level", "warn"),
            ("target", "a::b"),
            ("node", "order-2"),
            ("event", "Deposed"),
            ("message", "order-2 \"leads\"\nno longer"),
        ] {
            assert_eq!(line[field], expected, "{line}");
        }
        assert_eq!(line["fields"], serde_json::json!({ "epoch": 8 }));
        let line = of(&[]);
        let fields: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
        assert_eq!(fields, ["level", "message", "target", "time"]);
    }
}
