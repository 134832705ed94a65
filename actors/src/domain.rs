//! The values that the services exchange, each valid by construction.
//!
//! A person's input is checked once, where it becomes one of these types; whatever holds such a value
//! need not check it again. Deserialization goes through the same checks, so a peer cannot smuggle an
//! invalid value past them either.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Identifies one order replica. Ids are chosen in the configuration; a higher id is preferred as leader.
pub type ReplicaId = u8;

/// A position in the order book. The first order is number 1; there are no gaps.
pub type OrderNumber = u64;

/// Numbers the views of the order service: every saved view has the epoch of its predecessor plus one.
pub type Epoch = u64;

macro_rules! drawn {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The one of this random number.
            #[must_use]
            pub const fn new(drawn: u64) -> Self {
                $name(drawn)
            }

            /// Its number.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        /// A number to machines, and text to people: 64 bits are more than JSON's readers keep.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_u64(self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if !deserializer.is_human_readable() {
                    return u64::deserialize(deserializer).map($name);
                }
                let text = String::deserialize(deserializer)?;
                u64::from_str_radix(&text, 16).map($name).map_err(serde::de::Error::custom)
            }
        }
    };
}

drawn!(
    /// One start of a process: a random number that it draws, and saves, before it says anything (rule M1).
    Run
);

drawn!(
    /// Which store a file or a message belongs to: a random number that is drawn at a store's first start.
    StoreId
);

/// All runs of one file, the oldest first. A file that was put back to an earlier copy lacks the runs since, a new
/// one has none, and another's has others (rule M1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line(Vec<Run>);

impl Line {
    /// Whether this run was one of the file's.
    #[must_use]
    pub fn has(&self, run: Run) -> bool {
        // The newest are asked about most.
        self.0.iter().rev().any(|own| *own == run)
    }

    /// Adds a run, unless it is there.
    pub fn add(&mut self, run: Run) {
        if !self.has(run) {
            self.0.push(run);
        }
    }

    /// Adds the runs of another line that this one lacks.
    pub fn add_all(&mut self, other: &Line) {
        other.0.iter().for_each(|run| self.add(*run));
    }

    /// Forgets the runs before this one, if it is there.
    pub fn begin_at(&mut self, run: Run) {
        if let Some(at) = self.0.iter().position(|own| *own == run) {
            self.0.drain(..at);
        }
    }

    /// The newest run; `None` for a new file.
    #[must_use]
    pub fn last(&self) -> Option<Run> {
        self.0.last().copied()
    }
}

impl FromIterator<Run> for Line {
    fn from_iter<I: IntoIterator<Item = Run>>(runs: I) -> Line {
        Line(runs.into_iter().collect())
    }
}

/// The members of a view: replicas by their numbers, each with the run that holds every acknowledged order. A number
/// says where a replica is, not what it remembers (rule M2).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Members(BTreeMap<ReplicaId, Run>);

impl Members {
    /// Whether a replica of this number is a member, whoever stands for it.
    #[must_use]
    pub fn contains(&self, id: ReplicaId) -> bool {
        self.0.contains_key(&id)
    }

    /// The run that is the member of this number.
    #[must_use]
    pub fn run(&self, id: ReplicaId) -> Option<Run> {
        self.0.get(&id).copied()
    }

    /// Whether a process whose file has this line stands for the member of this number.
    #[must_use]
    pub fn is_stood_for(&self, id: ReplicaId, line: &Line) -> bool {
        self.run(id).is_some_and(|run| line.has(run))
    }

    /// Makes a run the member of its number, instead of any other.
    pub fn insert(&mut self, id: ReplicaId, run: Run) {
        self.0.insert(id, run);
    }

    /// There is no member of this number any more.
    pub fn remove(&mut self, id: ReplicaId) {
        self.0.remove(&id);
    }

    /// The members' numbers, ascending.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = ReplicaId> + ExactSizeIterator {
        self.0.keys().copied()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(ReplicaId, Run)> for Members {
    fn from_iter<I: IntoIterator<Item = (ReplicaId, Run)>>(members: I) -> Members {
        Members(members.into_iter().collect())
    }
}

/// Why a value that a person or a peer gave is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A product name was empty.
    #[error("the product name is empty")]
    EmptyName,
    /// A product name was longer than [`ProductName::MAX_BYTES`].
    #[error("the product name has {0} bytes; at most {max} are allowed", max = ProductName::MAX_BYTES)]
    LongName(usize),
    /// A quantity was outside of 1 to [`Quantity::MAX`].
    #[error("quantity must be a whole number from 1 to {max}", max = Quantity::MAX)]
    Quantity,
    /// An idempotency key was not 1 to 64 visible ASCII characters.
    #[error("an Idempotency-Key has 1 to {max} visible ASCII characters", max = RequestId::MAX_BYTES)]
    RequestId,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text and keeps it.
            ///
            /// # Errors
            /// Says what is wrong with the text.
            pub fn new(text: impl AsRef<str>) -> Result<Self, Invalid> {
                let text = text.as_ref();
                $name::check(text).map(|()| $name(Arc::from(text)))
            }

