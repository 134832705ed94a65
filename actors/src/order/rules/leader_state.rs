//! The volatile state of a leader: whom it waits for, what is confirmed, and so what is acknowledged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::peer::{Membership, Peer};
use crate::bugs::order as bent;
use crate::domain::{Entry, Epoch, OrderNumber, Position, ReplicaId, Run, SoldPurchase, Term, View};

/// What a newer view means to a leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Succession {
    /// It goes on leading, with all that was confirmed (D6).
    Continues,
    /// The term ends; if the view names this replica, another one begins from nothing.
    Ends,
}

/// What a leader knows and has promised, from the view that made it one to the view that ends its term.
#[derive(Debug)]
pub struct LeaderState {
    term: Term,
    run: Run,
    view: View,
    peers: BTreeMap<ReplicaId, Peer>,
    /// Where replicas are, by the configuration; who counts, the view says (M10).
    configured: BTreeSet<ReplicaId>,
    /// Entries that not everyone counted has confirmed, the first numbered `base.number + 1`.
    tail: VecDeque<Entry>,
    base: Position,
    durable: OrderNumber,
    acknowledged: OrderNumber,
    inherited: bool,
    serving: bool,
}

impl LeaderState {
    /// The view makes the run `run` of `me` leader; its book on disk ends at `last`. All that some earlier term
    /// confirmed is forgotten: everyone in sync must confirm the whole book anew (A4).
    #[must_use]
    pub fn new(view: View, me: ReplicaId, run: Run, replicas: &[ReplicaId], last: Position) -> LeaderState {
        let configured: BTreeSet<_> = replicas.iter().copied().collect();
        let everyone = configured.iter().copied().chain(view.in_sync.ids()).filter(|id| *id != me);
        let waited_for = everyone.filter(|id| bent::is_waited_for(configured.contains(id)));
        let peers = waited_for.map(|id| (id, Peer::new(view.in_sync.run(id)))).collect();
        LeaderState {
            term: Term::begun_in(view.epoch),
            run,
            view,
            peers,
            configured,
            tail: VecDeque::new(),
            base: last,
            durable: last.number,
            acknowledged: OrderNumber::NONE,
            inherited: false,
            serving: false,
        }
    }

    /// The replicas to send the book to: those configured, and those that only the view names.
    pub fn everyone(&self) -> impl Iterator<Item = ReplicaId> {
        self.peers.keys().copied()
    }

    /// Whether the configuration says where this replica is.
    #[must_use]
    pub fn is_configured(&self, peer: ReplicaId) -> bool {
        self.configured.contains(&peer)
    }

    /// Whether its book may be sent: it has what the catalog knew, and so everything acknowledged (M4). With that, the first
    /// message overwrites whatever tail a follower has, and its length never says too much: a second net under B2.
    #[must_use]
    pub fn may_send_book(&self) -> bool {
        bent::may_send_book(self.inherited)
    }

    /// The term in which it leads: what fences purchases at the catalog.
    #[must_use]
    pub fn term(&self) -> Term {
        self.term
    }

