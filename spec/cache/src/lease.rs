//! A draft: one lease for each front-end, which it renews.

use crate::state::{FrontEnd, State};
use crate::step::{Action, Model};

impl Model {
    pub fn lease_actions(&self, state: &State, front_end: usize, actions: &mut Vec<Action>) {
        let it = &state.front_ends[front_end];
        if it.renewal.is_none() {
            if self.bounds.endless || it.renewals < self.bounds.renewals {
                actions.push(Action::AskRenewal(front_end));
            }
            return;
        }
        let grants = !state.starting || !self.rules.none_renewed_at_start;
        let owes = self.is_changing(state) && self.products().any(|product| it.holder.owes[product]);
        if grants && !(owes && self.rules.owing_not_renewed) {
            actions.push(Action::Grant(front_end));
        }
        if it.network.grant {
            actions.push(Action::Renew(front_end));
        }
    }

    pub fn ask_renewal(&self, state: &mut State, front_end: usize) {
        let it = &mut state.front_ends[front_end];
        it.renewals += 1;
        (it.renewal, it.network.grant) = (Some(self.bounds.lease), false);
    }

    pub fn grant(&self, state: &mut State, front_end: usize) {
        let it = &mut state.front_ends[front_end];
        it.network.grant = true;
        it.holder.until[0] = self.bounds.wait;
    }

    pub fn renew(&self, state: &mut State, front_end: usize) {
        let it = &mut state.front_ends[front_end];
        let since_asked = it.renewal.take().unwrap_or(0);
        it.network.grant = false;
        if self.bounds.lazy_lapse && it.lease == 0 {
            it.clear(true);
        }
        let left = if self.rules.lease_from_send { since_asked } else { self.bounds.lease };
        it.lease = it.lease.max(left);
    }

    pub fn tick_lease(&self, front_end: &mut FrontEnd) {
        front_end.renewal = front_end.renewal.map(|left| left.saturating_sub(1));
        if front_end.lease > 0 {
            front_end.lease -= 1;
            if front_end.lease == 0 && self.rules.lapse_drops && !self.bounds.lazy_lapse {
                front_end.clear(true);
            }
        }
    }
}
