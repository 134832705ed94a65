//! The events, by the part of the store that tells them. Displayed, an event is a sentence about the node that tells it;
//! serialized, its name and its fields.

use serde::Serialize;

use super::limit::Limit;
use super::reason::{LostReason, SaveReason, SuspectReason};
use crate::domain::{Epoch, OrderNumber, ProductName, ReplicaId, RequestId, Run, Term, View};
use crate::messages::catalog::Refusal;

macro_rules! events {
    ($($(#[$doc:meta])* $events:ident $kind:ident $part:ident {
        $($(#[$event_doc:meta])* $event:ident { $($field:ident: $type:ty),* $(,)? })*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
            pub enum $events {
                $($(#[$event_doc])* $event { $($field: $type),* },)*
            }

            impl $events {
                /// Which of them it is, without its fields.
                #[must_use]
                pub const fn kind(&self) -> $kind {
                    match self {
                        $($events::$event { .. } => $kind::$event,)*
                    }
                }
            }

            impl From<$events> for Event {
                fn from(event: $events) -> Event {
                    Event::$part(event)
                }
            }

            /// The kinds of events of one part.
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum $kind {
                $($(#[$event_doc])* $event,)*
            }

            impl $kind {
                /// All of them.
                pub const ALL: &[$kind] = &[$($kind::$event,)*];

                /// Its name, as it is serialized and counted.
                #[must_use]
                pub const fn name(self) -> &'static str {
                    match self {
                        $($kind::$event => stringify!($event),)*
                    }
                }
            }
        )*

        /// Something that a reader of a log or of a trace wants to know, and that a simulation wants to have seen.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Event {
            $($(#[$doc])* $part($events),)*
        }

        impl Event {
            /// Which of all events it is, without its fields.
            #[must_use]
            pub const fn kind(&self) -> EventKind {
                match self {
                    $(Event::$part(event) => EventKind::$part(event.kind()),)*
                }
            }
        }

        /// The kinds of all events.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $part($kind),)*
        }

        impl EventKind {
            /// All of them.
            pub fn all() -> impl Iterator<Item = EventKind> {
                std::iter::empty()$(.chain($kind::ALL.iter().copied().map(EventKind::$part)))*
            }

            /// Its name, as it is serialized and counted.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(EventKind::$part(kind) => kind.name(),)*
                }
            }
        }
    };
}

events! {
    /// What an order replica tells, as leader or as follower.
    ReplicaEvent ReplicaEventKind Replica {
        /// A replica took over: it is leader and brings everyone in sync to its own book.
        TakeoverBegan { view: View }
        /// A new leader appended purchases that its predecessor had left without an order.
        UnsettledCompleted { term: Term, purchases: usize }
        /// A new leader found that purchases without a settlement have their orders in the book already.
        UnsettledInBook { term: Term, purchases: usize }
        /// A replica serves as leader from now on.
        Serving { by: Run, epoch: Epoch, last: OrderNumber }
        /// A leader stopped leading because of a newer view.
        Deposed { epoch: Epoch }
        /// A leader went on leading in the next view, with or without some follower.
        ViewAdopted { view: View, orders_in_flight: usize }
        /// A follower cut a tail that no leader had acknowledged.
        TailCut { after: OrderNumber, entries: u64 }
        /// A follower refused a message of an older epoch.
        OldEpochRefused { message: &'static str, epoch: Epoch, current: Epoch }
        /// A leader answered a repeated request with the order that it already had.
        DuplicateSuppressed { key: RequestId, number: OrderNumber }
        /// The leader acknowledged the orders up to a number.
        Acknowledged { through: OrderNumber, by: Run, epoch: Epoch }
        /// A leader refused an order for lack of stock.
        OutOfStock { left: u64, epoch: Epoch }
        /// A leader asks that a follower leave the in-sync set.
        DropAsked { replica: ReplicaId, epoch: Epoch }
        /// A leader counts a replica that has caught up: it waits for it from now on.
        JoinerCounted { replica: ReplicaId, epoch: Epoch }
        /// A replica asked to be counted, and its leader could not reach it.
        JoinerUnreached { replica: ReplicaId, epoch: Epoch }
        /// A leader no longer waits for a joiner that does not answer.
        JoinerGivenUp { replica: ReplicaId, epoch: Epoch }
        /// A leader asks that a replica join the in-sync set.
        AddAsked { replica: ReplicaId, epoch: Epoch }
        /// A replica that is not in sync fetched a part of the book.
        CaughtUp { last: OrderNumber }
        /// A replica that was made leader lacks what the catalog knows to be acknowledged, and does not lead.
        Unfit { term: Term }
        /// The catalog sold under another number than the leader's next: one of the two remembers another past.
        OtherNumberSold { expected: OrderNumber, sold: OrderNumber }
        /// The book of a replica that takes over has another order under a number than the catalog sold.
        PurchaseDiffers { number: OrderNumber, key: RequestId }
        /// The catalog does not sell to this leader until an operator helps.
        CatalogRefuses { why: Refusal }
        /// An operator went on with this replica's book, which lacks these acknowledged orders: they are lost.
        OrdersLost { after: OrderNumber, through: OrderNumber }
    }

    /// What the view service tells: who leads, and why.
    ViewEvent ViewEventKind View {
        /// The front-end saved a view, before anyone hears of it.
        ViewSaved { view: View, why: SaveReason }
        /// The front-end refused a change of the in-sync set that named another epoch.
        ViewChangeRefused { named: Epoch, current: Epoch }
        /// The front-end found that the leader does not answer.
        LeaderSuspected { replica: ReplicaId, epoch: Epoch, why: SuspectReason }
        /// The leader of a view began to serve, as far as the front-end knows: orders go on.
        LeaderServes { replica: ReplicaId, epoch: Epoch }
        /// The front-end's file is older than what others remember, or new: it takes the view that they know.
        ViewLost { why: LostReason }
        /// The front-end made its run known to the catalog.
        FrontEndRegistered { run: Run }
    }

    /// What a front-end tells of orders on their way and of its cache.
    FrontEndEvent FrontEndEventKind FrontEnd {
        /// The front-end sent an order once more, under the same request id.
        OrderRetried { key: RequestId, epoch: Epoch }
        /// A fill was not cached because an invalidation came while it was under way.
        StaleFillDropped { name: ProductName }
        /// An invalidation dropped entries from the cache; an empty list is all of them.
        Invalidated { products: Vec<ProductName> }
    }

    /// What the catalog tells.
    CatalogEvent CatalogEventKind Catalog {
        /// The catalog made a group of changes visible.
        GroupVisible { products: Vec<ProductName>, waited_for_lease: bool }
        /// The catalog refused a purchase batch of an older term or number.
        BatchRefused { term: Term, batch: u64 }
        /// The catalog answered a repeated purchase batch with its stored answer.
        BatchRepeated { term: Term, batch: u64 }
        /// The catalog restocked products that were sold out.
        Restocked { products: Vec<ProductName> }
        /// The catalog may answer: every front-end has dropped its cache, or its leases have run out.
        CatalogReady { confirmed: bool }
        /// The catalog's memory was made anew from the leader's book, of so many orders; and what is in stock since.
        CatalogRebuilt { orders: OrderNumber, stock: Vec<(ProductName, u64)> }
        /// The catalog refused requests for lack of stock, and is about to remember them.
        Refused { keys: Vec<RequestId> }
    }

    /// What any service may tell.
    ServiceEvent ServiceEventKind Service {
        /// There was more of something than a limit allows at once, or allows to be kept.
        LimitReached { limit: Limit }
        /// The node's disk failed; it stops.
        DiskFailed { why: String }
    }
}
