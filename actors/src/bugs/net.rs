//! Messages that are heard although they are not for this node.

use super::catalogue::Bug;
use super::switch::planted;

/// M11: a message that is meant for another is taken.
pub(crate) fn is_for_another(another: bool) -> bool {
    another && !planted(Bug::ReceiverUnchecked)
}

/// M10: a sender that is not in the configuration is heard.
pub(crate) fn is_stranger(stranger: bool) -> bool {
    stranger && !planted(Bug::StrangerHeard)
}
