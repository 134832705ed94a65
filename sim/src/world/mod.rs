//! The world of one run: the store's own actors as processes, on a simulated platform.

mod active_faults;
mod conditions;
mod disk_jobs;
mod disk_reader;
mod dispatch;
mod host;
mod job;
mod launch;
mod lifecycle;
mod messages;
mod node_storage;
mod note;
mod packet_text;
mod process;
mod record;
mod state;
mod trace;
mod transport;

pub use active_faults::ActiveFaults;
pub use conditions::{calm_conditions, usual_conditions};
pub use disk_reader::{audit, catalog_audit, durable_entry, quiet_audit};
pub use note::TraceNote;
pub use record::RunRecord;
pub use state::{Observer, World};
pub use trace::Trace;
