//! What is known of a store, as plain data: what the shoppers were told, what is on the disks, which memories were lost, which
//! promises broke. Whoever judges sees this and nothing of the world that made it.

mod audit;
mod history;
mod loss;
mod violation;

pub use audit::{StoreAudit, entry_of};
pub use history::{CatalogRebuild, History, Invocation, Operation, Repricing, Response};
pub use loss::{Loss, Losses};
pub use violation::{Promise, Violation};
