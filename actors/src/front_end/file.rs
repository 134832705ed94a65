//! The front-end's file.

use crate::domain::FrontEndId;

/// The name of a front-end's data file.
pub const FILE: &str = "front-end.redb";

/// Whose data it is, as the file says: this, and the front-end's number.
pub const OWNER: &str = "front-end";

/// Whose data the file of the front-end of that number is.
pub(super) fn owner(number: FrontEndId) -> String {
    format!("{OWNER} {number}")
}
