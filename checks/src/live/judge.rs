//! The judge of a running store: takes in what was answered and what was read, and says what is wrong so far.

use std::collections::BTreeMap;

use toystore_actors::domain::{Entry, OrderNumber, Position, Purchase};

use super::arrivals::Arrivals;
use super::book::{LeaderBook, Taken};
use super::keys::Keys;
use super::orders::{LEADER, Orders};
use super::products::Products;
use super::readings::{BookPage, InventoryPage, ReplicaPage};
use super::stocks::Stocks;
use super::verdict::{Findings, Verdict};
use crate::data::{Invocation, Operation, Promise, Repricing, Response, Violation};
use crate::promises::once::{made_though_refused, made_twice, out_of_place};
use crate::promises::one_history::differ;
use crate::promises::products::sights;
use crate::time::Nanos;
use toystore_actors::messages::catalog::Stocked;

/// So long after somebody was told that an outcome is unknown, in nanoseconds, a leader that answers has whatever was sold in its
/// book: a new leader completes what the last has sold before it serves, and one that stays has no request that is older.
const UNKNOWN_FOR: Nanos = 30_000_000_000;

/// So many entries of the book may wait for their answers.
const MOST_UNEXPLAINED: usize = 50_000;

/// So many lost numbers of one reading are counted.
const MOST_AT_ONCE: u64 = 10_000;

/// Judges a running store, for as long as it runs, from what it is told.
#[derive(Debug, Default)]
pub struct LiveJudge {
    restock_to: u64,
    arrivals: Arrivals,
    /// Everything that was asked before then is judged.
    through: Nanos,
    /// When the last answer was there.
    returned: Nanos,
    pub(super) keys: Keys,
    pub(super) orders: Orders,
    pub(super) products: Products,
    pub(super) book: LeaderBook,
    /// When the last page of the book was there.
    book_answered: Nanos,
    /// Entries whose key nobody has named yet, and when they were read: their answers may be under way.
    pub(super) unexplained: BTreeMap<OrderNumber, (Nanos, Purchase)>,
    /// Orders of unknown outcome that were found in the book, and when they were first asked for.
    pub(super) found_in_book: BTreeMap<OrderNumber, Nanos>,
    stocks: Stocks,
    pub(super) findings: Findings,
}

impl LiveJudge {
    /// A judge of a store that restocks what is sold out to so many pieces, or not at all if that is zero.
    #[must_use]
    pub fn new(restock_to: u64) -> LiveJudge {
        LiveJudge { restock_to, ..LiveJudge::default() }
    }

    /// What the catalog counts before anybody is let in. Without it, a product's stock is judged from when all agree on it.
    pub fn begins_with(&mut self, products: &[Stocked]) {
        for product in products {
            let pieces = (product.initial + product.restocked).saturating_sub(product.sold);
            self.products.begins_with(&product.name, product.price_cents, pieces);
        }
    }

