//! The leader: what it acknowledges, to whom it sends its book, what it answers (A).

use crate::book::Entry;
use crate::message::Message;
use crate::state::{Role, State, Wrong};
use crate::step::{Action, Model};

impl Model {
    /// Everything that a leader can do by itself.
    pub fn lead(&self, state: &State, leader: usize, visit: &mut impl FnMut(Action, State)) {
        let it = &state.replicas[leader];
        if it.durable < it.book.len() {
            let mut next = *state;
            next.replicas[leader].durable = it.book.len();
            self.advance(&mut next, leader);
            visit(Action::Persist(leader), next);
        }
        for order in self.orders() {
            match it.book.find(order) {
                Some(index) => self.finish_order(state, leader, order, index, visit),
                None => self.place_order(state, leader, order, visit),
            }
        }
        self.fetch_again(state, leader, visit);
        for other in self.others(leader) {
            self.keep_in_sync(state, leader, other, visit);
        }
    }

    /// By what name the catalog knows this leader.
    pub fn term_named(&self, state: &State, leader: usize) -> u8 {
        let it = &state.replicas[leader];
        if self.rules.buy_names_term { it.lead.term } else { it.epoch }
    }

    /// Acknowledges what everyone who counts has.
    pub fn advance(&self, state: &mut State, leader: usize) {
        let it = &state.replicas[leader];
        let lead = it.lead;
        let counted =
            if self.rules.joiner_waited_for { lead.in_sync.union(lead.joining) } else { lead.in_sync };
        let mut confirmed = if self.rules.own_disk_waited_for { it.durable } else { it.book.len() };
        if self.rules.all_waited_for {
            let others = self.others(leader).filter(|other| counted.has(*other));
            confirmed = others.map(|other| lead.confirmed[other]).fold(confirmed, u8::min);
        }
        match lead.role {
            Role::Follower => {}
            Role::TakingOver => {
                if lead.fetched && (confirmed >= it.book.len() || !self.rules.served_when_confirmed) {
                    state.replicas[leader].lead.role = Role::Serving;
                    self.acknowledge(state, leader, 0, confirmed);
                }
            }
            Role::Serving if confirmed > lead.acknowledged => {
                self.acknowledge(state, leader, lead.acknowledged, confirmed);
            }
            Role::Serving => {}
        }
    }

    fn acknowledge(&self, state: &mut State, leader: usize, from: u8, to: u8) {
        self.tell(state, leader, from, to);
        state.replicas[leader].lead.acknowledged = to;
    }

    /// Somebody is told what the leader's book has from one index up to another.
    pub fn tell(&self, state: &mut State, leader: usize, from: u8, to: u8) {
        let book = state.replicas[leader].book;
        for index in from as usize..to as usize {
            let order = book.entries()[index].order;
            let record = &state.record;
            let known = record.acknowledged[index];
            let elsewhere = record.acknowledged.iter().enumerate();
            let twice = elsewhere.into_iter().any(|(other, known)| other != index && *known == order);
            if known != 0 && known != order {
                state.wrong(Wrong::Disagree);
            }
            if twice {
                state.wrong(Wrong::Twice);
            }
            state.record.acknowledged[index] = order;
        }
    }

    pub fn append(&self, state: &mut State, leader: usize, order: u8) {
        let it = &mut state.replicas[leader];
        if !it.book.push(Entry { epoch: it.epoch, order }) {
            state.wrong(Wrong::AppendedTwice);
        } else if self.bounds.serial {
            it.durable = it.book.len();
        }
    }

    /// Sends the book to everyone who counts: to all of them, or to those that have not confirmed it.
    pub fn send_book(&self, state: &mut State, leader: usize, all: bool) {
        let it = state.replicas[leader];
        for other in self.others(leader) {
            let counted = it.lead.in_sync.union(it.lead.joining).has(other);
            if !counted || !all && it.lead.confirmed[other] >= it.book.len() {
                continue;
            }
            if self.bounds.newest_sync {
                state.messages.retain(|message| {
                    !matches!(message, Message::Sync { to, epoch, .. } if to == other && epoch == it.epoch)
                });
            }
            state.messages.insert(Message::Sync { to: other, epoch: it.epoch, book: it.book });
        }
    }

    pub fn confirmed(&self, state: &mut State, from: usize, epoch: u8, length: u8) {
        for leader in self.others(from) {
            if state.led_since(leader, epoch) {
                let it = &mut state.replicas[leader];
                let confirmed = &mut it.lead.confirmed[from];
                *confirmed = length.min(it.book.len()).max(*confirmed);
                self.advance(state, leader);
            }
        }
    }

    pub fn look_up(&self, state: &mut State, leader: usize, epoch: u8, acknowledged: u8) {
        let it = &state.replicas[leader];
        let answers = it.epoch == epoch || self.bounds.looser_lookups && it.epoch > epoch;
        if it.lead.role != Role::Serving || !answers {
            return;
        }
        let seen = if self.rules.tail_hidden { it.lead.acknowledged } else { it.book.len() };
        self.tell(state, leader, 0, seen);
        if seen < acknowledged {
            state.wrong(Wrong::LookupMisses);
        }
    }
}
