//! What an answer to an order means for what is known of its key, its number and its product.

use toystore_actors::domain::{OrderNumber, Purchase, RequestId};

use super::judge::{LiveJudge, asked};
use super::orders::LEADER;
use crate::data::{Operation, Promise, Response, Violation};
use crate::promises::once::made_though_refused;
use crate::promises::products::{bought, perhaps_bought, sights};
use crate::time::{Nanos, seconds};

impl LiveJudge {
    /// An open order is known to be placed, and to have been sold by then. Says when it was first asked for, if it was open.
    pub(super) fn settle(&mut self, purchase: &Purchase, number: OrderNumber, until: Nanos) -> Option<Nanos> {
        let mut invoked = None;
        for open in self.keys.close(&purchase.key) {
            let Some(stock) = self.products.stock(&open.purchase.name) else { continue };
            if open.purchase != *purchase {
                stock.never(&open.purchase);
                continue;
            }
            invoked = Some(open.invoked);
            if !stock.sold(purchase, until, number) {
                stock.uncertain(until);
            }
        }
        invoked
    }

    pub(super) fn placed(&mut self, operation: Operation, purchase: &Purchase, number: OrderNumber) {
        let Purchase { key, name, quantity } = purchase;
        match (self.keys.number(key), self.orders.placed(number)) {
            (Some(known), _) if known != number => {
                self.findings.doubled(told_twice(key, known, &operation));
                return;
            }
            (Some(_), Some(before)) => {
                if asked(before).as_ref() == Some(purchase) {
                    self.orders.earlier(number, operation.invoked);
                    self.earlier(purchase, operation.invoked);
                } else {
                    self.findings.doubled(told_twice(key, number, &operation));
                }
                return;
            }
            _ => {}
        }
        self.keys.numbered(key, number);
        self.unexplained.remove(&number);
        self.findings.verdict.acknowledged += 1;
        let in_book = self.found_in_book.remove(&number);
        let open = in_book.or_else(|| self.settle(purchase, number, operation.returned));
        match open {
            Some(_) => self.earlier(purchase, operation.invoked),
            None => {
                let step = bought(&operation, *quantity, key, number);
                if let Some(stock) = self.products.stock(name) {
                    stock.sell(step, purchase.clone(), operation.returned);
                }
            }
        }
        let invoked = open.map_or(operation.invoked, |open| open.min(operation.invoked));
        let operation = Operation { invoked, ..operation };
        self.orders.place(number, operation, &self.book, &mut self.findings);
    }

    fn earlier(&mut self, purchase: &Purchase, invoked: Nanos) {
        if let Some(stock) = self.products.stock(&purchase.name) {
            stock.earlier(purchase, invoked);
        }
    }

    pub(super) fn refused(&mut self, operation: Operation, purchase: &Purchase) {
        let key = &purchase.key;
        if let Some(number) = self.keys.number(key) {
            let in_book = || self.book.entry(number).and_then(|entry| entry.purchase.clone());
            let made = self.orders.placed(number).and_then(asked).or_else(in_book);
            if made.as_ref() == Some(purchase)
                && let Some(found) = made_though_refused(&operation, key, LEADER, number)
            {
                self.findings.doubled(found);
            }
            return;
        }
        if operation.response == Response::KeyReused {
            return;
        }
        let mut first = None;
        for open in self.keys.close(key) {
            if open.purchase != *purchase {
                self.keys.left_open(&open.purchase, open.invoked, open.returned);
                continue;
            }
            first = Some(open.invoked);
            if let Some(stock) = self.products.stock(&purchase.name) {
                stock.never(purchase);
            }
        }
        // Who asks again is told what was left when it was first refused.
        if self.keys.refusal(key).is_none()
            && let Some((name, mut step)) = sights(&operation).next()
            && let Some(stock) = self.products.stock(name)
        {
            step.from = first.unwrap_or(step.from).min(step.from);
            if first.is_none_or(|first| !stock.is_closed(first)) {
                stock.see(step);
            }
        }
        self.keys.refused(key, operation);
    }

    pub(super) fn unknown(&mut self, operation: &Operation, purchase: &Purchase) {
        let Purchase { key, name, quantity } = purchase;
        if self.keys.refusal(key).is_some_and(|refusal| asked(refusal).as_ref() == Some(purchase)) {
            return;
        }
        if let Some(number) = self.keys.number(key) {
            let Some((answered, _)) = self.unexplained.get(&number).filter(|(_, bought)| bought == purchase)
            else {
                self.earlier(purchase, operation.invoked);
                return;
            };
            let mut step = perhaps_bought(operation, *quantity, key, Some(number), ", as the book says");
            step.until = step.from.max(*answered);
            self.unexplained.remove(&number);
            self.found_in_book.insert(number, operation.invoked);
            if let Some(stock) = self.products.stock(name) {
                stock.sell(step, purchase.clone(), operation.returned);
            }
            return;
        }
        let new = self.keys.left_open(purchase, operation.invoked, operation.returned);
        let Some(stock) = self.products.stock(name) else { return };
        if new {
            let step = perhaps_bought(operation, *quantity, key, None, ", unknowingly");
            stock.sell(step, purchase.clone(), operation.returned);
        } else {
            stock.earlier(purchase, operation.invoked);
            stock.still_unknown(purchase, operation.returned);
        }
    }
}

/// A key that has an order was told of another.
fn told_twice(key: &RequestId, number: OrderNumber, operation: &Operation) -> Violation {
    let facts = [
        format!("key {key} made order {number}"),
        format!(
            "client {} was told at {} of {:?}: {:?}",
            operation.client,
            seconds(operation.returned),
            operation.invocation,
            operation.response
        ),
    ];
    Violation::new(Promise::ExactlyOnce, facts)
}
