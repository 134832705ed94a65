//! The request ids that were refused for lack of stock, so that they are refused again (rule C3).
//!
//! A shopper who was told "not enough" may rely on it. But a copy of the request that was late can arrive after the
//! answer, when the product has been restocked, and nobody would know of what it bought. So a leader remembers its
//! refusals, and the catalog those of all leaders; neither without end, for nobody waits for so late a copy.

use std::collections::{BTreeMap, VecDeque};

use crate::bugs::refusals as bent;
use crate::domain::RequestId;

/// The newest refusals, each with what there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals<T> {
    limit: usize,
    kept: BTreeMap<RequestId, T>,
    /// The oldest first.
    order: VecDeque<RequestId>,
}

impl<T> Refusals<T> {
    /// None yet; of those that come, the newest are kept, so many.
    pub fn new(limit: usize) -> Refusals<T> {
        Refusals { limit, kept: BTreeMap::new(), order: VecDeque::new() }
    }

    /// What is remembered of the refusal of this request, if it was refused.
    pub fn get(&self, key: &RequestId) -> Option<&T> {
        self.kept.get(key)
    }

    /// Keeps a refusal, and forgets the oldest when there are too many. Whether one had to be forgotten.
    pub fn keep(&mut self, key: RequestId, refusal: T) -> bool {
        let full = self.order.len() >= self.limit;
        if full && !bent::forgets_oldest() {
            return true;
        }
        self.kept.insert(key.clone(), refusal);
        self.order.push_back(key);
        if full && let Some(oldest) = self.order.pop_front() {
            self.kept.remove(&oldest);
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule C3.
    #[test]
    fn the_newest_are_kept() {
        let key = |number: usize| RequestId::new(format!("k{number}")).expect("valid");
        for limit in [0, 1, 2, 5] {
            let mut refusals = Refusals::new(limit);
            for number in 0..7 {
                let forgotten = refusals.keep(key(number), number % 3);
                assert_eq!(forgotten, number >= limit, "{number} of {limit}");
            }
            for number in 0..7 {
                let kept = (number >= 7 - limit).then_some(number % 3);
                assert_eq!(refusals.get(&key(number)).copied(), kept, "{number} of {limit}");
            }
        }
    }
}
