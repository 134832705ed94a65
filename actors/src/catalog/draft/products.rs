//! What comes in: restocks, and products from a file.

use super::overlay::Draft;
use crate::catalog::item::Item;
use crate::domain::ProductName;
use crate::messages::catalog::{Import, Imported};
use crate::probe::CatalogEvent;

impl Draft<'_> {
    /// Fills up what is out of stock; the names of what it filled up.
    pub fn restock(&mut self, to: u64) -> Vec<ProductName> {
        let mut restocked = Vec::new();
        for index in 0..self.count() {
            if let Some(item) = self.item(index).restocked(to) {
                restocked.push(item.name.clone());
                self.changes.items.insert(index, item);
            }
        }
        if !restocked.is_empty() {
            self.events.push(CatalogEvent::Restocked { products: restocked.clone() });
        }
        restocked
    }

    /// Takes in what is new, behind what is there, and the prices of what is there; no count.
    pub fn import(&mut self, import: &Import) -> Imported {
        let mut imported = Imported::default();
        for seed in &import.products {
            let Some(index) = self.index(&seed.name) else {
                imported.added += 1;
                let index = self.count();
                self.added.insert(seed.name.clone(), index);
                self.changes.items.insert(index, Item::imported(seed));
                continue;
            };
            let item = self.item(index);
            imported.recounted += u64::from(item.initial != seed.quantity);
            if item.price_cents == seed.price_cents {
                imported.unchanged += 1;
            } else {
                imported.repriced += 1;
                let item = Item { price_cents: seed.price_cents, ..item.clone() };
                self.changes.items.insert(index, item);
            }
        }
        self.changes.imported = import.digest.or(self.changes.imported);
        imported
    }
}
