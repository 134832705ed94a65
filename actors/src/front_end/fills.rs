//! Which queries a catalog answer may be given to.
//!
//! Misses of one product share one catalog query, but an answer is only as new as the moment its query was
//! sent: a shopper who came later may already have been told something newer. So **a fill answers only
//! queries that came before it was sent; later ones wait, then look again**: in the cache, else by the next
//! fill, which they share. This holds with the cache off as well.

use std::collections::BTreeMap;

use crate::bugs::{Bug, planted};
use crate::clock::Timestamp;
use crate::domain::ProductName;

/// The fills under way and who waits for them. `W` is whatever is to be told the answer.
#[derive(Debug)]
pub struct Fills<W> {
    by_name: BTreeMap<ProductName, Fill<W>>,
}

#[derive(Debug)]
struct Fill<W> {
    /// Came before the query under way was sent.
    early: Vec<W>,
    /// Came since.
    late: Vec<W>,
    /// When the last of them gives up.
    until: Timestamp,
}

/// What to do about a query that joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// It is the first: start a fill.
    First,
    /// A fill is under way and takes care of it.
    Waits,
}

impl<W> Default for Fills<W> {
    fn default() -> Self {
        Fills { by_name: BTreeMap::new() }
    }
}

impl<W> Fills<W> {
    /// A query arrived that the cache cannot answer. It waits no longer than `until`.
    pub fn join(&mut self, name: &ProductName, waiter: W, until: Timestamp) -> Joined {
        match self.by_name.get_mut(name) {
            Some(fill) => {
                let late = !planted(Bug::FillJoinedLate);
                if late { &mut fill.late } else { &mut fill.early }.push(waiter);
                fill.until = fill.until.max(until);
                Joined::Waits
            }
            None => {
                self.by_name.insert(name.clone(), Fill { early: Vec::new(), late: vec![waiter], until });
                Joined::First
            }
        }
    }

    /// The catalog query is sent now, for the first time or again. Returns when the last who waits gives up.
    pub fn send(&mut self, name: &ProductName) -> Option<Timestamp> {
        let fill = self.by_name.get_mut(name)?;
        fill.early.append(&mut fill.late);
        Some(fill.until)
    }

    /// When the last who waits for this product gives up.
    #[must_use]
    pub fn until(&self, name: &ProductName) -> Option<Timestamp> {
        self.by_name.get(name).map(|fill| fill.until)
    }

    /// The query was answered. Returns who may have that answer. The fill ends if nobody else waits.
    #[must_use]
    pub fn answer(&mut self, name: &ProductName) -> Vec<W> {
        let Some(fill) = self.by_name.get_mut(name) else { return Vec::new() };
        let early = std::mem::take(&mut fill.early);
        if fill.late.is_empty() {
            self.by_name.remove(name);
        }
        early
    }

    /// Ends the fill, if there still is one. Returns all who wait.
    #[must_use]
    pub fn end(&mut self, name: &ProductName) -> Vec<W> {
        self.by_name.remove(name).map_or_else(Vec::new, |mut fill| {
            fill.early.append(&mut fill.late);
            fill.early
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Step {
        Join(u8, Joined),
        Send,
        /// Who gets the answer, and whether somebody waits on.
        Answer(&'static [u8], bool),
        End(&'static [u8]),
    }
    use Joined::*;
    use Step::*;

    fn check(case: &str, steps: &[Step]) {
        let toy = ProductName::new("Tux").expect("valid");
        let mut fills = Fills::default();
        for (index, step) in steps.iter().enumerate() {
            match step {
                Join(who, expected) => {
                    assert_eq!(fills.join(&toy, *who, Timestamp(0)), *expected, "{case}, step {index}");
                }
                Send => assert!(fills.send(&toy).is_some(), "{case}, step {index}"),
                Answer(expected, more) => {
                    assert_eq!(fills.answer(&toy), *expected, "{case}, step {index}");
                    assert_eq!(fills.until(&toy).is_some(), *more, "{case}, step {index}");
                }
                End(expected) => assert_eq!(fills.end(&toy), *expected, "{case}, step {index}"),
            }
        }
        assert!(fills.by_name.is_empty(), "{case}: nothing is left");
    }

    #[test]
    fn a_fill_answers_only_queries_that_came_before_it_was_sent() {
        check("alone", &[Join(1, First), Send, Answer(&[1], false)]);
        check("together", &[Join(1, First), Join(2, Waits), Send, Answer(&[1, 2], false)]);
        check(
            "a late one looks again",
            &[
                Join(1, First),
                Send,
                Join(2, Waits),
                Answer(&[1], true),
                Join(3, Waits),
                Send,
                Join(4, Waits),
                Answer(&[2, 3], true),
                End(&[4]),
            ],
        );
        check(
            "a retry is a new sending",
            &[
                Join(1, First),
                Send,
                Join(2, Waits),
                Send,
                Join(3, Waits),
                Answer(&[1, 2], true),
                Send,
                Answer(&[3], false),
            ],
        );
        check(
            "given up",
            &[Join(1, First), Send, Join(2, Waits), End(&[1, 2]), End(&[]), Join(3, First), End(&[3])],
        );
    }

    #[test]
    fn a_fill_lasts_as_long_as_its_most_patient_query() {
        let toy = ProductName::new("Tux").expect("valid");
        let mut fills = Fills::default();
        for (until, expected) in [(5, 5), (9, 9), (7, 9)] {
            fills.join(&toy, (), Timestamp(until));
            assert_eq!(fills.until(&toy), Some(Timestamp(expected)));
            assert_eq!(fills.send(&toy), Some(Timestamp(expected)));
        }
    }
}
