//! A second opinion on what the shoppers were told, by checkers that nobody here wrote.
//!
//! Two judges see nothing but a history ([`crate::lines`]), from a simulated or a deployed run:
//! `todc-utils`, which searches for an order of the operations that their times and a specification allow
//! ([`book`], [`stock`]), and `adya`, which looks for cycles among transactions ([`transactions`]). What is
//! ours in this is only the question that is put to them.

mod book;
mod search;
pub(crate) mod stock;
mod transactions;

use std::collections::BTreeSet;
use std::fmt;

use crate::clock::Nanos;
use crate::lines::{Asked, Lines, Outcome};

pub(crate) use search::search;

/// One operation, as a judge is told of it.
#[derive(Debug, Clone)]
pub(crate) struct Timed<A> {
    /// What it did or saw.
    pub act: A,
    /// It took place no earlier.
    pub from: Nanos,
    /// And no later; no limit if nobody was told of it.
    pub until: Option<Nanos>,
    /// Its line in the file, for people.
    pub line: usize,
}

/// When each operation begins (false) and ends (true), in time: by its place in `operations`. Of what happens at
/// the same time the beginning comes first: such operations overlap.
fn moments<A>(operations: &[Timed<A>]) -> Vec<(Nanos, bool, usize)> {
    let both = operations.iter().enumerate().flat_map(|(index, operation)| {
        [(operation.from, false, index), (operation.until.unwrap_or(Nanos::MAX), true, index)]
    });
    let mut moments: Vec<_> = both.collect();
    moments.sort_unstable();
    moments
}

/// What a judge found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The history fits.
    Kept,
    /// There were too many possibilities to try.
    Undecided,
    /// It does not fit; why, for a person.
    Broken(Vec<String>),
}

/// What one judge says of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// Of what.
    pub of: String,
    /// Who.
    pub by: &'static str,
    /// How many operations it was told of.
    pub operations: usize,
    /// What it found.
    pub finding: Finding,
}

impl fmt::Display for Opinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Opinion { of, by, operations, finding } = self;
        match finding {
            Finding::Kept => write!(f, "{of}: {by} finds nothing wrong with {operations} operations"),
            Finding::Undecided => write!(f, "{of}: {operations} operations are too much for {by} to decide"),
            Finding::Broken(facts) => {
                write!(f, "{of}: {by} finds {operations} operations BROKEN")?;
                facts.iter().try_for_each(|fact| write!(f, "\n    - {fact}"))
            }
        }
    }
}

/// What the judges say of a history. `restock_to` is how many pieces there are of a product after a restock, if
/// that is known and the history does not say it.
#[must_use]
pub fn judge(lines: &Lines, restock_to: Option<u64>) -> Vec<Opinion> {
    let mut opinions = Vec::new();
    match book::acts(lines) {
        Ok(acts) => {
            opinions.push(Opinion {
                of: "the order book".to_owned(),
                by: "todc-utils",
                operations: acts.len(),
                finding: told(lines, search::<book::Book>(&acts)),
            });
            opinions.push(Opinion {
                of: "the order book".to_owned(),
                by: "adya",
                operations: acts.len(),
                finding: transactions::check(&acts),
            });
        }
        Err(nobodys) => opinions.push(Opinion {
            of: "the order book".to_owned(),
            by: "counting",
            operations: lines.operations.len(),
            finding: Finding::Broken(vec![nobodys]),
        }),
    }
    for name in products(lines) {
        let acts = stock::acts(lines, name, restock_to);
        opinions.push(Opinion {
            of: format!("the stock of {name}"),
            by: "todc-utils",
            operations: acts.len(),
            finding: told(lines, search::<stock::Stock>(&acts)),
        });
    }
    opinions
}

/// The products that there are: those that are in the opening or were ever seen or sold.
fn products(lines: &Lines) -> BTreeSet<&str> {
    let mut names: BTreeSet<&str> =
        lines.opening.iter().flat_map(|opening| opening.initial.keys().map(String::as_str)).collect();
    for line in &lines.operations {
        match (&line.asked, &line.outcome) {
            (_, Outcome::Product(product)) => {
                names.insert(&product.name);
            }
            (_, Outcome::Products(products)) => names.extend(products.iter().map(|product| &*product.name)),
            (Asked::Order { name, .. }, Outcome::Placed(_) | Outcome::OutOfStock(_)) => {
                names.insert(name);
            }
            _ => {}
        }
    }
    names
}

fn told(lines: &Lines, verdict: search::Verdict) -> Finding {
    match verdict {
        search::Verdict::Fits => Finding::Kept,
        search::Verdict::Undecided => Finding::Undecided,
        search::Verdict::Broken { line } => {
            let place = line.checked_sub(lines.line_of(0));
            let text = place
                .and_then(|place| lines.operations.get(place))
                .and_then(|operation| serde_json::to_string(operation).ok());
            Finding::Broken(vec![
                format!("what returned before line {line} fits together; with this line it does not:"),
                text.unwrap_or_default(),
            ])
        }
    }
}

#[cfg(test)]
mod tests;
