//! The front-end as view service: choosing a leader, dropping and adding (D1, D2, E).

use crate::book::Set;
use crate::message::Message;
use crate::state::{State, View};
use crate::step::{Action, Model};

impl Model {
    pub fn select(&self, state: &State, visit: &mut impl FnMut(Action, State)) {
        if !self.epochs_left(state) {
            return;
        }
        let view = state.view_service.view;
        let leader = state.leader();
        let leads_not = !leader.leads() && leader.epoch >= view.epoch;
        let needed = !leader.up || self.rules.no_leader_is_replaced && leads_not;
        if !needed && state.left.suspicions == 0 {
            return;
        }
        for chosen in 0..self.bounds.replicas {
            let may_be = view.in_sync().has(chosen) || !self.rules.chosen_in_sync;
            if !may_be || !state.replicas[chosen].up {
                continue;
            }
            let mut next = *state;
            next.left.suspicions -= u8::from(!needed);
            let in_sync = view.in_sync().with(chosen).0;
            next.view_service.save(View { epoch: view.epoch + 1, leader: chosen as u8, in_sync });
            visit(Action::Select { leader: chosen, wrongly: !needed }, next);
        }
    }

    pub fn drop(&self, state: &mut State, from: usize, epoch: u8, replica: usize) {
        let view = state.view_service.view;
        if self.rules.change_names_epoch && epoch != view.epoch || replica == view.leader() {
            return;
        }
        if view.in_sync().has(replica) {
            self.change(state, view.in_sync().without(replica), self.rules.change_has_epoch);
        } else if self.rules.every_drop_has_epoch {
            self.change(state, view.in_sync(), true);
        } else {
            state.messages.insert(Message::AlreadyOut { to: from, epoch, replica });
        }
    }

    pub fn add(&self, state: &mut State, epoch: u8, replica: usize) {
        let view = state.view_service.view;
        if self.rules.change_names_epoch && epoch != view.epoch {
            return;
        }
        if !view.in_sync().has(replica) {
            self.change(state, view.in_sync().with(replica), self.rules.change_has_epoch);
        }
    }

    fn change(&self, state: &mut State, in_sync: Set, new_epoch: bool) {
        let view = state.view_service.view;
        let epoch = view.epoch + u8::from(new_epoch);
        state.view_service.save(View { epoch, in_sync: in_sync.0, ..view });
    }

    pub fn lose_view(&self, state: &State, visit: &mut impl FnMut(Action, State)) {
        if self.rules.view_repeated || state.left.losses == 0 {
            return;
        }
        for lost in state.view_service.announced() {
            let mut next = *state;
            next.left.losses -= 1;
            next.view_service.retain(|view| view != *lost);
            visit(Action::LoseView(*lost), next);
        }
    }
}
