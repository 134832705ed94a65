//! Each check against histories and books written by hand: those that keep the promise, and those that do not.

use toystore_actors::catalog::stock::Item;
use toystore_actors::domain::{
    Entry, Order, Product, ProductName, ProductSeed, Purchase, Quantity, RequestId,
};
use toystore_actors::net::NodeId;
use toystore_actors::probe::{Event, ReplicaEvent};

use super::{durable, once, one_history, orders, stock, views};
use crate::data::{History, Invocation, Operation, Response, StoreAudit, Violation};
use crate::examples::{BY, epoch, order_number, replica, two_replicas, view_saved};

fn name(text: &str) -> ProductName {
    ProductName::new(text).expect("valid")
}

fn key(text: &str) -> RequestId {
    RequestId::new(text).expect("valid")
}

fn quantity(pieces: u64) -> Quantity {
    Quantity::new(pieces).expect("valid")
}

fn order(number: u64) -> Order {
    Order { number: order_number(number), name: name("toy-0"), quantity: quantity(1), receipt: None }
}

/// `place KEY TOLD`, `see PIECES`, `find NUMBER TOLD` or `page AFTER LIMIT TOLD`, then from when until when. Told are a number, "none",
/// "unknown", "left", or the numbers of a page, separated by commas.
pub(crate) fn operation(line: &str) -> Operation {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| word.parse::<u64>().expect("a number");
    let (times, words) = (&words[words.len() - 2..], &words[..words.len() - 2]);
    let told = words[words.len() - 1];
    let invocation = match words[0] {
        "place" => Invocation::Place { key: key(words[1]), name: name("toy-0"), quantity: quantity(1) },
        "find" => Invocation::Find { number: order_number(number(words[1])) },
        "see" => Invocation::Query { name: name("toy-0") },
        "at" => Invocation::FindAt { replica: replica(1), number: order_number(number(words[1])) },
        _ => Invocation::Page {
            after: order_number(number(words[1])),
            limit: u32::try_from(number(words[2])).expect("small"),
        },
    };
    let response = match (words[0], told) {
        (_, "unknown") => Response::Unknown,
        ("see", "none") => Response::Product { product: None },
        ("see", told) => {
            let product = Product { name: name("toy-0"), price_cents: 1, quantity: number(told) };
            Response::Product { product: Some(product) }
        }
        ("place", "reused") => Response::KeyReused,
        ("place", "left") => Response::NotEnough { left: 0 },
        ("place", told) => Response::Placed { number: order_number(number(told)) },
        ("page", "none") => Response::Orders { orders: Vec::new() },
        ("page", told) => {
            Response::Orders { orders: told.split(',').map(|word| order(number(word))).collect() }
        }
        (_, "none") => Response::Found { order: None },
        (_, told) => Response::Found { order: Some(order(number(told))) },
    };
    Operation { client: 0, invocation, invoked: number(times[0]), returned: number(times[1]), response }
}

fn history(text: &str) -> History {
    let lines = text.split(';').map(str::trim).filter(|line| !line.is_empty());
    History { operations: lines.map(operation).collect(), ..History::default() }
}

/// A book of these keys, one piece of toy-0 each.
pub(crate) fn book(keys: &str) -> Vec<Entry> {
    let entry = |(number, text)| Entry {
        number: order_number(number),
        epoch: epoch(1),
        purchase: Some(Purchase { key: key(text), name: name("toy-0"), quantity: quantity(1) }),
        receipt: None,
    };
    (1..).zip(keys.split_whitespace()).map(entry).collect()
}

/// A quiet store whose replicas hold these books, and whose catalog sold so many.
fn audit(books: &[&str], sold: u64) -> StoreAudit {
    let item = Item {
        name: name("toy-0"),
        price_cents: 1,
        initial: 100,
        restocked: 0,
        sold,
        quantity: 100_u64.saturating_sub(sold),
    };
    let books = (1..).map(replica).zip(books.iter().map(|keys| book(keys))).collect();
    StoreAudit { books, items: vec![item], unsettled: Vec::new() }
}

