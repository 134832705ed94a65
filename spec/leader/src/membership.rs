//! The leader and the in-sync set: syncing again, dropping, counting, adding (D3, D4, E3, E4).

use crate::message::Message;
use crate::state::{Role, State};
use crate::step::{Action, Model};

impl Model {
    /// Whatever the leader does about another replica: sync again, drop, count, add.
    pub fn keep_in_sync(
        &self,
        state: &State,
        leader: usize,
        other: usize,
        visit: &mut impl FnMut(Action, State),
    ) {
        let it = &state.replicas[leader];
        let (lead, epoch) = (&it.lead, it.epoch);
        let serving = lead.role == Role::Serving;
        let other_up = state.replicas[other].up;
        let may_ask = !self.rules.change_names_epoch || epoch == state.view_service.view.epoch;
        let counted = lead.in_sync.union(lead.joining).has(other);
        if counted && self.rules.sent_again {
            self.sync_again(state, leader, other, visit);
        }
        let may_drop = (self.rules.dropped_in_takeover || serving) && lead.in_sync.has(other)
            || lead.add_sent.has(other);
        if may_drop && may_ask {
            self.ask_drop(state, leader, other, visit);
        }
        if serving && !counted && other_up {
            let mut next = *state;
            let lead = &mut next.replicas[leader].lead;
            lead.joining.add(other);
            lead.confirmed[other] = 0;
            self.send_book(&mut next, leader, false);
            visit(Action::Count { leader, joiner: other }, next);
        }
        let bound_to_count = lead.add_sent.has(other) && self.rules.counted_until_view;
        if lead.joining.has(other) && !bound_to_count && !other_up {
            let mut next = *state;
            stop_counting(&mut next, leader, other);
            self.advance(&mut next, leader);
            visit(Action::Uncount { leader, joiner: other }, next);
        }
        let has_all = lead.confirmed[other] >= lead.acknowledged || !self.rules.added_when_equal;
        let add = Message::Add { from: leader, epoch, replica: other };
        if lead.joining.has(other) && serving && other_up && has_all && may_ask && !state.messages.has(add) {
            let mut next = *state;
            next.replicas[leader].lead.add_sent.add(other);
            next.messages.insert(add);
            visit(Action::AskAdd { leader, joiner: other }, next);
        }
    }

    fn sync_again(
        &self,
        state: &State,
        leader: usize,
        follower: usize,
        visit: &mut impl FnMut(Action, State),
    ) {
        let it = &state.replicas[leader];
        if it.lead.confirmed[follower] >= it.book.len() {
            return;
        }
        let sync = Message::Sync { to: follower, epoch: it.epoch, book: it.book };
        let confirmation = |message| match message {
            Message::Confirmed { from, epoch, length } => {
                from == follower && epoch >= it.lead.term && length == it.book.len()
            }
            _ => false,
        };
        if !state.messages.has(sync) && !state.messages.all().any(confirmation) {
            let mut next = *state;
            next.messages.insert(sync);
            visit(Action::SyncAgain { leader, follower }, next);
        }
    }

    fn ask_drop(&self, state: &State, leader: usize, replica: usize, visit: &mut impl FnMut(Action, State)) {
        let epoch = state.replicas[leader].epoch;
        let drop = Message::Drop { from: leader, epoch, replica };
        let answer = Message::AlreadyOut { to: leader, epoch, replica };
        if state.messages.has(drop) || state.messages.has(answer) {
            return;
        }
        let wrongly = state.replicas[replica].up;
        if !wrongly || state.left.suspicions > 0 {
            let mut next = *state;
            next.left.suspicions -= u8::from(wrongly);
            next.messages.insert(drop);
            visit(Action::AskDrop { leader, replica, wrongly }, next);
        }
    }

    pub fn already_out(&self, state: &mut State, leader: usize, epoch: u8, replica: usize) {
        if state.led_since(leader, epoch) && epoch == state.replicas[leader].epoch {
            stop_counting(state, leader, replica);
            self.advance(state, leader);
        }
    }
}

fn stop_counting(state: &mut State, leader: usize, joiner: usize) {
    let lead = &mut state.replicas[leader].lead;
    lead.joining.remove(joiner);
    lead.add_sent.remove(joiner);
    lead.confirmed[joiner] = 0;
}
