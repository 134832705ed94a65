//! Refusals that are not remembered, at a leader and at the catalog.

use super::catalogue::Bug;
use super::switch::planted;

/// C3: what was remembered of a refusal is forgotten.
pub(crate) fn remembered<T>(refusal: Option<T>) -> Option<T> {
    refusal.filter(|_| !planted(Bug::RefusalForgotten))
}

/// C3: whether a full memory forgets the oldest refusal; if not, it forgets the newest.
pub(crate) fn forgets_oldest() -> bool {
    !planted(Bug::NewestRefusalForgotten)
}
