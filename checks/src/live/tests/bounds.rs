//! What is kept does not grow with time.

use toystore_actors::domain::{Entry, Epoch, OrderNumber, ProductName, Purchase, Quantity, RequestId};

use crate::data::{Invocation, Operation, Response};
use crate::live::book::LeaderBook;
use crate::live::keys::Keys;
use crate::live::{BookPage, LiveJudge};
use crate::promises::tests::operation;

fn entry(number: u64) -> Entry {
    let purchase = Purchase {
        key: RequestId::new(format!("k{number}")).expect("valid"),
        name: ProductName::new("toy-0").expect("valid"),
        quantity: Quantity::new(1).expect("valid"),
    };
    Entry { number: OrderNumber::new(number), epoch: Epoch::new(1), purchase: Some(purchase), receipt: None }
}

#[test]
fn of_orders_the_newest_million() {
    let (mut keys, mut book) = (Keys::default(), LeaderBook::default());
    for number in 1..=1_050_000 {
        let entry = entry(number);
        keys.numbered(&entry.purchase.as_ref().expect("an order").key, entry.number);
        book.take(&entry);
    }
    assert_eq!(keys.kept(), 1_000_000);
    assert_eq!(book.kept(), 1_020_001);
}

/// The store is asked and nothing is read of its book, or all of it: what is kept stays.
#[test]
fn of_what_was_answered_little() {
    for reads in [true, false] {
        let mut judge = LiveJudge::new(0);
        let mut most = 0;
        let orders = 110_000;
        for number in 1..=orders {
            let (asked, told) = (10 * number, 10 * number + 5);
            let entry = entry(number);
            let Purchase { key, name, quantity } = entry.purchase.clone().expect("an order");
            let invocation = Invocation::Place { key, name, quantity };
            let response = Response::Placed { number: entry.number };
            judge.answered(Operation { client: 1, invocation, invoked: asked, returned: told, response });
            judge.answered(operation(&format!("see {} {} {}", orders + 9 - number, told + 1, told + 2)));
            judge.answered(operation(&format!("place n{number} unknown {} {}", told + 3, told + 4)));
            judge.advance(told + 3);
            if reads {
                let (asked, after) = (told + 3, judge.read_on_from().number);
                judge.book(&BookPage {
                    asked,
                    answered: asked,
                    after,
                    acknowledged: entry.number,
                    entries: vec![entry],
                });
            }
            most = most.max(judge.kept() - usize::try_from(number).expect("small"));
        }
        assert_eq!(judge.verdict().violations, [], "{:?}", judge.verdict());
        // Keys and digests of the orders, which have bounds of their own, beside the newest hundred thousand orders.
        assert!(most < 500_000, "{most}");
    }
}
