//! Table tests of the rules, by their letters in docs/protocol.md: state and input, and the exact commands.

mod buying;
mod catch_up;
mod following;
mod in_sync_set;
mod inheritance;
mod leader_state;
mod leading;
mod merge;
mod request_table;
mod send_state;
mod views;

use crate::domain::{
    Entry, Epoch, Line, OrderNumber, Position, ProductName, Purchase, Quantity, Receipt, ReplicaId,
    RequestId, Run, SoldPurchase, StoreId, UnixMillis, View,
};
use crate::order::rules::{Me, ReplicaRules};
use crate::order::summary::BookSummary;

pub fn n(number: u64) -> OrderNumber {
    OrderNumber::new(number)
}

pub fn e(epoch: u64) -> Epoch {
    Epoch::new(epoch)
}

pub fn r(id: u8) -> ReplicaId {
    ReplicaId::new(id)
}

pub fn at(number: u64, epoch: u64) -> Position {
    Position { number: n(number), epoch: e(epoch) }
}

pub fn purchase(key: &str, quantity: u64) -> Purchase {
    Purchase {
        key: RequestId::new(key).unwrap(),
        name: ProductName::new("Tux").unwrap(),
        quantity: Quantity::new(quantity).unwrap(),
    }
}

/// So many pieces, sold for so many cents each.
pub fn sold(key: &str, quantity: u64) -> SoldPurchase {
    let receipt = Some(Receipt { price_cents: quantity, sold_at: UnixMillis::new(1000) });
    SoldPurchase { purchase: purchase(key, quantity), receipt }
}

pub fn entry(number: u64, epoch: u64) -> Entry {
    Entry::of(n(number), e(epoch), sold(&format!("{number}@{epoch}"), number))
}

/// Entries 1, 2, 3, … of these epochs.
pub fn entries(epochs: &[u64]) -> Vec<Entry> {
    (1..).zip(epochs).map(|(number, epoch)| entry(number, *epoch)).collect()
}

/// The first run of a replica.
pub fn run(id: u8) -> Run {
    Run::new(u64::from(id) * 10)
}

/// The run of the front-end in all of these tests.
pub const FRONT_END: Run = Run::new(1);

pub fn view_of(epoch: u64, leader: u8, in_sync: &[(u8, Run)]) -> View {
    let line: Line = [FRONT_END].into_iter().collect();
    let in_sync = in_sync.iter().map(|(id, run)| (r(*id), *run)).collect();
    View { store: StoreId::new(1), by: FRONT_END, line, epoch: e(epoch), leader: r(leader), in_sync }
}

/// A view whose members are the first runs of these replicas.
pub fn view(epoch: u64, leader: u8, in_sync: &[u8]) -> View {
    let in_sync: Vec<_> = in_sync.iter().map(|id| (*id, run(*id))).collect();
    view_of(epoch, leader, &in_sync)
}

/// What is on the disk of a replica that follows a view and whose book ends there.
pub fn book(view: Option<View>, last: Position) -> BookSummary {
    BookSummary { view, last, line: Line::default() }
}

/// Replica 3 of three, which has just started on this book.
pub fn replica(book: &BookSummary) -> ReplicaRules {
    ReplicaRules::new(Me { id: r(3), run: run(3), replicas: [1, 2, 3].map(r).to_vec() }, book)
}

/// Replica 3, which has taken over in epoch 5 with a book of ten orders.
pub fn taking_over(in_sync: &[u8]) -> (ReplicaRules, BookSummary) {
    let before = book(Some(view(4, 2, in_sync)), at(10, 4));
    let mut rules = replica(&before);
    let view = view(5, 3, in_sync);
    rules.hear(&view);
    let (_, adoption) = rules.adopt(view.clone(), &before).unwrap();
    let after = book(Some(view), at(10, 4));
    rules.adopted(adoption, true, &after);
    (rules, after)
}

/// Replica 3, which serves in epoch 5 with ten acknowledged orders.
pub fn serving(in_sync: &[u8]) -> (ReplicaRules, BookSummary) {
    let (mut rules, book) = taking_over(in_sync);
    let term = crate::domain::Term::begun_in(e(5));
    rules.inheritance_appended(term);
    for peer in in_sync.iter().filter(|id| **id != 3) {
        rules.confirmed(term, (r(*peer), run(*peer)), e(5), n(10), false);
    }
    assert!(rules.leader_of(term).unwrap().serves());
    (rules, book)
}
