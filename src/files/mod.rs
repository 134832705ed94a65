//! Real files: the directories of the services, and what becomes of them.

mod aside;
mod directory;
mod file_names;
mod forward_locks;
mod service_names;
mod unfinished;
mod watched;

pub use self::aside::{ASIDE, LockOutcome, LockedFiles};
pub use self::directory::{ADVICE, Directory};
pub(crate) use self::forward_locks::forward_locks;
pub use self::service_names::label;
pub use self::unfinished::Unfinished;
