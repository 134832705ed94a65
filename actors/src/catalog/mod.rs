//! The catalog: products, their stock, and the purchases that have not become orders yet.
//!
//! What a leader of the order service buys is decided in groups (`draft/`), saved in one transaction each, and becomes
//! visible only once no front-end can still serve the old stock from its cache. What is decided is decided by small
//! synchronous types; the actor (`actor.rs`) receives, and the service behind it (`service.rs`) waits and saves.

mod actor;
mod call;
mod changes;
mod config;
mod convert;
mod draft;
mod fence;
mod group;
mod group_commit;
mod import;
mod invalidation;
mod item;
mod leases;
mod ledger;
mod memory;
mod purchases;
mod queue;
mod readiness;
mod recent_changes;
mod recount;
mod restore;
mod service;
mod start;
mod startup;
mod state;
#[cfg(test)]
mod tests;
mod visible_stock;

/// What a catalog's file holds, for whoever reads it while no catalog runs.
pub mod stock {
    pub use super::item::Item;
    pub use super::ledger::{Audit, audit};
}

pub use actor::Catalog;
pub use config::{CatalogConfig, REFUSALS};
pub use import::{Differences, Source};
pub use restore::{Restored, restore};
pub use start::{FILE, OWNER, import_into, start};
