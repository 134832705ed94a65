//! The leader at the catalog: buying, refusals, settling, what is unsettled (A3, A4, C).

use crate::book::Set;
use crate::message::Message;
use crate::state::{Role, State, Wrong};
use crate::step::{Action, Model};

impl Model {
    /// An order that is in the book: it may be settled.
    pub fn finish_order(
        &self,
        state: &State,
        leader: usize,
        order: u8,
        index: u8,
        visit: &mut impl FnMut(Action, State),
    ) {
        let lead = &state.replicas[leader].lead;
        if lead.role != Role::Serving {
            return;
        }
        let acknowledged = index < lead.acknowledged;
        if !self.rules.repeated_when_acknowledged && !acknowledged {
            let mut next = *state;
            self.tell(&mut next, leader, index, index + 1);
            visit(Action::AnswerUnacknowledged { leader, order }, next);
        }
        let settle = Message::Settle { term: self.term_named(state, leader), order };
        let may_settle = acknowledged || !self.rules.settled_when_acknowledged;
        if may_settle && state.catalog.unsettled.has(order.into()) && !state.messages.has(settle) {
            let mut next = *state;
            next.messages.insert(settle);
            visit(Action::Settle { leader, order }, next);
        }
    }

    /// An order that is not in the book: it has to be bought.
    pub fn place_order(
        &self,
        state: &State,
        leader: usize,
        order: u8,
        visit: &mut impl FnMut(Action, State),
    ) {
        let lead = &state.replicas[leader].lead;
        let term = self.term_named(state, leader);
        let buying = lead.buying.has(order.into());
        let refused = lead.refused.has(order.into());
        let refused_in = state.record.refused_in(order);
        // Whoever was told that it is refused does not ask again, but a late copy of the request may come.
        let asked = refused_in == 0 || refused_in == term || self.bounds.late_requests;
        let free = !self.rules.batches_numbered || lead.buying.is_empty() && !refused;
        if lead.role == Role::Serving && !buying && free && asked {
            let mut next = *state;
            let lead = &mut next.replicas[leader].lead;
            lead.buying.add(order.into());
            lead.batch += u8::from(self.rules.batches_numbered);
            let batch = lead.batch;
            next.messages.insert(Message::Buy { from: leader, term, order, batch });
            visit(Action::Place { leader, order }, next);
        }
        let current = state.view_service.view.epoch == state.replicas[leader].epoch;
        if self.bounds.refusals && lead.role == Role::Serving && refused && refused_in == 0 && current {
            let mut next = *state;
            self.tell_refused(&mut next, leader, order);
            visit(Action::RefuseAgain { leader, order }, next);
        }
        if buying && !self.is_purchase_under_way(state, leader, order) {
            let mut next = *state;
            next.messages.insert(Message::Buy { from: leader, term, order, batch: lead.batch });
            visit(Action::BuyAgain { leader, order }, next);
            if !self.rules.buy_repeated {
                let mut next = *state;
                next.replicas[leader].lead.buying.remove(order.into());
                visit(Action::GiveUp { leader, order }, next);
            }
        }
    }

    /// The buy or its answer is in flight.
    fn is_purchase_under_way(&self, state: &State, leader: usize, wanted: u8) -> bool {
        state.messages.all().any(|message| match message {
            Message::Buy { from, term, order, .. } => {
                (from, order) == (leader, wanted)
                    && state.led_since(leader, term)
                    && term == self.term_named(state, leader)
            }
            Message::Sold { to, term, order } | Message::Refused { to, term, order } => {
                (to, order) == (leader, wanted) && state.led_since(leader, term)
            }
            _ => false,
        })
    }

    pub fn sold(&self, state: &mut State, leader: usize, term: u8, order: u8) {
        if !state.led_since(leader, term) {
            return;
        }
        let it = &mut state.replicas[leader];
        it.lead.buying.remove(order.into());
        if self.rules.looked_up_again && it.book.find(order).is_some() {
            return;
        }
        self.append(state, leader, order);
        self.send_book(state, leader, false);
        self.advance(state, leader);
    }

    pub fn refused(&self, state: &mut State, leader: usize, term: u8, order: u8) {
        let current = self.term_named(state, leader);
        let lead = &mut state.replicas[leader].lead;
        let asked = lead.buying.has(order.into());
        if !asked || term != current || !state.led_since(leader, term) {
            return;
        }
        let lead = &mut state.replicas[leader].lead;
        lead.buying.remove(order.into());
        if self.rules.batches_numbered && self.rules.refused_again {
            lead.refused.add(order.into());
        }
        let passed = state.view_service.view.epoch == state.replicas[leader].epoch;
        if self.bounds.refusals && (passed || !self.rules.current_view_refuses) {
            self.tell_refused(state, leader, order);
        }
    }

    fn tell_refused(&self, state: &mut State, leader: usize, order: u8) {
        if state.record.sold(order) > 0 {
            state.wrong(Wrong::RefusedAndSold);
        }
        state.record.refused[order as usize - 1] = self.term_named(state, leader);
    }

    pub fn fetch_again(&self, state: &State, leader: usize, visit: &mut impl FnMut(Action, State)) {
        let lead = &state.replicas[leader].lead;
        let under_way = |message| match message {
            Message::FetchUnsettled { from: replica, term }
            | Message::Unsettled { to: replica, term, .. } => {
                replica == leader && state.led_since(leader, term)
            }
            _ => false,
        };
        let waits = lead.role == Role::TakingOver && !lead.fetched;
        if waits && self.rules.sent_again && !state.messages.all().any(under_way) {
            let mut next = *state;
            let term = self.term_named(state, leader);
            next.messages.insert(Message::FetchUnsettled { from: leader, term });
            visit(Action::FetchAgain(leader), next);
        }
    }

    pub fn unsettled(&self, state: &mut State, leader: usize, term: u8, orders: Set) {
        if !state.led_since(leader, term) || state.replicas[leader].lead.fetched {
            return;
        }
        state.replicas[leader].lead.fetched = true;
        for order in self.orders() {
            if orders.has(order.into()) && state.replicas[leader].book.find(order).is_none() {
                self.append(state, leader, order);
            }
        }
        self.send_book(state, leader, false);
        self.advance(state, leader);
    }
}
