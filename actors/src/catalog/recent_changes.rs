//! Which products changed lately, for whoever shows them: told by a number that only grows, so that who asks again with
//! the number of the last answer is told what is new, or that too much is.

use std::collections::{BTreeSet, VecDeque};

use super::item::ProductIndex;
use crate::clock::Timestamp;

/// The changes that became visible lately, oldest first; each has the revision after the one before.
#[derive(Debug)]
pub struct RecentChanges {
    /// The revision before the oldest of `products`.
    oldest: u64,
    products: VecDeque<ProductIndex>,
    kept: usize,
}

impl RecentChanges {
    /// Nothing has changed yet. Revisions begin with the time of the start in nanoseconds: those of an earlier run are
    /// lower (there were fewer changes than nanoseconds) or, where the machine has started anew meanwhile, of another time
    /// altogether, and so are never taken for this run's.
    pub fn new(started: Timestamp, kept: usize) -> RecentChanges {
        RecentChanges { oldest: started.0, products: VecDeque::new(), kept }
    }

    /// These products have changed.
    pub fn add<'a>(&mut self, products: impl IntoIterator<Item = &'a ProductIndex>) {
        self.products.extend(products);
        let surplus = self.products.len().saturating_sub(self.kept);
        self.products.drain(..surplus);
        self.oldest += surplus as u64;
    }

    /// How many changes there were, from where this run began to count.
    pub fn revision(&self) -> u64 {
        self.oldest + self.products.len() as u64
    }

    /// The products that have changed since a revision; `None` if they are not remembered, or more than `most`.
    pub fn since(&self, revision: u64, most: usize) -> Option<BTreeSet<ProductIndex>> {
        let known = usize::try_from(revision.checked_sub(self.oldest)?).ok()?;
        if known > self.products.len() {
            return None;
        }
        let changed: BTreeSet<_> = self.products.range(known..).copied().collect();
        (changed.len() <= most).then_some(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_since_is_told_as_long_as_it_is_remembered() {
        let mut recent = RecentChanges::new(Timestamp(100), 4);
        assert_eq!(recent.revision(), 100);
        recent.add(&[7, 8]);
        recent.add(&[7]);
        assert_eq!(recent.revision(), 103);
        for (case, since, most, expected) in [
            ("all", 100, 9, Some(vec![7, 8])),
            ("the newest", 102, 9, Some(vec![7])),
            ("nothing new", 103, 9, Some(vec![])),
            ("more than is wanted", 100, 1, None),
            ("an earlier run", 99, 9, None),
            ("a later time", 104, 9, None),
        ] {
            let found = recent.since(since, most).map(|found| found.into_iter().collect::<Vec<_>>());
            assert_eq!(found, expected, "{case}");
        }
        recent.add(&[1, 2, 3]);
        assert_eq!(recent.revision(), 106, "what is forgotten still counts");
        assert_eq!(recent.since(101, 9), None, "two are forgotten");
        assert_eq!(recent.since(102, 9), Some([7, 1, 2, 3].into()));
    }
}
