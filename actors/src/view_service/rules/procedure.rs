//! What takes several steps: each waits for something, and others may act meanwhile.

use std::fmt;

use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;

/// A course of action. The shell resumes it with [`Reply::Begun`] first, then with the reply to the step that it
/// named, until it is done.
pub trait Procedure {
    /// What it ends with.
    type Output;

    /// Takes the reply to the step before, and says what comes next.
    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<Self::Output>;
}

/// What comes next in a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<T> {
    /// This, and the reply to it is waited for.
    Step(Step),
    /// Nothing.
    Done(T),
}

impl<T> From<Step> for Next<T> {
    fn from(step: Step) -> Next<T> {
        Next::Step(step)
    }
}

/// The shell gave a reply that does not belong to the step: a bug in it.
pub(super) fn misplaced(phase: &dyn fmt::Debug, reply: &Reply) -> ! {
    unreachable!("{reply:?} is no reply to the step of {phase:?}")
}

/// Resumes a part of a larger procedure. `Err` is the step that it waits for; then `keep` keeps it for the reply.
pub(super) fn part<P: Procedure>(
    mut part: P,
    rules: &mut ViewRules,
    reply: Reply,
    now: Timestamp,
    keep: impl FnOnce(P),
) -> Result<P::Output, Step> {
    match part.resume(rules, reply, now) {
        Next::Done(output) => Ok(output),
        Next::Step(step) => {
            keep(part);
            Err(step)
        }
    }
}
