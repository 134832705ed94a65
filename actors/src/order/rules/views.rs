//! Adopting views, taking over, stepping down (A4, B3, D5, D6).

use super::command::Command;
use super::leader_state::{LeaderState, Succession};
use super::replica_rules::{Me, ReplicaRules};
use crate::bugs::order as bent;
use crate::clock::Timestamp;
use crate::domain::{ReplicaId, Term, View};
use crate::order::summary::BookSummary;
use crate::probe::ReplicaEvent;

/// A view that is being saved, to be adopted once it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The view.
    pub view: View,
    /// The term that goes on in it.
    continues: Option<Term>,
    /// Who led before.
    predecessor: Option<ReplicaId>,
}

impl ReplicaRules {
    /// Takes note of a view before it is saved.
    pub fn hear(&mut self, view: &View) {
        if view.may_follow(self.newest_heard.as_ref()) {
            self.newest_heard = Some(view.clone());
        }
    }

    /// A view that is newer than the one on disk is to be saved, and then [`ReplicaRules::adopted`].
    ///
    /// A leader named by the next view goes on; in every other case its term ends at once, before anything is saved:
    /// stepping down is always safe (B3).
    pub fn adopt(&mut self, view: View, book: &BookSummary) -> Option<(Vec<Command>, Adoption)> {
        if !view.may_follow(book.view.as_ref()) {
            return None;
        }
        let continues = self
            .leader
            .as_ref()
            .filter(|leader| leader.succession(&view, self.me.id) == Succession::Continues);
        let continues = continues.map(LeaderState::term);
        let commands = if continues.is_none() { self.step_down() } else { Vec::new() };
        self.adopting = view.is_led_by(self.me.id, self.me.run).then_some(view.epoch);
        let predecessor = book.view.as_ref().map(|view| view.leader);
        Some((commands, Adoption { view, continues, predecessor }))
    }

    /// A view was saved, or was not because a newer one was. A replica that it names leader takes over, unless it has heard
    /// of a newer view meanwhile. A view that was on disk before this replica started never makes it leader (D5), because
    /// it is not newer.
    pub fn adopted(&mut self, adoption: Adoption, saved: bool, book: &BookSummary) -> Vec<Command> {
        let Adoption { view, continues, predecessor } = adoption;
        let newest = self.newest_heard.as_ref().is_some_and(|newest| newest.is(&view));
        let leads = view.is_led_by(self.me.id, self.me.run);
        let commands = match continues {
            _ if !saved => Vec::new(),
            Some(term) => self.go_on(term, view),
            None if leads && newest => self.take_over(view, predecessor, book),
            None => Vec::new(),
        };
        self.adopting = None;
        commands
    }

    fn go_on(&mut self, term: Term, view: View) -> Vec<Command> {
        let Some(leader) = self.leading(term) else { return Vec::new() };
        leader.adopt(view.clone());
        let orders_in_flight = leader.in_flight();
        let mut commands = vec![Command::Tell(ReplicaEvent::ViewAdopted { view, orders_in_flight })];
        commands.extend(self.advance(term));
        commands
    }

    /// Leads in this view, and brings everyone in sync to its own book before it serves (A4).
    pub fn take_over(
        &mut self,
        view: View,
        predecessor: Option<ReplicaId>,
        book: &BookSummary,
    ) -> Vec<Command> {
        let Me { id, run, replicas } = &self.me;
        let leader = LeaderState::new(view.clone(), *id, *run, replicas, bent::end_of_book(book.last));
        let (term, peers) = (leader.term(), leader.everyone().collect());
        self.leader = Some(leader);
        self.unfit = None;
        self.catalog_refusal = None;
        self.counts_nobody_until = Timestamp::default();
        vec![
            Command::Tell(ReplicaEvent::TakeoverBegan { view }),
            Command::Replicate { term, peers, suspect: predecessor },
            Command::Inherit(term),
        ]
    }

    /// Ends the term, if this replica leads.
    pub fn step_down(&mut self) -> Vec<Command> {
        let Some(leader) = self.leader.take() else { return Vec::new() };
        self.known_acknowledged = self.known_acknowledged.max(leader.acknowledged());
        vec![
            Command::Tell(ReplicaEvent::Deposed { epoch: leader.view().epoch }),
            Command::StopServing,
            Command::WakeReplicators,
        ]
    }

    /// Another leader, or the catalog, has shown that this term is over.
    pub fn superseded(&mut self, term: Term) -> Vec<Command> {
        if self.leads_in(term) { self.step_down() } else { Vec::new() }
    }
}
