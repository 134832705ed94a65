use super::*;
use crate::domain::Quantity;
use Sale::{NotEnough, Sold, UnknownProduct};

fn name(text: &str) -> ProductName {
    ProductName::new(text).expect("a valid name")
}

fn key(text: &str) -> RequestId {
    RequestId::new(text).expect("a valid key")
}

fn item(text: &str, quantity: u64) -> Item {
    Item { name: name(text), price_cents: 1599, initial: quantity, restocked: 0, sold: 0, quantity }
}

fn purchase((id, product, pieces): (&str, &str, u64)) -> Purchase {
    let quantity = Quantity::new(pieces).expect("a valid quantity");
    Purchase { key: key(id), name: name(product), quantity }
}

/// Tux 10, Yak 0, Elephant 3; "old" is unsettled; batch 2 of reign 4 was the last.
fn stock() -> Stock {
    let mut elephant = item("Elephant", 5);
    elephant.sold = 2;
    elephant.quantity = 3;
    let fence = Fence { reign: 4, batch: 2, answer: vec![Sold] };
    let items = vec![item("Tux", 10), item("Yak", 0), elephant];
    Stock::new(items, vec![purchase(("old", "Elephant", 2))], fence, Refusals::default())
}

#[test]
fn who_was_refused_is_refused_again_after_a_restock_and_in_another_reign() {
    let mut stock = stock();
    let buy = |reign, id| Buy { reign, batch: 3, purchases: vec![purchase((id, "Yak", 1))], settled: vec![] };
    let mut draft = Draft::new(&stock);
    assert_eq!(draft.buy(&buy(4, "late")), Ok(vec![NotEnough { left: 0 }]));
    draft.restock(100);
    let (changes, _) = draft.finish();
    stock.apply(&changes);
    let mut draft = Draft::new(&stock);
    assert_eq!(draft.buy(&buy(5, "late")), Ok(vec![NotEnough { left: 0 }]));
    assert_eq!(draft.buy(&buy(6, "another")), Ok(vec![Sold]));
}

