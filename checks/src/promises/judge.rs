//! Judges a run that has ended.

use toystore_actors::domain::{ProductSeed, UnixMillis};

use super::{durable, evidence, once, one_history, orders, prices, products, receipts, stock};
use crate::data::{History, StoreAudit, Violation};
use crate::time::Nanos;

/// All that is wrong with a store that has come to rest, and that began with these products and restocked them to so many
/// pieces, and whose catalog's wall clock shows `wall`. What was too much to search is counted as undecided.
#[must_use]
pub fn judge(
    catalog: &[ProductSeed],
    restock_to: u64,
    history: &History,
    audit: &StoreAudit,
    wall: impl Fn(Nanos) -> UnixMillis,
    undecided: &mut u64,
) -> Vec<Violation> {
    let mut found = judge_history(history);
    found.extend(durable::check(history, audit));
    found.extend(one_history::check(audit));
    found.extend(once::check(history, audit));
    found.extend(stock::check(catalog, audit));
    found.extend(products::check(history, audit, catalog, restock_to, undecided));
    found.extend(prices::check(history, catalog));
    found.extend(receipts::check(history, audit, catalog, wall));
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
    orders::check(history).err().into_iter().chain(receipts::check_shown(history)).collect()
}
