//! What the view service does, and when: input in, commands out. Nothing here waits, sends or writes; the shell
//! ([`ViewService`](super::service::ViewService)) does that, and brings back what came of it.
//!
//! [`ViewRules`] is the state. What happens by itself is told to it by its methods: a replica answered an
//! announcement, the leader could not be reached, time has passed. What takes several steps, with others acting in
//! between, is a [`Procedure`]: it is resumed with the reply to its last step and looks anew at the state before it
//! says the next. Either way the rules leave [`Command`]s, which the shell carries out in their order, and at once.

mod answers;
mod begin;
mod catalog;
mod change;
mod choose;
mod command;
mod establish;
mod forget;
mod found;
mod go_on;
mod leader;
mod operator;
mod poll;
mod procedure;
mod recover;
mod register;
mod registration;
mod state;
mod step;

pub use catalog::RebuildMemory;
pub use change::{ChangeInSync, SaveAbove};
pub use choose::Choose;
pub use command::{Command, Task};
pub use establish::Establish;
pub use operator::GoOnWithout;
pub use poll::PollLeader;
pub use procedure::{Next, Procedure};
pub use registration::CheckRegistration;
pub use state::ViewRules;
pub use step::{Pinged, Reply, Step};

#[cfg(test)]
mod tests;
