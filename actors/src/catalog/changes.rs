//! What a group of calls changes.

use std::collections::{BTreeMap, BTreeSet};

use super::fence::Fence;
use super::item::{Item, ProductIndex};
use super::memory::Memory;
use crate::domain::{Digest, OrderNumber, RequestId, SoldPurchase};

/// What a group changes, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupChanges {
    /// The products that it changes, as they will be.
    pub items: BTreeMap<ProductIndex, Item>,
    /// The purchases that it adds, numbered from `first` on.
    pub bought: Vec<SoldPurchase>,
    /// The number of the first of them.
    pub first: OrderNumber,
    /// With a fence: purchases up to this number are settled.
    pub settled: OrderNumber,
    /// All purchases before are forgotten, and those up to `settled` count as settled.
    pub rebuilt: bool,
    /// The fence, if it moves.
    pub fence: Option<Fence>,
    /// Who is refused for lack of stock, and how many pieces are left.
    pub refused: BTreeMap<RequestId, u64>,
    /// What is remembered of the store around, if that changes.
    pub memory: Option<Memory>,
    /// The file that was imported, all of it.
    pub imported: Option<Digest>,
}

impl GroupChanges {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.bought.is_empty()
            && self.fence.is_none()
            && self.refused.is_empty()
            && self.memory.is_none()
            && self.imported.is_none()
    }

    /// The products whose stock changes; what is cached of these must go.
    pub fn products(&self) -> BTreeSet<ProductIndex> {
        self.items.keys().copied().collect()
    }
}
