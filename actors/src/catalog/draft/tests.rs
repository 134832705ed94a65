use Sale::{NotEnough, Sold, UnknownProduct};

use super::overlay::Draft;
use crate::catalog::fence::Fence;
use crate::catalog::item::Item;
use crate::catalog::memory::Memory;
use crate::catalog::purchases::Purchases;
use crate::catalog::state::CatalogState;
use crate::domain::{
    Digest, Epoch, Line, OrderNumber, ProductName, ProductSeed, Purchase, Quantity, Receipt, RequestId, Run,
    SoldPurchase, StoreId, Term, UnixMillis,
};
use crate::messages::catalog::{Buy, Import, Imported, Leadership, Rebuild, Refusal, Sale, TakeOver};
use crate::refusals::Refusals;

fn name(text: &str) -> ProductName {
    ProductName::new(text).expect("a valid name")
}

fn key(text: &str) -> RequestId {
    RequestId::new(text).expect("a valid key")
}

const NOW: UnixMillis = UnixMillis::new(1000);

fn receipt(price_cents: u64, sold_at: u64) -> Option<Receipt> {
    Some(Receipt { price_cents, sold_at: UnixMillis::new(sold_at) })
}

/// Sold now, at the price that every product has at first.
fn sold(number: u64) -> Sale {
    Sold { number: OrderNumber::new(number), receipt: receipt(1599, 1000) }
}

/// What "old" was sold as, before.
fn sold_before() -> SoldPurchase {
    SoldPurchase { purchase: purchase(("old", "Elephant", 2)), receipt: receipt(1299, 900) }
}

fn item(text: &str, quantity: u64) -> Item {
    Item { name: name(text), price_cents: 1599, initial: quantity, restocked: 0, sold: 0, quantity }
}

fn purchase((id, product, pieces): (&str, &str, u64)) -> Purchase {
    let quantity = Quantity::new(pieces).expect("a valid quantity");
    Purchase { key: key(id), name: name(product), quantity }
}

const BY: Run = Run::new(1);
const STORE: StoreId = StoreId::new(1);

/// A leader under a view of the front-end that registered last, with a book of so many orders.
fn leader(term: u64, last: u64) -> Leadership {
    let epoch = Epoch::new(term);
    Leadership { term: Term::begun_in(epoch), epoch, by: BY, last: OrderNumber::new(last) }
}

/// Tux 10, Yak 0, Elephant 3; purchase 8, "old", is unsettled; batch 2 of term 4 was the last.
fn state() -> CatalogState {
    let mut elephant = item("Elephant", 5);
    elephant.sold = 2;
    elephant.quantity = 3;
    let fence = Fence {
        term: Term::new(4),
        batch: 2,
        answer: vec![Sold { number: OrderNumber::new(8), receipt: sold_before().receipt }],
    };
    let items = vec![item("Tux", 10), item("Yak", 0), elephant];
    let purchases = Purchases::new(OrderNumber::new(7), vec![sold_before()]);
    CatalogState::new(items, purchases, fence, Refusals::new(10), Memory { store: Some((STORE, BY)) })
}

/// Rule C3.
#[test]
fn who_was_refused_is_refused_again_after_a_restock_and_in_another_term() {
    let mut state = state();
    let buy = |term, id| {
        let purchases = vec![purchase((id, "Yak", 1))];
        Buy { leader: leader(term, 8), batch: 3, purchases, settled: OrderNumber::NONE }
    };
    let mut draft = Draft::new(&state, Some(Epoch::NONE));
    assert_eq!(draft.buy(&buy(4, "late"), NOW), Ok(vec![NotEnough { left: 0 }]));
    draft.restock(100);
    let (changes, _) = draft.finish();
    state.apply(&changes);
    let mut draft = Draft::new(&state, Some(Epoch::NONE));
    assert_eq!(draft.buy(&buy(5, "late"), NOW), Ok(vec![NotEnough { left: 0 }]));
    assert_eq!(draft.buy(&buy(6, "another"), NOW), Ok(vec![sold(9)]));
}

