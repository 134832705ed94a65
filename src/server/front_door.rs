//! What shoppers ask at the front door, and what they are told, for whoever judges that.
//!
//! In a store that nobody judges, nothing is written down.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use parking_lot::Mutex;
use toystore_checks::data::{Invocation, Operation, Repricing, Response};
use toystore_checks::time::Nanos;

/// All who come in by the front door are one shopper to whoever judges: who it was is not known.
const CLIENT: u8 = 0;

/// What is told of the front door.
#[derive(Debug)]
pub enum Told {
    /// Somebody was answered, or an order was left without an answer.
    Ended(Operation),
    /// An operator changes a price.
    Repriced(Repricing),
}

/// Writes down what is asked and answered; clones write into the same book.
#[derive(Clone)]
pub struct FrontDoor(Arc<Shared>);

struct Shared {
    opened: Instant,
    /// What is under way, by its number: when it began. Later ones began later.
    under_way: Mutex<UnderWay>,
    told: Sender<Told>,
}

#[derive(Default)]
struct UnderWay {
    next: u64,
    began: BTreeMap<u64, Nanos>,
}

impl FrontDoor {
    /// A front door that is opened now, and what is told of it.
    pub fn open() -> (FrontDoor, Receiver<Told>) {
        let (told, heard) = channel();
        let shared = Shared { opened: Instant::now(), under_way: Mutex::default(), told };
        (FrontDoor(Arc::new(shared)), heard)
    }

    /// How long it has been open, in nanoseconds.
    pub fn now(&self) -> Nanos {
        self.at(Instant::now())
    }

    /// A moment, in nanoseconds since it was opened.
    pub fn at(&self, instant: Instant) -> Nanos {
        let since = instant.saturating_duration_since(self.0.opened).as_nanos();
        Nanos::try_from(since).unwrap_or(Nanos::MAX)
    }

    /// Whatever began before then has ended, and was told.
    pub fn complete_until(&self) -> Nanos {
        let under_way = self.0.under_way.lock();
        under_way.began.first_key_value().map_or_else(|| self.now(), |(_, began)| *began)
    }

    /// How many have asked for anything so far.
    pub fn count(&self) -> u64 {
        self.0.under_way.lock().next
    }

    /// Somebody asks for something.
    fn ask(&self, invocation: Invocation) -> Question {
        let mut under_way = self.0.under_way.lock();
        let (number, invoked) = (under_way.next, self.now());
        under_way.next += 1;
        under_way.began.insert(number, invoked);
        Question { door: self.clone(), number, invoked, invocation }
    }

    /// An operator asks for another price, or knows that it is there.
    pub fn repriced(&self, repricing: Repricing) {
        self.tell(Told::Repriced(repricing));
    }

    fn tell(&self, told: Told) {
        // Nobody judges any more.
        let _ = self.0.told.send(told);
    }
}

impl fmt::Debug for FrontDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrontDoor").field("asked", &self.count()).finish_non_exhaustive()
    }
}

/// What somebody has asked, until it is answered. Dropped before that, it is left without an answer.
#[derive(Debug)]
#[must_use]
pub struct Asked(Option<Question>);

#[derive(Debug)]
struct Question {
    door: FrontDoor,
    number: u64,
    invoked: Nanos,
    invocation: Invocation,
}

impl Asked {
    /// Somebody asks for something at a front door, if it is one of which a book is kept.
    pub fn at(door: Option<&FrontDoor>, invocation: impl FnOnce() -> Invocation) -> Asked {
        Asked(door.map(|door| door.ask(invocation())))
    }

    /// It is answered.
    pub fn answered(mut self, response: impl FnOnce() -> Response) {
        if let Some(question) = self.0.take() {
            question.end(response());
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(question) = self.0.take() {
            question.end(Response::Unknown);
        }
    }
}

impl Question {
    fn end(self, response: Response) {
        let Question { door, number, invoked, invocation } = self;
        // What was not answered matters only of an order, which may have been placed all the same.
        if response != Response::Unknown || matches!(invocation, Invocation::Place { .. }) {
            let returned = door.now();
            door.tell(Told::Ended(Operation { client: CLIENT, invocation, invoked, returned, response }));
        }
        // After it was told: see `complete_until`.
        door.0.under_way.lock().began.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{OrderNumber, ProductName, Quantity, RequestId};

    use super::*;

    fn place(key: &str) -> Invocation {
        let (key, name) = (RequestId::new(key).expect("a key"), ProductName::new("Tux").expect("a name"));
        Invocation::Place { key, name, quantity: Quantity::new(1).expect("one") }
    }

    #[test]
    fn what_has_ended_is_told_before_it_counts_as_ended() {
        let (door, heard) = FrontDoor::open();
        let ask = |invocation: Invocation| Asked::at(Some(&door), || invocation);
        let (first, second) = (ask(place("one")), ask(Invocation::List));
        let began = door.complete_until();
        let third = ask(place("two"));
        assert_eq!(door.complete_until(), began, "the first is under way");
        third.answered(|| Response::Placed { number: OrderNumber::new(1) });
        assert_eq!(door.complete_until(), began);
        drop(first);
        assert!(door.complete_until() > began, "the second began later");
        drop(second);
        assert_eq!(door.count(), 3);
        let told = heard.try_iter().map(|told| match told {
            Told::Ended(Operation { invocation, invoked, returned, response, .. }) => {
                assert!(invoked <= returned && returned <= door.complete_until());
                (invocation, response)
            }
            Told::Repriced(repricing) => panic!("{repricing:?}"),
        });
        let placed = Response::Placed { number: OrderNumber::new(1) };
        let told: Vec<_> = told.collect();
        assert_eq!(
            told,
            [(place("two"), placed), (place("one"), Response::Unknown)],
            "a list without an answer is nothing"
        );
    }

    #[test]
    fn where_nobody_judges_nothing_is_made_for_it() {
        let asked = Asked::at(None, || panic!("it is not even named"));
        asked.answered(|| panic!("nor its answer"));
    }
}
