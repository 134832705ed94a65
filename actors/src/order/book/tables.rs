//! The tables of a book, and their rows as values.

use redb::{ReadableTable, TableDefinition, TableError};
use serde::de::DeserializeOwned;

use crate::domain::{
    Entry, Epoch, Invalid, OrderNumber, Position, ProductName, Purchase, Quantity, RequestId,
};
use crate::net::decode;
use crate::storage::{DiskError, ReceiptRow, receipt_of};

/// Epoch, request id, product, quantity, receipt; of an order that is lost the epoch alone.
pub(super) type EntryRow = (u64, &'static str, &'static str, u32, ReceiptRow);
/// Request id, product, quantity, receipt.
pub(super) type CutRow = (&'static str, &'static str, u32, ReceiptRow);

/// By number.
pub(super) const ENTRIES: TableDefinition<u64, EntryRow> = TableDefinition::new("entries");
/// Request id → number.
pub(super) const KEYS: TableDefinition<&str, u64> = TableDefinition::new("keys");
/// What was cut, by number and epoch. An order that was acknowledged is among them only
/// when an operator went on without this replica; then it may be the only one to have it.
pub(super) const CUT: TableDefinition<(u64, u64), CutRow> = TableDefinition::new("cut");
/// The newest view heard of, under the key "view"; all runs of this file, under "line".
pub(super) const VIEW: TableDefinition<&str, &[u8]> = TableDefinition::new("view");

/// A book that was never written to has no tables yet, which reads as empty.
pub(super) fn or_empty<T>(table: Result<T, TableError>) -> Result<Option<T>, DiskError> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The last entry that comes after `bound` neither in number nor in epoch: two books of which one ends with
/// `bound` can agree no further than there. (Numbers and epochs never decrease along a book, so a binary
/// search finds it.) When both sides step back by this rule in turn, each step leaves at least one epoch
/// behind, so they meet after as many steps as there were leaders, however long the books are.
pub(super) fn last_at_most(
    entries: &impl ReadableTable<u64, EntryRow>,
    bound: Position,
) -> Result<Position, DiskError> {
    let mut found = Position::default();
    let mut beyond = bound.number.min(last_position(entries)?.number) + 1;
    while beyond.since(found.number) > 1 {
        let middle = found.number + beyond.since(found.number) / 2;
        match epoch_at(entries, middle)? {
            Some(epoch) if epoch <= bound.epoch => found = Position { number: middle, epoch },
            _ => beyond = middle,
        }
    }
    Ok(found)
}

pub(super) fn epoch_at(
    entries: &impl ReadableTable<u64, EntryRow>,
    number: OrderNumber,
) -> Result<Option<Epoch>, DiskError> {
    if number == OrderNumber::NONE {
        return Ok(Some(Epoch::NONE));
    }
    Ok(entries.get(number.get())?.map(|entry| Epoch::new(entry.value().0)))
}

pub(super) fn last_position(entries: &impl ReadableTable<u64, EntryRow>) -> Result<Position, DiskError> {
    let last = entries.last()?;
    Ok(last.map_or(Position::default(), |(number, entry)| Position {
        number: OrderNumber::new(number.value()),
        epoch: Epoch::new(entry.value().0),
    }))
}

pub(super) fn stored<T: DeserializeOwned>(
    views: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<T>, DiskError> {
    let Some(bytes) = views.get(key)? else { return Ok(None) };
    decode(bytes.value()).map(Some).map_err(|error| DiskError::Damaged(format!("the saved {key}: {error}")))
}

pub(super) fn entry_from(
    number: u64,
    (epoch, key, name, quantity, receipt): (u64, &str, &str, u32, ReceiptRow),
) -> Result<Entry, DiskError> {
    let (number, epoch) = (OrderNumber::new(number), Epoch::new(epoch));
    if (key, name, quantity, receipt) == ("", "", 0, None) {
        return Ok(Entry::lost(number, epoch));
    }
    let purchase = purchase_from(number, (key, name, quantity))?;
    Ok(Entry { number, epoch, purchase: Some(purchase), receipt: receipt_of(receipt) })
}

pub(super) fn purchase_from(
    number: OrderNumber,
    (key, name, quantity): (&str, &str, u32),
) -> Result<Purchase, DiskError> {
    let invalid = |why: Invalid| DiskError::Damaged(format!("order {number}: {why}"));
    Ok(Purchase {
        key: RequestId::new(key).map_err(invalid)?,
        name: ProductName::new(name).map_err(invalid)?,
        quantity: Quantity::new(u64::from(quantity)).map_err(invalid)?,
    })
}
