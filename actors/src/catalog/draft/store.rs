//! What front-ends and operators tell of the store around the catalog.

use super::overlay::Draft;
use crate::bugs::catalog as bent;
use crate::catalog::fence::Fence;
use crate::catalog::memory::Memory;
use crate::catalog::recount::Recount;
use crate::domain::{OrderNumber, Term};
use crate::messages::catalog::{GoOn, Rebuild, Rebuilt, Refusal, Register, Registered};
use crate::probe::CatalogEvent;

impl Draft<'_> {
    /// A front-end makes its run known (rule M7).
    pub fn register(&mut self, ask: &Register) -> Registered {
        let (answer, memory) = self.memory().register(ask, self.progress());
        self.remember(memory);
        answer
    }

    /// Whether there are purchases enough for so many orders (rule M9).
    pub fn vouch(&self, orders: OrderNumber) -> Result<(), Refusal> {
        let purchases = self.last_purchase();
        if bent::is_behind(orders > purchases) {
            return Err(Refusal::Behind { purchases, orders });
        }
        Ok(())
    }

    /// The operator's front-end is the newest, and no term before its epoch to come counts. A new file stays one.
    pub fn go_on(&mut self, ask: &GoOn) -> bool {
        let Some((store, _)) = self.memory().store else { return true };
        if store != ask.store {
            return false;
        }
        self.remember(Some(Memory { store: Some((store, ask.run)) }));
        let term = Term::begun_in(ask.epoch.before()).max(self.fence().term);
        self.changes.fence = Some(Fence { term, batch: u64::MAX, answer: Vec::new() });
        true
    }

    /// Remembers this of the store, if it is anything new. (The front-end's view is by a run that has the one remembered in
    /// its line; rule M9.)
    pub fn remember(&mut self, memory: Option<Memory>) {
        self.changes.memory = memory.filter(|memory| *memory != self.memory()).or(self.changes.memory);
    }

    /// Takes the leader's book for what was sold, all of it settled.
    pub fn rebuild(&mut self, ask: &Rebuild) -> Result<Rebuilt, Refusal> {
        let leader = &ask.leader;
        self.fence().raise(leader.term)?;
        match self.memory().store {
            Some((store, by)) if store != ask.store || by != leader.by => return Err(Refusal::OutdatedView),
            Some(_) if leader.last <= self.last_purchase() => return Err(Refusal::Whole),
            Some(_) | None => {}
        }
        let mut recount = Recount::new(ask.sold.iter().cloned().collect());
        let mut stock = Vec::new();
        for index in 0..self.count() {
            let item = recount.count(self.item(index).clone());
            stock.push((item.name.clone(), item.quantity));
            self.changes.items.insert(index, item);
        }
        self.changes.bought.clear();
        self.sales.clear();
        (self.changes.first, self.changes.settled, self.changes.rebuilt) =
            (leader.last + 1, leader.last, true);
        self.changes.fence = Some(Fence { term: leader.term, batch: 0, answer: Vec::new() });
        self.remember(Some(Memory { store: Some((ask.store, leader.by)) }));
        self.events.push(CatalogEvent::CatalogRebuilt { orders: leader.last, stock });
        Ok(recount.finish(leader.last))
    }
}
