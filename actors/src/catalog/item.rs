//! One product and its books.

use crate::bugs::catalog as bent;
use crate::domain::{Product, ProductName, ProductSeed};
use crate::messages::catalog::Stocked;

/// Where a product is in the catalog's order.
pub type ProductIndex = usize;

/// One product with its books: `initial + restocked - sold = quantity`, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub name: ProductName,
    pub price_cents: u64,
    /// Pieces at the import.
    pub initial: u64,
    /// Pieces that all restocks brought.
    pub restocked: u64,
    /// Pieces that all purchases took.
    pub sold: u64,
    /// Pieces in stock.
    pub quantity: u64,
}

impl Item {
    /// A product of which nothing was sold.
    pub(crate) fn imported(seed: &ProductSeed) -> Item {
        Item {
            name: seed.name.clone(),
            price_cents: seed.price_cents,
            initial: seed.quantity,
            restocked: 0,
            sold: 0,
            quantity: seed.quantity,
        }
    }

    /// A product of which nothing was sold, whatever this says.
    pub(crate) fn unsold(stocked: Stocked) -> Item {
        let Stocked { name, price_cents, initial, restocked, sold: _ } = stocked;
        let quantity = initial.saturating_add(restocked);
        Item { name, price_cents, initial, restocked, sold: 0, quantity }
    }

    /// Whether what came in, less what was sold, is what is there.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        u128::from(self.initial) + u128::from(self.restocked)
            == u128::from(self.sold) + u128::from(self.quantity)
    }

    /// Takes pieces out, if there are enough.
    pub(crate) fn sell(&mut self, pieces: u64) -> bool {
        let left = bent::left(self.quantity.checked_sub(pieces));
        if let Some(left) = left {
            self.quantity = left;
            self.sold += pieces;
        }
        left.is_some()
    }

    /// Makes so many pieces the ones that were sold. Returns how many must have been restocked that nobody remembers.
    pub(crate) fn recount(&mut self, sold: u64) -> u64 {
        let forgotten = sold.saturating_sub(self.initial.saturating_add(self.restocked));
        self.restocked += forgotten;
        self.sold = sold;
        self.quantity = (self.initial + self.restocked).saturating_sub(sold);
        forgotten
    }

    /// Filled up, if it is out of stock. `None` if there is nothing to do, or if so many pieces have come in already that
    /// they could no longer be counted.
    pub(crate) fn restocked(&self, to: u64) -> Option<Item> {
        if self.quantity > 0 || to == 0 {
            return None;
        }
        self.initial.checked_add(self.restocked)?.checked_add(to)?;
        Some(Item { restocked: self.restocked + to, quantity: to, ..self.clone() })
    }

    pub(crate) fn product(&self) -> Product {
        Product { name: self.name.clone(), price_cents: self.price_cents, quantity: self.quantity }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_count_overflows() {
        let (name, price_cents) = (ProductName::new("Tux").expect("a valid name"), 1599);
        let mut item = Item::imported(&ProductSeed { name, price_cents, quantity: u64::MAX });
        assert!(item.sell(u64::MAX));
        assert_eq!(item.restocked(1), None, "it could not be counted");
        assert!(item.adds_up());
        assert_eq!(Item { initial: 0, sold: 0, ..item }.restocked(0), None, "nothing to restock to");
    }
}
