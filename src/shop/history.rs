//! The history of a shop's run, as JSON lines: one line for each operation, in the order in which they
//! ended. A checker that never saw the store can judge from it whether the store kept its promises.
//!
//! ```json
//! {"client":3,"kind":"order","key":"4f…","input":{"name":"Tux","quantity":2},"invoked_ns":81250,"returned_ns":2904102,"attempts":1,"outcome":{"placed":10}}
//! ```
//!
//! | field | meaning |
//! |---|---|
//! | `client` | who did it, from 0; a client does one thing at a time while it shops |
//! | `kind` | `query` (one product), `order`, `lookup` (one order by its number), `repeat` (the same order once more, under the same key) |
//! | `key` | the order's Idempotency-Key; absent from queries and lookups |
//! | `input` | `{"name"}` of a query, `{"name","quantity"}` of an order or repeat, `{"number"}` of a lookup |
//! | `invoked_ns`, `returned_ns` | nanoseconds since the shop started, of the first attempt's start and the last one's end |
//! | `attempts` | how many requests it took; each order's attempts carry the same key |
//! | `outcome` | see below |
//!
//! An outcome is `{"product":{"name","price","quantity"}}`, `{"placed":N}`, `{"out_of_stock":"message"}`,
//! `{"order":{"number","name","quantity"}}`, `{"refused":"message"}` for any other definite answer, or
//! `"unknown"`: the deadline passed without an answer, so the operation **may have happened, may yet happen,
//! or never**. A timed-out request is never written as failed.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Number;

/// One finished operation; see the module's table.
#[derive(Debug, Serialize)]
pub struct Operation<'a> {
    /// Who did it.
    pub client: u32,
    /// What it was.
    pub kind: Kind,
    /// The order's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a str>,
    /// What was asked.
    pub input: Input<'a>,
    /// When the first attempt began, since the shop started.
    pub invoked_ns: u64,
    /// When the last attempt ended, since the shop started.
    pub returned_ns: u64,
    /// How many requests it took.
    pub attempts: u32,
    /// What came of it.
    pub outcome: Outcome<'a>,
}

/// The kinds of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One product.
    Query,
    /// A new order.
    Order,
    /// One order by its number.
    Lookup,
    /// The same order once more, under the same key.
    Repeat,
}

/// What was asked.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Input<'a> {
    /// For this many pieces.
    Order {
        /// The product.
        name: &'a str,
        /// Pieces.
        quantity: u64,
    },
    /// For the product of this name.
    Product {
        /// The product.
        name: &'a str,
    },
    /// For the order of this number.
    Number {
        /// The order.
        number: u64,
    },
}

/// What came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<'a> {
    /// A query's answer.
    Product {
        /// The product.
        name: &'a str,
        /// The price.
        price: &'a Number,
        /// Pieces in stock.
        quantity: u64,
    },
    /// An order was acknowledged under this number.
    Placed(u64),
    /// An order was refused for lack of stock.
    OutOfStock(&'a str),
    /// A lookup's answer.
    Order {
        /// Its number.
        number: u64,
        /// The product.
        name: &'a str,
        /// Pieces.
        quantity: u64,
    },
    /// Another definite answer, or one that could not be read.
    Refused(&'a str),
    /// No answer within the deadline: it may have happened, and may yet.
    Unknown,
}

/// Where operations are written as they end.
#[derive(Debug)]
pub struct History {
    started: Instant,
    /// The file until the first failed write, and that failure from then on.
    sink: RefCell<Option<io::Result<LineWriter<File>>>>,
}

impl History {
    /// A history that begins now; without a file, it only keeps the time.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn start(file: Option<&Path>) -> io::Result<History> {
        let sink = file.map(File::create).transpose()?.map(|file| Ok(LineWriter::new(file)));
        Ok(History { started: Instant::now(), sink: RefCell::new(sink) })
    }

    /// Time since the shop started.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Writes one operation. Each line reaches the file at once, so an interrupted run leaves what it did.
    pub fn record(&self, operation: &Operation<'_>) {
        let mut sink = self.sink.borrow_mut();
        if let Some(Ok(file)) = &mut *sink
            && let Err(error) = write_line(file, operation)
        {
            *sink = Some(Err(error));
        }
    }

    /// Whether every operation was written.
    ///
    /// # Errors
    /// The first write that failed; what came after it is missing from the file.
    pub fn finish(&self) -> io::Result<()> {
        match self.sink.take() {
            Some(Ok(mut file)) => file.flush(),
            Some(Err(error)) => Err(error),
            None => Ok(()),
        }
    }
}

fn write_line(file: &mut LineWriter<File>, operation: &Operation<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *file, operation)?;
    file.write_all(b"\n")
}

/// Nanoseconds, as the history counts them.
pub fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_documented() {
        let price: Number = serde_json::from_str("15.99").unwrap();
        let line = |kind, key, input, outcome| {
            let operation = Operation {
                client: 0,
                kind,
                key,
                input,
                invoked_ns: 1,
                returned_ns: 2,
                attempts: 1,
                outcome,
            };
            serde_json::to_string(&operation).unwrap()
        };
        for (line, expected) in [
            (
                line(
                    Kind::Query,
                    None,
                    Input::Product { name: "Tux" },
                    Outcome::Product { name: "Tux", price: &price, quantity: 100 },
                ),
                r#"{"client":0,"kind":"query","input":{"name":"Tux"},"invoked_ns":1,"returned_ns":2,"attempts":1,"outcome":{"product":{"name":"Tux","price":15.99,"quantity":100}}}"#,
            ),
            (
                line(Kind::Order, Some("k"), Input::Order { name: "Tux", quantity: 2 }, Outcome::Placed(10)),
                r#"{"client":0,"kind":"order","key":"k","input":{"name":"Tux","quantity":2},"invoked_ns":1,"returned_ns":2,"attempts":1,"outcome":{"placed":10}}"#,
            ),
            (
                line(Kind::Lookup, None, Input::Number { number: 10 }, Outcome::Unknown),
                r#"{"client":0,"kind":"lookup","input":{"number":10},"invoked_ns":1,"returned_ns":2,"attempts":1,"outcome":"unknown"}"#,
            ),
        ] {
            assert_eq!(line, expected);
        }
    }
}
