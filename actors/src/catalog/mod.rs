//! The catalog: products, their stock, and the purchases that have not become orders yet.
//!
//! What a leader of the order service buys is decided in groups ([`stock`]), saved in one transaction each,
//! and becomes visible only once no front-end can still serve the old stock from its cache. Decisions are
//! small synchronous types; the actor receives, waits and saves.

mod actor;
mod fence;
mod group;
mod import;
mod leases;
mod ledger;
mod memory;
mod purchases;
mod refusals;
mod restore;
pub mod stock;
#[cfg(test)]
mod tests;
mod visible_stock;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

pub use actor::Catalog;
pub use import::{Differences, Source};
pub use restore::{Restored, restore};

use self::visible_stock::VisibleStock;
use crate::bugs::catalog as bent;
use crate::domain::FrontEndId;
use crate::host::{Host, Node};
use crate::messages::catalog::{
    Buy, GoOn, Import, Imported, Inventory, List, Query, Rebuild, Recall, Register, Restock, TakeOver,
};
use crate::net::Bridge;
use crate::storage::{DataFile, DiskError, OpenError, Storage};

/// The name of the catalog's data file.
pub const FILE: &str = "catalog.redb";

/// Whose data it is, as the file says.
pub const OWNER: &str = "the catalog";

/// How a catalog works.
#[derive(Debug, Clone)]
pub struct CatalogConfig {
    /// The front-ends that may cache, by their numbers. Nobody else gets a cacheable answer.
    pub front_ends: Vec<FrontEndId>,
    /// How long a front-end may use a cacheable answer, by its own clock.
    pub lease: Duration,
    /// How much longer it counts here, in percent: by how much two clocks may drift apart in this time.
    pub drift_percent: u32,
    /// How often what is out of stock is restocked; zero for never.
    pub restock_every: Duration,
    /// Pieces of a product after its restock; zero for no restock at all.
    pub restock_to: u64,
    /// The longest wait for the answer to one invalidation. It is repeated while the lease lasts.
    pub call_limit: Duration,
    /// How many calls may be under way at once.
    pub max_calls: usize,
    /// How many refused request ids it remembers, at least 1; see rule C3.
    pub refusals: usize,
}

/// So many refused request ids are remembered when deployed: nobody waits for a copy of a request that is later than
/// so many others.
pub const REFUSALS: usize = 65_536;

impl CatalogConfig {
    /// How long an answer counts as a lease here: what the front-end counts, and the margin for drift.
    fn term(&self) -> Duration {
        let margin = bent::drift_percent(self.drift_percent);
        self.lease.saturating_add(self.lease.saturating_mul(margin) / 100)
    }
}

/// Opens the catalog's data file, imports the products if it never did, and makes the actor ready to run. Later it says
/// whether they are not those that were imported.
/// It refuses every call until no front-end can hold what an earlier run allowed it to cache.
///
/// # Errors
/// When the data file cannot be opened, is not a catalog's, or does not add up; at the first start, when the products
/// cannot be read.
pub fn start(host: Host, config: CatalogConfig, products: &Source) -> Result<Node<Catalog>, OpenError> {
    let file = DataFile::open(host.storage.clone(), FILE, OWNER)?;
    let stock = match file.load(|database| ledger::load(database, config.refusals))? {
        Some((stock, imported)) => {
            if imported.is_none() || imported != products.digest {
                compare(&host, products, &stock);
            }
            stock
        }
        None => {
            let seeds = (products.read)().map_err(OpenError::Products)?;
            file.load(|database| ledger::import(database, &seeds, products.digest, config.refusals))?
        }
    };
    let front_ends: BTreeSet<FrontEndId> = config.front_ends.iter().copied().collect();
    let visible = VisibleStock::new(stock, front_ends, config.term());
    let max_calls = config.max_calls;
    let identity = host.identity.clone();
    let catalog = Catalog::new(host, config, file, visible);
    let gauges = catalog.gauges();
    let node = Node::new(catalog, max_calls, |addr| {
        Bridge::new(identity, max_calls)
            .route::<Query, _>(addr)
            .route::<List, _>(addr)
            .route::<Inventory, _>(addr)
            .control::<Buy, _>(addr)
            .control::<TakeOver, _>(addr)
            .control::<Register, _>(addr)
            .control::<Rebuild, _>(addr)
            .control::<Recall, _>(addr)
            .control::<GoOn, _>(addr)
            .route::<Restock, _>(addr)
            .route::<Import, _>(addr)
    });
    Ok(node.with(gauges))
}

fn compare(host: &Host, products: &Source, stock: &stock::Stock) {
    match (products.read)() {
        Ok(seeds) => {
            let differences = stock.differences(&seeds);
            if differences.any() {
                log::warn!(
                    node:% = host.id;
                    "{}: the file of products is not what was imported ({differences}); `toystore catalog import FILE` adds \
                     products and changes prices",
                    host.id
                );
            }
        }
        Err(why) => {
            log::warn!(node:% = host.id; "{}: {why}; the products that were imported are not affected", host.id)
        }
    }
}

/// Takes in products, all parts or none, while no catalog runs on these files.
///
/// # Errors
/// As [`start`]; then nothing has come in.
pub fn import_into(storage: Rc<dyn Storage>, parts: &[Import]) -> Result<Imported, OpenError> {
    let file = DataFile::open(storage, FILE, OWNER)?;
    file.load(|database| {
        let Some((stock, _)) = ledger::load(database, REFUSALS)? else {
            return Err(DiskError::Damaged("nothing was ever imported; start the catalog first".into()));
        };
        let mut draft = stock::Draft::new(&stock, None);
        let imported = parts.iter().map(|part| draft.import(part)).fold(Imported::default(), Imported::plus);
        let (changes, _) = draft.finish();
        ledger::commit(database, &changes, REFUSALS)?;
        Ok(imported)
    })
}
