//! What the services tell a monitoring system, in the text format of Prometheus: what is counted as it happens, and what is
//! found out when somebody asks. [docs/metrics.md](../../../docs/metrics.md) says what each means.
//!
//! The actors know nothing of it: what they tell their probe is counted ([`probe`]), their calls are timed on the way
//! ([`calls`]), and the rest they are asked for by their handles ([`services`]).

mod calls;
mod exposition;
mod files;
mod limits;
mod node;
mod probe;
mod process;
mod requests;
mod samples;
mod services;

pub use self::exposition::{CONTENT_TYPE, Exposition};
pub use self::node::NodeMetrics;
pub use self::requests::{RequestDurations, RequestKind};
pub use self::services::{Ask, of_catalog, of_front_end, of_replica};
