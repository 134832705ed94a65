//! Asks the catalog now and then which front-end has registered last: one that was started for a moment from a copy of this
//! file's front-end, and of which no replica has heard, is known to the catalog alone (M6, M7).

use std::time::Duration;

use super::command::{Command, Task};
use super::procedure::{Next, Procedure, misplaced};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::bugs::view_service as bent;
use crate::clock::Timestamp;
use crate::messages::catalog::Recalled;

/// How often the catalog is asked.
const EVERY: Duration = Duration::from_secs(2);

/// Asks the catalog once.
#[derive(Debug, Default)]
pub struct CheckRegistration {
    asked: bool,
}

impl ViewRules {
    /// Has the catalog asked, if it is time to.
    pub(super) fn check_registration(&mut self, now: Timestamp) {
        let due = self.current().is_some() && now.since(self.registration_checked) >= EVERY;
        if bent::asks_catalog(due) {
            self.registration_checked = now;
            self.start(Task::CheckRegistration);
        }
    }

    /// What the catalog remembers: if that is a front-end that this file does not know, its leaders buy nothing any more,
    /// and nobody else would ever tell.
    fn registered_last(&mut self, recalled: &Recalled) {
        let file = self.views.file();
        let another =
            recalled.store.filter(|(store, run)| file.store == Some(*store) && !file.line.has(*run));
        if another.is_some() && self.current().is_some() {
            self.command(Command::End(
                "another front-end of this store has taken over: it has registered at the catalog since this one did; one is \
                 enough, and this one ends; if that one is gone for good, start this one again, and it says how to go on"
                    .into(),
            ));
        }
    }
}

impl Procedure for CheckRegistration {
    type Output = ();

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, _: Timestamp) -> Next<()> {
        match (std::mem::replace(&mut self.asked, true), reply) {
            (false, Reply::Begun) => Step::Recall.into(),
            (true, Reply::Recalled(recalled)) => {
                recalled.iter().for_each(|recalled| rules.registered_last(recalled));
                Next::Done(())
            }
            (asked, reply) => misplaced(&asked, &reply),
        }
    }
}
