//! What leaders buy: sales and settlements, behind the fence.

use super::overlay::Draft;
use crate::bugs::{catalog as bent, refusals as bent_refusals};
use crate::catalog::fence::{BatchCheck, Fence};
use crate::catalog::memory::Memory;
use crate::domain::{Line, Purchase, Receipt, SoldPurchase, UnixMillis};
use crate::messages::catalog::{Buy, Inheritance, Leadership, Refusal, Sale, TakeOver};
use crate::probe::CatalogEvent;

impl Draft<'_> {
    /// Decides one batch of a leader, at the time `now`: sells each purchase whole or not at all, and forgets what is settled.
    pub fn buy(&mut self, buy: &Buy, now: UnixMillis) -> Result<Vec<Sale>, Refusal> {
        let (term, batch) = (buy.leader.term, buy.batch);
        let check = self.fence().batch(term, batch);
        if let BatchCheck::Refused(refusal) = check {
            self.events.push(CatalogEvent::BatchRefused { term, batch });
            return Err(refusal);
        }
        self.admit(&buy.leader, None)?;
        if let BatchCheck::Repeated(answer) = check {
            self.events.push(CatalogEvent::BatchRepeated { term, batch });
            return Ok(answer);
        }
        // Sales come first: a key that is bought and settled by the same batch is then not sold once more.
        let answer: Vec<Sale> = buy.purchases.iter().map(|purchase| self.sell(purchase, now)).collect();
        self.changes.settled = self.changes.settled.max(buy.settled.min(self.last_purchase()));
        self.changes.fence = Some(Fence { term, batch, answer: answer.clone() });
        Ok(answer)
    }

    /// Starts a term, and tells it what its predecessors bought, in the order of its numbers (rules C7, M4, M5).
    pub fn take_over(&mut self, ask: &TakeOver) -> Result<Inheritance, Refusal> {
        let raised = self.fence().raise(ask.leader.term)?;
        self.admit(&ask.leader, Some(&ask.line))?;
        if let Some(raised) = bent::raised(raised) {
            self.changes.fence = Some(raised);
        }
        Ok(Inheritance { settled: self.changes.settled, unsettled: self.unsettled() })
    }

    fn unsettled(&self) -> Vec<SoldPurchase> {
        let before = self.state.purchases();
        let numbered = (before.settled() + 1).onward().zip(before.unsettled());
        let numbered = numbered.filter(|_| !self.changes.rebuilt);
        let all = numbered.chain(self.changes.first.onward().zip(&self.changes.bought));
        let unsettled = all.filter(|(number, _)| *number > self.changes.settled);
        unsettled.map(|(_, sold)| sold.clone()).collect()
    }

    /// What is sold gets its number, its price and its time here, and nowhere else (rule C8).
    fn sell(&mut self, purchase: &Purchase, now: UnixMillis) -> Sale {
        let sold_before = self.sales.get(&purchase.key).copied();
        if let Some(sale) = sold_before.or_else(|| self.state.purchases().sale(&purchase.key)) {
            return sale;
        }
        let Some(index) = self.index(&purchase.name) else {
            return Sale::UnknownProduct;
        };
        if let Some(left) = bent_refusals::remembered(self.refused(&purchase.key)) {
            return Sale::NotEnough { left };
        }
        let mut item = self.item(index).clone();
        if !item.sell(u64::from(purchase.quantity.get())) {
            self.changes.refused.insert(purchase.key.clone(), item.quantity);
            return Sale::NotEnough { left: item.quantity };
        }
        let receipt = Some(Receipt { price_cents: item.price_cents, sold_at: now });
        self.changes.items.insert(index, item);
        let sale = Sale::Sold { number: self.last_purchase() + 1, receipt };
        self.changes.bought.push(SoldPurchase { purchase: purchase.clone(), receipt });
        self.sales.insert(purchase.key.clone(), sale);
        sale
    }

    /// Whether this leader may buy (rule M9); a newer front-end's run is remembered.
    fn admit(&mut self, leader: &Leadership, line: Option<&Line>) -> Result<(), Refusal> {
        let memory = self.memory();
        let newest = memory.admit(leader, line, self.oldest_epoch, self.progress())?;
        let store = memory.store.map(|(store, _)| store);
        self.remember(newest.zip(store).map(|(by, store)| Memory { store: Some((store, by)) }));
        Ok(())
    }
}
