//! The catalog's state: all that is on its disk.

use std::collections::BTreeMap;

use super::changes::GroupChanges;
use super::fence::Fence;
use super::item::{Item, ProductIndex};
use super::memory::Memory;
use super::purchases::Purchases;
use crate::domain::{Product, ProductName, RequestId};
use crate::messages::catalog::{Recalled, Stocked};
use crate::refusals::Refusals;

/// All that the catalog keeps on its disk, as of the last group that became visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogState {
    items: Vec<Item>,
    indexes: BTreeMap<ProductName, ProductIndex>,
    purchases: Purchases,
    fence: Fence,
    refusals: Refusals<u64>,
    memory: Memory,
}

impl CatalogState {
    pub fn new(
        items: Vec<Item>,
        purchases: Purchases,
        fence: Fence,
        refusals: Refusals<u64>,
        memory: Memory,
    ) -> CatalogState {
        let indexes = items.iter().enumerate().map(|(index, item)| (item.name.clone(), index)).collect();
        CatalogState { items, indexes, purchases, fence, refusals, memory }
    }

    pub fn index(&self, name: &ProductName) -> Option<ProductIndex> {
        self.indexes.get(name).copied()
    }

    pub fn product(&self, index: ProductIndex) -> Product {
        self.items[index].product()
    }

    /// The products in their order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    pub fn purchases(&self) -> &Purchases {
        &self.purchases
    }

    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// How many pieces were left when this request was refused, if that is remembered.
    pub fn refused(&self, key: &RequestId) -> Option<u64> {
        self.refusals.get(key).copied()
    }

    /// At most `limit` products, beginning with `first`.
    pub fn products(&self, first: ProductIndex, limit: usize) -> Vec<Product> {
        self.items.iter().skip(first).take(limit).map(Item::product).collect()
    }

    pub fn inventory(&self, first: ProductIndex, limit: usize) -> Vec<Stocked> {
        let stocked = |item: &Item| Stocked {
            name: item.name.clone(),
            price_cents: item.price_cents,
            initial: item.initial,
            restocked: item.restocked,
            sold: item.sold,
        };
        self.items.iter().skip(first).take(limit).map(stocked).collect()
    }

    pub fn names<'a>(&self, indexes: impl IntoIterator<Item = &'a ProductIndex>) -> Vec<ProductName> {
        indexes.into_iter().map(|&index| self.items[index].name.clone()).collect()
    }

    pub fn memory(&self) -> Memory {
        self.memory
    }

    /// What it remembers of the store around it.
    pub fn recall(&self) -> Recalled {
        Recalled {
            store: self.memory.store,
            term: self.fence.term,
            settled: self.purchases.settled(),
            purchases: self.purchases.last(),
        }
    }

    /// Takes in the changes that a draft over this very state ended as. Whether refusals had to be forgotten for it.
    pub fn apply(&mut self, changes: &GroupChanges) -> bool {
        for (index, item) in &changes.items {
            match self.items.get_mut(*index) {
                Some(before) => *before = item.clone(),
                // What is added comes behind what is there, in the order of the indexes.
                None => {
                    self.indexes.insert(item.name.clone(), self.items.len());
                    self.items.push(item.clone());
                }
            }
        }
        if changes.rebuilt {
            self.purchases = Purchases::new(changes.settled, Vec::new());
        }
        for sold in &changes.bought {
            self.purchases.push(sold.clone());
        }
        if let Some(fence) = &changes.fence {
            self.purchases.settle(changes.settled);
            self.fence = fence.clone();
        }
        let mut full = false;
        for (key, left) in &changes.refused {
            full |= self.refusals.keep(key.clone(), *left);
        }
        if let Some(memory) = changes.memory {
            self.memory = memory;
        }
        full
    }
}
