//! The catalog's state as the calls of the group so far leave it: the visible one, and over it their changes.

use std::collections::BTreeMap;

use crate::catalog::changes::GroupChanges;
use crate::catalog::fence::Fence;
use crate::catalog::item::{Item, ProductIndex};
use crate::catalog::memory::{Memory, Progress};
use crate::catalog::state::CatalogState;
use crate::domain::{Epoch, OrderNumber, ProductName, RequestId};
use crate::messages::catalog::Sale;
use crate::probe::CatalogEvent;

/// A group being decided, over the state that is visible.
#[derive(Debug)]
pub struct Draft<'a> {
    pub(super) state: &'a CatalogState,
    /// The epoch of the front-end's view when the catalog started, once that is known.
    pub(super) oldest_epoch: Option<Epoch>,
    pub(super) changes: GroupChanges,
    /// What this draft sold, as it is told.
    pub(super) sales: BTreeMap<RequestId, Sale>,
    /// The products that this draft adds, behind those that are there.
    pub(super) added: BTreeMap<ProductName, ProductIndex>,
    pub(super) events: Vec<CatalogEvent>,
}

impl<'a> Draft<'a> {
    pub fn new(state: &'a CatalogState, oldest_epoch: Option<Epoch>) -> Draft<'a> {
        let (first, settled) = (state.purchases().last() + 1, state.purchases().settled());
        let changes = GroupChanges { first, settled, ..GroupChanges::default() };
        Draft {
            state,
            oldest_epoch,
            changes,
            sales: BTreeMap::new(),
            added: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// What is to be saved and shown, and what is then to be told.
    pub fn finish(self) -> (GroupChanges, Vec<CatalogEvent>) {
        (self.changes, self.events)
    }

    /// How many products there are.
    pub(super) fn count(&self) -> usize {
        self.state.items().len() + self.added.len()
    }

    pub(super) fn index(&self, name: &ProductName) -> Option<ProductIndex> {
        self.state.index(name).or_else(|| self.added.get(name).copied())
    }

    pub(super) fn item(&self, index: ProductIndex) -> &Item {
        self.changes.items.get(&index).unwrap_or_else(|| &self.state.items()[index])
    }

    pub(super) fn fence(&self) -> &Fence {
        self.changes.fence.as_ref().unwrap_or_else(|| self.state.fence())
    }

    pub(super) fn memory(&self) -> Memory {
        self.changes.memory.unwrap_or_else(|| self.state.memory())
    }

    /// The number of the last purchase; 0 before the first.
    pub(super) fn last_purchase(&self) -> OrderNumber {
        self.changes.first - 1 + self.changes.bought.len() as u64
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { term: self.fence().term, purchases: self.last_purchase() }
    }

    /// How many pieces were left when this request was refused, if it was (rule C3).
    pub(super) fn refused(&self, key: &RequestId) -> Option<u64> {
        self.changes.refused.get(key).copied().or_else(|| self.state.refused(key))
    }
}
