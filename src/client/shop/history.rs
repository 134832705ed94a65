//! The history of a shop's run, as JSON lines: one line for each operation, in the order in which they
//! ended. A checker that never saw the store can judge from it whether the store kept its promises:
//! `toystore-sim judge`. The format is that of simulated runs too; docs/history.md describes it.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Number;

use crate::wire::answers;

/// One finished operation; see docs/history.md.
#[derive(Debug, Serialize)]
pub struct Operation<'a> {
    /// Who did it.
    pub client: u32,
    /// What it was.
    pub kind: OperationKind,
    /// The order's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a str>,
    /// What was asked.
    pub input: OperationInput<'a>,
    /// When the first attempt began, since the shop started.
    pub invoked_ns: u64,
    /// When the last attempt ended, since the shop started.
    pub returned_ns: u64,
    /// How many requests it took.
    pub attempts: u32,
    /// What came of it.
    pub outcome: OperationOutcome<'a>,
}

/// The kinds of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationKind {
    /// All products.
    List,
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
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub enum OperationInput<'a> {
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
    /// For everything.
    Nothing {},
}

/// What came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationOutcome<'a> {
    /// A query's answer.
    Product {
        /// The product.
        name: &'a str,
        /// The price.
        price: &'a Number,
        /// Pieces in stock.
        quantity: u64,
    },
    /// The list's answer.
    Products(&'a [answers::Product]),
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
    /// There is no order of that number.
    Absent,
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

    /// The examples of the format that the judge is tested to read; what a shop never writes is left out.
    const EXAMPLES: &str = include_str!("../../../docs/history.jsonl");

    #[test]
    fn lines_read_as_documented() {
        let price: Number = serde_json::from_str("15.99").unwrap();
        let tux = [answers::Product { name: "Tux".into(), price: price.clone(), quantity: 100 }];
        let two = OperationInput::Order { name: "Tux", quantity: 2 };
        let order = OperationOutcome::Order { number: 10, name: "Tux", quantity: 2 };
        let query = OperationOutcome::Product { name: "Tux", price: &price, quantity: 100 };
        let little = OperationOutcome::OutOfStock("not enough in stock: 98 left");
        let operations = [
            (
                0,
                OperationKind::List,
                None,
                OperationInput::Nothing {},
                (0, 0, 1),
                OperationOutcome::Products(&tux),
            ),
            (0, OperationKind::Query, None, OperationInput::Product { name: "Tux" }, (1, 2, 1), query),
            (0, OperationKind::Order, Some("k"), two, (3, 4, 1), OperationOutcome::Placed(10)),
            (
                1,
                OperationKind::Order,
                Some("l"),
                OperationInput::Order { name: "Tux", quantity: 500 },
                (5, 6, 1),
                little,
            ),
            (
                1,
                OperationKind::Order,
                Some("m"),
                OperationInput::Order { name: "Tux", quantity: 1 },
                (5, 7, 3),
                OperationOutcome::Unknown,
            ),
            (0, OperationKind::Lookup, None, OperationInput::Number { number: 10 }, (7, 8, 1), order),
            (
                0,
                OperationKind::Lookup,
                None,
                OperationInput::Number { number: 12 },
                (9, 10, 1),
                OperationOutcome::Absent,
            ),
            (0, OperationKind::Repeat, Some("k"), two, (9, 10, 2), OperationOutcome::Placed(10)),
        ];
        let expected: Vec<&str> = EXAMPLES.lines().take(operations.len()).collect();
        let written = operations.map(|(client, kind, key, input, times, outcome)| {
            let (invoked_ns, returned_ns, attempts) = times;
            let operation =
                Operation { client, kind, key, input, invoked_ns, returned_ns, attempts, outcome };
            serde_json::to_string(&operation).unwrap()
        });
        assert_eq!(written.as_slice(), expected);
    }
}
