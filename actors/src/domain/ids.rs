//! Names of things: small numbers that must not be taken for one another, and random ones that are drawn once.

use std::fmt;
use std::num::ParseIntError;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($number:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name($number);

        impl $name {
            /// The one of this number.
            #[must_use]
            pub const fn new(number: $number) -> Self {
                $name(number)
            }

            /// Its number.
            #[must_use]
            pub const fn get(self) -> $number {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map($name)
            }
        }
    )*};
}

numbers! {
    /// Identifies one order replica. Ids are chosen in the configuration; a higher id is preferred as leader.
    ReplicaId(u8);
    /// A front-end's number among the front-ends; the catalog knows it by that.
    FrontEndId(u8);
    /// A position in the order book. The first order is number 1; there are no gaps. 0, the default, is the place before
    /// the first.
    OrderNumber(u64);
    /// Numbers the views of the order service: every saved view has the epoch of its predecessor plus one. 0, the default,
    /// is before the first view.
    Epoch(u64);
}

impl OrderNumber {
    /// The place before the first order.
    pub const NONE: OrderNumber = OrderNumber(0);

    /// After every order.
    pub const MAX: OrderNumber = OrderNumber(u64::MAX);

    /// How many orders come after `earlier`, up to this one; 0 if it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: OrderNumber) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The one before; the place before the first has none.
    #[must_use]
    pub const fn before(self) -> OrderNumber {
        OrderNumber(self.0.saturating_sub(1))
    }

    /// This one and all after it.
    pub fn onward(self) -> impl Iterator<Item = OrderNumber> {
        (self.0..).map(OrderNumber)
    }

    /// This one and all up to `last`; none if that is before.
    pub fn through(self, last: OrderNumber) -> impl DoubleEndedIterator<Item = OrderNumber> {
        (self.0..=last.0).map(OrderNumber)
    }
}

impl Add<u64> for OrderNumber {
    type Output = OrderNumber;

    fn add(self, orders: u64) -> OrderNumber {
        OrderNumber(self.0 + orders)
    }
}

impl Sub<u64> for OrderNumber {
    type Output = OrderNumber;

    fn sub(self, orders: u64) -> OrderNumber {
        OrderNumber(self.0 - orders)
    }
}

impl Epoch {
    /// Before the first view.
    pub const NONE: Epoch = Epoch(0);

    /// The epoch of the view after one of this epoch.
    #[must_use]
    pub const fn next(self) -> Epoch {
        Epoch(self.0 + 1)
    }

    /// The epoch before; there is none before the first.
    #[must_use]
    pub const fn before(self) -> Epoch {
        Epoch(self.0.saturating_sub(1))
    }
}

/// The time in which one replica leads without a break, named by the epoch in which it began. Later epochs of the same
/// leader belong to it, as long as none was missed (rule D6); the catalog fences by it, not by the epoch (rule C1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Term(Epoch);

impl Term {
    /// The term that began in this epoch.
    #[must_use]
    pub const fn begun_in(epoch: Epoch) -> Term {
        Term(epoch)
    }

    /// The term that began in the epoch of this number.
    #[cfg(test)]
    pub const fn new(first_epoch: u64) -> Term {
        Term(Epoch::new(first_epoch))
    }

    /// The epoch in which it began.
    #[must_use]
    pub const fn first_epoch(self) -> Epoch {
        self.0
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_text_to_people_and_a_number_to_machines() {
        let run = Run::new(u64::MAX - 1);
        let text = serde_json::to_string(&run).unwrap();
        assert_eq!(text, "\"fffffffffffffffe\"");
        assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), run);
        let bytes = crate::net::encode(&run);
        assert_eq!(crate::net::decode::<Run>(&bytes).unwrap(), run);
    }
}
