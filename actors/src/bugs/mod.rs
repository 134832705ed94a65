//! Planted bugs: the store's rules, each broken on purpose, to see that the simulator notices.
//!
//! A check that was never seen to fail proves nothing. So rules of docs/protocol.md have a hook where the code enforces
//! them: one call that hands over what the rule says and gets it back. What a broken rule says instead is in the file
//! here that is named after the part of the store, and a bug looks like this:
//!
//! ```ignore
//! /// C2: a batch that was seen before counts as new.
//! pub(crate) fn is_new(new: bool) -> bool {
//!     new || planted(Bug::BatchNumberIgnored)
//! }
//! ```
//!
//! Without the cargo feature `planted-bugs`, which only the simulator turns on, and who wants to see bugs in the lab,
//! `planted` is a constant `false` and the hooks vanish. With it, it is still `false` until `plant` has planted that very
//! bug on this thread, or `plant_everywhere` in this process, so that a workspace built as a whole, in which cargo
//! unifies the features, behaves no differently.
//!
//! `planted` comes last, after everything that says that the bug makes a difference just now: so what it counts is how
//! often the bug did something.

pub(crate) mod catalog;
mod catalogue;
pub(crate) mod front_end;
pub(crate) mod net;
pub(crate) mod order;
pub(crate) mod refusals;
pub(crate) mod storage;
mod switch;
pub(crate) mod view_service;

pub use catalogue::Bug;
pub(crate) use switch::planted;
#[cfg(feature = "planted-bugs")]
pub use switch::{fired, plant, plant_everywhere};
