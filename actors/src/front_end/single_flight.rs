//! Those who ask for the same at the same time share one flight: queries of one product one catalog query, attempts
//! under one request id one attempt.
//!
//! What a flight comes back with may be older than a question that was asked while it was under way. So those who join
//! are `late` until the flight departs, for the first time or once more, and [`SingleFlight::land`] gives only those an
//! answer who came before that; the others wait for the next departure. Where an answer stays true, as the number of
//! an order does, nobody calls that, and [`SingleFlight::end`] answers all.

use std::collections::BTreeMap;

use crate::bugs::front_end as bent;
use crate::clock::Timestamp;

/// The flights under way, and who waits for them. `K` is what is asked for, `T` what else one flight is about, and `W`
/// whatever is to be told the answer.
#[derive(Debug)]
pub struct SingleFlight<K, T, W> {
    by_key: BTreeMap<K, Flight<T, W>>,
}

#[derive(Debug)]
struct Flight<T, W> {
    about: T,
    /// Came before the last departure.
    early: Vec<W>,
    /// Came since.
    late: Vec<W>,
    /// When the last of them gives up.
    until: Timestamp,
}

/// What to do for one who joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// Start a flight: there is none.
    First,
    /// Nothing: a flight is under way and takes care of it.
    Waits,
}

impl<K, T, W> Default for SingleFlight<K, T, W> {
    fn default() -> Self {
        SingleFlight { by_key: BTreeMap::new() }
    }
}

impl<K: Ord + Clone, T, W> SingleFlight<K, T, W> {
    /// What the flight of this key is about, if there is one.
    pub fn about(&self, key: &K) -> Option<&T> {
        self.by_key.get(key).map(|flight| &flight.about)
    }

    /// Somebody asks, and waits no longer than `until`. A flight that begins is about `about`.
    pub fn join(&mut self, key: &K, about: T, waiter: W, until: Timestamp) -> Joined {
        if let Some(flight) = self.by_key.get_mut(key) {
            let late = bent::joins_late(!flight.early.is_empty());
            if late { &mut flight.late } else { &mut flight.early }.push(waiter);
            flight.until = flight.until.max(until);
            return Joined::Waits;
        }
        let flight = Flight { about, early: Vec::new(), late: vec![waiter], until };
        self.by_key.insert(key.clone(), flight);
        Joined::First
    }

    /// It is asked now, for the first time or again: whoever has joined may have the answer.
    pub fn depart(&mut self, key: &K) {
        if let Some(flight) = self.by_key.get_mut(key) {
            flight.early.append(&mut flight.late);
        }
    }

    /// When the last who waits gives up: so long it is worked on. `None` if nobody waits.
    #[must_use]
    pub fn until(&self, key: &K) -> Option<Timestamp> {
        self.by_key.get(key).map(|flight| flight.until)
    }

    /// The answer is here. Returns who may have it. The flight ends if nobody else waits.
    #[must_use]
    pub fn land(&mut self, key: &K) -> Vec<W> {
        let Some(flight) = self.by_key.get_mut(key) else { return Vec::new() };
        let early = std::mem::take(&mut flight.early);
        if flight.late.is_empty() {
            self.by_key.remove(key);
        }
        early
    }

    /// Ends the flight, if there still is one. Returns all who wait.
    #[must_use]
    pub fn end(&mut self, key: &K) -> Vec<W> {
        self.by_key.remove(key).map_or_else(Vec::new, |mut flight| {
            flight.early.append(&mut flight.late);
            flight.early
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Step {
        Join(u8, Joined),
        Depart,
        /// Who gets the answer, and whether somebody waits on.
        Land(&'static [u8], bool),
        End(&'static [u8]),
    }
    use Joined::*;
    use Step::*;

    fn check(case: &str, steps: &[Step]) {
        let mut flights = SingleFlight::default();
        for (index, step) in steps.iter().enumerate() {
            match step {
                Join(who, expected) => {
                    let joined = flights.join(&"Tux", (), *who, Timestamp(0));
                    assert_eq!(joined, *expected, "{case}, step {index}");
                }
                Depart => flights.depart(&"Tux"),
                Land(expected, more) => {
                    assert_eq!(flights.land(&"Tux"), *expected, "{case}, step {index}");
                    assert_eq!(flights.until(&"Tux").is_some(), *more, "{case}, step {index}");
                }
                End(expected) => assert_eq!(flights.end(&"Tux"), *expected, "{case}, step {index}"),
            }
        }
        assert!(flights.by_key.is_empty(), "{case}: nothing is left");
    }

    // Rule cache 8.
    #[test]
    fn an_answer_is_given_only_to_those_who_asked_before_it_was_asked_for() {
        check("alone", &[Join(1, First), Depart, Land(&[1], false)]);
        check("together", &[Join(1, First), Join(2, Waits), Depart, Land(&[1, 2], false)]);
        check(
            "a late one looks again",
            &[
                Join(1, First),
                Depart,
                Join(2, Waits),
                Land(&[1], true),
                Join(3, Waits),
                Depart,
                Join(4, Waits),
                Land(&[2, 3], true),
                End(&[4]),
            ],
        );
        check(
            "a retry is a new departure",
            &[
                Join(1, First),
                Depart,
                Join(2, Waits),
                Depart,
                Join(3, Waits),
                Land(&[1, 2], true),
                Depart,
                Land(&[3], false),
            ],
        );
        check(
            "given up",
            &[Join(1, First), Depart, Join(2, Waits), End(&[1, 2]), End(&[]), Join(3, First), End(&[3])],
        );
        check("one that never departs", &[Join(1, First), Join(2, Waits), End(&[1, 2])]);
    }

    #[test]
    fn a_flight_lasts_as_long_as_the_most_patient_waits() {
        let mut flights = SingleFlight::default();
        for (until, expected) in [(5, 5), (9, 9), (7, 9)] {
            flights.join(&"Tux", (), (), Timestamp(until));
            flights.depart(&"Tux");
            assert_eq!(flights.until(&"Tux"), Some(Timestamp(expected)));
        }
    }

    // Rule C4.
    #[test]
    fn a_flight_is_about_what_its_first_asked_for() {
        let mut flights = SingleFlight::default();
        assert_eq!(flights.about(&"key"), None);
        assert_eq!(flights.join(&"key", 2, (), Timestamp(1)), First);
        assert_eq!(flights.join(&"key", 2, (), Timestamp(1)), Waits);
        assert_eq!(flights.about(&"key"), Some(&2));
        assert_eq!(flights.end(&"key").len(), 2);
        assert_eq!(flights.about(&"key"), None);
    }
}
