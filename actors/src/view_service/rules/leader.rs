//! What is heard of the leader, and when another is looked for.

use std::time::Duration;

use super::command::{Command, Task};
use super::state::ViewRules;
use crate::clock::Timestamp;
use crate::domain::{Epoch, ReplicaId, Run, View};
use crate::messages::order::{NotServing, ReplicaStatus, Role};
use crate::net::{NetError, NodeId};
use crate::probe::{SuspectReason, ViewEvent};
use crate::view_service::peers::{CallNumber, Finding};
use crate::view_service::views::Heard;
use crate::view_service::waiting::Waiting;

/// So many views in a row may be saved without a leader that serves, before it is done more slowly.
const QUICK_CHOICES: u32 = 4;

/// The longest pause between two choices of a leader that do not help.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl ViewRules {
    /// A heartbeat is due (E1).
    pub fn beat(&mut self) {
        self.announce_to_all();
    }

    /// Time has passed since the heartbeat: a leader that has been silent for long is suspected, and the catalog is asked now
    /// and then who has registered.
    pub fn tick(&mut self, now: Timestamp) {
        let silent = self.peers.leader_silent(now, self.config.suspect_after);
        if let Some(epoch) = self.current().filter(|_| silent).map(|view| view.epoch) {
            self.suspect(epoch, SuspectReason::Silent);
        }
        self.check_registration(now);
    }

    /// The view is about to be sent to a replica. `None` if there is none.
    pub fn announce(&mut self) -> Option<(View, CallNumber)> {
        let view = self.current()?.clone();
        Some((view, self.peers.call()))
    }

    /// What came of sending the view to a replica. The view may have changed meanwhile; what was said is held against
    /// the one that counts now.
    pub fn announced(
        &mut self,
        replica: ReplicaId,
        call: CallNumber,
        outcome: &Result<ReplicaStatus, NetError>,
        now: Timestamp,
    ) {
        if let Ok(status) = outcome {
            self.shows(replica, status.run);
            self.is_back(replica);
        }
        let Some(view) = self.current().cloned() else { return };
        if let Some(heard) = outcome.as_ref().ok().and_then(|status| status.view.as_ref())
            && self.hears(heard)
        {
            return;
        }
        if let Ok(status) = outcome {
            self.hear_of_book(status);
        }
        let finding = self.peers.take(replica, call, outcome, &view, now);
        // It may never have stopped to serve, and was only not heard while a choice was tried.
        let leads = |status: &ReplicaStatus| status.role == Role::Leader && status.epoch >= view.epoch;
        if replica == view.leader && outcome.as_ref().is_ok_and(leads) {
            self.waiting = None;
        }
        self.act_on(finding, view.epoch);
    }

    fn act_on(&mut self, finding: Finding, epoch: Epoch) {
        match finding {
            Finding::Nothing => {}
            Finding::Serves => {
                self.views.serves();
                self.failed_choices = 0;
                self.waiting = None;
                if let Some(replica) = self.current().map(|view| view.leader) {
                    self.emit(ViewEvent::LeaderServes { replica, epoch });
                }
                self.command(Command::WakeRequests);
            }
            Finding::Pauses => {
                self.command(Command::AbandonRequests);
                self.poll_leader();
            }
            Finding::Suspect(why) => self.suspect(epoch, why),
            Finding::Unfit(run) => {
                self.views.found_unfit(run);
                self.suspect(epoch, SuspectReason::Unfit);
            }
        }
    }

    /// Whoever was missing when nobody could be chosen answers: that is worth another choice, however long the pause.
    fn is_back(&mut self, replica: ReplicaId) {
        if let Some(Waiting::NobodyLeads { silent, .. }) = &self.waiting
            && silent.contains(&replica)
        {
            self.command(Command::EndPauses);
        }
    }

    fn shows(&mut self, replica: ReplicaId, run: Run) {
        if self.duplicates.shows(replica, run) {
            let (me, node) = (self.me, NodeId::Order(replica));
            let why = format!("{me}: two processes answer as {node}, in turn: stop one of them");
            self.command(Command::Warn(why));
        }
    }

    /// A replica follows this view. Whether that is news, which is then acted on (M6).
    fn hears(&mut self, view: &View) -> bool {
        match self.views.hear(view) {
            // Once it has begun, no view makes its file a lost one.
            Heard::Nothing | Heard::Lost => return false,
            // Two would depose each other's leaders for ever.
            Heard::Superseded => self.command(Command::End(
                "another front-end of this store has taken over: one is enough, and this one ends".into(),
            )),
            Heard::Above(epoch) => self.start(Task::SaveAbove(epoch)),
        }
        true
    }

    /// The leader of `sent` could not be reached with a request.
    pub fn unreachable(&mut self, sent: &View, error: &NetError) {
        let why = match error {
            NetError::Refused => SuspectReason::RefusedConnection,
            NetError::Lost => SuspectReason::BrokeConnection,
            NetError::Overloaded
            | NetError::TimedOut
            | NetError::Malformed(_)
            | NetError::Misdirected(_)
            | NetError::Denied(_) => return,
        };
        if self.is_current(sent) {
            self.peers.refused();
            self.suspect(sent.epoch, why);
            self.poll_leader();
        }
    }

    /// The leader of `sent` answered a request by saying that it does not serve.
    pub fn not_serving(&mut self, sent: &View, answer: NotServing) {
        if !self.is_current(sent) || answer == NotServing::Overloaded {
            return;
        }
        let news = self.peers.serving();
        self.peers.refused();
        match answer {
            NotServing::NotLeader { named, current } if current >= named => {
                self.suspect(sent.epoch, SuspectReason::DoesNotLead);
            }
            // It has not heard of the view yet: the first request to find that out tells it.
            NotServing::NotLeader { .. } if news => self.announce_to_all(),
            NotServing::NotLeader { .. } | NotServing::TakingOver { .. } | NotServing::Overloaded => {}
        }
        self.poll_leader();
    }

    /// Looks for another leader at once, unless somebody does already. A leader that turns out to be well
    /// stays.
    pub(super) fn suspect(&mut self, epoch: Epoch, why: SuspectReason) {
        let Some(replica) = self.current().filter(|view| view.epoch == epoch).map(|view| view.leader) else {
            return;
        };
        if self.selecting {
            return;
        }
        if std::mem::replace(&mut self.suspected, epoch) != epoch {
            self.emit(ViewEvent::LeaderSuspected { replica, epoch, why });
        }
        let pause = self.pause_before_choice();
        self.start(Task::Choose { pause });
    }

    /// None for the first choices; then they come ever more slowly.
    fn pause_before_choice(&self) -> Option<Duration> {
        let slow = self.failed_choices.checked_sub(QUICK_CHOICES)?;
        Some((self.config.heartbeat * 2u32.saturating_pow(slow.min(16))).min(LONGEST_PAUSE))
    }

    /// A leader was chosen and the view that says so is saved.
    pub(super) fn chosen(&mut self, now: Timestamp) {
        self.peers.chosen(now);
        self.announce_to_all();
        self.command(Command::AbandonRequests);
        self.command(Command::WakeRequests);
        self.poll_leader();
    }

    /// Asks the leader more often than the heartbeat does, until it serves: orders wait for that.
    pub(super) fn poll_leader(&mut self) {
        let Some(epoch) = self.current().map(|view| view.epoch) else { return };
        if std::mem::replace(&mut self.polling_leader, epoch) != epoch {
            self.start(Task::PollLeader(epoch));
        }
    }
}
