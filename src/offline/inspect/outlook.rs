//! What will become of what was found, at the next start: whether the store sees to it by itself, or who is to run
//! which command.

use std::fmt;
use std::ops::RangeInclusive;

use toystore_actors::domain::OrderNumber;
use toystore_actors::net::NodeId;
use toystore_actors::storage::OpenError;

use super::difference::Difference;
use super::inspected_file::Unread;
use crate::advice::NotStarted;
use crate::advice::{self, NamedStore};

/// A file that was not read. `others` says whether the book of another replica was.
pub fn unread(id: NodeId, why: Unread, others: bool, store: &NamedStore) -> String {
    let path = match why {
        Unread::Gone(path) => path.display().to_string(),
        Unread::Unusable(OpenError::InUse { file }) => {
            return format!("{file} is in use by a running store; stop it first");
        }
        Unread::Unusable(error) => return advice::sentence(id, &NotStarted::File(error), store),
    };
    match id {
        NodeId::Order(_) if others => format!(
            "{path} is not there: at its next start {id} begins with a new file and takes the orders from the others"
        ),
        NodeId::Order(_) => {
            format!("{path} is not there, and no other book could be read; keep whatever is left of any")
        }
        NodeId::Catalog => format!(
            "{path} is not there: a new catalog knows of no sale; {} rebuilds it from the order book",
            store.recover_catalog()
        ),
        NodeId::FrontEnd(_) => format!(
            "{path} is not there: at its next start the front-end asks every replica for the newest view, and waits \
             until all have answered"
        ),
    }
}

/// A book that ends before another.
pub struct Shorter<'a> {
    /// The replica whose book it is.
    pub name: &'a str,
    /// The orders that it lacks.
    pub lacks: RangeInclusive<OrderNumber>,
    /// Whether it is in sync, where the view is known.
    pub in_sync: Option<bool>,
    /// Whether the catalog was told that the first of them is acknowledged, where it can be asked.
    pub settled: Option<bool>,
}

impl fmt::Display for Shorter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match *self.lacks.start() {
            first if first == *self.lacks.end() => write!(f, "{name} lacks order {first}")?,
            first => write!(f, "{name} lacks orders {first} to {}", self.lacks.end())?,
        }
        f.write_str(match (self.in_sync, self.settled) {
            (Some(false), _) => ", and is not in sync with this file: at its next start it takes them from the leader.",
            (Some(true), Some(true)) => {
                ", though it is in sync by the view and what is missing was acknowledged: its file is an older copy. It \
                 will not lead with it, but take what is missing from another that is in sync; if there is none, the \
                 store waits."
            }
            (Some(true), Some(false)) => {
                "; what is missing was not acknowledged yet, and the next leader completes it from the catalog."
            }
            _ => ": at its next start it takes them from the leader.",
        })
    }
}

/// What becomes of books that hold different entries of one number: a line for each that is not like the newest.
/// `in_sync` says it of each book, where the view is known.
pub fn conflict(
    names: &[String],
    found: &Difference,
    in_sync: &[Option<bool>],
    commands: &[String],
) -> Vec<String> {
    let held = || found.entries.iter().enumerate().filter_map(|(book, entry)| Some((book, entry.as_ref()?)));
    // Of the newest epoch, one that is in sync before one that is not.
    let Some((newest, kept)) = held().max_by_key(|(book, entry)| (entry.epoch, in_sync[*book])) else {
        return Vec::new();
    };
    let number = found.number;
    let others = held().filter(|(_, entry)| *entry != kept);
    let lines = others.map(|(book, entry)| {
        let (name, newest_name) = (&names[book], &names[newest]);
        if entry.epoch == kept.epoch {
            return format!(
                "No leader writes two orders under one number and epoch: {name} or {newest_name} is damaged, or from another \
                 store. Keep copies of both. The one that is wrong is set aside with {} or {}.",
                commands[book], commands[newest]
            );
        }
        match (in_sync[book], in_sync[newest]) {
            (Some(false), _) => format!(
                "{name} is not in sync: at its next start its book is cut before order {number}, which an earlier leader wrote \
                 and nobody acknowledged, and completed from the leader's."
            ),
            (Some(true), Some(false)) => format!(
                "{newest_name} is not in sync: at its next start its book is cut before order {number} and completed \
                 from the leader's."
            ),
            _ => format!(
                "Neither order {number} was acknowledged: the next leader keeps its own, and the catalog has the other's \
                 purchase."
            ),
        }
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{Entry, Epoch, ProductName, Purchase, Quantity, RequestId};

    use super::*;

    #[test]
    fn a_shorter_book_is_completed_by_whom_the_view_and_the_catalog_tell() {
        for (lacks, in_sync, settled, expected) in [
            (
                6..=8,
                Some(false),
                Some(true),
                "order-1 lacks orders 6 to 8, and is not in sync with this file: at its next start",
            ),
            (8..=8, Some(true), Some(false), "order-1 lacks order 8; what is missing was not acknowledged"),
            (8..=8, Some(true), Some(true), "its file is an older copy"),
            (
                8..=8,
                Some(true),
                None,
                "order-1 lacks order 8: at its next start it takes them from the leader",
            ),
            (
                8..=8,
                None,
                Some(true),
                "order-1 lacks order 8: at its next start it takes them from the leader",
            ),
        ] {
            let lacks = OrderNumber::new(*lacks.start())..=OrderNumber::new(*lacks.end());
            let said = Shorter { name: "order-1", lacks, in_sync, settled }.to_string();
            assert!(said.contains(expected), "{said:?} does not say {expected:?}");
        }
    }

    #[test]
    fn of_two_books_that_differ_the_one_in_sync_stays() {
        let entry = |epoch, key: &str| Entry {
            number: OrderNumber::new(3),
            epoch: Epoch::new(epoch),
            purchase: Some(Purchase {
                key: RequestId::new(key).unwrap(),
                name: ProductName::new("Tux").unwrap(),
                quantity: Quantity::new(2).unwrap(),
            }),
            receipt: None,
        };
        let names = ["order-1".to_owned(), "order-2".to_owned()];
        let commands = ["`one`".to_owned(), "`two`".to_owned()];
        for (epochs, in_sync, expected) in [
            ([1, 2], [Some(false), Some(true)], "order-1 is not in sync: at its next start its book is cut"),
            ([1, 2], [Some(true), Some(false)], "order-2 is not in sync: at its next start its book is cut"),
            ([2, 1], [Some(true), Some(false)], "order-2 is not in sync: at its next start its book is cut"),
            ([1, 2], [Some(true), Some(true)], "Neither order 3 was acknowledged"),
            ([1, 2], [None, None], "Neither order 3 was acknowledged"),
            ([2, 2], [Some(true), Some(true)], "set aside with `one` or `two`"),
        ] {
            let entries = vec![Some(entry(epochs[0], "a")), Some(entry(epochs[1], "b"))];
            let said =
                conflict(&names, &Difference { number: OrderNumber::new(3), entries }, &in_sync, &commands);
            assert!(said.len() == 1 && said[0].contains(expected), "{said:?} does not say {expected:?}");
        }
    }
}
