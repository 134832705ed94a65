//! What a replica does for an operator who goes on without something that is lost.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::replica::Replica;
use crate::domain::{Epoch, OrderNumber, ProductName};
use crate::messages::catalog::{Rebuild, Rebuilt};
use crate::messages::order::{Fill, NotServing, RebuildError};
use crate::net::NodeId;
use crate::order::book::{Write, Written, read};
use crate::order::writer::Stopped;
use crate::probe::ReplicaEvent;

/// Entries that are read at a time.
const CHUNK: usize = 4096;

impl Replica {
    /// What the book lacks of what was acknowledged is lost, and its numbers are taken. False if this is not the run, or
    /// not the book, that was meant.
    ///
    /// # Errors
    /// [`Stopped`] when the disk failed.
    pub async fn fill(self: &Rc<Self>, fill: &Fill) -> Result<bool, Stopped> {
        if !self.decide(|rules, book| rules.may_fill(fill, book)) {
            return Ok(false);
        }
        let last = self.writer.summary().last;
        self.execute(self.decide(|rules, _| rules.step_down()));
        let written = self.writer.write(Write::Fill { epoch: fill.epoch, through: fill.through }).await?;
        if fill.through > last.number {
            self.host.emit(ReplicaEvent::OrdersLost { after: last.number, through: fill.through });
        }
        Ok(written == Written::Appended)
    }

    /// Has the catalog take this leader's book for what was sold.
    ///
    /// # Errors
    /// [`Stopped`] when the disk failed; inside, why it was not done.
    pub async fn rebuild_catalog(&self, epoch: Epoch) -> Result<Result<Rebuilt, RebuildError>, Stopped> {
        let current = self.writer.summary().epoch();
        let shown = {
            let rules = self.rules();
            let leader = rules.term_of(epoch);
            leader.and_then(|led| Some((rules.leadership(led.term())?.0, led.view().store)))
        };
        let Some((leader, store)) = shown else {
            return Ok(Err(RebuildError::NotServing(NotServing::NotLeader { named: epoch, current })));
        };
        if leader.last > self.writer.summary().last.number {
            // Nothing is bought meanwhile, so the disk soon has all of it.
            return Ok(Err(RebuildError::NotServing(NotServing::TakingOver { epoch })));
        }
        let sold = self.sold(leader.last).await?;
        let rebuild = Rebuild { store, leader, sold };
        let answer = self.host.net.send(NodeId::Catalog, &rebuild, self.config.call_limit).await;
        Ok(answer.map_or(Err(RebuildError::Silent), |rebuilt| rebuilt.map_err(RebuildError::Refused)))
    }

    /// The pieces of each product that the book has up to a number.
    async fn sold(&self, through: OrderNumber) -> Result<Vec<(ProductName, u64)>, Stopped> {
        let mut sold: BTreeMap<ProductName, u64> = BTreeMap::new();
        let mut after = OrderNumber::NONE;
        while after < through {
            let entries = self.writer.read(move |book| read::entries(book, after, CHUNK)).await?;
            let Some(last) = entries.last() else { break };
            after = last.number;
            for order in
                entries.iter().filter(|entry| entry.number <= through).filter_map(|entry| entry.order())
            {
                *sold.entry(order.name).or_default() += u64::from(order.quantity.get());
            }
        }
        Ok(sold.into_iter().collect())
    }
}
