//! What is known of a run, as plain data: what the shoppers were told, what is on the disks, which memories were lost, which
//! promises broke. Whoever judges a run sees this and nothing of the world that made it.

mod audit;
mod history;
mod loss;
mod outcome;
mod trace_line;
mod violation;

pub use audit::{StoreAudit, entry_of};
pub use history::{CatalogRebuild, History, Invocation, Operation, Repricing, Response};
pub use loss::{Loss, Losses};
pub use outcome::RunOutcome;
pub use trace_line::TraceLine;
pub use violation::{Promise, Violation};
