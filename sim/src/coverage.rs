//! Rare states that many runs together must have reached, or they prove less than they seem to.

use std::collections::BTreeMap;

use toystore_actors::probe::{Event, Limit};

/// What a thousand seeds must have seen, by the names under which it is counted.
pub const MUST_BE_SEEN: [&str; 41] = [
    "TakeoverBegan",
    "Serving",
    "Deposed",
    "TailCut",
    "OldEpochRefused",
    "DuplicateSuppressed",
    "DropAsked",
    "AddAsked",
    "JoinerCounted",
    "JoinerLetGo",
    "JoinerUnreached",
    "CaughtUp",
    "ViewChangeRefused",
    "LeaderSuspected",
    "OrderRetried",
    "CacheHit",
    "StaleFillDropped",
    "BatchRefused",
    "BatchRepeated",
    "Restocked",
    "OutOfStock",
    "UnsettledInBook",
    "takeover with unsettled purchases",
    "view changed with an order in flight",
    "view shrunk with an order in flight",
    "several entries cut",
    "waited for a lease",
    "catalog ready without confirmations",
    "node stopped of itself",
    "unsynced write kept",
    "unsynced write lost",
    "unsynced write torn",
    "crash while starting",
    "crash while closing",
    "crash while files are created",
    "message lost",
    "message doubled",
    "message held",
    "message overtaken",
    "message late",
    "message lost to a partition",
];

/// All of it: the states above, and every limit reached.
pub fn must_be_seen() -> impl Iterator<Item = &'static str> {
    MUST_BE_SEEN.into_iter().chain(Limit::ALL.iter().map(|limit| limit.name()))
}

/// The rare state that an event shows, if it is more than the event's name says.
#[must_use]
pub fn rare(event: &Event, in_sync: &mut BTreeMap<u64, usize>) -> Option<&'static str> {
    match event {
        Event::UnsettledCompleted { purchases, .. } if *purchases > 0 => {
            Some("takeover with unsettled purchases")
        }
        Event::ViewSaved { view, .. } => {
            in_sync.insert(view.epoch, view.in_sync.len());
            None
        }
        Event::ViewAdopted { view, orders_in_flight } if *orders_in_flight > 0 => {
            let before = in_sync.get(&view.epoch.saturating_sub(1)).copied().unwrap_or(0);
            Some(if view.in_sync.len() < before {
                "view shrunk with an order in flight"
            } else {
                "view changed with an order in flight"
            })
        }
        Event::LimitReached { limit } => Some(limit.name()),
        Event::TailCut { entries, .. } if *entries > 1 => Some("several entries cut"),
        Event::GroupVisible { waited_for_lease: true, .. } => Some("waited for a lease"),
        Event::CatalogReady { confirmed: false } => Some("catalog ready without confirmations"),
        _ => None,
    }
}
