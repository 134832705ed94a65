//! Whose data a file has, as it says itself, so that no service takes another's for its own.

use redb::{Database, ReadableDatabase, TableDefinition, TableError, WriteTransaction};

use super::errors::DiskError;

const FORMAT: TableDefinition<&str, &str> = TableDefinition::new("toystore");
pub const FORMAT_VERSION: &str = "3";
/// The format that is converted to this one.
pub const FORMAT_BEFORE: &str = "2";

/// Writes whose data the file has.
///
/// # Errors
/// When the disk fails.
pub fn write_owner(database: &Database, owner: &str) -> Result<(), DiskError> {
    let transaction = database.begin_write()?;
    transaction.open_table(FORMAT)?.insert("owner", owner)?;
    write_format(&transaction)?;
    transaction.commit()?;
    Ok(())
}

/// Writes that the file has this format.
///
/// # Errors
/// When the disk fails.
pub fn write_format(transaction: &WriteTransaction) -> Result<(), DiskError> {
    transaction.open_table(FORMAT)?.insert("format", FORMAT_VERSION)?;
    Ok(())
}

/// Whose data the file has, and in which format; `None` if it is no data file of the store.
///
/// # Errors
/// When the disk fails.
pub fn read_owner(database: &Database) -> Result<Option<(String, String)>, DiskError> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(FORMAT) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        table => table?,
    };
    let owner = table.get("owner")?.map(|owner| owner.value().to_owned());
    let format = table.get("format")?.map(|format| format.value().to_owned());
    Ok(owner.zip(format))
}
