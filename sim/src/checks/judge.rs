//! Judges a run that has ended.

use super::{durable, evidence, once, one_history, orders, prices, products, stock};
use crate::data::{History, StoreAudit, Violation};
use crate::plan::Setup;
use crate::plan::products::products as catalog_of;

/// All that is wrong with a run that has come to rest. What was too much to search is counted as undecided.
#[must_use]
pub fn judge(setup: &Setup, history: &History, audit: &StoreAudit, undecided: &mut u64) -> Vec<Violation> {
    let mut found = judge_history(history);
    found.extend(durable::check(history, audit));
    found.extend(one_history::check(audit));
    found.extend(once::check(history, audit));
    found.extend(stock::check(setup, audit));
    let catalog = catalog_of(setup);
    found.extend(products::check(history, audit, &catalog, setup.restock_to, undecided));
    found.extend(prices::check(history, &catalog));
    found
}

/// What the disks say about acknowledged orders when a run ended in the middle; for the report.
#[must_use]
pub fn evidence_on_disks(history: &History, audit: &StoreAudit) -> Vec<String> {
    evidence::gather(history, audit)
}

/// What is wrong with what the shoppers were told, whatever is on the disks.
#[must_use]
pub fn judge_history(history: &History) -> Vec<Violation> {
    orders::check(history).err().into_iter().collect()
}
