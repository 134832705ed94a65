//! Reads files on a disk as a start would, and changes nothing.

use std::collections::BTreeMap;

use redb::{Database, StorageBackend};
use toystore_actors::catalog::stock;
use toystore_actors::domain::{Entry, OrderNumber, ReplicaId, SoldPurchase};
use toystore_actors::net::NodeId;
use toystore_actors::storage::{Sizes, journal_of, open_existing};
use toystore_actors::{catalog, order};
use toystore_checks::data::StoreAudit;

use crate::platform::disk::Disk;
use crate::platform::process::ProcessId;

/// How much memory redb may use for one file.
const CACHE_BYTES: usize = 1 << 20;

/// Opens a file as a start after a crash would. `disk` is a copy of nobody's.
fn open(disk: &Disk, file: &str, owner: &str) -> Result<Database, String> {
    let handle = |file: &str| -> Result<Box<dyn StorageBackend>, String> {
        Ok(Box::new(disk.open(file).map_err(|error| error.to_string())?))
    };
    let owned = |found: &str| found == owner;
    let journal = Some(handle(&journal_of(file))?);
    let sizes = Sizes { cache_bytes: CACHE_BYTES, ..Sizes::default() };
    open_existing(handle(file)?, journal, file, owner, &owned, sizes).map_err(|error| error.to_string())
}

/// The entry with a number that would be in a replica's book if it crashed now.
///
/// # Errors
/// When its file is not there, or cannot be read.
pub fn durable_entry(disk: &Disk, id: ReplicaId, number: OrderNumber) -> Result<Option<Entry>, String> {
    let kept = Disk::new(0);
    kept.restore(&disk.snapshot());
    let database = open(&kept, order::BOOK_FILE, &order::book_owner(id))?;
    let entries = order::book::read::entries(&database, number.before(), 1);
    Ok(entries.map_err(|error| error.to_string())?.into_iter().find(|entry| entry.number == number))
}

/// Reads all disks of a store that is quiet.
///
/// # Errors
/// Why it is not quiet yet, or what [`audit`] fails with.
pub fn quiet_audit(disks: &BTreeMap<ProcessId, Disk>) -> Result<StoreAudit, String> {
    let audit = audit(disks)?;
    if let Some(SoldPurchase { purchase, .. }) = audit.unsettled.first() {
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
pub fn catalog_audit(disk: &Disk) -> Result<stock::Audit, String> {
    let database = open(&disk.copy(), catalog::FILE, catalog::OWNER)?;
    stock::audit(&database).map_err(|error| error.to_string())
}

/// Reads all disks.
///
/// # Errors
/// When a file is not there, or cannot be read.
pub fn audit(disks: &BTreeMap<ProcessId, Disk>) -> Result<StoreAudit, String> {
    let mut audit = StoreAudit::default();
    for (process, disk) in disks.iter().filter(|(process, _)| process.is_own()) {
        let node = process.node;
        match node {
            NodeId::Order(id) => {
                let owner = order::book_owner(id);
                let database = open(&disk.copy(), order::BOOK_FILE, &owner);
                let database = database.map_err(|why| format!("{node}: {why}"))?;
                let entries = order::book::read::entries(&database, OrderNumber::NONE, usize::MAX);
                audit.books.insert(id, entries.map_err(|error| format!("{node}: {error}"))?);
            }
            NodeId::Catalog => {
                let books = catalog_audit(disk).map_err(|why| format!("{node}: {why}"))?;
                audit.items = books.items;
                audit.unsettled = books.unsettled;
            }
            NodeId::FrontEnd(_) => {}
        }
    }
    Ok(audit)
}
