//! Who may hold which product in its cache, and until when (cache rules 1 and 2).
//!
//! A cacheable answer is itself a lease: nobody registers, and nothing here is on disk. A catalog that
//! starts has forgotten the leases that it gave before, so it waits them out (cache rule 6). The technique
//! is that of Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache
//! Consistency" (SOSP 1989).

use std::collections::{BTreeMap, BTreeSet};

use super::item::ProductIndex;
use crate::bugs::catalog as bent;
use crate::clock::Timestamp;
use crate::domain::FrontEndId;

/// The table of leases. It has at most one line for each front-end and product.
#[derive(Debug, Default)]
pub struct Leases(BTreeMap<(FrontEndId, ProductIndex), Timestamp>);

/// What one front-end may still hold of some products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLeases {
    /// Which of the products, in the catalog's order; at least one.
    pub products: Vec<ProductIndex>,
    /// When the last of these leases ends.
    pub until: Timestamp,
}

impl Leases {
    /// A front-end was given a cacheable answer.
    pub fn grant(&mut self, front_end: FrontEndId, product: ProductIndex, until: Timestamp) {
        self.0.extend(bent::granted(((front_end, product), until)));
    }

    /// A front-end confirmed that it dropped these products. Only what its call named: it may have been
    /// given another product since.
    pub fn release(&mut self, front_end: FrontEndId, products: &[ProductIndex]) {
        for &product in products {
            self.0.remove(&(front_end, product));
        }
        bent::release_others(&mut self.0, front_end);
    }

    /// Which of these products a front-end may still hold; `None` if not one.
    pub fn held(
        &self,
        front_end: FrontEndId,
        products: &BTreeSet<ProductIndex>,
        now: Timestamp,
    ) -> Option<HeldLeases> {
        let lines = products.iter().filter_map(|&product| {
            let until = *self.0.get(&(front_end, product))?;
            (until > now).then_some((product, until))
        });
        let (products, ends): (Vec<ProductIndex>, Vec<Timestamp>) = lines.unzip();
        ends.into_iter().max().map(|until| HeldLeases { products, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(leases: &Leases, front_end: u8, now: u64, expected: Option<(&[ProductIndex], u64)>) {
        let held = leases.held(FrontEndId::new(front_end), &BTreeSet::from([1, 2]), Timestamp(now));
        let held = held.map(|held| (held.products, held.until.0));
        assert_eq!(
            held,
            expected.map(|(products, until)| (products.to_vec(), until)),
            "front-end {front_end} at {now}"
        );
    }

    /// Rule cache 2.
    #[test]
    fn a_lease_counts_until_it_ends_or_is_given_back() {
        let front_end = FrontEndId::new;
        let mut leases = Leases::default();
        leases.grant(front_end(1), 1, Timestamp(100));
        leases.grant(front_end(1), 2, Timestamp(150));
        leases.grant(front_end(2), 2, Timestamp(120));
        leases.grant(front_end(3), 5, Timestamp(900));

        check(&leases, 1, 99, Some((&[1, 2], 150)));
        check(&leases, 1, 100, Some((&[2], 150)));
        check(&leases, 1, 150, None);
        check(&leases, 2, 0, Some((&[2], 120)));
        check(&leases, 3, 0, None);
        check(&leases, 4, 0, None);

        leases.release(front_end(1), &[2]);
        check(&leases, 1, 0, Some((&[1], 100)));
        check(&leases, 2, 0, Some((&[2], 120)));
        leases.grant(front_end(1), 2, Timestamp(200));
        check(&leases, 1, 160, Some((&[2], 200)));
    }
}
