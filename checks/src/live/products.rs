//! All products: which there are, what they cost, and how many are in stock.

use std::collections::BTreeMap;

use toystore_actors::domain::ProductName;

use super::prices::Price;
use super::product::{Judged, ProductStock};
use super::verdict::Findings;
use crate::data::{Operation, Promise, Repricing, Violation};
use crate::promises::prices::{Sighting, shown};
use crate::promises::products::{contradicts, told_of};
use crate::time::Nanos;

/// Of so many products the stock is judged; of further ones, nothing is said.
const MOST_PRODUCTS: usize = 50_000;

/// What is known of one product.
#[derive(Debug, Default)]
struct Product {
    /// When somebody was first told that there is one.
    known: Option<Nanos>,
    price: Price,
    stock: ProductStock,
}

/// All products.
#[derive(Debug, Default)]
pub(super) struct Products(BTreeMap<ProductName, Product>);

impl Products {
    fn product(&mut self, name: &ProductName) -> Option<&mut Product> {
        if !self.0.contains_key(name) {
            if self.0.len() >= MOST_PRODUCTS {
                return None;
            }
            self.0.insert(name.clone(), Product::default());
        }
        self.0.get_mut(name)
    }

    /// A product is there, costs so much and has so many pieces, and nothing is under way.
    pub(super) fn begins_with(&mut self, name: &ProductName, price_cents: u64, pieces: u64) {
        if let Some(product) = self.product(name) {
            product.known = Some(0);
            product.price = Price::begins_with(price_cents);
            product.stock.begins_with(pieces);
        }
    }

    /// A product's stock, if it is judged.
    pub(super) fn stock(&mut self, name: &ProductName) -> Option<&mut ProductStock> {
        self.product(name).map(|product| &mut product.stock)
    }

    /// A price is being changed, or is known to have been.
    pub(super) fn reprice(&mut self, repricing: Repricing) {
        if let Some(product) = self.product(&repricing.name) {
            product.price.change(repricing);
        }
    }

    /// Whether there is a product, and what it costs.
    pub(super) fn told(&mut self, operation: &Operation, findings: &mut Findings) {
        match told_of(operation) {
            Some((name, false)) => {
                let known = self.0.get(name).and_then(|product| product.known);
                if known.is_some_and(|known| known < operation.invoked) {
                    findings.stale(contradicts(operation));
                }
            }
            Some((name, true)) => self.there(name, operation.returned),
            None => {}
        }
        for seen in shown(&operation.response) {
            self.there(&seen.name, operation.returned);
            let Some(product) = self.product(&seen.name) else { continue };
            if let Some(found) = product.price.see(Sighting::new(operation, seen)) {
                findings.stale(found);
            }
        }
    }

    fn there(&mut self, name: &ProductName, since: Nanos) {
        if let Some(product) = self.product(name) {
            product.known = product.known.or(Some(since));
        }
    }

    /// Stock and prices are others since then.
    pub(super) fn forget(&mut self, at: Nanos) {
        for product in self.0.values_mut() {
            product.price = Price::default();
            product.stock.uncertain(at);
        }
    }

    /// Stops to wait for orders of an outcome that is unknown since before then.
    pub(super) fn give_up(&mut self, before: Nanos) {
        self.0.values_mut().for_each(|product| product.stock.give_up(before));
    }

    /// Judges what ended before then: all that began before then is there.
    pub(super) fn close(&mut self, through: Nanos, restock_to: u64, findings: &mut Findings) {
        for (name, product) in &mut self.0 {
            product.price.close(through);
            product.stock.close(through, restock_to, |judged| match judged {
                Judged::Undecided => findings.verdict.undecided += 1,
                Judged::Broken(facts) => {
                    let facts = [vec![format!("of {name}")], facts].concat();
                    findings.stale(Violation::new(Promise::LinearizableQueries, facts));
                }
            });
        }
    }

    pub(super) fn kept(&self) -> usize {
        self.0.values().map(|product| product.stock.kept()).sum()
    }
}
