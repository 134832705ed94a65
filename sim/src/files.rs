//! Reads files on a disk as a start would, and changes nothing.

use redb::{Database, StorageBackend};
use toystore_actors::domain::{Entry, OrderNumber, ReplicaId};
use toystore_actors::order;
use toystore_actors::storage::{Sizes, journal_of, open_existing};

use crate::disk::Disk;

/// How much memory redb may use for one file.
const CACHE_BYTES: usize = 1 << 20;

/// Opens a file as a start after a crash would. `disk` is a copy of nobody's.
pub(crate) fn open(disk: &Disk, file: &str, owner: &str) -> Result<Database, String> {
    let handle = |file: &str| -> Result<Box<dyn StorageBackend>, String> {
        Ok(Box::new(disk.open(file).map_err(|error| error.to_string())?))
    };
    let owned = |found: &str| found == owner;
    let journal = Some(handle(&journal_of(file))?);
    let sizes = Sizes { cache_bytes: CACHE_BYTES, ..Sizes::default() };
    open_existing(handle(file)?, journal, file, owner, &owned, sizes).map_err(|error| error.to_string())
}

/// The entry with a number that would be in a replica's book if it crashed now.
pub(crate) fn durable_entry(
    disk: &Disk,
    id: ReplicaId,
    number: OrderNumber,
) -> Result<Option<Entry>, String> {
    let kept = Disk::new(0);
    kept.restore(&disk.snapshot());
    let database = open(&kept, order::BOOK_FILE, &order::book_owner(id))?;
    let entries = order::book::read::entries(&database, number.saturating_sub(1), 1);
    Ok(entries.map_err(|error| error.to_string())?.into_iter().find(|entry| entry.number == number))
}