enum Step {
    Buy(u64, u64, &'static [(&'static str, &'static str, u64)], &'static [&'static str]),
    Unsettled(u64),
    Restock,
}
use Step::{Buy as B, Restock as R, Unsettled as U};

/// Runs the steps as one group and says how each was answered, what is left of each product afterwards,
/// and which purchases are unsettled.
fn check(what: &str, steps: &[Step], answers: &[&str], left: [u64; 3], unsettled: &str) {
    let mut stock = stock();
    let mut draft = Draft::new(&stock);
    let keys = |purchases: Vec<Purchase>| {
        let keys: Vec<_> = purchases.iter().map(|purchase| purchase.key.to_string()).collect();
        keys.join(" ")
    };
    let got: Vec<String> = steps
        .iter()
        .map(|step| match step {
            B(reign, batch, purchases, settled) => {
                let buy = Buy {
                    reign: *reign,
                    batch: *batch,
                    purchases: purchases.iter().copied().map(purchase).collect(),
                    settled: settled.iter().map(|text| key(text)).collect(),
                };
                match draft.buy(&buy) {
                    Ok(sales) => sales.into_iter().map(short).collect::<Vec<_>>().join(" "),
                    Err(_) => "refused".into(),
                }
            }
            U(reign) => draft.unsettled(*reign).map_or_else(|_| "refused".into(), keys),
            R => draft.restock(100).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        })
        .collect();
    assert_eq!(got, answers, "{what}");
    let (changes, _) = draft.finish();
    stock.apply(&changes);
    assert_eq!(stock.products().iter().map(|product| product.quantity).collect::<Vec<_>>(), left, "{what}");
    assert_eq!(keys(stock.unsettled.values().cloned().collect()), unsettled, "{what}");
    assert!(stock.items.iter().all(Item::adds_up), "{what}");
}

fn short(sale: Sale) -> String {
    match sale {
        Sold => "sold".into(),
        NotEnough { left } => format!("left:{left}"),
        UnknownProduct => "unknown".into(),
    }
}

#[test]
fn purchases_are_whole_or_nothing_and_never_below_zero() {
    check("all", &[B(4, 3, &[("a", "Tux", 10)], &[])], &["sold"], [0, 0, 3], "a old");
    check("too many", &[B(4, 3, &[("a", "Tux", 11)], &[])], &["left:10"], [10, 0, 3], "old");
    check("none there", &[B(4, 3, &[("a", "Yak", 1)], &[])], &["left:0"], [10, 0, 3], "old");
    check("unknown", &[B(4, 3, &[("a", "Gnu", 1)], &[])], &["unknown"], [10, 0, 3], "old");
    check(
        "each sees what those before it left",
        &[B(4, 3, &[("a", "Tux", 6), ("b", "Tux", 6), ("c", "Tux", 4), ("d", "Tux", 1)], &[])],
        &["sold left:4 sold left:0"],
        [0, 0, 3],
        "a c old",
    );
}

#[test]
fn a_key_is_sold_once() {
    check("unsettled", &[B(4, 3, &[("old", "Elephant", 2)], &[])], &["sold"], [10, 0, 3], "old");
    check(
        "twice in a batch",
        &[B(4, 3, &[("a", "Tux", 6), ("a", "Tux", 6)], &[])],
        &["sold sold"],
        [4, 0, 3],
        "a old",
    );
    check(
        "by two leaders",
        &[B(4, 3, &[("a", "Tux", 6)], &[]), B(5, 1, &[("a", "Tux", 6)], &[])],
        &["sold", "sold"],
        [4, 0, 3],
        "a old",
    );
    check(
        "settled by the batch that repeats it",
        &[B(4, 3, &[("old", "Elephant", 2)], &["old"])],
        &["sold"],
        [10, 0, 3],
        "",
    );
}

#[test]
fn settled_purchases_are_forgotten() {
    check("old", &[B(4, 3, &[], &["old", "unheard-of"])], &[""], [10, 0, 3], "");
    check(
        "of the same group",
        &[B(4, 3, &[("a", "Tux", 1)], &[]), B(4, 4, &[], &["a"])],
        &["sold", ""],
        [9, 0, 3],
        "old",
    );
}

#[test]
fn a_fence_keeps_out_what_is_older() {
    check("repeated", &[B(4, 2, &[("a", "Tux", 1)], &["old"])], &["sold"], [10, 0, 3], "old");
    check("lower number", &[B(4, 1, &[("a", "Tux", 1)], &[])], &["refused"], [10, 0, 3], "old");
    check("older reign", &[B(3, 9, &[("a", "Tux", 1)], &["old"])], &["refused"], [10, 0, 3], "old");
    check(
        "repeated within the group",
        &[B(4, 3, &[("a", "Tux", 1)], &[]), B(4, 3, &[("a", "Tux", 1)], &[])],
        &["sold", "sold"],
        [9, 0, 3],
        "a old",
    );
    check(
        "a reign that began earlier in the group",
        &[B(4, 3, &[("a", "Tux", 1)], &[]), U(5), B(4, 4, &[("b", "Tux", 1)], &[]), U(4), U(5)],
        &["sold", "a old", "refused", "refused", "a old"],
        [9, 0, 3],
        "a old",
    );
}

#[test]
fn only_what_is_out_of_stock_is_restocked() {
    check("Yak", &[R, R], &["Yak", ""], [10, 100, 3], "old");
    check(
        "sold out in the same group",
        &[B(4, 3, &[("a", "Tux", 10), ("b", "Tux", 1)], &[]), R, B(4, 4, &[("c", "Tux", 1)], &[])],
        &["sold left:0", "Tux Yak", "sold"],
        [99, 100, 3],
        "a c old",
    );
}

#[test]
fn no_count_overflows() {
    let mut item = item("Tux", u64::MAX);
    assert_eq!(item.sell(u64::MAX), Sold);
    assert!(!item.restock(1), "it could not be counted");
    assert!(item.adds_up());
    assert!(!super::Item { initial: 0, sold: 0, ..item }.restock(0), "nothing to restock to");
}

#[test]
fn a_group_that_changes_nothing_says_so() {
    let stock = stock();
    let mut draft = Draft::new(&stock);
    assert!(draft.unsettled(4).is_ok(), "the reign is the current one");
    assert!(draft.unsettled(3).is_err());
    assert!(draft.finish().0.is_empty());
    let mut draft = Draft::new(&stock);
    assert!(draft.unsettled(5).is_ok());
    let (changes, _) = draft.finish();
    assert!(!changes.is_empty() && changes.products().is_empty(), "it changes the fence alone");
}
