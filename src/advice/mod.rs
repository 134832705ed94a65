//! What a person is told to do about a service whose data is damaged or gone. Nothing that is said here loses an
//! order: files are set aside, not removed, and only where somebody else has what they held.

mod lost_catalog;
mod named_store;
mod not_started;
mod sentences;

pub use self::lost_catalog::{FIRST_START, catalog_is_gone};
pub use self::named_store::{NamedStore, quoted};
pub use self::not_started::NotStarted;
pub use self::sentences::{after_failure, failure, sentence};
