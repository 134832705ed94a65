//! One term of a leader: whom it waits for, what is confirmed, and so what is acknowledged.
//!
//! Data in, decisions out. The rules by their letters are those of docs/protocol.md.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::bugs::{Bug, planted};
use crate::domain::{Entry, Epoch, OrderNumber, Position, Purchase, ReplicaId, Run, Term, View};

/// How a replica other than the leader takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It holds every acknowledged order, and is waited for.
    InSync,
    /// Its run is being brought in sync, and is waited for already; beside the run that is the member, if one is.
    Joining {
        /// Whether the front-end was asked to add it: it may be a member by now without our knowing (D4).
        add_sent: bool,
    },
    /// It is not waited for and is sent nothing.
    Out,
}

/// A run that is counted before the view names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Joining {
    run: Run,
    add_sent: bool,
}

/// What is known of the replica of one number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Peer {
    /// The run that the view names.
    member: Option<Run>,
    joining: Option<Joining>,
    /// The run that answered last: the process that is there now.
    heard: Option<Run>,
    /// The book up to here is on the disk of that run, confirmed in this term (M3).
    confirmed: BTreeMap<Run, OrderNumber>,
}

impl Peer {
    fn membership(&self) -> Membership {
        match (self.joining, self.member) {
            (Some(Joining { add_sent, .. }), _) => Membership::Joining { add_sent },
            (None, Some(_)) => Membership::InSync,
            (None, None) => Membership::Out,
        }
    }

    fn confirmed_by(&self, run: Run) -> OrderNumber {
        if let Some(heard) = self.heard
            && heard != run
            && planted(Bug::AnyRunConfirms)
        {
            return self.confirmed.get(&heard).copied().unwrap_or_default();
        }
        self.confirmed.get(&run).copied().unwrap_or_default()
    }

    /// A member that was started again is another run: it is counted as a joiner beside the member that it was (M3),
    /// unless an add is on its way for yet another (D4).
    fn count_restarted(&mut self) {
        let Some(heard) = self.heard.filter(|heard| Some(*heard) != self.member) else { return };
        if self.member.is_some()
            && self.joining.is_none_or(|joining| !joining.add_sent)
            && !planted(Bug::AnyRunConfirms)
        {
            let same = self.joining.filter(|joining| joining.run == heard);
            self.joining = same.or(Some(Joining { run: heard, add_sent: false }));
        }
    }
}

/// What a newer view means to a leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Succession {
    /// It goes on leading, with all that was confirmed (D6).
    Continues,
    /// The term ends; if the view names this replica, another one begins from nothing.
    Ends,
}

