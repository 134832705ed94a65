//! One reign of a leader: whom it waits for, what is confirmed, and so what is acknowledged.
//!
//! Data in, decisions out. The rules by their letters are those of docs/protocol.md.

use std::collections::{BTreeMap, VecDeque};

use crate::bugs::{Bug, planted};
use crate::domain::{Entry, Epoch, OrderNumber, Position, Purchase, ReplicaId, View};

/// How a replica other than the leader takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It holds every acknowledged order, and is waited for.
    InSync,
    /// It is being brought in sync, and is waited for already.
    Joining {
        /// Whether the front-end was asked to add it: it may be a member by now without our knowing (D4).
        add_sent: bool,
    },
    /// It is not waited for and is sent nothing.
    Out,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Peer {
    membership: Membership,
    /// The book up to here is on its disk, confirmed in this reign.
    confirmed: OrderNumber,
}

/// What a newer view means to a leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Succession {
    /// It goes on leading, with all that was confirmed (D6).
    Continues,
    /// The reign ends; if the view names this replica, another one begins from nothing.
    Ends,
}

/// The volatile state of a leader, from the view that made it one to the view that ends it.
#[derive(Debug)]
pub struct Reign {
    since: Epoch,
    view: View,
    peers: BTreeMap<ReplicaId, Peer>,
    /// Entries that not everyone counted has confirmed, the first numbered `base.number + 1`.
    tail: VecDeque<Entry>,
    base: Position,
    durable: OrderNumber,
    acknowledged: OrderNumber,
    inherited: bool,
    serving: bool,
}

impl Reign {
    /// The view makes `me` leader; its book on disk ends at `last`. All that some earlier reign confirmed is
    /// forgotten: everyone in sync must confirm the whole book anew (A4).
    #[must_use]
    pub fn new(view: View, me: ReplicaId, replicas: &[ReplicaId], last: Position) -> Reign {
        let peer = |id: &ReplicaId| {
            let membership = if view.in_sync.contains(id) { Membership::InSync } else { Membership::Out };
            (*id, Peer { membership, confirmed: 0 })
        };
        let peers = replicas.iter().filter(|id| **id != me).map(peer).collect();
        Reign {
            since: view.epoch,
            view,
            peers,
            tail: VecDeque::new(),
            base: last,
            durable: last.number,
            acknowledged: 0,
            inherited: false,
            serving: false,
        }
    }

