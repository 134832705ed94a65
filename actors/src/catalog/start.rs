//! How a catalog's data file is opened: to run the actor on it, or to take products in while nobody does.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::actor::Catalog;
use super::config::{CatalogConfig, REFUSALS};
use super::convert::convert;
use super::draft::Draft;
use super::import::{Differences, Source};
use super::ledger;
use super::state::CatalogState;
use super::visible_stock::VisibleStock;
use crate::domain::FrontEndId;
use crate::host::{Host, Node};
use crate::messages::catalog::{
    Buy, Changes, GoOn, Import, Imported, Inventory, List, Query, Rebuild, Recall, Register, Restock, Search,
    TakeOver,
};
use crate::net::Bridge;
use crate::storage::{DataFile, DiskError, OpenError, Storage};

/// The name of the catalog's data file.
pub const FILE: &str = "catalog.redb";

/// Whose data it is, as the file says.
pub const OWNER: &str = "the catalog";

/// Opens the catalog's data file, imports the products if it never did, and makes the actor ready to run. Later it says
/// whether they are not those that were imported.
/// It refuses every call until no front-end can hold what an earlier run allowed it to cache.
///
/// # Errors
/// When the data file cannot be opened, is not a catalog's, or does not add up; at the first start, when the products
/// cannot be read.
pub fn start(host: Host, config: CatalogConfig, products: &Source) -> Result<Node<Catalog>, OpenError> {
    let file = DataFile::open(host.storage.clone(), FILE, OWNER, convert)?;
    let state = load_or_import(&host, &file, config.refusals, products)?;
    let front_ends: BTreeSet<FrontEndId> = config.front_ends.iter().copied().collect();
    let visible = VisibleStock::new(state, front_ends, config.counted_lease(), host.clock.now());
    let max_calls = config.max_calls;
    let identity = host.identity.clone();
    let catalog = Catalog::new(host, config, file, visible);
    let gauges = catalog.gauges();
    let node = Node::new(catalog, max_calls, |addr| {
        Bridge::new(identity, max_calls)
            .route::<Query, _>(addr)
            .route::<List, _>(addr)
            .route::<Search, _>(addr)
            .route::<Changes, _>(addr)
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

fn load_or_import(
    host: &Host,
    file: &DataFile,
    refusals: usize,
    products: &Source,
) -> Result<CatalogState, OpenError> {
    let Some((state, imported)) = file.load(|database| ledger::load(database, refusals))? else {
        let seeds = (products.read)().map_err(OpenError::Products)?;
        return file.load(|database| ledger::import(database, &seeds, products.digest, refusals));
    };
    if imported.is_none() || imported != products.digest {
        compare(host, products, &state);
    }
    Ok(state)
}

fn compare(host: &Host, products: &Source, state: &CatalogState) {
    match (products.read)() {
        Ok(seeds) => {
            let differences = Differences::between(&seeds, state.items());
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
    let file = DataFile::open(storage, FILE, OWNER, convert)?;
    file.load(|database| {
        let Some((state, _)) = ledger::load(database, REFUSALS)? else {
            return Err(DiskError::Damaged("nothing was ever imported; start the catalog first".into()));
        };
        let mut draft = Draft::new(&state, None);
        let imported = parts.iter().map(|part| draft.import(part)).fold(Imported::default(), Imported::plus);
        let (changes, _) = draft.finish();
        ledger::commit(database, &changes, REFUSALS)?;
        Ok(imported)
    })
}
