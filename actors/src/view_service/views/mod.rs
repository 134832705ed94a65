//! Every decision about views: who leads the order service, and who counts as in sync.
//!
//! Nothing here waits or writes. Whatever decides on a new view saves it first and then [`Views::install`]s
//! it; before that it does not exist for anybody. The rules were model-checked; breaking one of them loses
//! orders:
//!
//! - every saved view has the epoch of its predecessor plus one, also one that changes nothing else;
//! - a change of the in-sync set names the view that it changes, and comes from its leader;
//! - only a process that stands for a member can be chosen as leader (M2), and choosing one leaves the other members as
//!   they are;
//! - a view that somebody else saved, or that this file does not remember, is not passed over (M6, M8).

mod choice;
mod history;
mod recovery;
mod succession;

pub use choice::Choice;
pub use history::{Answers, Heard, Views};
pub use recovery::Recovered;

#[cfg(test)]
mod tests;
