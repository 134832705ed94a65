use super::{e, n, purchase};
use crate::domain::{Entry, Receipt, RequestId, SoldPurchase, UnixMillis};
use crate::messages::catalog::Sale;
use crate::messages::order::{PlaceError, Placed};
use crate::order::config::Limits;
use crate::order::rules::request_table::{Batch, Placement, RequestTable};
use crate::probe::Limit;

fn key(key: &str) -> RequestId {
    RequestId::new(key).unwrap()
}

/// Sold for as many cents as its number.
fn sold(number: u64) -> Sale {
    let receipt = Some(Receipt { price_cents: number, sold_at: UnixMillis::new(1000) });
    Sale::Sold { number: n(number), receipt }
}

/// A request that is looked for, not found and put into the batch in flight.
fn buying(table: &mut RequestTable<u32>, text: &str, waiter: u32) -> Batch {
    assert_eq!(table.place(purchase(text, 1), waiter, e(7)), Placement::Waits { look: true });
    assert_eq!(table.looked(&key(text), None), []);
    table.next_batch(false).unwrap()
}

/// Rule A2, C6.
#[test]
fn a_request_goes_through_its_stages_and_is_answered_once_acknowledged() {
    let mut table = RequestTable::new(10, Limits::default(), n(4));
    let batch = buying(&mut table, "a", 1);
    assert_eq!((batch.number, batch.purchases.len()), (1, 1));
    assert_eq!(batch.settled, n(4));
    let (bought, answers) = table.bought(&[sold(5)], e(7)).unwrap();
    assert_eq!(answers, []);
    let receipt = Some(Receipt { price_cents: 5, sold_at: UnixMillis::new(1000) });
    assert_eq!(
        bought.purchases,
        [SoldPurchase { purchase: purchase("a", 1), receipt }],
        "as it was sold (C8)"
    );
    table.appended(&bought);
    // A repeated request waits for the acknowledgement like the first (A2).
    assert_eq!(table.place(purchase("a", 1), 2, e(7)), Placement::Waits { look: false });
    assert_eq!(table.acknowledged(n(4)), []);
    assert_eq!(
        table.acknowledged(n(5)),
        [(1, Ok(Placed { number: n(5) })), (2, Ok(Placed { number: n(5) }))]
    );
    assert_eq!(table.next_batch(true).unwrap().settled, n(5));
}

/// Rule M5.
#[test]
fn what_was_sold_is_appended_only_under_numbers_that_follow_one_another() {
    let little = Sale::NotEnough { left: 0 };
    for (sales, expected) in [
        ([sold(5), sold(6), sold(7)], Some((5, 3))),
        ([sold(5), little, sold(6)], Some((5, 2))),
        ([little, little, little], Some((0, 0))),
        ([sold(5), sold(3), sold(6)], None),
        ([sold(5), little, sold(7)], None),
    ] {
        let mut table = RequestTable::new(10, Limits::default(), n(4));
        for (waiter, text) in ["a", "b", "c"].into_iter().enumerate() {
            table.place(purchase(text, 1), waiter as u32, e(7));
            table.looked(&key(text), None);
        }
        table.next_batch(false).unwrap();
        let bought = table.bought(&sales, e(7)).map(|(sold, _)| (sold.first.get(), sold.purchases.len()));
        assert_eq!(bought, expected, "{sales:?}");
    }
}

/// Rule C2.
#[test]
fn one_batch_is_in_flight_and_the_rest_waits_for_the_next() {
    let mut table = RequestTable::new(10, Limits::default(), n(4));
    buying(&mut table, "a", 1);
    table.place(purchase("b", 1), 2, e(7));
    table.looked(&key("b"), None);
    assert_eq!(table.next_batch(true), None);
    table.bought(&[sold(5)], e(7)).unwrap();
    assert_eq!(table.next_batch(false).map(|batch| batch.number), Some(2));
}

/// Rule C3.
#[test]
fn a_refusal_is_repeated_within_the_term() {
    let mut table = RequestTable::new(10, Limits::default(), n(4));
    buying(&mut table, "a", 1);
    let refused = |epoch| Err(PlaceError::NotEnough { left: 0, epoch });
    assert_eq!(table.bought(&[Sale::NotEnough { left: 0 }], e(7)).unwrap().1, [(1, refused(e(7)))]);
    assert_eq!(table.place(purchase("a", 1), 2, e(8)), Placement::Answered(2, refused(e(8))));
    assert_eq!(table.place(purchase("a", 2), 3, e(8)), Placement::Answered(3, Err(PlaceError::KeyReused)));
}

