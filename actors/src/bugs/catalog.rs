//! A catalog that sells wrongly, or shows what front-ends may still hold otherwise.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::mem;

use super::catalogue::Bug;
use super::switch::{ARMED, planted};
use crate::domain::FrontEndId;

/// What is left of a product after a sale; `None` if there was not enough: then it is sold all the same.
pub(crate) fn left(left: Option<u64>) -> Option<u64> {
    left.or_else(|| planted(Bug::Oversell).then_some(0))
}

/// C1 and C2: how a batch's term and number compare with the newest; an older one counts as new.
pub(crate) fn compared(term: Ordering, batch: Ordering) -> (Ordering, Ordering) {
    match (term, batch) {
        (Ordering::Less, _) if planted(Bug::BuyNotFenced) => (Ordering::Greater, Ordering::Greater),
        (Ordering::Equal, Ordering::Less | Ordering::Equal) if planted(Bug::BatchNumberIgnored) => {
            (Ordering::Equal, Ordering::Greater)
        }
        compared => compared,
    }
}

/// C7: the fence that the start of a term raises is not raised.
pub(crate) fn raised<F>(fence: Option<F>) -> Option<F> {
    fence.filter(|_| !planted(Bug::FetchDoesNotFence))
}

/// M9: a memory of fewer purchases than there are orders counts as whole.
pub(crate) fn is_behind(behind: bool) -> bool {
    behind && !planted(Bug::ShortMemorySells)
}

/// Cache 1: the margin for the drift of clocks, in percent, is none.
pub(crate) fn drift_percent(percent: u32) -> u32 {
    if planted(Bug::NoDriftMargin) { 0 } else { percent }
}

/// Cache 2: a lease that was given is not recorded.
pub(crate) fn granted<T>(lease: T) -> Option<T> {
    (!planted(Bug::HolderForgotten)).then_some(lease)
}

/// Cache 3: a product may be cached although it changes.
pub(crate) fn may_be_cached(unchanging: bool) -> bool {
    unchanging || planted(Bug::CacheableDuringChange)
}

/// Cache 4: a holder that did not answer counts as one that did.
pub(crate) fn confirmed(confirmed: bool) -> bool {
    confirmed || planted(Bug::VisibleUnconfirmed)
}

/// Cache 4: a front-end that has answered for some products is taken to hold no other either.
pub(crate) fn release_others<P: Ord, T>(leases: &mut BTreeMap<(FrontEndId, P), T>, front_end: FrontEndId) {
    let holds_more = || leases.keys().any(|(holder, _)| *holder == front_end);
    if ARMED && holds_more() && planted(Bug::AnswerReleasesAll) {
        leases.retain(|(holder, _), _| *holder != front_end);
    }
}

/// Cache 5: the answers that are given before the group is visible: none, or all.
pub(crate) fn answered_early<A>(answers: &mut Vec<A>) -> Vec<A> {
    if planted(Bug::AnswerBeforeVisible) { mem::take(answers) } else { Vec::new() }
}

/// Cache 6: whether a catalog that starts need not ask a front-end to drop everything.
pub(crate) fn starts_at_once() -> bool {
    planted(Bug::StartsAtOnce)
}
