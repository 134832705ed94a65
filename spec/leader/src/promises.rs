//! What must never be, and what must always be possible again.

use crate::book::Set;
use crate::state::{State, Wrong};
use crate::step::Model;

impl Model {
    pub fn check(&self, state: &mut State) {
        if state.wrong.is_none() {
            state.wrong = self.first_wrong(state);
        }
    }

    fn first_wrong(&self, state: &State) -> Option<Wrong> {
        let record = &state.record;
        let leader = state.leader();
        let is_there = |(index, order): (usize, &u8)| {
            *order == 0 || leader.book.entries().get(index).is_some_and(|entry| entry.order == *order)
        };
        if state.is_led() && !record.acknowledged.iter().enumerate().all(is_there) {
            return Some(Wrong::Lost);
        }
        if record.sold.iter().sum::<u8>() < record.acknowledgements() {
            return Some(Wrong::NotSold);
        }
        let replicas = &state.replicas[..self.bounds.replicas];
        let mut orders = replicas.iter().flat_map(|replica| replica.book.orders());
        if orders.any(|order| record.sold(order) == 0) {
            return Some(Wrong::NotPurchased);
        }
        let quiet = state.messages.is_empty()
            && state.is_led()
            && leader.lead.buying.is_empty()
            && leader.lead.acknowledged == leader.book.len();
        let in_book = |order| leader.book.orders().filter(|other| *other == order).count();
        if quiet && self.orders().any(|order| in_book(order) != usize::from(record.sold(order))) {
            return Some(Wrong::NoOrder);
        }
        None
    }

    /// Everyone is in sync, and every order is acknowledged, refused or not to be had. In the variant `no_starts`:
    /// orders are served.
    pub fn is_good(&self, state: &State) -> bool {
        let record = &state.record;
        let leader = state.leader();
        let to_be_had = |order| !record.is_acknowledged(order) && state.catalog.stock > 0;
        if self.bounds.no_starts {
            let in_sync = state.view_service.view.in_sync();
            let nobody_lives = in_sync.members().all(|replica| !state.replicas[replica].up);
            return nobody_lives || state.is_led() && !self.orders().any(to_be_had);
        }
        let all = Set::up_to(self.bounds.replicas);
        let replicas = &state.replicas[..self.bounds.replicas];
        state.is_led()
            && state.view_service.view.in_sync() == all
            && leader.lead.in_sync == all
            && leader.lead.buying.is_empty()
            && leader.lead.acknowledged == leader.book.len()
            && replicas.iter().all(|replica| replica.up && replica.book == leader.book)
            && self.orders().all(|order| !to_be_had(order) || record.refused_in(order) != 0)
            && self.orders().all(|order| u8::from(record.is_acknowledged(order)) == record.sold(order))
    }
}
