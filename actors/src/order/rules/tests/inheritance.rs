use super::{e, n, sold};
use crate::domain::{Entry, Receipt, SoldPurchase, UnixMillis};
use crate::order::rules::Sold;
use crate::order::rules::inheritance::{Claim, Completion, claim, complete};

/// Rule M4.
#[test]
fn a_book_that_lacks_what_is_settled_must_not_be_led_by() {
    for (settled, last, expected) in [
        (10, 9, Claim::Unfit),
        (10, 10, Claim::Compare { after: n(10), entries: 0 }),
        (10, 12, Claim::Compare { after: n(10), entries: 2 }),
    ] {
        assert_eq!(claim(n(settled), n(last)), expected, "settled {settled}, book to {last}");
    }
}

/// Rules A4, C7, C8 and M5: what the book lacks is completed under the numbers and with the receipts that were told, and the
/// rest must be the same.
#[test]
fn purchases_without_an_order_are_completed_under_their_numbers() {
    let unsettled: Vec<SoldPurchase> = ["a", "b", "c"].map(|key| sold(key, 1)).to_vec();
    let held = |keys: &[&str]| -> Vec<Entry> {
        let entries = (11..).zip(keys);
        entries.map(|(number, key)| Entry::of(n(number), e(4), sold(key, 1))).collect()
    };
    let missing = |first, keys: &[&str]| {
        Some(Sold { first: n(first), purchases: keys.iter().map(|key| sold(key, 1)).collect() })
    };
    let differs = |number, key: &str| Completion::Differs(n(number), sold(key, 1).purchase.key);
    for (case, keys, expected) in [
        (
            "none is in the book",
            vec![],
            Completion::Append { in_book: 0, missing: missing(11, &["a", "b", "c"]) },
        ),
        ("two are", vec!["a", "b"], Completion::Append { in_book: 2, missing: missing(13, &["c"]) }),
        ("all are", vec!["a", "b", "c"], Completion::Append { in_book: 3, missing: None }),
        ("the book goes on", vec!["a", "b", "c", "d"], Completion::Append { in_book: 3, missing: None }),
        ("another order has the number", vec!["a", "x"], differs(12, "b")),
    ] {
        let last = n(10 + keys.len() as u64);
        assert_eq!(complete(n(10), &held(&keys), last, &unsettled), expected, "{case}");
    }
}

/// Rule C8: an order with another price or time than its purchase's is another order.
#[test]
fn an_order_with_another_receipt_is_not_that_of_the_purchase() {
    let purchase = sold("a", 1);
    let receipt = |price_cents, sold_at| Some(Receipt { price_cents, sold_at: UnixMillis::new(sold_at) });
    for (receipt, same) in
        [(receipt(1, 1000), true), (receipt(2, 1000), false), (receipt(1, 1001), false), (None, false)]
    {
        let held = Entry { receipt, ..Entry::of(n(11), e(4), purchase.clone()) };
        let found = complete(n(10), &[held], n(11), std::slice::from_ref(&purchase));
        assert_eq!(matches!(found, Completion::Append { in_book: 1, missing: None }), same, "{receipt:?}");
    }
}
