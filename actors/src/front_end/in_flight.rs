//! Attempts under one request id are one attempt.
//!
//! A shopper who repeats an order while the first attempt is still being worked on joins it. Were two
//! attempts made side by side, one of them could be told "not enough in stock" by one leader while the other
//! is sold by the next.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::domain::{Purchase, RequestId};

/// The orders being placed and who waits for each. `W` is whatever is to be told the outcome.
#[derive(Debug)]
pub struct InFlight<W> {
    by_key: BTreeMap<RequestId, Attempt<W>>,
}

#[derive(Debug)]
struct Attempt<W> {
    purchase: Purchase,
    waiters: Vec<W>,
    /// When the last of them gives up.
    until: Timestamp,
}

/// What to do about a request to place an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// Nobody works on this request id: start.
    First,
    /// It waits for the attempt under way.
    Waits,
    /// The attempt under way is for something else; the request was not joined.
    Differs,
}

impl<W> Default for InFlight<W> {
    fn default() -> Self {
        InFlight { by_key: BTreeMap::new() }
    }
}

impl<W> InFlight<W> {
    /// A request arrived. It waits no longer than `until`.
    pub fn join(&mut self, purchase: &Purchase, waiter: W, until: Timestamp) -> Joined {
        match self.by_key.get_mut(&purchase.key) {
            Some(attempt) if attempt.purchase != *purchase => Joined::Differs,
            Some(attempt) => {
                attempt.waiters.push(waiter);
                attempt.until = attempt.until.max(until);
                Joined::Waits
            }
            None => {
                let attempt = Attempt { purchase: purchase.clone(), waiters: vec![waiter], until };
                self.by_key.insert(purchase.key.clone(), attempt);
                Joined::First
            }
        }
    }

    /// When the last who waits for this order gives up: so long it is worked on.
    #[must_use]
    pub fn until(&self, key: &RequestId) -> Option<Timestamp> {
        self.by_key.get(key).map(|attempt| attempt.until)
    }

    /// The outcome is known, or is not going to be. Returns whom to tell.
    #[must_use]
    pub fn finish(&mut self, key: &RequestId) -> Vec<W> {
        self.by_key.remove(key).map_or_else(Vec::new, |attempt| attempt.waiters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProductName, Quantity};

    fn purchase(key: &str, name: &str, quantity: u64) -> Purchase {
        Purchase {
            key: RequestId::new(key).expect("valid"),
            name: ProductName::new(name).expect("valid"),
            quantity: Quantity::new(quantity).expect("valid"),
        }
    }

    #[test]
    fn one_request_id_is_one_attempt() {
        let mut joins = InFlight::default();
        let first = purchase("k", "Tux", 2);
        for (who, asked, until, expected, patience) in [
            (1, first.clone(), 5, Joined::First, 5),
            (2, first.clone(), 9, Joined::Waits, 9),
            (3, first.clone(), 7, Joined::Waits, 9),
            (4, purchase("k", "Tux", 3), 20, Joined::Differs, 9),
            (5, purchase("k", "Fox", 2), 20, Joined::Differs, 9),
            (6, purchase("other", "Tux", 3), 20, Joined::First, 20),
        ] {
            assert_eq!(joins.join(&asked, who, Timestamp(until)), expected, "request {who}");
            assert_eq!(joins.until(&asked.key), Some(Timestamp(patience)), "request {who}");
        }
        assert_eq!(joins.finish(&first.key), [1, 2, 3]);
        assert_eq!(joins.until(&first.key), None);
        assert_eq!(joins.finish(&first.key), [0_i32; 0]);
        assert_eq!(joins.join(&purchase("k", "Tux", 3), 7, Timestamp(1)), Joined::First);
    }
}
