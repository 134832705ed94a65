//! For each counter a story that is right, and one that is wrong in just that way.

use toystore_actors::domain::{OrderNumber, ProductName, ReplicaId};
use toystore_actors::messages::catalog::Stocked;

use crate::data::Repricing;
use crate::live::{BookPage, InventoryPage, LiveJudge, ReplicaPage, Verdict};
use crate::promises::tests::{book, operation};

/// The counters that are not zero, but for those of what is right.
fn wrong(verdict: &Verdict) -> String {
    let counters = [
        ("lost", verdict.lost),
        ("doubled", verdict.doubled),
        ("missing", verdict.missing_numbers),
        ("stock", verdict.stock_off),
        ("stale", verdict.stale_reads),
        ("undecided", verdict.undecided),
    ];
    let told = counters.iter().filter(|(_, count)| *count > 0);
    told.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

/// `begin PIECES`; `to TIME`; `book KEYS [ACKNOWLEDGED]`, read at once to its end; `anew`; `stock SOLD`; `follower KEYS` and `joiner KEYS`; `price CENTS`;
/// `rebuilt`; or an operation. What is no operation is at the time of the last `to`.
fn tell(judge: &mut LiveJudge, now: &mut u64, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let keys = |from: usize| words[from..].join(" ");
    let name = || ProductName::new("toy-0").expect("valid");
    let number = |word: &str| word.parse::<u64>().expect("a number");
    match words[0] {
        "to" => {
            *now = number(words[1]);
            judge.advance(*now);
        }
        "book" => {
            let after = judge.read_on_from().number;
            let entries = book(&keys(1)).into_iter().map(|mut entry| {
                entry.purchase.take_if(|purchase| purchase.key.as_str() == "lost");
                entry
            });
            let all: Vec<_> = entries.collect();
            let acknowledged = OrderNumber::new(all.len() as u64);
            let entries: Vec<_> = all.into_iter().filter(|entry| entry.number > after).collect();
            judge.book(&BookPage { asked: *now, answered: *now, after, entries, acknowledged });
        }
        "gap" => {
            let after = judge.read_on_from().number;
            let mut entries = book(&keys(1));
            entries.iter_mut().for_each(|entry| entry.number = entry.number + 1);
            let acknowledged = OrderNumber::new(entries.len() as u64 + 1);
            judge.book(&BookPage { asked: *now, answered: *now, after, entries, acknowledged });
        }
        "anew" => judge.book_diverged(),
        "stock" => {
            let (initial, restocked, sold) = (100, 0, number(words[1]));
            let products = vec![Stocked { name: name(), price_cents: 1, initial, restocked, sold }];
            judge.inventory(InventoryPage { asked: *now, answered: *now, products });
        }
        "follower" | "joiner" => {
            let (replica, in_sync) = (ReplicaId::new(2), words[0] == "follower");
            let (after, entries) = (OrderNumber::NONE, book(&keys(1)));
            judge.replica(&ReplicaPage { replica, in_sync, at_rest: true, after, entries, ends: true });
        }
        "price" => judge.repriced(Repricing {
            name: name(),
            price_cents: number(words[1]),
            invoked: *now,
            imported: None,
        }),
        "begin" => {
            let (initial, restocked, sold) = (number(words[1]), 0, 0);
            judge.begins_with(&[Stocked { name: name(), price_cents: 1, initial, restocked, sold }]);
        }
        "rebuilt" => judge.catalog_rebuilt(*now),
        _ => judge.answered(operation(line)),
    }
}

fn judged(story: &str) -> LiveJudge {
    let (mut judge, mut now) = (LiveJudge::new(5), 0);
    for line in story.split(';').map(str::trim).filter(|line| !line.is_empty()) {
        tell(&mut judge, &mut now, line);
    }
    judge
}

#[test]
fn each_counter_counts_what_is_wrong_in_its_way_and_nothing_else() {
    for (story, expected) in [
        // Lost.
        ("place a 1 1 2; to 3; book a; to 4", ""),
        ("place a 1 1 2; to 3; book; to 4", "lost 1"),
        ("place a 1 1 2; to 3; book b; to 4", "lost 1"),
        ("book b; to 3; place a 1 1 2; to 4", "lost 1"),
        // Not yet known to be acknowledged when the book was asked for.
        ("to 1; book; place a 1 1 2; to 3; book a", ""),
        ("find 1 1 1 2; to 3; book", "lost 1"),
        ("find 1 1 1 2; to 3; book a", ""),
        // The book is read anew: what it had, it has.
        ("place a 1 1 2; to 3; book a; anew; book a", ""),
        ("place a 1 1 2; to 3; book a; anew; book b", "lost 1"),
        ("place a 1 1 2; to 3; book a; anew; book", "lost 1"),
        ("place a 1 1 2; to 3; book a; follower a", ""),
        ("place a 1 1 2; to 3; book a; follower", "lost 1"),
        ("place a 1 1 2; to 3; book a; follower b", "lost 1"),
        ("place a 1 1 2; to 3; book a; joiner b; joiner", ""),
        // Doubled.
        ("place a 1 1 2; place a 1 3 4; to 5", ""),
        ("place a 1 1 2; place a 2 3 4; to 5", "doubled 1"),
        ("place a 1 1 4; place b 1 2 5; to 6", "doubled 1"),
        ("to 1; book a b", ""),
        ("to 1; book a a", "doubled 1"),
        ("place a left 1 2; to 3; book b", ""),
        ("place a left 1 2; to 3; book a", "doubled 1"),
        ("to 1; book a; place a left 1 2; to 3", "doubled 1"),
        // Whoever made the catalog anew knows of no refusal.
        ("place a left 1 2; to 3; rebuilt; book a", ""),
        // Missing.
        ("to 1; book a lost b", "missing 1"),
        ("to 1; gap b c", "missing 1"),
        // Off.
        ("place a 1 1 2; to 3; book a; stock 1; to 4; book a; to 5; book a", ""),
        ("place a 1 1 2; to 3; book a; stock 0", "stock 1"),
        ("place a 1 1 2; to 3; book a; stock 2; to 4; book a; to 5; book a", "stock 1"),
        ("to 1; stock 101", "stock 1"),
        // What is unknown may be sold.
        ("place a unknown 1 2; to 3; book; stock 1; to 4; book; to 5; book", ""),
        ("place a unknown 1 2; to 3; book; stock 2; to 4; book; to 5; book", "stock 1"),
        // What is under way is sold before it is in the book.
        ("stock 1; place a 1 0 9; to 10; book a; to 11; book a", ""),
        // Stale.
        ("see 10 1 2; place a 1 3 4; see 9 5 6; to 7", ""),
        ("see 10 1 2; place a 1 3 4; see 10 5 6; to 7", "stale 1"),
        ("see 10 1 2; place a 1 3 6; see 10 4 7; see 9 8 9; to 10", ""),
        ("place a 1 1 2; find 1 none 3 4; to 5", "stale 1"),
        ("place a 1 1 5; find 1 none 3 4; to 6", ""),
        ("place a 2 1 2; place b 1 3 4; to 5", "stale 1"),
        ("place a 2 1 2; place b unknown 1 2; place b 1 3 4; to 5", ""),
        ("find 1 1 1 2; place a 1 3 4; to 5", "stale 1"),
        ("begin 10; place a 1 1 2; see 9 3 4; to 5", ""),
        ("begin 10; place a 1 1 2; see 10 3 4; to 5", "stale 1"),
        ("begin 10; see none 1 2; to 3", "stale 1"),
        ("see none 1 2; see 10 3 4; to 5", ""),
        ("see 10 1 2; see none 3 4; to 5", "stale 1"),
        ("see 10 1 2; to 3; price 1; see 10 4 5; to 6", ""),
    ] {
        let judge = judged(story);
        assert_eq!(wrong(judge.verdict()), expected, "{story}: {:?}", judge.verdict());
    }
}

#[test]
fn an_order_of_unknown_outcome_may_be_sold_until_it_is_known() {
    for (story, expected) in [
        ("see 10 1 2; place a unknown 3 4; see 10 5 6; see 9 7 8; to 9; see 9 9 10; to 11", ""),
        ("see 10 1 2; place a unknown 3 4; see 9 5 6; to 9; see 10 9 10; to 11", "stale 1"),
        // Asked again, it is known, and when it was first asked for.
        ("see 10 1 2; place a unknown 3 4; see 9 5 6; to 7; place a 1 7 8; see 9 9 10; to 11", ""),
        ("see 10 1 2; place a unknown 3 4; to 7; place a 1 7 8; see 10 9 10; to 11", "stale 1"),
        // Refused, it never happens.
        ("see 10 1 2; place a unknown 3 4; place a left 5 6; to 7", "stale 1"),
        // What was left when it was first refused may have been so before the stretch that was judged.
        ("see 10 1 2; place a unknown 3 4; to 5; place a left 5 6; to 7", ""),
        ("see 0 1 2; place a unknown 3 4; to 5; place a left 5 6; see 0 7 8; to 9", ""),
        // The book says so, before or after its shopper gave up.
        ("see 10 1 2; place a unknown 3 4; to 5; book a; see 9 6 7; to 8", ""),
        ("see 10 1 2; place a unknown 3 4; to 5; book a; see 10 6 7; to 8", "stale 1"),
        ("see 10 1 2; to 3; book a; place a unknown 3 5; see 9 6 7; to 8", ""),
        ("see 10 1 2; to 3; book a; place a unknown 3 5; see 10 6 7; to 8", "stale 1"),
        // The answer comes after the book.
        ("see 10 1 2; to 3; book a; place a 1 3 5; see 9 6 7; to 8", ""),
        // Others' orders: nothing is known until all agree again.
        ("see 10 1 2; to 4; book a; see 9 5 6; see 8 7 8; to 9", "stale 1"),
        ("see 10 1 2; to 4; book a; to 5; see 9 5 6; see 9 7 8; to 9", ""),
    ] {
        let judge = judged(story);
        assert_eq!(wrong(judge.verdict()), expected, "{story}: {:?}", judge.verdict());
    }
}

#[test]
fn answers_may_be_told_out_of_order() {
    let judge = judged("see 9 5 6; place a 1 3 4; see 10 1 2; to 7");
    assert_eq!(wrong(judge.verdict()), "");
    assert_eq!((judge.verdict().operations, judge.verdict().acknowledged), (3, 1));
    // What ends later holds up what is judged.
    let judge = judged("see 9 1 9; see 9 2 3; to 4");
    assert_eq!((judge.verdict().operations, judge.verdict().judged_through), (1, 1));
}

#[test]
fn a_verdict_is_told_to_programs() {
    let judge = judged("place a 1 1 2; to 3; book");
    let told = serde_json::to_value(judge.verdict()).expect("plain data");
    assert_eq!(told["lost"], 1);
    assert_eq!(told["violations"][0]["promise"], "no acknowledged order is lost");
}
