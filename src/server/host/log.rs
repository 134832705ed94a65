//! What the actors tell, in the log: turning points for everybody, the rest for whoever asks.

use std::fmt;

use log::{Level, log, log_enabled};
use toystore_actors::net::NodeId;
use toystore_actors::probe::{Event, Probe};

/// Passes events on to the log, under the target `toystore::events`.
#[derive(Debug)]
pub struct LogProbe;

const TARGET: &str = "toystore::events";

impl Probe for LogProbe {
    fn record(&self, node: NodeId, event: &Event) {
        let level = level(event);
        if log_enabled!(target: TARGET, level) {
            log!(target: TARGET, level, node:% = node, event:% = Serialized(event); "{node} {event}");
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
        Event::DiskFailed { .. } => Level::Error,
        Event::TakeoverBegan { .. }
        | Event::UnsettledCompleted { .. }
        | Event::Serving { .. }
        | Event::Deposed { .. }
        | Event::ViewAdopted { .. }
        | Event::ViewSaved { .. }
        | Event::LeaderSuspected { .. }
        | Event::DropAsked { .. }
        | Event::AddAsked { .. }
        | Event::TailCut { .. }
        | Event::Unfit { .. }
        | Event::OtherNumberSold { .. }
        | Event::PurchaseDiffers { .. }
        | Event::CatalogRefuses { .. }
        | Event::ViewLost { .. }
        | Event::OrdersLost { .. }
        | Event::CatalogRebuilt { .. }
        | Event::CatalogReady { .. }
        | Event::Restocked { .. } => Level::Info,
        _ => Level::Debug,
    }
}
