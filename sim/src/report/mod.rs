//! What runs ended with, as text for people.

mod failure;
mod summary;

pub use failure::{COMMIT, facts, failure};
pub use summary::Summary;
