//! Reads what is on the disks once the store is quiet.

use std::collections::BTreeMap;
use std::rc::Rc;

use toystore_actors::catalog::stock::{self, Item};
use toystore_actors::domain::{Entry, Purchase, ReplicaId};
use toystore_actors::net::NodeId;
use toystore_actors::{catalog, order};

use crate::disk::Disk;
use crate::files::open;
use crate::world::World;

/// What is on the disks.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// The replicas' books.
    pub books: BTreeMap<ReplicaId, Vec<Entry>>,
    /// The catalog's.
    pub items: Vec<Item>,
    /// Purchases without a settlement.
    pub unsettled: Vec<Purchase>,
}

/// Reads all disks of a store that is quiet.
///
/// # Errors
/// Why it is not quiet yet, or what [`audit`] fails with.
pub fn quiet(world: &Rc<World>) -> Result<Audit, String> {
    let audit = audit(world)?;
    if let Some(purchase) = audit.unsettled.first() {
        return Err(format!("{} purchases are not settled, first {}", audit.unsettled.len(), purchase.key));
    }
    let mut ends = audit.books.iter().map(|(id, book)| (id, book.len()));
    if let Some((first, orders)) = ends.next()
        && let Some((other, others)) = ends.find(|(_, other)| *other != orders)
    {
        return Err(format!("order-{first} holds {orders} orders, order-{other} {others}"));
    }
    Ok(audit)
}

/// Reads the disk of a catalog.
///
/// # Errors
/// When the file is not there, or cannot be read.
pub fn catalog(disk: &Disk) -> Result<stock::Audit, String> {
    let database = open(&disk.copy(), catalog::FILE, catalog::OWNER)?;
    stock::audit(&database).map_err(|error| error.to_string())
}

/// Reads all disks.
///
/// # Errors
/// When a file is not there, or cannot be read.
pub fn audit(world: &Rc<World>) -> Result<Audit, String> {
    let mut audit = Audit::default();
    for (process, disk) in world.disks.iter().filter(|(process, _)| process.is_own()) {
        let node = process.node;
        match node {
            NodeId::Order(id) => {
                let owner = order::book_owner(id);
                let database = open(&disk.copy(), order::BOOK_FILE, &owner);
                let database = database.map_err(|why| format!("{node}: {why}"))?;
                let entries = order::book::read::entries(&database, 0, usize::MAX);
                audit.books.insert(id, entries.map_err(|error| format!("{node}: {error}"))?);
            }
            NodeId::Catalog => {
                let books = catalog(disk).map_err(|why| format!("{node}: {why}"))?;
                audit.items = books.items;
                audit.unsettled = books.unsettled;
            }
            NodeId::FrontEnd(_) => {}
        }
    }
    Ok(audit)
}