#[test]
fn what_exceeds_a_batch_comes_with_the_next_and_the_oldest_refusal_is_forgotten() {
    for (limit, batches) in [(1, vec![1, 1, 1]), (2, vec![2, 1]), (3, vec![3]), (9, vec![3])] {
        let limits = Limits { batch: limit, refusals: limit, ..Limits::default() };
        let mut table = RequestTable::new(10, limits, n(4));
        for text in ["a", "b", "c"] {
            table.place(purchase(text, 1), 1, e(7));
            table.looked(&key(text), None);
        }
        for size in batches {
            let batch = table.next_batch(false).unwrap();
            assert_eq!((batch.purchases.len(), batch.settled), (size, n(4)), "limit {limit}");
            table.bought(&vec![Sale::NotEnough { left: 0 }; size], e(7)).unwrap();
        }
        let again = |text| table.place(purchase(text, 1), 2, e(7)) == Placement::Waits { look: true };
        assert_eq!(["a", "b", "c"].map(again), [limit < 3, limit < 2, false], "limit {limit}");
        let reached = table.reached();
        let over = [Limit::BatchPurchases, Limit::LeaderRefusals];
        assert!(over.iter().all(|limit_of| reached.contains(limit_of) == (limit < 3)), "limit {limit}");
    }
}

#[test]
fn a_key_of_another_order_is_refused_wherever_the_first_one_is() {
    let mut table = RequestTable::new(10, Limits::default(), n(4));
    table.place(purchase("a", 1), 1, e(7));
    assert_eq!(table.place(purchase("a", 2), 2, e(7)), Placement::Answered(2, Err(PlaceError::KeyReused)));
    let entry = Entry::of(n(3), e(1), super::sold("a", 9));
    assert_eq!(table.looked(&key("a"), Some(entry)), [(1, Err(PlaceError::KeyReused))]);
}

#[test]
fn a_full_queue_turns_away_new_requests_but_not_repeated_ones() {
    let mut table = RequestTable::new(1, Limits::default(), n(0));
    table.place(purchase("a", 1), 1, e(7));
    assert_eq!(table.place(purchase("b", 1), 2, e(7)), Placement::Full(2));
    assert_eq!(table.place(purchase("a", 1), 3, e(7)), Placement::Waits { look: false });
}

/// Rule A3.
#[test]
fn what_is_in_the_book_is_answered_and_not_bought_again() {
    let mut table = RequestTable::new(10, Limits::default(), n(4));
    for waiter in [1, 2] {
        table.place(purchase("a", 1), waiter, e(7));
    }
    let entry = Entry::of(n(3), e(1), super::sold("a", 1));
    let placed = Ok(Placed { number: n(3) });
    assert_eq!(table.looked(&key("a"), Some(entry)), [(1, placed.clone()), (2, placed)]);
    assert_eq!(table.next_batch(false), None);
    // What has been appended meanwhile is not appended again when the purchase is answered once more.
    let batch = buying(&mut table, "b", 1);
    let sales = vec![sold(5); batch.purchases.len()];
    let (bought, _) = table.bought(&sales, e(7)).unwrap();
    table.appended(&bought);
    let (again, answers) = table.bought(&sales, e(7)).unwrap();
    assert_eq!((again.purchases, answers), (vec![], vec![]));
}

/// Rule C6: what a new leader inherited is settled with its first batch, and what it acknowledged with the next.
#[test]
fn only_what_is_acknowledged_is_settled_and_what_was_inherited_with_the_first_batch() {
    let mut table = RequestTable::new(10, Limits::default(), n(9));
    assert!(table.must_settle());
    let batch = buying(&mut table, "a", 1);
    assert_eq!(batch.settled, n(9));
    let (bought, _) = table.bought(&[sold(10)], e(7)).unwrap();
    table.appended(&bought);
    assert!(!table.must_settle(), "it is not acknowledged");
    table.acknowledged(n(10));
    assert_eq!(table.next_batch(true).map(|batch| (batch.purchases.len(), batch.settled)), Some((0, n(10))));
}
