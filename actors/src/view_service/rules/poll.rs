//! Asks a leader more often than the heartbeat does, until it serves.

use super::procedure::{Next, Procedure, misplaced};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::domain::{Epoch, ReplicaId};
use crate::retry::Backoff;

/// Asks the leader of one epoch whether it serves, with ever longer pauses, until it does or another view is current.
#[derive(Debug)]
pub struct PollLeader {
    epoch: Epoch,
    backoff: Backoff,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Asked,
    Paused(ReplicaId),
}

impl PollLeader {
    /// Polls the leader of this epoch.
    #[must_use]
    pub fn new(rules: &ViewRules, epoch: Epoch) -> PollLeader {
        let heartbeat = rules.config.heartbeat;
        PollLeader { epoch, backoff: Backoff::new(heartbeat / 40, heartbeat), phase: Phase::Asked }
    }

    fn pause(&mut self, rules: &mut ViewRules) -> Next<()> {
        let leader = rules.current().filter(|view| view.epoch == self.epoch).map(|view| view.leader);
        if let Some(leader) = leader
            && !rules.peers.serving()
        {
            self.phase = Phase::Paused(leader);
            return Step::Sleep(self.backoff.pause()).into();
        }
        if rules.polling_leader == self.epoch {
            rules.polling_leader = Epoch::NONE;
        }
        Next::Done(())
    }
}

impl Procedure for PollLeader {
    type Output = ();

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, _: Timestamp) -> Next<()> {
        match (&self.phase, reply) {
            (Phase::Asked, Reply::Begun | Reply::Done) => self.pause(rules),
            (Phase::Paused(leader), Reply::Done) => {
                let step = Step::Announce { to: *leader, limit: rules.config.suspect_after };
                self.phase = Phase::Asked;
                step.into()
            }
            (phase, reply) => misplaced(phase, &reply),
        }
    }
}
