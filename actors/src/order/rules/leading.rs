//! Leading: what is appended, what is confirmed, what is acknowledged, and for whom this replica answers (A1, A4, M4, M5).

use super::command::{Command, Serving};
use super::leader_state::LeaderState;
use super::replica_rules::ReplicaRules;
use super::request_table::Sold;
use crate::bugs::order as bent;
use crate::domain::{Epoch, Line, OrderNumber, ReplicaId, Run, Term};
use crate::messages::catalog::{Leadership, Refusal};
use crate::messages::order::NotServing;
use crate::order::summary::BookSummary;
use crate::probe::ReplicaEvent;

impl ReplicaRules {
    /// The leader of this term; `None` once it has ended.
    pub fn leading(&mut self, term: Term) -> Option<&mut LeaderState> {
        self.leader.as_mut().filter(|leader| leader.term() == term)
    }

    /// As [`ReplicaRules::leading`], to look at.
    pub fn leader_of(&self, term: Term) -> Option<&LeaderState> {
        self.leader.as_ref().filter(|leader| leader.term() == term)
    }

    /// Whether this replica leads in the term, and so still does.
    pub fn leads_in(&self, term: Term) -> bool {
        self.leader_of(term).is_some()
    }

    /// The leader of the epoch `named`, if that is this replica, serving or not.
    pub fn term_of(&self, named: Epoch) -> Option<&LeaderState> {
        self.leader.as_ref().filter(|leader| leader.leads(named))
    }

    /// Whether this replica serves as leader for a caller that names epoch `named`.
    ///
    /// # Errors
    /// [`NotServing`], saying why not.
    pub fn serving(&self, named: Epoch, book: &BookSummary) -> Result<Serving, NotServing> {
        match self.term_of(named) {
            Some(leader) if leader.serves() => Ok(serving_of(leader)),
            Some(leader) => Err(NotServing::TakingOver { epoch: leader.view().epoch }),
            None if self.adopting == Some(named) => Err(NotServing::TakingOver { epoch: named }),
            None => Err(NotServing::NotLeader { named, current: book.epoch() }),
        }
    }

    /// As [`ReplicaRules::serving`], for a replica that fetches what it lacks: its view may be newer or older than this
    /// leader's, within the term.
    ///
    /// # Errors
    /// [`NotServing`], saying why not.
    pub fn serving_fetch(&self, named: Epoch, book: &BookSummary) -> Result<Serving, NotServing> {
        let own = self.leader.as_ref().map_or(named, |leader| leader.view().epoch);
        self.serving(own.max(named), book)
    }

    /// What the leader of a term shows the catalog now, with the line of its view.
    pub fn leadership(&self, term: Term) -> Option<(Leadership, Line)> {
        let leader = self.leader_of(term)?;
        let view = leader.view();
        let shown = Leadership { term, epoch: view.epoch, by: view.by, last: leader.last().number };
        Some((shown, view.line.clone()))
    }

    /// Makes purchases the next entries of the book, under their numbers; false when they are not appended: the term has
    /// ended, as it does here when these are not the next numbers. Then the catalog's memory and this book are not of one
    /// store, or one of them is older (M5).
    pub fn append(&mut self, term: Term, sold: &Sold) -> (bool, Vec<Command>) {
        let Some(leader) = self.leading(term) else { return (false, Vec::new()) };
        let next = leader.last().number + 1;
        if sold.first != next {
            let event = ReplicaEvent::OtherNumberSold { expected: next, sold: sold.first };
            let mut commands = vec![Command::Tell(event)];
            commands.extend(self.step_down());
            return (false, commands);
        }
        let entries = leader.append(sold.purchases.clone());
        (true, vec![Command::Write { term, entries }, Command::WakeReplicators])
    }

    /// The own disk holds the book up to `number`.
    pub fn durable(&mut self, term: Term, number: OrderNumber) -> Vec<Command> {
        if let Some(leader) = self.leading(term) {
            leader.durable(number);
        }
        self.advance(term)
    }

    /// A run of a replica has confirmed the book up to `number` in `epoch`. `full` says that the message had all the entries
    /// that one may have. `None` when the term has ended.
    pub fn confirmed(
        &mut self,
        term: Term,
        (peer, run): (ReplicaId, Run),
        epoch: Epoch,
        number: OrderNumber,
        full: bool,
    ) -> Option<Vec<Command>> {
        let leader = self.leading(term)?;
        let number = bent::confirmed_number(number, leader.last().number, full);
        leader.confirmed(peer, run, epoch, number);
        Some(self.advance(term))
    }

    /// Everything that a new leader had to append before it serves has been appended (A4).
    pub fn inheritance_appended(&mut self, term: Term) -> Vec<Command> {
        if let Some(leader) = self.leading(term) {
            leader.inheritance_appended();
        }
        self.advance(term)
    }

    /// The book lacks what the catalog knows to be acknowledged: this run must not lead (M4).
    pub fn unfit(&mut self, term: Term) -> Vec<Command> {
        if !self.leads_in(term) {
            return Vec::new();
        }
        let mut commands = vec![Command::Tell(ReplicaEvent::Unfit { term })];
        self.unfit = Some(term);
        commands.extend(self.step_down());
        commands
    }

    /// Why the catalog does not sell to this leader; `None` when it does.
    pub fn catalog_said(&mut self, refusal: Option<Refusal>) -> Vec<Command> {
        let refusal = refusal.filter(|why| why.needs_operator());
        let news = refusal.filter(|_| self.catalog_refusal != refusal);
        self.catalog_refusal = refusal;
        news.map(|why| Command::Tell(ReplicaEvent::CatalogRefuses { why })).into_iter().collect()
    }

    /// Acknowledges what can be, and has the others hear of it.
    pub(super) fn advance(&mut self, term: Term) -> Vec<Command> {
        let moved = self.leading(term).and_then(|leader| {
            let served = leader.serves();
            leader.advance().then(|| (served, leader.view().by, serving_of(leader)))
        });
        let mut commands = Vec::with_capacity(3);
        if let Some((served, by, serving)) = moved {
            let Serving { epoch, acknowledged: through, .. } = serving;
            if served {
                commands.push(Command::Tell(ReplicaEvent::Acknowledged { through, by, epoch }));
                commands.push(Command::Acknowledge(serving));
            } else {
                commands.push(Command::Tell(ReplicaEvent::Serving { by, epoch, last: through }));
                commands.push(Command::Serve(serving));
            }
        }
        commands.push(Command::WakeReplicators);
        commands
    }
}

fn serving_of(leader: &LeaderState) -> Serving {
    Serving { term: leader.term(), epoch: leader.view().epoch, acknowledged: leader.acknowledged() }
}
