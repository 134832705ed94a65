//! The newest orders that somebody was told of: when they were asked for and told, and whether the leader's book has them.

use std::collections::{BTreeMap, BTreeSet};

use toystore_actors::domain::{Entry, Order, OrderNumber};

use super::book::LeaderBook;
use super::verdict::Findings;
use crate::data::{Invocation, Operation, Response};
use crate::promises::durable::{not_as_acknowledged, not_as_shown};
use crate::promises::orders::{found, given_twice, highest, in_order, lookup, same};
use crate::promises::told::FirstTold;
use crate::time::Nanos;

/// So many orders are known by what was told of them.
const MOST_ORDERS: usize = 100_000;

/// Whose book it is, in a sentence.
pub(super) const LEADER: &str = "the leader";

/// The newest orders that somebody was told of.
#[derive(Debug, Default)]
pub(super) struct Orders {
    told: FirstTold,
    placed: BTreeMap<OrderNumber, Operation>,
    /// By whom an order was first found.
    found: BTreeMap<OrderNumber, Operation>,
    /// Placed; whether one of a higher number was told of before is seen once all that was asked before is there.
    unchecked: BTreeSet<OrderNumber>,
    /// Placed or found, and not yet read in the leader's book.
    unconfirmed: BTreeSet<OrderNumber>,
}

impl Orders {
    pub(super) fn placed(&self, number: OrderNumber) -> Option<&Operation> {
        self.placed.get(&number)
    }

    /// Somebody was told a number, whatever of.
    pub(super) fn told(&mut self, operation: &Operation, findings: &mut Findings) {
        if let Err(found) = lookup(operation, &self.told) {
            findings.stale(found);
        }
        if let Some(number) = highest(&operation.response) {
            self.told.tell(number, operation.returned);
            self.told.keep(MOST_ORDERS);
        }
    }

    /// An order was acknowledged for the first time.
    pub(super) fn place(
        &mut self,
        number: OrderNumber,
        operation: Operation,
        book: &LeaderBook,
        findings: &mut Findings,
    ) {
        if let Some(before) = self.placed.get(&number) {
            findings.doubled(given_twice(number, before, &operation));
            return;
        }
        self.unchecked.insert(number);
        if number > book.last() {
            self.unconfirmed.insert(number);
        } else if let Some(entry) = book.entry(number)
            && let Some(lost) = not_as_acknowledged(&operation, LEADER, Some(entry), book.last().get())
        {
            findings.lost(number, lost);
        }
        self.placed.insert(number, operation);
        self.trim(findings);
    }

    /// It was first asked for earlier than was known.
    pub(super) fn earlier(&mut self, number: OrderNumber, invoked: Nanos) {
        if let Some(placed) = self.placed.get_mut(&number) {
            placed.invoked = placed.invoked.min(invoked);
        }
    }

    /// Orders were shown.
    pub(super) fn show(&mut self, operation: &Operation, book: &LeaderBook, findings: &mut Findings) {
        for order in found(&operation.response) {
            if let Some(placed) = self.placed.get(&order.number)
                && let Err(found) = same(operation, order, placed)
            {
                findings.stale(found);
            }
            if order.number > book.last() {
                self.unconfirmed.insert(order.number);
            } else if let Some(entry) = book.entry(order.number)
                && let Some(lost) = not_as_shown(operation, order, LEADER, Some(entry), book.last().get())
            {
                findings.lost(order.number, lost);
            }
            if !self.placed.contains_key(&order.number) || order.number > book.last() {
                self.found.entry(order.number).or_insert_with(|| only(operation, order));
            }
        }
        self.trim(findings);
    }

    /// The leader's book has this entry.
    pub(super) fn confirm(&mut self, entry: &Entry, findings: &mut Findings) {
        if !self.unconfirmed.remove(&entry.number) {
            return;
        }
        self.compare(entry.number, Some(entry), entry.number, findings);
    }

    /// The leader's book, asked for then, ends before what somebody had been told of before.
    pub(super) fn ends(&mut self, asked: Nanos, last: OrderNumber, findings: &mut Findings) {
        let told_before = |number: &OrderNumber| {
            let told = [self.placed.get(number), self.found.get(number)];
            told.into_iter().flatten().any(|operation| operation.returned < asked)
        };
        let lost: Vec<_> = self.unconfirmed.range(last + 1..).copied().filter(told_before).collect();
        for number in lost {
            self.unconfirmed.remove(&number);
            self.compare(number, None, last, findings);
        }
    }

    fn compare(
        &self,
        number: OrderNumber,
        entry: Option<&Entry>,
        orders: OrderNumber,
        findings: &mut Findings,
    ) {
        let placed = self.placed.get(&number);
        let lost = placed.and_then(|placed| not_as_acknowledged(placed, LEADER, entry, orders.get()));
        let shown = self.found.get(&number).and_then(|operation| {
            let order = found(&operation.response).first()?;
            not_as_shown(operation, order, LEADER, entry, orders.get())
        });
        if let Some(lost) = lost.or(shown) {
            findings.lost(number, lost);
        }
    }

    /// Checks the orders that were asked for before then, before which everything is there.
    pub(super) fn check(&mut self, through: Nanos, findings: &mut Findings) {
        let known =
            |number: &OrderNumber| self.placed.get(number).is_none_or(|placed| placed.invoked < through);
        let known: Vec<_> = self.unchecked.iter().copied().filter(known).collect();
        for number in known {
            self.unchecked.remove(&number);
            let Some(placed) = self.placed.get(&number) else { continue };
            if let Err(late) = in_order(number, placed, &self.told) {
                findings.stale(late);
            }
            if let Some(operation) = self.found.get(&number)
                && let Some(order) = found(&operation.response).first()
                && let Err(found) = same(operation, order, placed)
            {
                findings.stale(found);
            }
        }
    }

    fn trim(&mut self, findings: &mut Findings) {
        while self.placed.len() > MOST_ORDERS
            && let Some((number, _)) = self.placed.pop_first()
        {
            self.unchecked.remove(&number);
            // Nobody has read the book for so long.
            findings.verdict.undecided += u64::from(self.unconfirmed.remove(&number));
        }
        while self.found.len() > MOST_ORDERS
            && let Some((number, _)) = self.found.pop_first()
        {
            self.unconfirmed.remove(&number);
        }
    }

    pub(super) fn kept(&self) -> usize {
        let orders = self.placed.len() + self.found.len() + self.told.len();
        orders + self.unchecked.len() + self.unconfirmed.len()
    }
}

/// One of the orders that an operation found.
fn only(operation: &Operation, order: &Order) -> Operation {
    Operation {
        client: operation.client,
        invocation: Invocation::Find { number: order.number },
        invoked: operation.invoked,
        returned: operation.returned,
        response: Response::Found { order: Some(order.clone()) },
    }
}