            /// Checks a text without keeping it.
            ///
            /// # Errors
            /// Says what is wrong with the text.
            pub fn check(text: &str) -> Result<(), Invalid> {
                let check: fn(&str) -> Result<(), Invalid> = $check;
                check(text)
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $name::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

text!(
    /// A product's name: any UTF-8 text of 1 to 128 bytes, compared byte by byte.
    ProductName,
    |text| match text.len() {
        0 => Err(Invalid::EmptyName),
        1..=ProductName::MAX_BYTES => Ok(()),
        long => Err(Invalid::LongName(long)),
    }
);

impl ProductName {
    /// The longest name, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 128;
}

text!(
    /// Names one request to order something, whoever repeats it and however often: the public
    /// `Idempotency-Key`. It is kept with the order for ever.
    RequestId,
    |text| match text.len() {
        1..=RequestId::MAX_BYTES if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(()),
        _ => Err(Invalid::RequestId),
    }
);

impl RequestId {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = 64;
}

/// How many pieces one order asks for: 1 to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Quantity(u32);

impl Quantity {
    /// The most that one order may ask for.
    pub const MAX: u32 = 1_000_000;

    /// Checks a number of pieces.
    ///
    /// # Errors
    /// [`Invalid::Quantity`] outside of 1 to [`Quantity::MAX`].
    pub fn new(pieces: u64) -> Result<Self, Invalid> {
        match u32::try_from(pieces) {
            Ok(pieces @ 1..=Self::MAX) => Ok(Quantity(pieces)),
            _ => Err(Invalid::Quantity),
        }
    }

    /// The number of pieces.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Quantity::new(u64::from(u32::deserialize(deserializer)?)).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A product as the catalog shows it. The price is in whole cents: money is never a binary float here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The product's name, unique in the catalog.
    pub name: ProductName,
    /// Price of one piece, in cents.
    pub price_cents: u64,
    /// Pieces in stock.
    pub quantity: u64,
}

/// What one order bought, without its place in the book: what the catalog sold under one request id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The request that bought it.
    pub key: RequestId,
    /// The product.
    pub name: ProductName,
    /// Pieces bought.
    pub quantity: Quantity,
}

/// An order as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its place in the book.
    pub number: OrderNumber,
    /// The product.
    pub name: ProductName,
    /// Pieces ordered.
    pub quantity: Quantity,
}

/// One entry of the replicated order book: a purchase, its number, and the epoch of the leader that
/// appended it. Two books that hold the same (number, epoch) hold the same entry there and the same
/// entries before it (Raft's log matching property: Ongaro and Ousterhout 2014, §5.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the book.
    pub number: OrderNumber,
    /// The epoch in which a leader appended it.
    pub epoch: Epoch,
    /// What was bought, under which request; `None` says that the order of this number is lost: an operator went on
    /// without the replica that alone had it, and its number is not given again.
    pub purchase: Option<Purchase>,
}

impl Entry {
    /// The order as a client sees it; `None` if it is lost.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        let Purchase { name, quantity, .. } = self.purchase.as_ref()?;
        Some(Order { number: self.number, name: name.clone(), quantity: *quantity })
    }

    /// The request that made it; `None` if it is lost.
    #[must_use]
    pub fn key(&self) -> Option<&RequestId> {
        self.purchase.as_ref().map(|purchase| &purchase.key)
    }
}

/// Where a book ends, or a place in it: the number of an entry and the epoch it was appended in.
/// The empty book ends at number 0, epoch 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Number of the entry; 0 is the place before the first.
    pub number: OrderNumber,
    /// Epoch of the entry.
    pub epoch: Epoch,
}

/// Who leads the order service and whom the leader must wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Of which store.
    pub store: StoreId,
    /// The front-end's run that saved it: two front-ends may save the same epochs (rule M6).
    pub by: Run,
    /// The line of that front-end's file.
    pub line: Line,
    /// Higher is newer, among the views of one front-end's file.
    pub epoch: Epoch,
    /// The replica that leads in this epoch.
    pub leader: ReplicaId,
    /// The replicas that hold every acknowledged order; the leader is one.
    pub in_sync: Members,
}

impl View {
    /// Whether it is the very same view.
    #[must_use]
    pub fn is(&self, other: &View) -> bool {
        (self.by, self.epoch) == (other.by, other.epoch)
    }

