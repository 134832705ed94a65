//! Promises, and how one was broken.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! promises {
    ($($promise:ident $name:literal $sentence:literal;)*) => {
        /// What the store promises, and what a run must show.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Promise {
            $(#[doc = $sentence] $promise,)*
        }

        impl Promise {
            /// Its name in a report.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Promise::$promise => $name,)*
                }
            }
        }
    };
}

promises! {
    AcknowledgedKept "no acknowledged order is lost" "Each acknowledged order is in each replica's book, and what was shown is there too.";
    HeldByAll "what is acknowledged is held by all in sync" "What a leader acknowledges is on the disks of all in sync.";
    NothingMissed "nothing is missed that was not lost" "No replica is found unfit, and no purchase differs, unless a memory was lost that only its content tells.";
    ExactlyOnce "exactly once" "One key makes one order, and what was refused makes none.";
    OneHistory "one history" "The replicas' books are equal once all is quiet.";
    LinearizableOrders "linearizable orders" "Placing, finding and listing orders is linearizable.";
    LinearizableQueries "linearizable product queries" "Product queries are linearizable, also from the cache.";
    PricesAdvance "prices never go back" "A price that was seen is not followed by the one before.";
    ReceiptsKept "price and time stay" "An order keeps the price and the time of its sale, and had them while it was under way.";
    NoOversell "no oversell" "The catalog's books add up and are the order book's.";
    OneLeader "one leader an epoch" "Nobody hears of two leaders of one epoch.";
    ComesBack "it comes back" "After all has healed the store is in sync and selling again, within a bound.";
    OrdersGoOn "orders go on" "Orders go on while they can.";
    Waits "it waits" "The store waits where going on could lose what it promised.";
    NothingLeaks "nothing leaks" "Nothing is under way once all is quiet.";
    WithinLimits "no more than the limit" "Nobody has more under way than is allowed.";
    OnlyReceiverAnswers "only who is meant answers" "A service does not answer a message that was meant for another.";
    WellFormed "well-formed" "Messages can be read.";
    Restarts "restart" "A node opens its own files after any crash.";
    NoFailureWithoutCause "no failure without cause" "A node stops only because its disk failed.";
    NoPanic "no panic" "No code of the store panics.";
    SimulatorWorks "the simulator works" "The simulator itself does its work.";
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// By its name.
impl Serialize for Promise {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A broken promise, and the facts that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which promise.
    pub promise: Promise,
    /// Why it is broken.
    pub facts: Vec<String>,
}

impl Violation {
    /// A broken promise.
    pub fn new(promise: Promise, facts: impl IntoIterator<Item = String>) -> Violation {
        Violation { promise, facts: facts.into_iter().collect() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.facts.join("; "))
    }
}
