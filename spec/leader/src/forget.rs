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
        let final_reigns = rules.restarted_never_leads;
        match message {
            Message::Sync { to, epoch, book } => {
                let it = &state.replicas[to];
                let known = epoch == it.epoch && rules.cut_at_difference && final_reigns;
                epoch < it.epoch
                    || known && it.book.begins_with(&book) && self.is_confirmed(state, to, epoch, book.len())
            }
            Message::Confirmed { from, epoch, length } => {
                final_reigns && self.is_confirmed(state, from, epoch, length)
            }
            Message::Buy { reign, batch, .. } => {
                let lower = rules.batches_numbered && rules.lower_number_refused;
                let catalog = &state.catalog;
                rules.older_reign_refused
                    && (reign < catalog.reign || lower && reign == catalog.reign && batch < catalog.batch)
            }
            Message::Sold { to, reign, .. } => final_reigns && !state.led_since(to, reign),
            Message::Refused { to, reign, order } => {
                let buying = state.replicas[to].lead.buying.has(order.into());
                let waits = state.led_since(to, reign) && buying && reign == self.reign_named(state, to);
                final_reigns && !waits
            }
            Message::Unsettled { to, reign, .. } => {
                let leads = state.led_since(to, reign);
                if leads { state.replicas[to].lead.fetched } else { final_reigns }
            }
            Message::FetchUnsettled { from, reign } => {
                let waits = state.led_since(from, reign) && !state.replicas[from].lead.fetched;
                let known = reign == state.catalog.reign && !waits && final_reigns;
                rules.older_reign_refused && (reign < state.catalog.reign || known)
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
