//! Which states are the same: messages and views that can make no difference any more are forgotten.

use crate::message::Message;
use crate::state::State;
use crate::step::Model;

impl Model {
    pub fn forget(&self, state: &mut State) {
        let mut messages = state.messages;
        messages.retain(|message| !self.is_spent(state, message));
        state.messages = messages;
        let replicas = &state.replicas[..self.bounds.replicas];
        let heard = replicas.iter().map(|replica| replica.epoch).min().unwrap_or(0);
        let changes = !self.rules.change_has_epoch;
        state.view_service.retain(|view| view.epoch > heard || changes && view.epoch == heard);
    }

    fn is_spent(&self, state: &State, message: Message) -> bool {
        let rules = &self.rules;
        let final_terms = rules.restarted_never_leads;
        match message {
            Message::Sync { to, epoch, book } => {
                let it = &state.replicas[to];
                let known = epoch == it.epoch && rules.cut_at_difference && final_terms;
                epoch < it.epoch
                    || known && it.book.begins_with(&book) && self.is_confirmed(state, to, epoch, book.len())
            }
            Message::Confirmed { from, epoch, length } => {
                final_terms && self.is_confirmed(state, from, epoch, length)
            }
            Message::Buy { term, batch, .. } => {
                let lower = rules.batches_numbered && rules.lower_number_refused;
                let catalog = &state.catalog;
                rules.older_term_refused
                    && (term < catalog.term || lower && term == catalog.term && batch < catalog.batch)
            }
            Message::Sold { to, term, .. } => final_terms && !state.led_since(to, term),
            Message::Refused { to, term, order } => {
                let buying = state.replicas[to].lead.buying.has(order.into());
                let waits = state.led_since(to, term) && buying && term == self.term_named(state, to);
                final_terms && !waits
            }
            Message::Unsettled { to, term, .. } => {
                let leads = state.led_since(to, term);
                if leads { state.replicas[to].lead.fetched } else { final_terms }
            }
            Message::FetchUnsettled { from, term } => {
                let waits = state.led_since(from, term) && !state.replicas[from].lead.fetched;
                let known = term == state.catalog.term && !waits && final_terms;
                rules.older_term_refused && (term < state.catalog.term || known)
            }
            Message::Settle { order, .. } => !state.catalog.unsettled.has(order.into()),
            Message::Drop { epoch, .. } | Message::Add { epoch, .. } => {
                rules.change_names_epoch && epoch != state.view_service.view.epoch
            }
            Message::AlreadyOut { to, epoch, .. } => {
                !state.led_since(to, epoch) || epoch != state.replicas[to].epoch
            }
            Message::Lookup { to, epoch, .. } => epoch < state.replicas[to].epoch,
            Message::Fetched { .. } => false,
        }
    }

    /// Nobody who leads since then waits for this.
    fn is_confirmed(&self, state: &State, follower: usize, epoch: u8, length: u8) -> bool {
        self.others(follower).all(|leader| {
            !state.led_since(leader, epoch) || state.replicas[leader].lead.confirmed[follower] >= length
        })
    }
}