    /// The epoch in which it began: what fences purchases at the catalog.
    #[must_use]
    pub fn since(&self) -> Epoch {
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

    /// Whether it leads the epoch `named`, itself or as one of the same reign before it.
    #[must_use]
    pub fn leads(&self, named: Epoch) -> bool {
        (self.since..=self.view.epoch).contains(&named)
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
        self.peers.get(&peer).map_or(Membership::Out, |peer| peer.membership)
    }

    /// Up to where a replica has confirmed the book in this reign.
    #[must_use]
    pub fn confirmed_by(&self, peer: ReplicaId) -> OrderNumber {
        self.peers.get(&peer).map_or(0, |peer| peer.confirmed)
    }

    /// Makes purchases the next entries, in the current epoch.
    pub fn append(&mut self, purchases: Vec<Purchase>) -> Vec<Entry> {
        let (first, epoch) = (self.last().number + 1, self.view.epoch);
        let entries: Vec<_> =
            (first..).zip(purchases).map(|(number, purchase)| Entry { number, epoch, purchase }).collect();
        self.tail.extend(entries.iter().cloned());
        entries
    }

    /// The entries after `after`, at most `limit`, with the position they follow: from memory. `None` when
    /// they start before what is in memory and must be read from disk, where they all are.
    #[must_use]
    pub fn entries_after(&self, after: OrderNumber, limit: usize) -> Option<(Position, Vec<Entry>)> {
        let skip = usize::try_from(after.checked_sub(self.base.number)?).ok()?;
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

    /// A replica has confirmed, in `epoch`, that it holds the book up to `number` on disk.
    pub fn confirmed(&mut self, peer: ReplicaId, epoch: Epoch, number: OrderNumber) {
        let last = self.last().number;
        if self.leads(epoch)
            && let Some(peer) = self.peers.get_mut(&peer)
        {
            peer.confirmed = peer.confirmed.max(number.min(last));
        }
    }

    /// Everything that the predecessor left has been appended.
    pub fn inheritance_appended(&mut self) {
        self.inherited = true;
    }

    /// Acknowledges what the own disk, every in-sync replica and every counted joiner have (A1); during a
    /// takeover nothing, until they have all of it (A4). Returns whether anything changed.
    pub fn advance(&mut self) -> bool {
        let counted = self.peers.values().filter(|peer| self.waits_for(peer));
        let everywhere = counted.map(|peer| peer.confirmed).fold(self.durable, OrderNumber::min);
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

    fn waits_for(&self, peer: &Peer) -> bool {
        let lacks = peer.confirmed < self.durable;
        let someone_out = || self.peers.values().any(|peer| peer.membership == Membership::Out);
        let overlooked = lacks
            && match peer.membership {
                Membership::InSync if self.serving => {
                    planted(Bug::AckBeforeFollowers) || (someone_out() && planted(Bug::FollowerSkipped))
                }
                Membership::InSync => planted(Bug::TakeoverServesUnconfirmed),
                Membership::Joining { .. } => planted(Bug::JoinerNotWaitedFor),
                Membership::Out => false,
            };
        peer.membership != Membership::Out && !overlooked
    }

    /// What a view, newer than the current one, means (D6): only the very next one, with the same leader,
    /// lets the reign go on. With any other, views in between were missed, and with them perhaps a reign of
    /// somebody else.
    #[must_use]
    pub fn succession(&self, view: &View, me: ReplicaId) -> Succession {
        let next = view.epoch == self.view.epoch + 1;
        if view.leader == me && (next || planted(Bug::ReignKept)) {
            Succession::Continues
        } else {
            Succession::Ends
        }
    }

    /// Goes on in the next view. A replica that it lacks is no longer waited for, unless it was being
    /// counted to join: that goes on, as one that the front-end has not been asked to add (D4).
    pub fn adopt(&mut self, view: View) {
        for (id, peer) in &mut self.peers {
            peer.membership = match peer.membership {
                _ if view.in_sync.contains(id) => Membership::InSync,
                Membership::Joining { .. } => Membership::Joining { add_sent: false },
                Membership::InSync | Membership::Out => Membership::Out,
            };
        }
        self.view = view;
    }

    /// Starts to count a replica that has caught up; it must confirm the whole book in this reign. Only
    /// once this leader serves. Returns whether it is new.
    pub fn count(&mut self, peer: ReplicaId) -> bool {
        let serving = self.serving;
        match self.peers.get_mut(&peer) {
            Some(peer) if serving && peer.membership == Membership::Out => {
                *peer = Peer { membership: Membership::Joining { add_sent: false }, confirmed: 0 };
                true
            }
            _ => false,
        }
    }

    /// Stops counting a joiner that does not answer; not once the front-end was asked to add it, for it may
    /// be a member (D4). Returns whether it is out now.
    pub fn stop_counting(&mut self, peer: ReplicaId) -> bool {
        match self.peers.get_mut(&peer) {
            Some(peer)
                if peer.membership == (Membership::Joining { add_sent: false })
                    || peer.membership == (Membership::Joining { add_sent: true })
                        && planted(Bug::JoinerUncounted) =>
            {
                *peer = Peer { membership: Membership::Out, confirmed: 0 };
                true
            }
            _ => false,
        }
    }

    /// Whether the front-end may be asked to add a joiner: it has confirmed, in this reign, everything
    /// acknowledged (D3).
    #[must_use]
    pub fn may_add(&self, peer: ReplicaId) -> bool {
        let ready = |peer: &Peer| {
            matches!(peer.membership, Membership::Joining { .. })
                && (peer.confirmed >= self.acknowledged || planted(Bug::AddedTooEarly))
        };
        self.serving && self.peers.get(&peer).is_some_and(ready)
    }

    /// The front-end is being asked to add this joiner.
    pub fn add_sent(&mut self, peer: ReplicaId) {
        if let Some(peer) = self.peers.get_mut(&peer)
            && let Membership::Joining { add_sent } = &mut peer.membership
        {
            *add_sent = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProductName, Quantity, RequestId};

    fn view(epoch: Epoch, in_sync: &[ReplicaId]) -> View {
        View { epoch, leader: 3, in_sync: in_sync.to_vec() }
    }

    fn purchases(count: usize) -> Vec<Purchase> {
        let purchase = |index| Purchase {
            key: RequestId::new(format!("k{index}")).unwrap(),
            name: ProductName::new("Tux").unwrap(),
            quantity: Quantity::new(1).unwrap(),
        };
        (0..count).map(purchase).collect()
    }

    fn taking_over(in_sync: &[ReplicaId], last: OrderNumber) -> Reign {
        let epoch = if last == 0 { 0 } else { 1 };
        Reign::new(view(5, in_sync), 3, &[1, 2, 3], Position { number: last, epoch })
    }

    /// A reign of epoch 5 that serves with ten acknowledged orders.
    fn serving(in_sync: &[ReplicaId]) -> Reign {
        let mut reign = taking_over(in_sync, 10);
        reign.inheritance_appended();
        for peer in in_sync {
            reign.confirmed(*peer, 5, 10);
        }
        assert!(reign.advance());
        reign
    }

    #[test]
    fn an_order_is_acknowledged_when_the_own_disk_and_everyone_counted_have_it() {
        for (durable, by_1, by_2, acknowledged) in
            [(13, 13, 13, 13), (12, 13, 13, 12), (13, 11, 13, 11), (13, 13, 10, 10), (13, 99, 99, 13)]
        {
            let mut reign = serving(&[1, 2, 3]);
            reign.append(purchases(3));
            reign.durable(durable);
            reign.confirmed(1, 5, by_1);
            reign.confirmed(2, 5, by_2);
            reign.advance();
            assert_eq!(reign.acknowledged(), acknowledged, "{durable} {by_1} {by_2}");
        }
    }

    #[test]
    fn a_takeover_serves_only_once_everyone_has_the_whole_book() {
        let mut reign = taking_over(&[1, 2, 3], 10);
        reign.append(purchases(1));
        reign.inheritance_appended();
        reign.durable(11);
        reign.confirmed(1, 5, 11);
        reign.confirmed(2, 5, 10);
        assert!(!reign.advance() && !reign.serves() && reign.acknowledged() == 0);
        reign.confirmed(2, 5, 11);
        assert!(reign.advance() && reign.serves() && reign.acknowledged() == 11);
    }

    #[test]
    fn confirmations_of_another_reign_do_not_count() {
        let mut reign = serving(&[1, 2, 3]);
        reign.append(purchases(1));
        reign.durable(11);
        for epoch in [4, 6] {
            reign.confirmed(1, epoch, 11);
            reign.confirmed(2, epoch, 11);
        }
        assert!(!reign.advance());
    }

    #[test]
    fn only_the_next_view_with_the_same_leader_continues_a_reign() {
        let reign = serving(&[1, 2, 3]);
        for (epoch, leader, expected) in
            [(6, 3, Succession::Continues), (7, 3, Succession::Ends), (6, 2, Succession::Ends)]
        {
            let view = View { epoch, leader, in_sync: vec![2, 3] };
            assert_eq!(reign.succession(&view, 3), expected, "{view}");
        }
    }

    #[test]
    fn a_dropped_replica_is_not_waited_for() {
        let mut reign = serving(&[1, 2, 3]);
        reign.append(purchases(1));
        reign.durable(11);
        reign.confirmed(2, 5, 11);
        assert!(!reign.advance());
        reign.adopt(view(6, &[2, 3]));
        assert!(reign.advance());
        assert_eq!(reign.acknowledged(), 11);
    }

    #[test]
    fn a_joiner_is_waited_for_from_the_moment_it_is_counted() {
        let mut reign = serving(&[2, 3]);
        assert!(reign.count(1) && !reign.count(1));
        reign.append(purchases(1));
        reign.durable(11);
        reign.confirmed(2, 5, 11);
        assert!(!reign.advance());
        assert!(!reign.may_add(1), "it has confirmed nothing yet");
        reign.confirmed(1, 5, 10);
        assert!(reign.may_add(1));
    }

    #[test]
    fn a_joiner_whose_add_was_sent_is_let_go_only_by_a_newer_view_without_it() {
        let mut reign = serving(&[2, 3]);
        reign.count(1);
        reign.confirmed(1, 5, 10);
        reign.add_sent(1);
        assert!(!reign.stop_counting(1));
        reign.adopt(view(6, &[2, 3]));
        assert!(reign.stop_counting(1));
        assert_eq!(reign.membership(1), Membership::Out);
    }

    #[test]
    fn nobody_is_counted_during_a_takeover() {
        assert!(!taking_over(&[2, 3], 0).count(1));
    }

    #[test]
    fn what_everyone_has_is_read_from_disk_and_the_rest_from_memory() {
        let mut reign = serving(&[1, 2, 3]);
        reign.append(purchases(3));
        assert_eq!(reign.entries_after(9, 10), None);
        let (after, entries) = reign.entries_after(10, 2).unwrap();
        assert_eq!((after, entries.len()), (Position { number: 10, epoch: 1 }, 2));
        let (after, entries) = reign.entries_after(12, 10).unwrap();
        assert_eq!((after, entries[0].number), (Position { number: 12, epoch: 5 }, 13));
        assert_eq!(reign.entries_after(13, 10).unwrap().1, []);
        assert_eq!(reign.entries_after(14, 10), None);
    }
}