enum Step {
    /// The term, the batch, what to sell, up to which number it is settled.
    Buy(u64, u64, &'static [(&'static str, &'static str, u64)], u64),
    TakeOver(u64),
    Restock,
}
use Step::{Buy as B, Restock as R, TakeOver as T};

/// Runs the steps as one group and says how each was answered, what is left of each product afterwards,
/// and which purchases are unsettled.
fn check(what: &str, steps: &[Step], answers: &[&str], left: [u64; 3], unsettled: &str) {
    let mut state = state();
    let mut draft = Draft::new(&state, Some(Epoch::NONE));
    let keys = |purchases: Vec<SoldPurchase>| {
        let keys: Vec<_> = purchases.iter().map(|sold| sold.purchase.key.to_string()).collect();
        keys.join(" ")
    };
    let got: Vec<String> = steps
        .iter()
        .map(|step| match step {
            B(term, batch, purchases, settled) => {
                let purchases = purchases.iter().copied().map(purchase).collect();
                let buy = Buy {
                    leader: leader(*term, 0),
                    batch: *batch,
                    purchases,
                    settled: OrderNumber::new(*settled),
                };
                match draft.buy(&buy, NOW) {
                    Ok(sales) => sales.into_iter().map(short).collect::<Vec<_>>().join(" "),
                    Err(_) => "refused".into(),
                }
            }
            T(term) => {
                let ask = TakeOver { leader: leader(*term, 0), line: Line::default() };
                draft.take_over(&ask).map_or_else(|_| "refused".into(), |found| keys(found.unsettled))
            }
            R => draft.restock(100).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        })
        .collect();
    assert_eq!(got, answers, "{what}");
    let (changes, _) = draft.finish();
    state.apply(&changes);
    assert_eq!(
        state.products(0, 10).iter().map(|product| product.quantity).collect::<Vec<_>>(),
        left,
        "{what}"
    );
    assert_eq!(keys(state.purchases().unsettled().cloned().collect()), unsettled, "{what}");
    assert!(state.items().iter().all(Item::adds_up), "{what}");
}

fn short(sale: Sale) -> String {
    match sale {
        Sold { number, .. } => format!("sold:{number}"),
        NotEnough { left } => format!("left:{left}"),
        UnknownProduct => "unknown".into(),
    }
}

#[test]
fn purchases_are_whole_or_nothing_and_never_below_zero() {
    check("all", &[B(4, 3, &[("a", "Tux", 10)], 0)], &["sold:9"], [0, 0, 3], "old a");
    check("too many", &[B(4, 3, &[("a", "Tux", 11)], 0)], &["left:10"], [10, 0, 3], "old");
    check("none there", &[B(4, 3, &[("a", "Yak", 1)], 0)], &["left:0"], [10, 0, 3], "old");
    check("unknown", &[B(4, 3, &[("a", "Gnu", 1)], 0)], &["unknown"], [10, 0, 3], "old");
    check(
        "each sees what those before it left",
        &[B(4, 3, &[("b", "Tux", 6), ("a", "Tux", 6), ("c", "Tux", 4), ("d", "Tux", 1)], 0)],
        &["sold:9 left:4 sold:10 left:0"],
        [0, 0, 3],
        "old b c",
    );
}

/// Rule M5.
#[test]
fn a_key_is_sold_once_under_one_number() {
    check("unsettled", &[B(4, 3, &[("old", "Elephant", 2)], 0)], &["sold:8"], [10, 0, 3], "old");
    check(
        "twice in a batch",
        &[B(4, 3, &[("a", "Tux", 6), ("a", "Tux", 6)], 0)],
        &["sold:9 sold:9"],
        [4, 0, 3],
        "old a",
    );
    check(
        "by two leaders",
        &[B(4, 3, &[("a", "Tux", 6)], 0), B(5, 1, &[("a", "Tux", 6)], 0)],
        &["sold:9", "sold:9"],
        [4, 0, 3],
        "old a",
    );
    check(
        "settled by the batch that repeats it",
        &[B(4, 3, &[("old", "Elephant", 2)], 8)],
        &["sold:8"],
        [10, 0, 3],
        "",
    );
}

/// Rule C8.
#[test]
fn price_and_time_are_those_of_the_first_sale_however_often_it_is_told() {
    let mut state = state();
    let (now, later) = (NOW, UnixMillis::new(2000));
    let buy = |term, batch, keys: &[&str]| {
        let purchases = keys.iter().map(|key| purchase((key, "Tux", 1))).collect();
        Buy { leader: leader(term, 8), batch, purchases, settled: OrderNumber::NONE }
    };
    let sold = |number, price_cents, sold_at| Sold {
        number: OrderNumber::new(number),
        receipt: receipt(price_cents, sold_at),
    };
    let mut draft = Draft::new(&state, Some(Epoch::NONE));
    assert_eq!(draft.buy(&buy(4, 3, &["a"]), now), Ok(vec![sold(9, 1599, 1000)]));
    let products = vec![ProductSeed { name: name("Tux"), price_cents: 99, quantity: 10 }];
    draft.import(&Import { products, digest: None });
    let (again, new) = (sold(9, 1599, 1000), sold(10, 99, 1000));
    assert_eq!(draft.buy(&buy(4, 4, &["a", "b"]), now), Ok(vec![again, new]), "in one group");
    let (changes, _) = draft.finish();
    state.apply(&changes);

    let mut draft = Draft::new(&state, Some(Epoch::NONE));
    assert_eq!(draft.buy(&buy(4, 4, &["a", "b"]), later), Ok(vec![again, new]), "a repeated batch");
    let third = sold(11, 99, 2000);
    assert_eq!(draft.buy(&buy(5, 1, &["b", "c"]), later), Ok(vec![new, third]), "another leader");
    let found = draft.take_over(&TakeOver { leader: leader(6, 8), line: Line::default() }).unwrap();
    let receipts: Vec<_> = found.unsettled.iter().map(|sold| sold.receipt).collect();
    let expected = [receipt(1299, 900), receipt(1599, 1000), receipt(99, 1000), receipt(99, 2000)];
    assert_eq!(receipts, expected, "a leader that takes over is told the same");
}

/// Rules M4 and M5: a leader that takes over is told what is settled, and every purchase that is not.
#[test]
fn settled_purchases_are_forgotten() {
    check("old", &[B(4, 3, &[], 8)], &[""], [10, 0, 3], "");
    check(
        "no more than there are",
        &[B(4, 3, &[], 99), B(4, 4, &[("a", "Tux", 1)], 0)],
        &["", "sold:9"],
        [9, 0, 3],
        "a",
    );
    check("never fewer than before", &[B(4, 3, &[], 8), B(4, 4, &[], 2)], &["", ""], [10, 0, 3], "");
    check(
        "of the same group",
        &[B(4, 3, &[("a", "Tux", 1), ("b", "Tux", 1)], 0), B(4, 4, &[], 9), T(5)],
        &["sold:9 sold:10", "", "b"],
        [8, 0, 3],
        "b",
    );
}

/// Rules C1, C2 and C7.
#[test]
fn a_fence_keeps_out_what_is_older() {
    check("repeated", &[B(4, 2, &[("a", "Tux", 1)], 8)], &["sold:8"], [10, 0, 3], "old");
    check("lower number", &[B(4, 1, &[("a", "Tux", 1)], 0)], &["refused"], [10, 0, 3], "old");
    check("older term", &[B(3, 9, &[("a", "Tux", 1)], 8)], &["refused"], [10, 0, 3], "old");
    check(
        "repeated within the group",
        &[B(4, 3, &[("a", "Tux", 1)], 0), B(4, 3, &[("a", "Tux", 1)], 0)],
        &["sold:9", "sold:9"],
        [9, 0, 3],
        "old a",
    );
    check(
        "a term that began earlier in the group",
        &[B(4, 3, &[("a", "Tux", 1)], 0), T(5), B(4, 4, &[("b", "Tux", 1)], 0), T(4), T(5)],
        &["sold:9", "old a", "refused", "refused", "old a"],
        [9, 0, 3],
        "old a",
    );
}

#[test]
fn only_what_is_out_of_stock_is_restocked() {
    check("Yak", &[R, R], &["Yak", ""], [10, 100, 3], "old");
    check(
        "sold out in the same group",
        &[B(4, 3, &[("a", "Tux", 10), ("b", "Tux", 1)], 0), R, B(4, 4, &[("c", "Tux", 1)], 0)],
        &["sold:9 left:0", "Tux Yak", "sold:10"],
        [99, 100, 3],
        "old a c",
    );
}

/// Rule M9.
#[test]
fn a_catalog_that_remembers_less_than_the_leader_sells_nothing_until_it_is_rebuilt() {
    let mut state = state();
    let buy = |last| {
        let purchases = vec![purchase(("a", "Tux", 1))];
        Buy { leader: leader(4, last), batch: 3, purchases, settled: OrderNumber::NONE }
    };
    let rebuild = |last, by| {
        let sold = vec![(name("Elephant"), 7), (name("Gnu"), 1), (name("Tux"), 4)];
        Rebuild { store: STORE, leader: Leadership { by, ..leader(4, last) }, sold }
    };
    let mut draft = Draft::new(&state, Some(Epoch::NONE));
    assert_eq!(
        draft.buy(&buy(30), NOW),
        Err(Refusal::Behind { purchases: OrderNumber::new(8), orders: OrderNumber::new(30) })
    );
    assert_eq!(draft.rebuild(&rebuild(8, BY)), Err(Refusal::Whole));
    assert_eq!(draft.rebuild(&rebuild(30, Run::new(7))), Err(Refusal::OutdatedView));
    let rebuilt = draft.rebuild(&rebuild(30, BY)).expect("it is behind");
    // Of 5 elephants at first 7 were sold: two that nobody remembers were restocked.
    assert_eq!(rebuilt.restocked, [(name("Elephant"), 2)]);
    assert_eq!((rebuilt.orders.get(), rebuilt.unknown), (30, vec![name("Gnu")]));
    assert_eq!(
        draft
            .take_over(&TakeOver { leader: leader(5, 30), line: Line::default() })
            .map(|found| (found.settled.get(), found.unsettled)),
        Ok((30, vec![]))
    );
    assert_eq!(draft.buy(&Buy { leader: leader(5, 30), ..buy(30) }, NOW), Ok(vec![sold(31)]));
    let (changes, _) = draft.finish();
    state.apply(&changes);
    assert_eq!(state.products(0, 10).iter().map(|product| product.quantity).collect::<Vec<_>>(), [5, 0, 0]);
    assert_eq!((state.purchases().settled().get(), state.purchases().last().get()), (30, 31));
    assert!(state.items().iter().all(Item::adds_up));
}

#[test]
fn an_import_adds_products_and_changes_prices_and_no_count() {
    let mut state = state();
    let seed = |text, price_cents, quantity| ProductSeed { name: name(text), price_cents, quantity };
    let mut draft = Draft::new(&state, Some(Epoch::NONE));
    let digest = Some(Digest([9; 32]));
    let products = vec![seed("Tux", 99, 500), seed("Gnu", 5, 7), seed("Yak", 1599, 0), seed("Gnu", 6, 8)];
    let imported = draft.import(&Import { products: products.clone(), digest });
    assert_eq!(imported, Imported { added: 1, repriced: 2, unchanged: 1, recounted: 2 });
    let gnus = Buy {
        leader: leader(4, 8),
        batch: 3,
        purchases: vec![purchase(("n", "Gnu", 3))],
        settled: OrderNumber::NONE,
    };
    let sold = Sold { number: OrderNumber::new(9), receipt: receipt(6, 1000) };
    assert_eq!(draft.buy(&gnus, NOW), Ok(vec![sold]), "what is new is sold at once");
    let again = draft.import(&Import { products, digest: None });
    assert_eq!(
        (again.added, again.repriced),
        (0, 2),
        "of two lines with one name, the last one's price counts"
    );
    let (changes, _) = draft.finish();
    assert_eq!(changes.imported, digest);
    state.apply(&changes);
    let now: Vec<_> = state
        .products(0, 10)
        .iter()
        .map(|toy| (toy.name.to_string(), toy.price_cents, toy.quantity))
        .collect();
    let expected = [("Tux", 99, 10), ("Yak", 1599, 0), ("Elephant", 1599, 3), ("Gnu", 6, 4)];
    assert_eq!(now, expected.map(|(name, price, left)| (name.to_owned(), price, left)));
    assert!(state.items().iter().all(Item::adds_up));
    assert_eq!(state.index(&name("Gnu")), Some(3));
}

#[test]
fn a_group_that_changes_nothing_says_so() {
    let state = state();
    let mut draft = Draft::new(&state, Some(Epoch::NONE));
    let take_over = |term| TakeOver { leader: leader(term, 8), line: Line::default() };
    assert!(draft.take_over(&take_over(4)).is_ok(), "the term is the current one");
    assert!(draft.take_over(&take_over(3)).is_err());
    assert!(draft.finish().0.is_empty());
    let mut draft = Draft::new(&state, Some(Epoch::NONE));
    assert!(draft.take_over(&take_over(5)).is_ok());
    let (changes, _) = draft.finish();
    assert!(!changes.is_empty() && changes.products().is_empty(), "it changes the fence alone");
}