    /// The view that it leads now.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whether it answers for the order service.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.serving
    }

    /// Whether it leads the epoch `named`, itself or as one of the same term before it.
    #[must_use]
    pub fn leads(&self, named: Epoch) -> bool {
        (self.term.first_epoch()..=self.view.epoch).contains(&named)
    }

    /// Orders up to this number are acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> OrderNumber {
        self.acknowledged
    }

    /// The last entry of the book, on disk or not.
    #[must_use]
    pub fn last(&self) -> Position {
        self.tail.back().map_or(self.base, |entry| Position { number: entry.number, epoch: entry.epoch })
    }

    /// How many orders are not acknowledged yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.tail.len()
    }

    /// How a replica takes part.
    #[must_use]
    pub fn membership(&self, peer: ReplicaId) -> Membership {
        self.peers.get(&peer).map_or(Membership::Out, Peer::membership)
    }

    /// Up to where the process that is there now has confirmed the book in this term.
    #[must_use]
    pub fn confirmed_by(&self, peer: ReplicaId) -> OrderNumber {
        self.peers.get(&peer).map_or(OrderNumber::NONE, Peer::confirmed_by_present)
    }

    /// Makes purchases the next entries, in the current epoch.
    pub fn append(&mut self, purchases: Vec<SoldPurchase>) -> Vec<Entry> {
        let (first, epoch) = (self.last().number + 1, self.view.epoch);
        let numbered = first.onward().zip(purchases);
        let entries: Vec<_> = numbered.map(|(number, sold)| Entry::of(number, epoch, sold)).collect();
        self.tail.extend(entries.iter().cloned());
        entries
    }

    /// The entries after `after`, at most `limit`, with the position they follow: from memory. `None` when
    /// they start before what is in memory and must be read from disk, where they all are.
    #[must_use]
    pub fn entries_after(&self, after: OrderNumber, limit: usize) -> Option<(Position, Vec<Entry>)> {
        let skip = usize::try_from(after.get().checked_sub(self.base.number.get())?).ok()?;
        let before = match skip.checked_sub(1) {
            None => self.base,
            Some(index) => {
                self.tail.get(index).map(|entry| Position { number: entry.number, epoch: entry.epoch })?
            }
        };
        Some((before, self.tail.iter().skip(skip).take(limit).cloned().collect()))
    }

    /// The own disk holds the book up to `number`.
    pub fn durable(&mut self, number: OrderNumber) {
        self.durable = self.durable.max(number);
    }

    /// The run of a replica has confirmed, in `epoch`, that it holds the book up to `number` on disk.
    pub fn confirmed(&mut self, peer: ReplicaId, run: Run, epoch: Epoch, number: OrderNumber) {
        let last = self.last().number;
        if self.leads(epoch)
            && let Some(peer) = self.peers.get_mut(&peer)
        {
            peer.confirm(run, number.min(last));
        }
    }

    /// Everything that the predecessor left has been appended.
    pub fn inheritance_appended(&mut self) {
        self.inherited = true;
    }

    /// Acknowledges what the own disk, every in-sync replica and every counted joiner have (A1); during a
    /// takeover nothing, until they have all of it (A4). Returns whether anything changed.
    pub fn advance(&mut self) -> bool {
        let everywhere = self.peers.values().map(|peer| self.held_by(peer));
        let everywhere = everywhere.fold(self.durable, OrderNumber::min);
        if !self.serving {
            if !self.inherited || everywhere < self.last().number {
                return false;
            }
            self.serving = true;
        } else if everywhere <= self.acknowledged {
            return false;
        }
        self.acknowledged = everywhere;
        while self.tail.front().is_some_and(|entry| entry.number <= everywhere) {
            if let Some(entry) = self.tail.pop_front() {
                self.base = Position { number: entry.number, epoch: entry.epoch };
            }
        }
        true
    }

    /// Up to where everyone of a replica's number who is waited for holds the book: the member and the joiner.
    fn held_by(&self, peer: &Peer) -> OrderNumber {
        let someone_out = || self.peers.values().any(|peer| peer.membership() == Membership::Out);
        let member = bent::held_by_member(peer.held_by_member(), self.durable, self.serving, someone_out);
        let joiner = bent::held_by_joiner(peer.held_by_joiner(), self.durable);
        member.unwrap_or(OrderNumber::MAX).min(joiner.unwrap_or(OrderNumber::MAX))
    }

    /// What a view, newer than the current one, means (D6): only the very next one, with the same leader,
    /// lets the term go on. With any other, views in between were missed, and with them perhaps a term of
    /// somebody else.
    #[must_use]
    pub fn succession(&self, view: &View, me: ReplicaId) -> Succession {
        let next = view.epoch == self.view.epoch.next();
        if view.is_led_by(me, self.run) && bent::continues_term(next) {
            Succession::Continues
        } else {
            Succession::Ends
        }
    }

    /// Goes on in the next view. A run that it lacks is no longer waited for, unless it was being counted to join (D4).
    pub fn adopt(&mut self, view: View) {
        for (id, peer) in &mut self.peers {
            peer.adopt(view.in_sync.run(*id));
        }
        self.view = view;
    }

    /// Whether a run that has caught up is neither a member nor counted, and may be counted. Only once this leader serves.
    #[must_use]
    pub fn may_count(&self, peer: ReplicaId, run: Run) -> bool {
        let known = self.peers.get(&peer).filter(|_| self.serving && self.is_configured(peer));
        known.is_some_and(|peer| peer.may_count(run))
    }

    /// Starts to count a run that [`LeaderState::may_count`]; it must confirm the whole book in this term. Returns whether
    /// it is new.
    pub fn count(&mut self, peer: ReplicaId, run: Run) -> bool {
        if !self.may_count(peer, run) {
            return false;
        }
        let Some(peer) = self.peers.get_mut(&peer) else { return false };
        peer.count(run);
        true
    }

    /// Stops counting a joiner that does not answer, unless it may be a member by now (D4). Returns whether it is no longer
    /// counted.
    pub fn stop_counting(&mut self, peer: ReplicaId) -> bool {
        self.peers.get_mut(&peer).is_some_and(Peer::stop_counting)
    }

    /// The run that the front-end may be asked to add: it has confirmed, in this term, everything acknowledged (D3);
    /// during a takeover the whole book, with what the catalog had not settled (M3).
    #[must_use]
    pub fn may_add(&self, peer: ReplicaId) -> Option<Run> {
        let needed = if self.serving { self.acknowledged } else { self.last().number };
        let run = self.peers.get(&peer)?.joiner_with(needed, self.serving)?;
        (self.serving || self.inherited).then_some(run)
    }

    /// The front-end is being asked to add this joiner.
    pub fn add_sent(&mut self, peer: ReplicaId, run: Run) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.add_sent(run);
        }
    }
}
