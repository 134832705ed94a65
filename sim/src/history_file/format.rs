//! A history as JSON lines, simulated or deployed, in the one format that `docs/history.md` describes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Number;
use toystore_actors::messages::front_end::OrderError;
use toystore_checks::time::Nanos;

/// What a simulated history begins with: what nobody asked and everybody needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Pieces in stock of each product before anybody came in. The book was empty.
    pub initial: BTreeMap<String, u64>,
    /// What is sold out is restocked to so many.
    pub restock_to: u64,
    /// Each time that the catalog was made anew from the order book, which does not know of restocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rebuilt: Vec<StockAfterRebuild>,
}

/// The catalog was made anew from the order book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockAfterRebuild {
    /// When, in nanoseconds.
    pub at_ns: Nanos,
    /// Pieces in stock of each product from then on.
    pub stock: BTreeMap<String, u64>,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "input", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the format's own fields")]
pub enum LineCall {
    /// One product.
    Query { name: String },
    /// All products.
    List {},
    /// Products in the catalog's order, so many at most.
    ListPage { after: Option<String>, limit: u32 },
    /// A new order.
    Order { name: String, quantity: u64 },
    /// An order under a key that was used before.
    Repeat { name: String, quantity: u64 },
    /// One order.
    Lookup { number: u64 },
    /// One order, from one replica's own book, which may lag behind.
    LookupAt { replica: u8, number: u64 },
    /// Orders by ascending number.
    Page { after: u64, limit: u32 },
}

/// A product that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineProduct {
    /// Its name.
    pub name: String,
    /// The price of one piece.
    pub price: Number,
    /// Pieces in stock.
    pub quantity: u64,
}

/// An order that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineOrder {
    /// Its number.
    pub number: u64,
    /// The product.
    pub name: String,
    /// Pieces.
    pub quantity: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineOutcome {
    /// The product.
    Product(LineProduct),
    /// All products.
    Products(Vec<LineProduct>),
    /// Acknowledged under this number.
    Placed(u64),
    /// Refused for lack of stock; written in the store's words.
    OutOfStock(StockLeft),
    /// The order.
    Order(LineOrder),
    /// The orders.
    Orders(Vec<LineOrder>),
    /// There is no such product or order.
    Absent,
    /// Another answer.
    Refused(String),
    /// No answer: it may have happened, may yet happen, or never.
    Unknown,
}

/// How many pieces were left when an order was refused; it is not always said. In a file it is the store's sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct StockLeft(pub Option<u64>);

impl From<String> for StockLeft {
    fn from(sentence: String) -> StockLeft {
        let left = sentence.split(' ').find_map(|word| word.parse().ok());
        StockLeft(left.filter(|left| OrderError::NotEnough { left: *left }.to_string() == sentence))
    }
}

impl From<StockLeft> for String {
    fn from(StockLeft(left): StockLeft) -> String {
        left.map_or("not enough in stock".to_owned(), |left| OrderError::NotEnough { left }.to_string())
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// Who asked.
    pub client: u32,
    /// What.
    #[serde(flatten)]
    pub call: LineCall,
    /// Under which key, if it is an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// When the first attempt began, in nanoseconds.
    pub invoked_ns: Nanos,
    /// When the last attempt ended.
    pub returned_ns: Nanos,
    /// How many requests it took; simulated shoppers do not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// What came of it.
    pub outcome: LineOutcome,
}

/// A history that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryFile {
    /// What it begins with, if it was simulated.
    pub opening: Option<Opening>,
    /// The operations, in the order of the file.
    pub operations: Vec<HistoryLine>,
}

/// A line that is not of the format.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadLine {
    /// Which, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: serde_json::Error,
}

impl HistoryFile {
    /// Reads a history.
    ///
    /// # Errors
    /// Names the first line that is not of the format.
    pub fn parse(text: &str) -> Result<HistoryFile, BadLine> {
        let mut lines = HistoryFile { opening: None, operations: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            let bad = |why| BadLine { line: index + 1, why };
            if index == 0 && line.starts_with("{\"initial\"") {
                lines.opening = Some(serde_json::from_str(line).map_err(bad)?);
            } else {
                let operation: HistoryLine = serde_json::from_str(line).map_err(bad)?;
                if operation.key.is_none() && operation.call.is_order() {
                    return Err(bad(serde::de::Error::custom("an order without its key")));
                }
                lines.operations.push(operation);
            }
        }
        Ok(lines)
    }

    /// Writes a history.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        if let Some(opening) = &self.opening {
            serde_json::to_writer(&mut to, opening)?;
            to.write_all(b"\n")?;
        }
        for line in &self.operations {
            serde_json::to_writer(&mut to, line)?;
            to.write_all(b"\n")?;
        }
        to.flush()
    }

    /// Whether an operation was refused by a catalog that was made anew since: a late copy of the request may buy.
    #[must_use]
    pub fn refusal_forgotten(&self, line: &HistoryLine) -> bool {
        let rebuilt = self.opening.iter().flat_map(|opening| &opening.rebuilt);
        matches!(line.outcome, LineOutcome::OutOfStock(_))
            && rebuilt.map(|rebuilt| rebuilt.at_ns).max().is_some_and(|last| line.returned_ns < last)
    }

    /// The number that an operation's line has in the file, from 1.
    #[must_use]
    pub fn line_of(&self, operation: usize) -> usize {
        operation + 1 + usize::from(self.opening.is_some())
    }
}

impl LineCall {
    fn is_order(&self) -> bool {
        matches!(self, LineCall::Order { .. } | LineCall::Repeat { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same lines are what `toystore shop` is tested to write.
    const EXAMPLES: &str = include_str!("../../../docs/history.jsonl");

    #[test]
    fn the_examples_are_read_and_written_as_documented() {
        let lines = HistoryFile::parse(EXAMPLES).expect("the examples are of the format");
        let mut written = Vec::new();
        lines.write(&mut written).expect("a vector takes everything");
        let values = |text: &str| -> Vec<serde_json::Value> {
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
        };
        assert_eq!(values(&String::from_utf8(written).expect("UTF-8")), values(EXAMPLES));
        let kinds: std::collections::BTreeSet<String> =
            values(EXAMPLES).iter().filter_map(|line| Some(line["kind"].as_str()?.to_owned())).collect();
        assert_eq!(kinds.len(), 7, "an example of every kind: {kinds:?}");
    }

    #[test]
    fn a_bad_line_is_named() {
        let text = format!("{EXAMPLES}{{\"client\":0}}\n");
        let bad = HistoryFile::parse(&text).expect_err("the last line lacks nearly everything");
        assert_eq!(bad.line, EXAMPLES.lines().count() + 1);
    }

    #[test]
    fn the_store_says_how_many_are_left() {
        for left in [0, 1, 98, u64::MAX] {
            let sentence = OrderError::NotEnough { left }.to_string();
            assert_eq!(StockLeft::from(sentence.clone()), StockLeft(Some(left)));
            assert_eq!(String::from(StockLeft(Some(left))), sentence);
        }
        for other in ["", "not enough in stock", "not enough in stock: 3 left, or 4", "7"] {
            assert_eq!(StockLeft::from(other.to_owned()), StockLeft(None), "{other}");
        }
    }
}
