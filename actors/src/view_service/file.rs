//! The front-end's file: its runs, its store, and the current view.

use redb::{Database, ReadableDatabase, TableDefinition, TableError};

use super::saved::Saved;
use crate::net::{decode, encode};
use crate::storage::DiskError;

const VIEW: TableDefinition<&str, &[u8]> = TableDefinition::new("view");
const SAVED: &str = "saved";

/// Reads what the file holds; a new one holds nothing.
///
/// # Errors
/// When the file cannot be read.
pub fn load(database: &Database) -> Result<Saved, DiskError> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(VIEW) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(Saved::default()),
        table => table?,
    };
    let Some(bytes) = table.get(SAVED)? else { return Ok(Saved::default()) };
    decode(bytes.value()).map_err(|error| DiskError::Damaged(format!("the view: {error}")))
}

/// Writes what the file is to hold.
///
/// # Errors
/// When the disk fails.
pub fn store(database: &Database, saved: &Saved) -> Result<(), DiskError> {
    let transaction = database.begin_write()?;
    transaction.open_table(VIEW)?.insert(SAVED, &*encode(saved))?;
    transaction.commit()?;
    Ok(())
}
