//! What a run is, before it begins: drawn from a seed, or written by a person as a scenario.

mod bug_name;
mod draw;
pub mod products;
mod scenario;
mod setup;
mod sizes;

pub use bug_name::parse_bug;
pub use scenario::{BadScenario, Expect, Scenario};
pub use setup::{DRIFT_PERCENT, Setup};
pub use sizes::ServiceSizes;
