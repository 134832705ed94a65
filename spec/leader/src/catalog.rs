//! The catalog: it sells once, and to the newest term only (C).

use crate::message::Message;
use crate::state::{State, Wrong};
use crate::step::Model;

impl Model {
    pub fn buy(&self, state: &mut State, from: usize, term: u8, order: u8, batch: u8) {
        if self.rules.older_term_refused && term < state.catalog.term {
            return;
        }
        state.catalog.raise(term);
        let numbered = self.rules.batches_numbered;
        if numbered && self.rules.lower_number_refused && batch < state.catalog.batch {
            return;
        }
        let repeated = numbered && self.rules.answer_repeated && batch == state.catalog.batch;
        let sold = if repeated { state.catalog.sold } else { self.sell(state, order) };
        if numbered {
            (state.catalog.batch, state.catalog.sold) = (batch, sold);
        }
        state.messages.insert(if sold {
            Message::Sold { to: from, term, order }
        } else {
            Message::Refused { to: from, term, order }
        });
    }

    /// True if it is sold, now or before.
    fn sell(&self, state: &mut State, order: u8) -> bool {
        let catalog = &mut state.catalog;
        let member = usize::from(order);
        if catalog.unsettled.has(member) || catalog.settled.has(member) {
            return true;
        }
        if catalog.refused.has(member) || catalog.refused_ever.has(member) {
            return false;
        }
        if catalog.stock == 0 {
            if self.bounds.remembers {
                catalog.refused.add(member);
            }
            if self.bounds.late_requests && self.rules.refusals_kept {
                catalog.refused_ever.add(member);
            }
            return false;
        }
        catalog.stock -= 1;
        catalog.unsettled.add(member);
        if state.record.sold(order) > 0 {
            state.wrong(Wrong::BoughtTwice);
        }
        *state.record.sold_mut(order) += 1;
        if state.record.refused_in(order) != 0 {
            state.wrong(Wrong::RefusedAndSold);
        }
        true
    }

    pub fn fetch_unsettled(&self, state: &mut State, from: usize, term: u8) {
        if self.rules.older_term_refused && term < state.catalog.term {
            return;
        }
        if self.rules.fetch_fences {
            state.catalog.raise(term);
        }
        state.messages.insert(Message::Unsettled { to: from, term, orders: state.catalog.unsettled });
    }

    pub fn settle(&self, state: &mut State, order: u8) {
        let catalog = &mut state.catalog;
        if catalog.unsettled.has(order.into()) {
            catalog.unsettled.remove(order.into());
            if self.bounds.remembers {
                catalog.settled.add(order.into());
            }
        }
    }
}
