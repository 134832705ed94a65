//! A history as JSON lines, simulated or deployed, in the one format that `docs/history.md` describes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Number;
use toystore_actors::domain;
use toystore_actors::front_end::messages::OrderError;

use crate::clock::Nanos;
use crate::cluster;
use crate::history::{self, Told};
use crate::scenario::Setup;

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
    pub rebuilt: Vec<Rebuilt>,
}

/// The catalog was made anew from the order book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rebuilt {
    /// When, in nanoseconds.
    pub at_ns: Nanos,
    /// Pieces in stock of each product from then on.
    pub stock: BTreeMap<String, u64>,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "input", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the format's own fields")]
pub enum Asked {
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
pub struct Product {
    /// Its name.
    pub name: String,
    /// The price of one piece.
    pub price: Number,
    /// Pieces in stock.
    pub quantity: u64,
}

/// An order that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
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
pub enum Outcome {
    /// The product.
    Product(Product),
    /// All products.
    Products(Vec<Product>),
    /// Acknowledged under this number.
    Placed(u64),
    /// Refused for lack of stock, in the store's words.
    OutOfStock(String),
    /// The order.
    Order(Order),
    /// The orders.
    Orders(Vec<Order>),
    /// There is no such product or order.
    Absent,
    /// Another answer.
    Refused(String),
    /// No answer: it may have happened, may yet happen, or never.
    Unknown,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who asked.
    pub client: u32,
    /// What.
    #[serde(flatten)]
    pub asked: Asked,
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
    pub outcome: Outcome,
}

/// A history that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// What it begins with, if it was simulated.
    pub opening: Option<Opening>,
    /// The operations, in the order of the file.
    pub operations: Vec<Line>,
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

impl Lines {
    /// A simulated run's history.
    #[must_use]
    pub fn simulated(setup: &Setup, history: &history::History) -> Lines {
        let products = cluster::products(setup).into_iter();
        let initial = products.map(|seed| (seed.name.to_string(), seed.quantity)).collect();
        let rebuilt = history.rebuilds.iter().map(Rebuilt::from).collect();
        let opening = Some(Opening { initial, restock_to: setup.restock_to, rebuilt });
        Lines { opening, operations: history.operations.iter().map(Line::from).collect() }
    }

    /// Reads a history.
    ///
    /// # Errors
    /// Names the first line that is not of the format.
    pub fn parse(text: &str) -> Result<Lines, BadLine> {
        let mut lines = Lines { opening: None, operations: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            let bad = |why| BadLine { line: index + 1, why };
            if index == 0 && line.starts_with("{\"initial\"") {
                lines.opening = Some(serde_json::from_str(line).map_err(bad)?);
            } else {
                let operation: Line = serde_json::from_str(line).map_err(bad)?;
                if operation.key.is_none() && operation.asked.is_order() {
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
    pub fn refusal_forgotten(&self, line: &Line) -> bool {
        let rebuilt = self.opening.iter().flat_map(|opening| &opening.rebuilt);
        matches!(line.outcome, Outcome::OutOfStock(_))
            && rebuilt.map(|rebuilt| rebuilt.at_ns).max().is_some_and(|last| line.returned_ns < last)
    }

    /// The number that an operation's line has in the file, from 1.
    #[must_use]
    pub fn line_of(&self, operation: usize) -> usize {
        operation + 1 + usize::from(self.opening.is_some())
    }
}

impl From<&history::Rebuild> for Rebuilt {
    fn from(rebuild: &history::Rebuild) -> Rebuilt {
        let stock = rebuild.stock.iter().map(|(name, pieces)| (name.to_string(), *pieces)).collect();
        Rebuilt { at_ns: rebuild.at, stock }
    }
}

impl From<&history::Operation> for Line {
    fn from(operation: &history::Operation) -> Line {
        let key = match &operation.asked {
            history::Asked::Place { key, .. } | history::Asked::Again { key, .. } => Some(key.to_string()),
            _ => None,
        };
        Line {
            client: u32::from(operation.client),
            asked: Asked::from(&operation.asked),
            key,
            invoked_ns: operation.invoked,
            returned_ns: operation.returned,
            attempts: None,
            outcome: Outcome::from(&operation.told),
        }
    }
}

impl Asked {
    fn is_order(&self) -> bool {
        matches!(self, Asked::Order { .. } | Asked::Repeat { .. })
    }
}

impl From<&history::Asked> for Asked {
    fn from(asked: &history::Asked) -> Asked {
        match asked {
            history::Asked::Place { name, quantity, .. } => {
                Asked::Order { name: name.to_string(), quantity: u64::from(quantity.get()) }
            }
            history::Asked::Again { name, quantity, .. } => {
                Asked::Repeat { name: name.to_string(), quantity: u64::from(quantity.get()) }
            }
            history::Asked::Query { name } => Asked::Query { name: name.to_string() },
            history::Asked::List => Asked::List {},
            history::Asked::ListPage { after, limit } => {
                Asked::ListPage { after: after.as_ref().map(ToString::to_string), limit: *limit }
            }
            history::Asked::Find { number } => Asked::Lookup { number: *number },
            history::Asked::FindAt { replica, number } => {
                Asked::LookupAt { replica: *replica, number: *number }
            }
            history::Asked::Page { after, limit } => Asked::Page { after: *after, limit: *limit },
        }
    }
}

impl From<&Told> for Outcome {
    fn from(told: &Told) -> Outcome {
        match told {
            Told::Placed { number } => Outcome::Placed(*number),
            Told::NotEnough { left } => {
                Outcome::OutOfStock(OrderError::NotEnough { left: *left }.to_string())
            }
            Told::KeyReused => Outcome::Refused(OrderError::KeyReused.to_string()),
            Told::UnknownProduct => Outcome::Refused(OrderError::UnknownProduct.to_string()),
            Told::Product { product: Some(product) } => Outcome::Product(product.into()),
            Told::Found { order: Some(order) } => Outcome::Order(order.into()),
            Told::Product { product: None } | Told::Found { order: None } => Outcome::Absent,
            Told::Products { products } => Outcome::Products(products.iter().map(Product::from).collect()),
            Told::Orders { orders } => Outcome::Orders(orders.iter().map(Order::from).collect()),
            Told::Unknown => Outcome::Unknown,
        }
    }
}

impl From<&domain::Product> for Product {
    fn from(product: &domain::Product) -> Product {
        let (whole, cents) = (product.price_cents / 100, product.price_cents % 100);
        let price = format!("{whole}.{cents:02}").parse().expect("digits with a point are a number");
        Product { name: product.name.to_string(), price, quantity: product.quantity }
    }
}

impl From<&domain::Order> for Order {
    fn from(order: &domain::Order) -> Order {
        Order {
            number: order.number,
            name: order.name.to_string(),
            quantity: u64::from(order.quantity.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same lines are what `toystore shop` is tested to write.
    const EXAMPLES: &str = include_str!("../../docs/history.jsonl");

    #[test]
    fn the_examples_are_read_and_written_as_documented() {
        let lines = Lines::parse(EXAMPLES).expect("the examples are of the format");
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
        let bad = Lines::parse(&text).expect_err("the last line lacks nearly everything");
        assert_eq!(bad.line, EXAMPLES.lines().count() + 1);
    }
}