#[test]
fn placing_and_finding_orders() {
    for (text, broken) in [
        ("place a 1 1 2; place b 2 3 4; find 1 1 5 6; find 3 none 5 6", false),
        // The later one got the lower number, though it began after the other was acknowledged.
        ("place a 2 1 2; place b 1 3 4", true),
        ("place a 2 1 4; place b 1 3 5", false),
        // One number for two orders.
        ("place a 1 1 2; place b 1 3 4", true),
        // Acknowledged, and then not to be found.
        ("place a 1 1 2; find 1 none 3 4", true),
        ("place a 1 1 5; find 1 none 3 4", false),
        // A higher number was acknowledged, so this one is there too.
        ("place a 2 1 2; find 1 none 3 4", true),
        // One replica's own book may lag behind.
        ("place a 1 1 2; at 1 none 3 4", false),
        // Found before anybody asked for it.
        ("find 1 1 1 2; place a 1 3 4", true),
        // Pages.
        ("place a 1 1 2; place b 2 3 4; page 0 9 1,2 5 6", false),
        ("place a 1 1 2; place b 2 3 4; page 0 9 1 5 6", true),
        ("place a 1 1 2; place b 2 3 4; page 0 1 1 5 6", false),
        ("place a 1 1 2; place b 2 3 4; page 0 9 2 5 6", true),
        ("place a 1 1 2; place b 2 3 4; page 0 1 1,2 5 6", true),
        ("place a 1 1 2; page 0 9 none 3 4", true),
    ] {
        assert_eq!(orders::check(&history(text)).is_err(), broken, "{text}");
    }
}

#[test]
fn what_was_acknowledged_or_shown_is_in_every_book() {
    for (text, books, broken) in [
        ("place a 1 1 2", &["a", "a"][..], false),
        ("place a 1 1 2", &["a", ""], true),
        ("place a 1 1 2", &["b a", "b a"], true),
        ("place a unknown 1 2", &["", ""], false),
        ("at 1 1 1 2", &["a", "a"], false),
        ("at 2 2 1 2", &["a", "a"], true),
    ] {
        assert_eq!(durable::check(&history(text), &audit(books, 1)).is_some(), broken, "{text} {books:?}");
    }
}

#[test]
fn books_are_one_history() {
    for (books, broken) in [(&["a b", "a b"][..], false), (&["a b", "a"], true), (&["a b", "b a"], true)] {
        assert_eq!(one_history::check(&audit(books, 2)).is_some(), broken, "{books:?}");
    }
}

#[test]
fn keys_make_one_order_or_none() {
    for (text, books, broken) in [
        ("place a 1 1 2", &["a b"][..], false),
        ("place a 1 1 2", &["a b a"], true),
        ("place a left 1 2", &["b"], false),
        ("place a left 1 2", &["a b"], true),
        ("place a unknown 1 2", &["a b"], false),
    ] {
        assert_eq!(once::check(&history(text), &audit(books, 2)).is_some(), broken, "{text} {books:?}");
    }
}

#[test]
fn the_catalog_sold_what_the_book_holds() {
    let catalog = [ProductSeed { name: name("toy-0"), price_cents: 1, quantity: 100 }];
    for (books, sold, broken) in
        [(&["a b"][..], 2, false), (&["a b"], 3, true), (&["a b"], 1, true), (&[""], 0, false)]
    {
        assert_eq!(stock::check(&catalog, &audit(books, sold)).is_some(), broken, "{books:?}, {sold} sold");
    }
    let mut oversold = audit(&["a b"], 2);
    oversold.items[0].quantity = 99;
    assert!(stock::check(&catalog, &oversold).is_some(), "books that do not add up");
}

#[test]
fn one_leader_an_epoch() {
    let saved = |number, leader| view_saved(epoch(number), replica(leader), two_replicas());
    let serving = |number| {
        let (epoch, last) = (epoch(number), order_number(0));
        Event::Replica(ReplicaEvent::Serving { by: BY, epoch, last })
    };
    for (events, broken) in [
        (vec![(1, saved(1, 2)), (2, serving(1))], false),
        (vec![(1, saved(1, 2)), (1, serving(1))], true),
        (vec![(1, saved(1, 2)), (1, saved(1, 1))], true),
        (vec![(1, saved(1, 2)), (1, saved(2, 1)), (1, serving(2))], false),
        (vec![(1, saved(1, 3))], true),
    ] {
        let mut views = views::Views::default();
        let outcome: Result<Vec<()>, Violation> =
            events.iter().map(|(id, event)| views.event(0, NodeId::Order(replica(*id)), event)).collect();
        assert_eq!(outcome.is_err(), broken, "{events:?}");
    }
}
