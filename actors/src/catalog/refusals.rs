//! The request ids that were refused for lack of stock, so that they are refused again.
//!
//! A shopper who was told "not enough" may rely on it. But a copy of the request that was late can arrive after the
//! answer, through another leader, when the product has been restocked: nobody would know of what it bought
//! (rule C3). So the catalog keeps them, on disk as well; not without end, for nobody waits for so late a copy.

use std::collections::{BTreeMap, VecDeque};

use crate::bugs::refusals as bent;
use crate::domain::RequestId;

/// The newest refusals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusals {
    limit: usize,
    left: BTreeMap<RequestId, u64>,
    order: VecDeque<RequestId>,
}

impl Refusals {
    /// None yet; of those that come, the newest are kept, so many.
    pub(super) fn new(limit: usize) -> Refusals {
        Refusals { limit, left: BTreeMap::new(), order: VecDeque::new() }
    }

    /// How many pieces were left when this request was refused, if it was.
    pub(super) fn left(&self, key: &RequestId) -> Option<u64> {
        self.left.get(key).copied()
    }

    /// Keeps a refusal that left so many pieces, and lets go of the oldest when there are too many; whether it did.
    pub(super) fn keep(&mut self, key: RequestId, left: u64) -> bool {
        if self.order.len() >= self.limit && !bent::forgets_oldest() {
            return true;
        }
        self.left.insert(key.clone(), left);
        self.order.push_back(key);
        let full = self.order.len() > self.limit;
        if full && let Some(oldest) = self.order.pop_front() {
            self.left.remove(&oldest);
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept() {
        let key = |number: u64| RequestId::new(format!("k{number}")).expect("valid");
        for limit in [1, 2, 5] {
            let mut refusals = Refusals::new(limit);
            for number in 0..7 {
                refusals.keep(key(number), number % 3);
            }
            for number in 0..7 {
                let left = (number >= 7 - limit as u64).then_some(number % 3);
                assert_eq!(refusals.left(&key(number)), left, "{number} of {limit}");
            }
        }
    }
}