    /// What is known so far.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.findings.verdict
    }

    /// How much is kept in memory: operations, entries, keys, states. It has an upper bound, whatever comes.
    #[must_use]
    pub fn kept(&self) -> usize {
        let waiting = self.arrivals.len() + self.unexplained.len() + self.found_in_book.len();
        let known = self.keys.kept() + self.orders.kept() + self.products.kept();
        waiting + known + self.book.kept() + self.stocks.kept()
    }

    /// Something was answered, or was not and nobody waits any more.
    pub fn answered(&mut self, operation: Operation) {
        self.returned = self.returned.max(operation.returned);
        self.arrivals.add(operation);
    }

    /// Whatever was asked before then has been told with [`LiveJudge::answered`]: judges what follows from it.
    pub fn advance(&mut self, complete: Nanos) {
        for operation in self.arrivals.take(complete).into_values() {
            self.operation(operation);
        }
        let waits = self.arrivals.first_invoked().unwrap_or(complete);
        self.through = self.through.max(complete.min(waits));
        self.orders.check(self.through, &mut self.findings);
        self.explain();
        self.products.close(self.through, self.restock_to, &mut self.findings);
        self.stocks.all_before(self.through, self.returned);
        self.findings.verdict.judged_through = self.through;
    }

    /// The operator has asked for another price, or knows that it is there.
    pub fn repriced(&mut self, repricing: Repricing) {
        self.products.reprice(repricing);
    }

    /// The catalog's memory is another since then: restocks, prices and refusals of before are forgotten.
    pub fn catalog_rebuilt(&mut self, at: Nanos) {
        self.keys.forget_refusals();
        self.products.forget(at);
        self.stocks.forget();
    }

    /// Where the leader's book is to be read on.
    #[must_use]
    pub fn read_on_from(&self) -> Position {
        self.book.read()
    }

    /// The leader's book has another entry there, and is to be read from its beginning again.
    pub fn book_diverged(&mut self) {
        self.book.begin_anew();
    }

    /// A page of the leader's book. One that does not begin where it is to be read on says nothing.
    pub fn book(&mut self, page: &BookPage) {
        if page.after != self.book.read().number {
            return;
        }
        self.book_answered = self.book_answered.max(page.answered);
        for entry in &page.entries {
            let expected = self.book.read().number + 1;
            if entry.number < expected {
                break;
            }
            if entry.number > expected {
                let missing = entry.number.get() - expected.get();
                self.findings.missing(missing, out_of_place(LEADER, entry, expected));
            }
            match self.book.take(entry) {
                Taken::New => self.entry(entry, page.answered),
                Taken::Known => {}
                Taken::Differs => {
                    let was = "another entry there before".to_owned();
                    let facts = differ((LEADER, &format!("{entry:?}")), ("its book", &was));
                    self.findings.lost(entry.number, facts);
                }
            }
            self.orders.confirm(entry, &mut self.findings);
        }
        if self.book.read().number >= page.acknowledged {
            self.book_complete(page);
        }
    }

    fn book_complete(&mut self, page: &BookPage) {
        self.book.completed(page.asked, page.answered);
        self.orders.ends(page.asked, page.acknowledged, &mut self.findings);
        let last = self.book.last();
        if page.acknowledged < last {
            let (has, had) = (format!("{} orders", page.acknowledged), format!("{last} before"));
            let lost = (page.acknowledged + 1).onward().take_while(|number| *number <= last);
            for number in lost.take(usize::try_from(MOST_AT_ONCE).unwrap_or(usize::MAX)) {
                self.findings.lost(number, differ((LEADER, &has), ("its book", &had)));
            }
            if self.book.read().number > page.acknowledged {
                self.book.begin_anew();
            }
        }
        self.products.give_up(page.asked.saturating_sub(UNKNOWN_FOR));
        self.stocks.book(page.asked, &self.book, &self.keys, &mut self.findings);
    }

    /// A new entry of the leader's book.
    fn entry(&mut self, entry: &Entry, answered: Nanos) {
        let Some(purchase) = &entry.purchase else {
            let fact = format!("{LEADER} says that order {} was lost in epoch {}", entry.number, entry.epoch);
            self.findings.missing(1, Violation::new(Promise::AcknowledgedKept, [fact]));
            return;
        };
        let key = &purchase.key;
        match self.keys.number(key) {
            Some(number) if number != entry.number => {
                self.findings.doubled(made_twice(LEADER, key, number, entry.number));
            }
            Some(_) => {}
            None => {
                self.keys.numbered(key, entry.number);
                match self.settle(purchase, entry.number, answered) {
                    Some(invoked) => {
                        self.found_in_book.insert(entry.number, invoked);
                    }
                    None => {
                        self.unexplained.insert(entry.number, (answered, purchase.clone()));
                    }
                }
            }
        }
        if let Some(refusal) =
            self.keys.refusal(key).filter(|refusal| asked(refusal).as_ref() == Some(purchase))
            && let Some(found) = made_though_refused(refusal, key, LEADER, entry.number)
        {
            self.findings.doubled(found);
        }
        if self.found_in_book.len() > MOST_UNEXPLAINED {
            self.found_in_book.pop_first();
        }
    }

    /// Entries under keys that nobody has named, though all are there who asked before they were read, are others' orders: when these
    /// were sold is not known.
    fn explain(&mut self) {
        let through = self.through;
        let others = self.unexplained.extract_if(.., |_, (answered, _)| *answered < through);
        for (_, (answered, purchase)) in others {
            if let Some(stock) = self.products.stock(&purchase.name) {
                stock.uncertain(answered);
            }
        }
        while self.unexplained.len() > MOST_UNEXPLAINED
            && let Some((_, (answered, purchase))) = self.unexplained.pop_first()
        {
            if let Some(stock) = self.products.stock(&purchase.name) {
                stock.uncertain(answered);
            }
        }
    }

    /// Entries of a replica's own book.
    pub fn replica(&mut self, page: &ReplicaPage) {
        if !page.in_sync {
            return;
        }
        let holder = format!("order-{}", page.replica);
        let mut last = page.after;
        for entry in &page.entries {
            last = last + 1;
            if entry.number != last {
                self.findings.lost(last, out_of_place(&holder, entry, last));
                return;
            }
            if self.book.compare(entry) == Taken::Differs {
                let held = self.book.entry(entry.number).map(|entry| format!("{entry:?}"));
                let held = held.unwrap_or_else(|| "another".to_owned());
                let facts = differ((&holder, &format!("{entry:?}")), (LEADER, &held));
                self.findings.lost(entry.number, facts);
            }
        }
        if page.ends && page.at_rest && last < self.book.last() {
            let (has, have) = (format!("{last} orders"), self.book.last().to_string());
            let lost = (last + 1).onward().take_while(|number| *number <= self.book.last());
            for number in lost.take(usize::try_from(MOST_AT_ONCE).unwrap_or(usize::MAX)) {
                self.findings.lost(number, differ((&holder, &has), (LEADER, &have)));
            }
        }
    }

    /// What the catalog counts; after whatever was read before.
    pub fn inventory(&mut self, page: InventoryPage) {
        self.stocks.read(page, &self.book, self.book_answered, &mut self.findings);
    }

    fn operation(&mut self, operation: Operation) {
        self.findings.verdict.operations += 1;
        self.products.told(&operation, &mut self.findings);
        self.orders.told(&operation, &mut self.findings);
        self.orders.show(&operation, &self.book, &mut self.findings);
        let Some(purchase) = asked(&operation) else {
            for (name, step) in sights(&operation) {
                if let Some(stock) = self.products.stock(name) {
                    stock.see(step);
                }
            }
            return;
        };
        match operation.response {
            Response::Placed { number } => self.placed(operation, &purchase, number),
            Response::NotEnough { .. } | Response::UnknownProduct | Response::KeyReused => {
                self.refused(operation, &purchase);
            }
            _ => self.unknown(&operation, &purchase),
        }
    }
}

/// The purchase that an operation asks for.
pub(super) fn asked(operation: &Operation) -> Option<Purchase> {
    match &operation.invocation {
        Invocation::Place { key, name, quantity } | Invocation::Again { key, name, quantity } => {
            Some(Purchase { key: key.clone(), name: name.clone(), quantity: *quantity })
        }
        _ => None,
    }
}