    /// Whether it comes after the other: of one front-end's run, by its higher epoch; of two runs, if its front-end's
    /// file has the other run (rule M6).
    #[must_use]
    pub fn is_newer_than(&self, other: &View) -> bool {
        if self.by == other.by {
            self.epoch > other.epoch
        } else {
            self.line.has(other.by) && !other.line.has(self.by)
        }
    }

    /// Whether who follows the other may follow this one from now on.
    #[must_use]
    pub fn may_follow(&self, other: Option<&View>) -> bool {
        other.is_none_or(|other| {
            self.store == other.store && self.is_newer_than(other) && self.epoch > other.epoch
        })
    }

    /// Whether it names this very run as its leader.
    #[must_use]
    pub fn is_led_by(&self, id: ReplicaId, run: Run) -> bool {
        self.leader == id && self.in_sync.run(id) == Some(run)
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_sync: Vec<_> = self.in_sync.ids().map(|id| id.to_string()).collect();
        write!(f, "epoch {}, leader {}, in sync {}", self.epoch, self.leader, in_sync.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keys_and_quantities_are_checked_at_the_door() {
        for (text, ok) in [
            ("Tux", true),
            ("", false),
            ("Ünïcorn 🦄", true),
            (&"x".repeat(128), true),
            (&"x".repeat(129), false),
        ] {
            assert_eq!(ProductName::new(text).is_ok(), ok, "name {text:?}");
        }
        for (text, ok) in [
            ("k", true),
            ("", false),
            ("a b", false),
            ("é", false),
            ("\n", false),
            (&"k".repeat(64), true),
            (&"k".repeat(65), false),
        ] {
            assert_eq!(RequestId::new(text).is_ok(), ok, "key {text:?}");
        }
        for (pieces, ok) in [(0, false), (1, true), (1_000_000, true), (1_000_001, false), (u64::MAX, false)]
        {
            assert_eq!(Quantity::new(pieces).is_ok(), ok, "quantity {pieces}");
        }
    }

    /// A view of the front-end's run `by`, whose file has the runs before it too.
    fn view(by: u64, epoch: Epoch) -> View {
        View {
            store: StoreId::new(1),
            by: Run::new(by),
            line: (1..=by).map(Run::new).collect(),
            epoch,
            leader: 3,
            in_sync: [(3, Run::new(30))].into_iter().collect(),
        }
    }

    #[test]
    fn views_follow_one_another_along_the_line_of_their_front_end() {
        let mut stranger = view(9, 8);
        stranger.line = [1, 9].map(Run::new).into_iter().collect();
        let mut elsewhere = view(2, 8);
        elsewhere.store = StoreId::new(2);
        for (case, next, before, follows) in [
            ("the next epoch", view(2, 6), view(2, 5), true),
            ("the same view", view(2, 5), view(2, 5), false),
            ("an older epoch", view(2, 4), view(2, 5), false),
            ("a later run's", view(3, 6), view(2, 5), true),
            ("a later run's of the same epoch", view(3, 5), view(2, 5), false),
            ("an earlier run's, of a higher epoch", view(2, 9), view(3, 5), false),
            ("a run that grew from an older copy", stranger.clone(), view(2, 5), false),
            ("and that run's own from here", view(2, 9), stranger, false),
            ("another store's", elsewhere, view(2, 5), false),
        ] {
            assert_eq!(next.may_follow(Some(&before)), follows, "{case}");
            assert!(next.may_follow(None), "{case}");
        }
    }

    #[test]
    fn only_a_file_with_the_run_stands_for_a_member() {
        let members: Members = [(2, Run::new(7))].into_iter().collect();
        for (id, runs, stands) in
            [(2, vec![5, 7, 8], true), (2, vec![5, 6], false), (2, vec![], false), (1, vec![7], false)]
        {
            let line: Line = runs.iter().copied().map(Run::new).collect();
            assert_eq!(members.is_stood_for(id, &line), stands, "{id}: {runs:?}");
        }
        let mut line: Line = [1, 2, 3].map(Run::new).into_iter().collect();
        line.begin_at(Run::new(9));
        line.begin_at(Run::new(2));
        assert_eq!(line, [2, 3].map(Run::new).into_iter().collect());
    }

    #[test]
    fn a_run_is_text_to_people_and_a_number_to_machines() {
        let run = Run::new(u64::MAX - 1);
        let text = serde_json::to_string(&run).unwrap();
        assert_eq!(text, "\"fffffffffffffffe\"");
        assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), run);
        let bytes = crate::net::encode(&run);
        assert_eq!(crate::net::decode::<Run>(&bytes).unwrap(), run);
    }

    #[test]
    fn a_peer_cannot_smuggle_an_invalid_value() {
        assert!(serde_json::from_str::<Quantity>("0").is_err());
        assert!(serde_json::from_str::<ProductName>("\"\"").is_err());
        assert!(serde_json::from_str::<RequestId>("\"a b\"").is_err());
    }
}
