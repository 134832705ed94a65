//! What the actors tell, in the log: turning points for everybody, the rest for whoever asks.

use std::fmt;

use log::{Level, log, log_enabled};
use toystore_actors::net::NodeId;
use toystore_actors::probe::{
    CatalogEventKind, Event, FrontEndEventKind, Probe, ReplicaEventKind, ServiceEventKind, ViewEvent,
    ViewEventKind,
};

use super::event_log::EventLog;

/// Passes events on to the log, under the target `toystore::events`, and keeps the turning points for who shows them.
#[derive(Debug)]
pub struct LogProbe(pub EventLog);

const TARGET: &str = "toystore::events";

impl Probe for LogProbe {
    fn record(&self, node: NodeId, event: &Event) {
        let level = level(event);
        if log_enabled!(target: TARGET, level) {
            log!(target: TARGET, level, node:% = node, event:% = Serialized(event); "{node} {event}");
        }
        if level <= Level::Info || matches!(event, Event::View(ViewEvent::LeaderServes { .. })) {
            self.0.add(node, level, event.clone());
        }
    }
}

/// An event as an object with its name and its fields, made only when the log is for programs.
struct Serialized<'a>(&'a Event);

impl fmt::Display for Serialized<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It has no map whose keys are not texts, and so can be written.
        f.write_str(&serde_json::to_string(self.0).unwrap_or_default())
    }
}

fn level(event: &Event) -> Level {
    match event {
        Event::Replica(event) => of_replica(event.kind()),
        Event::View(event) => of_view_service(event.kind()),
        Event::FrontEnd(event) => match event.kind() {
            FrontEndEventKind::OrderRetried
            | FrontEndEventKind::StaleFillDropped
            | FrontEndEventKind::Invalidated => Level::Debug,
        },
        Event::Catalog(event) => of_catalog(event.kind()),
        Event::Service(event) => match event.kind() {
            ServiceEventKind::DiskFailed => Level::Error,
            ServiceEventKind::LimitReached => Level::Debug,
        },
    }
}

fn of_replica(event: ReplicaEventKind) -> Level {
    match event {
        ReplicaEventKind::TakeoverBegan
        | ReplicaEventKind::UnsettledCompleted
        | ReplicaEventKind::Serving
        | ReplicaEventKind::Deposed
        | ReplicaEventKind::ViewAdopted
        | ReplicaEventKind::DropAsked
        | ReplicaEventKind::AddAsked
        | ReplicaEventKind::TailCut
        | ReplicaEventKind::Unfit
        | ReplicaEventKind::OtherNumberSold
        | ReplicaEventKind::PurchaseDiffers
        | ReplicaEventKind::CatalogRefuses
        | ReplicaEventKind::OrdersLost => Level::Info,
        ReplicaEventKind::UnsettledInBook
        | ReplicaEventKind::OldEpochRefused
        | ReplicaEventKind::DuplicateSuppressed
        | ReplicaEventKind::Acknowledged
        | ReplicaEventKind::OutOfStock
        | ReplicaEventKind::JoinerCounted
        | ReplicaEventKind::JoinerUnreached
        | ReplicaEventKind::JoinerGivenUp
        | ReplicaEventKind::CaughtUp => Level::Debug,
    }
}

fn of_view_service(event: ViewEventKind) -> Level {
    match event {
        ViewEventKind::ViewSaved | ViewEventKind::LeaderSuspected | ViewEventKind::ViewLost => Level::Info,
        ViewEventKind::ViewChangeRefused
        | ViewEventKind::FrontEndRegistered
        | ViewEventKind::LeaderServes => Level::Debug,
    }
}

fn of_catalog(event: CatalogEventKind) -> Level {
    match event {
        CatalogEventKind::CatalogRebuilt | CatalogEventKind::CatalogReady | CatalogEventKind::Restocked => {
            Level::Info
        }
        CatalogEventKind::GroupVisible
        | CatalogEventKind::BatchRefused
        | CatalogEventKind::BatchRepeated
        | CatalogEventKind::Refused => Level::Debug,
    }
}
