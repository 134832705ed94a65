//! A front-end that keeps its cache, or what is under way, wrongly.

use super::catalogue::Bug;
use super::switch::planted;

/// C4: another attempt of one request id is made beside the one under way.
pub(crate) fn attempts_beside() -> bool {
    planted(Bug::AttemptsSideBySide)
}

/// Limits: one call more is under way than may be.
pub(crate) fn may_call(under_way: usize, limit: usize) -> bool {
    under_way < limit || (under_way == limit && planted(Bug::CallTooMany))
}

/// Limits: the place of a request that found no answer is not given back.
pub(crate) fn give_back<T>(place: T, failed: bool) {
    if failed && planted(Bug::PlaceNotGivenBack) {
        std::mem::forget(place);
    }
}

/// Cache 1: a lease is counted from the answer, not from the query.
pub(crate) fn lease_begins<T>(sent: T, now: T) -> T {
    if planted(Bug::LeaseFromAnswer) { now } else { sent }
}

/// Cache 1: an entry is used although its lease has run out.
pub(crate) fn is_live(live: bool) -> bool {
    live || planted(Bug::LeaseIgnored)
}

/// Cache 7: the query under way is not marked by an invalidation.
pub(crate) fn is_marked() -> bool {
    !planted(Bug::FillNotMarked)
}

/// Cache 8: whether a query waits for the next answer; one that came after a query was sent is given the answer to that.
pub(crate) fn joins_late(sent: bool) -> bool {
    !(sent && planted(Bug::FillJoinedLate))
}
