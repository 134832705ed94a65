//! What everybody may see: the visible stock, who may hold a copy of which product, and which products are
//! about to change (cache rules 1 to 5, as far as they need no waiting).

use std::collections::BTreeSet;
use std::time::Duration;

use super::leases::{Held, Leases, Place};
use super::stock::{Changes, Stock};
use crate::bugs::catalog as bent;
use crate::clock::Timestamp;
use crate::domain::{FrontEndId, Product, ProductName};
use crate::messages::catalog::MAX_PAGE;
use crate::messages::catalog::{Answer, Inventory, List, Query, Stocked};

/// The visible stock and the copies of it.
#[derive(Debug)]
pub(super) struct VisibleStock {
    stock: Stock,
    leases: Leases,
    /// Products of the group under way: what is said about them now must not be cached.
    changing: BTreeSet<Place>,
    front_ends: BTreeSet<FrontEndId>,
    /// How long an answer counts here: the lease that a front-end counts, and the margin for drift.
    term: Duration,
}

impl VisibleStock {
    pub(super) fn new(stock: Stock, front_ends: BTreeSet<FrontEndId>, term: Duration) -> VisibleStock {
        VisibleStock { stock, leases: Leases::default(), changing: BTreeSet::new(), front_ends, term }
    }

    pub(super) fn stock(&self) -> &Stock {
        &self.stock
    }

    /// Answers a query at once. The answer is cacheable, and then on record as a lease from now on, if a
    /// configured front-end asked and the product is not about to change. Nothing is recorded about a
    /// product that does not exist.
    pub(super) fn query(&mut self, query: &Query, now: Timestamp) -> Answer {
        let Some(place) = self.stock.place(&query.name) else {
            return Answer { product: None, cacheable: false };
        };
        let holder = query.front_end.filter(|front_end| self.front_ends.contains(front_end));
        let cacheable = match holder {
            Some(front_end) if bent::may_be_cached(!self.changing.contains(&place)) => {
                self.leases.grant(front_end, place, now + self.term);
                true
            }
            _ => false,
        };
        Answer { product: Some(self.stock.product(place)), cacheable }
    }

    /// A part of the catalog, in its order; `None` if there is no product that it is to follow.
    pub(super) fn list(&self, list: &List) -> Option<Vec<Product>> {
        Some(self.stock.products(self.follows(list.after.as_ref())?, at_most(list.limit)))
    }

    /// The same with all counts.
    pub(super) fn inventory(&self, ask: &Inventory) -> Option<Vec<Stocked>> {
        Some(self.stock.inventory(self.follows(ask.after.as_ref())?, at_most(ask.limit)))
    }

    fn follows(&self, after: Option<&ProductName>) -> Option<Place> {
        after.map_or(Some(0), |name| Some(self.stock.place(name)? + 1))
    }

    /// A group is about to change these products (cache rule 3): from now on nobody gets a cacheable answer
    /// about them, so the holders returned are all there will be until the group is shown.
    pub(super) fn begin(&mut self, products: &BTreeSet<Place>, now: Timestamp) -> Vec<FrontEndId> {
        self.changing.extend(products);
        let holders = self.front_ends.iter().copied();
        holders.filter(|&front_end| self.leases.held(front_end, products, now).is_some()).collect()
    }

    /// What a front-end may still hold of the products that are about to change.
    pub(super) fn held(&self, front_end: FrontEndId, now: Timestamp) -> Option<Held> {
        self.leases.held(front_end, &self.changing, now)
    }

    /// A front-end confirmed the call that named these products, and no others.
    pub(super) fn dropped(&mut self, front_end: FrontEndId, products: &[Place]) {
        self.leases.release(front_end, products);
    }

    /// Makes a group visible, all of it at once (cache rule 4). Whether refusals had to be forgotten for it.
    pub(super) fn show(&mut self, changes: &Changes) -> bool {
        self.changing.clear();
        self.stock.apply(changes)
    }

    pub(super) fn names<'a>(&self, places: impl IntoIterator<Item = &'a Place>) -> Vec<ProductName> {
        self.stock.names(places)
    }
}

fn at_most(limit: u32) -> usize {
    usize::try_from(limit.min(MAX_PAGE)).unwrap_or(usize::MAX)
}
