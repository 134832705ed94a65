//! Counts of products made anew from a book: what was sold is what the book has, whatever the catalog remembers.

use std::collections::BTreeMap;

use super::item::Item;
use crate::domain::{OrderNumber, ProductName};
use crate::messages::catalog::Rebuilt;

/// Pieces that a book has of each product, and what the products counted so far do not explain.
#[derive(Debug)]
pub struct Recount {
    sold: BTreeMap<ProductName, u64>,
    restocked: Vec<(ProductName, u64)>,
}

impl Recount {
    pub fn new(sold: BTreeMap<ProductName, u64>) -> Recount {
        Recount { sold, restocked: Vec::new() }
    }

    /// A product with the book's count. Where more were sold than came in, the rest must have been restocked.
    pub fn count(&mut self, mut item: Item) -> Item {
        let forgotten = item.recount(self.sold.remove(&item.name).unwrap_or(0));
        if forgotten > 0 {
            self.restocked.push((item.name.clone(), forgotten));
        }
        item
    }

    /// What could not be known. All products have been counted; the book has so many orders.
    pub fn finish(self, orders: OrderNumber) -> Rebuilt {
        Rebuilt { orders, restocked: self.restocked, unknown: self.sold.into_keys().collect() }
    }
}
