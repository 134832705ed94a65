//! What the catalog counts, beside what the leader's book holds.
//!
//! The two are never read in one moment. But what was in the book before the catalog was read was sold by then, and what was
//! sold by then is in a book that is read once everyone has an answer, unless its outcome is unknown. So the count lies between two
//! sums, which are the same when nothing is under way.

use std::collections::BTreeMap;

use toystore_actors::catalog::stock::Item;
use toystore_actors::domain::ProductName;
use toystore_actors::messages::catalog::Stocked;

use super::book::LeaderBook;
use super::keys::Keys;
use super::orders::LEADER;
use super::readings::InventoryPage;
use super::verdict::Findings;
use crate::promises::stock::off;
use crate::time::Nanos;

/// The inventory that waits for the book to be read after it.
#[derive(Debug, Default)]
pub(super) struct Stocks {
    /// Pieces at the import, as they were first read.
    initial: BTreeMap<ProductName, u64>,
    waiting: Option<InventoryPage>,
    /// From when on the book has whatever was sold when the inventory was read.
    book_from: Option<Nanos>,
}

impl Stocks {
    /// The catalog was read; the book last before at `book`, if it was.
    pub(super) fn read(
        &mut self,
        page: InventoryPage,
        book: &LeaderBook,
        book_answered: Nanos,
        findings: &mut Findings,
    ) {
        for product in &page.products {
            let initial = *self.initial.entry(product.name.clone()).or_insert(product.initial);
            let before = book.complete().is_some() && book_answered <= page.asked;
            let least = if before { book.ordered(&product.name) } else { 0 };
            if let Some(found) = off(&item(product), Some(initial), LEADER, least..=u64::MAX) {
                findings.stock_off(&product.name, found);
            }
        }
        if self.waiting.is_none() {
            self.waiting = Some(page);
        }
    }

    /// Everything that was asked before then is there, and was answered by `returned`.
    pub(super) fn all_before(&mut self, through: Nanos, returned: Nanos) {
        if self.book_from.is_none() && self.waiting.as_ref().is_some_and(|page| page.answered < through) {
            self.book_from = Some(returned);
        }
    }

    /// The book was read to its end.
    pub(super) fn book(&mut self, asked: Nanos, book: &LeaderBook, keys: &Keys, findings: &mut Findings) {
        if self.book_from.is_none_or(|from| asked <= from) {
            return;
        }
        self.book_from = None;
        for product in self.waiting.take().into_iter().flat_map(|page| page.products) {
            let most = book.ordered(&product.name) + keys.open_pieces(&product.name);
            if let Some(found) = off(&item(&product), None, LEADER, 0..=most) {
                findings.stock_off(&product.name, found);
            }
        }
    }

    /// The catalog counts anew.
    pub(super) fn forget(&mut self) {
        *self = Stocks::default();
    }

    pub(super) fn kept(&self) -> usize {
        self.initial.len() + self.waiting.as_ref().map_or(0, |page| page.products.len())
    }
}

fn item(stocked: &Stocked) -> Item {
    let Stocked { name, price_cents, initial, restocked, sold } = stocked.clone();
    Item { name, price_cents, initial, restocked, sold, quantity: (initial + restocked).saturating_sub(sold) }
}
