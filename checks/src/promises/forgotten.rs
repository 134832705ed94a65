//! Refusals that the store could no longer remember.
//!
//! "Not enough" is certain because who was refused is refused again, however late a copy of the request arrives (rule
//! C3); but no memory has room for all of them. The catalog's, which outlasts terms and crashes, is that on which it
//! rests: it keeps the newest. As deployed it reaches further back than any copy is late. In a run it may be as short as
//! one refusal, and then a copy may well be sold although its shopper was told "not enough", without any rule being
//! broken. To draw only memories that reach far enough would leave the forgetting unseen. So the promise is judged as
//! far as the memory reaches: an order that was sold after at least as many later refusals as the catalog remembers
//! is, in the history, one of unknown outcome. What those were is not asked of the memory itself, which may be wrong,
//! but counted from what the catalog told when it decided them.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::{History, Invocation, Response, StoreAudit};
use crate::time::Nanos;
use toystore_actors::domain::{OrderNumber, RequestId};
use toystore_actors::probe::{CatalogEvent, Event, ReplicaEvent};

/// What the catalog refused, and which orders were acknowledged, with the times.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    refused: Vec<(Nanos, RequestId)>,
    acknowledged: Vec<(Nanos, OrderNumber)>,
}

impl Refusals {
    pub(super) fn event(&mut self, at: Nanos, event: &Event) {
        match event {
            Event::Catalog(CatalogEvent::Refused { keys }) => {
                self.refused.extend(keys.iter().map(|key| (at, key.clone())))
            }
            Event::Replica(
                ReplicaEvent::Acknowledged { through: last, .. } | ReplicaEvent::Serving { last, .. },
            ) => self.acknowledged.push((at, *last)),
            _ => {}
        }
    }

    /// Makes unknown what was refused, was forgotten by a catalog that remembers so many, and was sold after that;
    /// says how many there were.
    pub(super) fn make_forgotten_unknown(
        &self,
        history: &mut History,
        audit: &StoreAudit,
        remembered: usize,
    ) -> u64 {
        let entries = audit.books.values().flatten();
        let numbers: BTreeMap<_, _> =
            entries.filter_map(|entry| Some((entry.key()?.clone(), entry.number))).collect();
        let mut changed = 0;
        for operation in &mut history.operations {
            if let (Invocation::Place { key, .. }, Response::NotEnough { .. }) =
                (&operation.invocation, &operation.response)
                && let Some(number) = numbers.get(key)
                && self.was_forgotten(key, *number, remembered)
            {
                operation.response = Response::Unknown;
                changed += 1;
            }
        }
        changed
    }

    /// Whether so many others were refused between the refusal of `key` and its sale, which was before its order was
    /// acknowledged.
    fn was_forgotten(&self, key: &RequestId, number: OrderNumber, remembered: usize) -> bool {
        let acknowledged = self.acknowledged.iter().find(|(_, through)| *through >= number);
        let sold_before = acknowledged.map_or(Nanos::MAX, |(at, _)| *at);
        let before = self.refused.partition_point(|(at, _)| *at <= sold_before);
        let refused = &self.refused[..before];
        let Some(last) = refused.iter().rposition(|(_, refused)| refused == key) else { return false };
        // A group that was decided, and lost with a crash, is decided again: the same refusals are counted once.
        let later: BTreeSet<_> = refused[last + 1..].iter().map(|(_, key)| key).collect();
        later.len() >= remembered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{BY, epoch, order_number};

    /// `key` is refused at 1, then others, one at each moment; it is sold before `sold`.
    #[test]
    fn a_refusal_is_certain_as_far_as_the_memory_reaches() {
        let key = |text: &str| RequestId::new(text).expect("valid");
        for (others, sold, remembered, forgotten) in [
            ("", 9, 1, false),
            ("b", 9, 1, true),
            ("b", 9, 2, false),
            ("b c", 9, 2, true),
            // Those that were refused after the sale pushed nobody out before it.
            ("b c", 2, 2, false),
            // A group that was decided twice counts once.
            ("b b", 9, 2, false),
            // It was refused anew.
            ("b c a", 9, 2, false),
        ] {
            let mut refusals = Refusals::default();
            for (at, text) in (1..).zip(["a"].into_iter().chain(others.split_whitespace())) {
                refusals.event(at, &Event::Catalog(CatalogEvent::Refused { keys: vec![key(text)] }));
            }
            let (through, epoch) = (order_number(5), epoch(1));
            let acknowledged = ReplicaEvent::Acknowledged { through, by: BY, epoch };
            refusals.event(sold, &Event::Replica(acknowledged));
            let found = refusals.was_forgotten(&key("a"), through, remembered);
            assert_eq!(found, forgotten, "{others}, sold before {sold}, {remembered} remembered");
            assert!(!refusals.was_forgotten(&key("never"), through, remembered));
        }
    }
}