/// The volatile state of a leader, from the view that made it one to the view that ends it.
#[derive(Debug)]
pub struct LeaderState {
    since: Term,
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
        let skipped = |id: &ReplicaId| !configured.contains(id) && planted(Bug::UnconfiguredSkipped);
        let everyone = everyone.filter(|id| !skipped(id));
        let peer = |id| (id, Peer { member: view.in_sync.run(id), ..Peer::default() });
        let peers = everyone.map(peer).collect();
        LeaderState {
            since: Term::begun_in(view.epoch),
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

    /// The replicas to replicator: those configured, and those that only the view names.
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
    pub fn may_push(&self) -> bool {
        self.inherited || planted(Bug::OwnLengthConfirmed)
    }

    /// The epoch in which it began: what fences purchases at the catalog.
    #[must_use]
    pub fn since(&self) -> Term {
        self.since
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
        (self.since.first_epoch()..=self.view.epoch).contains(&named)
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
        let peer = self.peers.get(&peer);
        peer.and_then(|peer| peer.confirmed.get(&peer.heard?)).copied().unwrap_or_default()
    }

    /// Makes purchases the next entries, in the current epoch.
    pub fn append(&mut self, purchases: Vec<Purchase>) -> Vec<Entry> {
        let (first, epoch) = (self.last().number + 1, self.view.epoch);
        let entries: Vec<_> = first
            .onward()
            .zip(purchases)
            .map(|(number, purchase)| Entry { number, epoch, purchase: Some(purchase) })
            .collect();
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
            peer.heard = Some(run);
            // Another process is where the joiner should be: nobody would ever confirm for it.
            peer.joining = peer.joining.filter(|joining| joining.run == run || joining.add_sent);
            let confirmed = peer.confirmed.entry(run).or_default();
            *confirmed = number.min(last).max(*confirmed);
            peer.count_restarted();
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
        let held = |run| peer.confirmed_by(run);
        let member = peer.member.map(held).filter(|held| {
            let lacks = *held < self.durable;
            let overlooked = lacks
                && match self.serving {
                    true => {
                        planted(Bug::AckBeforeFollowers) || (someone_out() && planted(Bug::FollowerSkipped))
                    }
                    false => planted(Bug::TakeoverServesUnconfirmed),
                };
            !overlooked
        });
        let joiner = peer.joining.map(|joining| held(joining.run));
        let joiner = joiner.filter(|held| *held >= self.durable || !planted(Bug::JoinerNotWaitedFor));
        member.unwrap_or(OrderNumber::MAX).min(joiner.unwrap_or(OrderNumber::MAX))
    }

    /// What a view, newer than the current one, means (D6): only the very next one, with the same leader,
    /// lets the term go on. With any other, views in between were missed, and with them perhaps a term of
    /// somebody else.
    #[must_use]
    pub fn succession(&self, view: &View, me: ReplicaId) -> Succession {
        let next = view.epoch == self.view.epoch.next();
        if view.is_led_by(me, self.run) && (next || planted(Bug::TermKept)) {
            Succession::Continues
        } else {
            Succession::Ends
        }
    }

    /// Goes on in the next view. A run that it lacks is no longer waited for, unless it was being counted to join:
    /// that goes on, as one that the front-end has not been asked to add (D4).
    pub fn adopt(&mut self, view: View) {
        for (id, peer) in &mut self.peers {
            peer.member = view.in_sync.run(*id);
            let joining = peer.joining.filter(|joining| Some(joining.run) != peer.member);
            peer.joining = joining.map(|joining| Joining { add_sent: false, ..joining });
            peer.count_restarted();
        }
        self.view = view;
    }

    /// Whether a run that has caught up is neither a member nor counted, and may be counted. Only once this leader serves.
    #[must_use]
    pub fn may_count(&self, peer: ReplicaId, run: Run) -> bool {
        if !self.serving || !self.is_configured(peer) {
            return false;
        }
        self.peers.get(&peer).is_some_and(|peer| {
            peer.member != Some(run)
                && peer.joining.is_none_or(|joining| joining.run != run && !joining.add_sent)
                && (peer.member.is_none() || !planted(Bug::AnyRunConfirms))
        })
    }

    /// Starts to count a run that [`LeaderState::may_count`]; it must confirm the whole book in this term. Returns whether it is
    /// new.
    pub fn count(&mut self, peer: ReplicaId, run: Run) -> bool {
        if !self.may_count(peer, run) {
            return false;
        }
        let Some(peer) = self.peers.get_mut(&peer) else { return false };
        // What it confirmed before it was let go, it may have lost since as one that nobody waited for.
        peer.confirmed.remove(&run);
        peer.heard = Some(run);
        peer.joining = Some(Joining { run, add_sent: false });
        true
    }

    /// Stops counting a joiner that does not answer; not once the front-end was asked to add it, for it may
    /// be a member (D4). Returns whether it is no longer counted.
    pub fn stop_counting(&mut self, peer: ReplicaId) -> bool {
        let Some(peer) = self.peers.get_mut(&peer) else { return false };
        let stops = peer.joining.is_some_and(|joining| !joining.add_sent || planted(Bug::JoinerUncounted));
        if stops && let Some(joining) = peer.joining.take() {
            peer.confirmed.remove(&joining.run);
            peer.heard = peer.member;
        }
        stops
    }

    /// The run that the front-end may be asked to add: it has confirmed, in this term, everything acknowledged (D3);
    /// during a takeover the whole book, with what the catalog had not settled (M3).
    #[must_use]
    pub fn may_add(&self, peer: ReplicaId) -> Option<Run> {
        let needed = if self.serving { self.acknowledged } else { self.last().number };
        let peer = self.peers.get(&peer)?;
        let run = peer.joining?.run;
        let has_all = peer.confirmed_by(run) >= needed || (self.serving && planted(Bug::AddedTooEarly));
        (has_all && (self.serving || self.inherited)).then_some(run)
    }

    /// The front-end is being asked to add this joiner.
    pub fn add_sent(&mut self, peer: ReplicaId, run: Run) {
        if let Some(joining) = self.peers.get_mut(&peer).and_then(|peer| peer.joining.as_mut())
            && joining.run == run
        {
            joining.add_sent = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProductName, Quantity, RequestId, StoreId};

    /// The first run of a replica.
    fn run(id: ReplicaId) -> Run {
        Run::new(u64::from(id) * 10)
    }

    fn view_of(epoch: Epoch, leader: ReplicaId, in_sync: &[(ReplicaId, Run)]) -> View {
        let by = Run::new(1);
        let (line, in_sync) = ([by].into_iter().collect(), in_sync.iter().copied().collect());
        View { store: StoreId::new(1), by, line, epoch, leader, in_sync }
    }

    fn view(epoch: Epoch, in_sync: &[ReplicaId]) -> View {
        let in_sync: Vec<_> = in_sync.iter().map(|id| (*id, run(*id))).collect();
        view_of(epoch, 3, &in_sync)
    }

    fn purchases(count: usize) -> Vec<Purchase> {
        let purchase = |index| Purchase {
            key: RequestId::new(format!("k{index}")).unwrap(),
            name: ProductName::new("Tux").unwrap(),
            quantity: Quantity::new(1).unwrap(),
        };
        (0..count).map(purchase).collect()
    }

    fn taking_over(in_sync: &[ReplicaId], last: OrderNumber) -> LeaderState {
        let epoch = if last == 0 { 0 } else { 1 };
        LeaderState::new(view(5, in_sync), 3, run(3), &[1, 2, 3], Position { number: last, epoch })
    }

    /// A term of epoch 5 that serves with ten acknowledged orders.
    fn serving(in_sync: &[ReplicaId]) -> LeaderState {
        let mut term = taking_over(in_sync, 10);
        term.inheritance_appended();
        for peer in in_sync {
            term.confirmed(*peer, run(*peer), 5, 10);
        }
        assert!(term.advance());
        term
    }

    #[test]
    fn an_order_is_acknowledged_when_the_own_disk_and_everyone_counted_have_it() {
        for (durable, by_1, by_2, acknowledged) in
            [(13, 13, 13, 13), (12, 13, 13, 12), (13, 11, 13, 11), (13, 13, 10, 10), (13, 99, 99, 13)]
        {
            let mut term = serving(&[1, 2, 3]);
            term.append(purchases(3));
            term.durable(durable);
            term.confirmed(1, run(1), 5, by_1);
            term.confirmed(2, run(2), 5, by_2);
            term.advance();
            assert_eq!(term.acknowledged(), acknowledged, "{durable} {by_1} {by_2}");
        }
    }

    #[test]
    fn a_takeover_serves_only_once_everyone_has_the_whole_book() {
        let mut term = taking_over(&[1, 2, 3], 10);
        term.append(purchases(1));
        term.inheritance_appended();
        term.durable(11);
        term.confirmed(1, run(1), 5, 11);
        term.confirmed(2, run(2), 5, 10);
        assert!(!term.advance() && !term.serves() && term.acknowledged() == 0);
        term.confirmed(2, run(2), 5, 11);
        assert!(term.advance() && term.serves() && term.acknowledged() == 11);
    }

    #[test]
    fn confirmations_of_another_term_do_not_count() {
        let mut term = serving(&[1, 2, 3]);
        term.append(purchases(1));
        term.durable(11);
        for epoch in [4, 6] {
            term.confirmed(1, run(1), epoch, 11);
            term.confirmed(2, run(2), epoch, 11);
        }
        assert!(!term.advance());
    }

    #[test]
    fn only_the_next_view_with_the_same_leader_continues_a_term() {
        let term = serving(&[1, 2, 3]);
        for (epoch, leader, expected) in
            [(6, 3, Succession::Continues), (7, 3, Succession::Ends), (6, 2, Succession::Ends)]
        {
            let view = view_of(epoch, leader, &[(2, run(2)), (3, run(3))]);
            assert_eq!(term.succession(&view, 3), expected, "{view}");
        }
        let restarted = view_of(6, 3, &[(2, run(2)), (3, Run::new(31))]);
        assert_eq!(term.succession(&restarted, 3), Succession::Ends, "another run of this replica");
    }

    #[test]
    fn a_dropped_replica_is_not_waited_for() {
        let mut term = serving(&[1, 2, 3]);
        term.append(purchases(1));
        term.durable(11);
        term.confirmed(2, run(2), 5, 11);
        assert!(!term.advance());
        term.adopt(view(6, &[2, 3]));
        assert!(term.advance());
        assert_eq!(term.acknowledged(), 11);
    }

    #[test]
    fn a_joiner_is_waited_for_from_the_moment_it_is_counted() {
        let mut term = serving(&[2, 3]);
        assert!(term.count(1, run(1)) && !term.count(1, run(1)));
        term.append(purchases(1));
        term.durable(11);
        term.confirmed(2, run(2), 5, 11);
        assert!(!term.advance());
        assert_eq!(term.may_add(1), None, "it has confirmed nothing yet");
        term.confirmed(1, run(1), 5, 10);
        assert_eq!(term.may_add(1), Some(run(1)));
    }

    #[test]
    fn a_joiner_whose_add_was_sent_is_let_go_only_by_a_newer_view_without_it() {
        let mut term = serving(&[2, 3]);
        term.count(1, run(1));
        term.confirmed(1, run(1), 5, 10);
        term.add_sent(1, run(1));
        assert!(!term.stop_counting(1));
        term.adopt(view(6, &[2, 3]));
        assert!(term.stop_counting(1));
        assert_eq!(term.membership(1), Membership::Out);
    }

    #[test]
    fn a_confirmation_counts_for_the_run_that_gave_it() {
        let restarted = Run::new(11);
        let mut term = serving(&[1, 2, 3]);
        term.append(purchases(1));
        term.durable(11);
        term.confirmed(2, run(2), 5, 11);
        term.confirmed(1, restarted, 5, 9);
        assert_eq!(term.membership(1), Membership::Joining { add_sent: false });
        assert_eq!(term.may_add(1), None, "it lacks what is acknowledged");
        term.confirmed(1, restarted, 5, 11);
        assert!(!term.advance(), "the member is another run");
        assert_eq!(term.may_add(1), Some(restarted));
        term.add_sent(1, restarted);
        term.confirmed(1, Run::new(12), 5, 11);
        assert_eq!(term.may_add(1), Some(restarted), "the add that is on its way may be granted");
        term.adopt(view_of(6, 3, &[(1, restarted), (2, run(2)), (3, run(3))]));
        assert!(term.advance(), "the member that the view names has confirmed it");
        assert_eq!(term.may_add(1), Some(Run::new(12)), "and the one that is there now is the next");
    }

    #[test]
    fn a_second_process_under_a_members_number_holds_up_nobody() {
        let mut term = serving(&[1, 2, 3]);
        assert!(term.count(1, Run::new(99)), "it asked to be counted");
        term.append(purchases(1));
        term.durable(11);
        term.confirmed(2, run(2), 5, 11);
        assert!(!term.advance());
        term.confirmed(1, run(1), 5, 11);
        assert!(term.advance(), "the one that is there is the member");
        assert_eq!(term.membership(1), Membership::InSync);
    }

    #[test]
    fn a_member_that_restarts_during_a_takeover_is_added_when_it_has_the_whole_book() {
        let mut term = taking_over(&[1, 2, 3], 10);
        let restarted = Run::new(11);
        term.confirmed(1, restarted, 5, 10);
        assert_eq!(term.may_add(1), None, "the catalog has not been asked");
        term.append(purchases(1));
        term.inheritance_appended();
        assert_eq!(term.may_add(1), None);
        term.durable(11);
        term.confirmed(1, restarted, 5, 11);
        assert_eq!(term.may_add(1), Some(restarted));
        term.confirmed(2, run(2), 5, 11);
        assert!(!term.advance());
        term.adopt(view_of(6, 3, &[(1, restarted), (2, run(2)), (3, run(3))]));
        assert!(term.advance() && term.serves());
    }

    #[test]
    fn a_member_that_is_not_configured_is_waited_for_until_a_view_drops_it() {
        let mut term =
            LeaderState::new(view(5, &[2, 3]), 3, run(3), &[1, 3], Position { number: 10, epoch: 1 });
        term.inheritance_appended();
        assert!(!term.advance() && !term.is_configured(2));
        term.adopt(view(6, &[3]));
        assert!(term.advance());
    }

    #[test]
    fn nobody_is_counted_during_a_takeover() {
        assert!(!taking_over(&[2, 3], 0).count(1, run(1)));
    }

    #[test]
    fn what_everyone_has_is_read_from_disk_and_the_rest_from_memory() {
        let mut term = serving(&[1, 2, 3]);
        term.append(purchases(3));
        assert_eq!(term.entries_after(9, 10), None);
        let (after, entries) = term.entries_after(10, 2).unwrap();
        assert_eq!((after, entries.len()), (Position { number: 10, epoch: 1 }, 2));
        let (after, entries) = term.entries_after(12, 10).unwrap();
        assert_eq!((after, entries[0].number), (Position { number: 12, epoch: 5 }, 13));
        assert_eq!(term.entries_after(13, 10).unwrap().1, []);
        assert_eq!(term.entries_after(14, 10), None);
    }
}
