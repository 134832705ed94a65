//! The limits of what is done at once, or kept.

use serde::Serialize;

macro_rules! limits {
    ($($limit:ident $name:literal;)*) => {
        /// A limit of what is done at once, or kept.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub enum Limit {
            $(#[doc = $name] $limit,)*
        }

        impl Limit {
            /// All of them.
            pub const ALL: &[Limit] = &[$(Limit::$limit,)*];

            /// What it limits, for a person.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self {
                    $(Limit::$limit => $name,)*
                }
            }

            /// That it was reached, for a simulation that wants to have seen it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Limit::$limit => concat!("limit reached: ", $name),)*
                }
            }
        }
    };
}

limits! {
    MessageEntries "entries in a message to a follower";
    FetchedEntries "entries fetched at a time";
    ChunkEntries "entries given at a time to one who catches up";
    BatchPurchases "purchases in a batch";
    LeaderRefusals "refusals that a leader remembers";
    CatalogRefusals "refusals that the catalog remembers";
    PageOrders "orders in a page";
    Readers "reads of a book at once";
    PendingOrders "orders that wait at a leader";
    Calls "calls under way at a service";
    Requests "requests under way at the front-end";
    QueuedCalls "calls that wait at the catalog";
    LeaderCalls "calls with orders to the leader";
    LeaderCallOrders "orders in a call to the leader";
    JournalHalf "half of a journal";
    LongCommit "a commit longer than half of a journal";
    ReplayedRecords "records replayed at a time";
}
