//! Puts a history to the checkers.

use std::collections::BTreeSet;

use super::finding::{CheckerReport, Finding};
use super::search::{SearchVerdict, search};
use super::{book, stock, transactions};
use crate::history_file::{HistoryFile, LineCall, LineOutcome};

/// What the checkers say of a history. `restock_to` is how many pieces there are of a product after a restock, if
/// that is known and the history does not say it.
#[must_use]
pub fn judge(history: &HistoryFile, restock_to: Option<u64>) -> Vec<CheckerReport> {
    let mut reports = Vec::new();
    match book::acts(history) {
        Ok(acts) => {
            reports.push(CheckerReport {
                of: "the order book".to_owned(),
                by: "todc-utils",
                operations: acts.len(),
                finding: finding(history, search::<book::Book>(&acts)),
            });
            reports.push(CheckerReport {
                of: "the order book".to_owned(),
                by: "adya",
                operations: acts.len(),
                finding: transactions::check(&acts),
            });
        }
        Err(unacknowledged) => reports.push(CheckerReport {
            of: "the order book".to_owned(),
            by: "counting",
            operations: history.operations.len(),
            finding: Finding::Broken(vec![unacknowledged]),
        }),
    }
    for name in products(history) {
        let acts = stock::acts(history, name, restock_to);
        reports.push(CheckerReport {
            of: format!("the stock of {name}"),
            by: "todc-utils",
            operations: acts.len(),
            finding: finding(history, search::<stock::Stock>(&acts)),
        });
    }
    reports
}

/// The products that there are: those that are in the opening or were ever seen or sold.
fn products(history: &HistoryFile) -> BTreeSet<&str> {
    let mut names: BTreeSet<&str> =
        history.opening.iter().flat_map(|opening| opening.initial.keys().map(String::as_str)).collect();
    for line in &history.operations {
        match (&line.call, &line.outcome) {
            (_, LineOutcome::Product(product)) => {
                names.insert(&product.name);
            }
            (_, LineOutcome::Products(products)) => {
                names.extend(products.iter().map(|product| &*product.name))
            }
            (LineCall::Order { name, .. }, LineOutcome::Placed(_) | LineOutcome::OutOfStock(_)) => {
                names.insert(name);
            }
            _ => {}
        }
    }
    names
}

fn finding(history: &HistoryFile, verdict: SearchVerdict) -> Finding {
    match verdict {
        SearchVerdict::Fits => Finding::Kept,
        SearchVerdict::Undecided => Finding::Undecided,
        SearchVerdict::Broken { line } => {
            let place = line.checked_sub(history.line_of(0));
            let text = place
                .and_then(|place| history.operations.get(place))
                .and_then(|operation| serde_json::to_string(operation).ok());
            Finding::Broken(vec![
                format!("what returned before line {line} fits together; with this line it does not:"),
                text.unwrap_or_default(),
            ])
        }
    }
}
