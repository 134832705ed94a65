//! What the actors tell, in the log: turning points for everybody, the rest for whoever asks.

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
            log!(target: TARGET, level, "{node} {event}");
        }
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
        | Event::CatalogReady { .. }
        | Event::Restocked { .. } => Level::Info,
        _ => Level::Debug,
    }
}
