//! Hearing of views, and following (B, D5, D6).

use crate::book::Book;
use crate::message::Message;
use crate::state::{Lead, Role, State, View};
use crate::step::{Action, Model};

impl Model {
    pub fn hear_views(&self, state: &State, replica: usize, visit: &mut impl FnMut(Action, State)) {
        let it = &state.replicas[replica];
        for view in state.view_service.announced() {
            let changed = view.epoch == it.epoch && it.leads() && it.lead.in_sync != view.in_sync();
            if view.epoch > it.epoch || !self.rules.change_has_epoch && changed {
                let mut next = *state;
                self.adopt(&mut next, replica, *view);
                visit(Action::Hear(replica, *view), next);
            }
        }
        let view = state.view_service.view;
        let named = view.leader() == replica && view.epoch == it.epoch;
        if !self.rules.restarted_never_leads && !it.leads() && named {
            let mut next = *state;
            self.take_over(&mut next, replica, view);
            visit(Action::GoOn(replica), next);
        }
    }

    fn adopt(&self, state: &mut State, replica: usize, view: View) {
        let it = &mut state.replicas[replica];
        if view.leader() != replica {
            it.lead = Lead::default();
            it.epoch = view.epoch;
            it.durable = it.book.len();
        } else if it.leads() && (view.epoch <= it.epoch + 1 || !self.rules.next_view_only) {
            it.epoch = view.epoch;
            it.lead.in_sync = view.in_sync();
            it.lead.joining = it.lead.joining.minus(view.in_sync());
            it.lead.add_sent = Default::default();
            self.send_book(state, replica, false);
            self.advance(state, replica);
        } else {
            self.take_over(state, replica, view);
        }
    }

    fn take_over(&self, state: &mut State, replica: usize, view: View) {
        let it = &mut state.replicas[replica];
        it.epoch = view.epoch;
        it.durable = it.book.len();
        it.lead = Lead {
            role: Role::TakingOver,
            term: view.epoch,
            in_sync: view.in_sync(),
            fetched: !self.rules.unsettled_fetched,
            ..Lead::default()
        };
        if self.rules.unsettled_fetched {
            state.messages.insert(Message::FetchUnsettled { from: replica, term: view.epoch });
        }
        self.send_book(state, replica, true);
        self.advance(state, replica);
    }

    pub fn synced(&self, state: &mut State, to: usize, epoch: u8, book: &Book) {
        let it = &mut state.replicas[to];
        if epoch < it.epoch || epoch == it.epoch && it.leads() {
            return;
        }
        if epoch > it.epoch {
            it.lead = Lead::default();
            if self.rules.epoch_saved {
                it.epoch = epoch;
            }
        }
        if self.rules.cut_at_difference {
            it.book.merge(book);
        } else {
            it.book = *book;
        }
        it.durable = it.book.len();
        let length = if self.rules.message_confirmed { book.len() } else { it.book.len() };
        state.messages.insert(Message::Confirmed { from: to, epoch, length });
    }

    /// A follower asks a leader for its book, which travels as it is now.
    pub fn ask_book(&self, state: &State, follower: usize, visit: &mut impl FnMut(Action, State)) {
        if !self.bounds.fetching && self.rules.fetched_names_epoch {
            return;
        }
        for leader in self.others(follower) {
            let it = &state.replicas[leader];
            let fetched = Message::Fetched { to: follower, epoch: it.epoch, book: it.book };
            if it.up && it.leads() && !state.messages.has(fetched) {
                let mut next = *state;
                next.messages.insert(fetched);
                visit(Action::AskBook { follower, leader }, next);
            }
        }
    }

    pub fn fetched(&self, state: &mut State, to: usize, epoch: u8, book: &Book) {
        let it = &mut state.replicas[to];
        if it.leads() {
            return;
        }
        if !self.rules.fetched_names_epoch {
            it.book = *book;
        } else if epoch >= it.epoch {
            it.epoch = epoch;
            it.book.merge(book);
        } else {
            return;
        }
        it.durable = it.book.len();
    }
}
