//! Reading a book: for the replica itself, for `toystore inspect` and for the simulator's checks.

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::tables::{
    self, CUT, ENTRIES, EntryRow, KEYS, VIEW, entry_from, epoch_at, last_position, or_empty, stored,
};
use crate::domain::{Entry, OrderNumber, Position, RequestId};
use crate::order::summary::BookSummary;
use crate::storage::DiskError;

/// The newest view, the last entry and the runs.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn summary(database: &Database) -> Result<BookSummary, DiskError> {
    summary_of(&database.begin_read()?)
}

/// As [`summary`], of a transaction already begun.
///
/// # Errors
/// As [`summary`].
pub fn summary_of(transaction: &ReadTransaction) -> Result<BookSummary, DiskError> {
    let (view, line) = match or_empty(transaction.open_table(VIEW))? {
        Some(views) => (stored(&views, "view")?, stored(&views, "line")?.unwrap_or_default()),
        None => Default::default(),
    };
    let last = match or_empty(transaction.open_table(ENTRIES))? {
        Some(entries) => last_position(&entries)?,
        None => Position::default(),
    };
    Ok(BookSummary { view, last, line })
}

/// At most `limit` entries after the number `after`, in their order.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn entries(database: &Database, after: OrderNumber, limit: usize) -> Result<Vec<Entry>, DiskError> {
    match or_empty(database.begin_read()?.open_table(ENTRIES))? {
        Some(table) => entries_of(&table, after, limit),
        None => Ok(Vec::new()),
    }
}

fn entries_of(
    table: &impl ReadableTable<u64, EntryRow>,
    after: OrderNumber,
    limit: usize,
) -> Result<Vec<Entry>, DiskError> {
    let mut found = Vec::new();
    for item in table.range(after.get().saturating_add(1)..)?.take(limit) {
        let (number, entry) = item?;
        found.push(entry_from(number.value(), entry.value())?);
    }
    Ok(found)
}

/// What was cut from this book, by number and epoch: orders that no leader had acknowledged, or, where an operator
/// went on without this replica, perhaps the only copies of some that one had.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn cut(database: &Database) -> Result<Vec<Entry>, DiskError> {
    let Some(table) = or_empty(database.begin_read()?.open_table(CUT))? else { return Ok(Vec::new()) };
    let mut cut = Vec::new();
    for item in table.iter()? {
        let (place, purchase) = item?;
        let ((number, epoch), (key, name, quantity, receipt)) = (place.value(), purchase.value());
        cut.push(entry_from(number, (epoch, key, name, quantity, receipt))?);
    }
    Ok(cut)
}

/// The entries of these request ids, in the order asked; `None` where there is none.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn by_keys(database: &Database, keys: &[RequestId]) -> Result<Vec<Option<Entry>>, DiskError> {
    let transaction = database.begin_read()?;
    let (Some(index), Some(table)) =
        (or_empty(transaction.open_table(KEYS))?, or_empty(transaction.open_table(ENTRIES))?)
    else {
        return Ok(vec![None; keys.len()]);
    };
    keys.iter()
        .map(|key| {
            let Some(number) = index.get(key.as_str())?.map(|number| number.value()) else {
                return Ok(None);
            };
            let entry = table.get(number)?;
            entry.map(|entry| entry_from(number, entry.value())).transpose()
        })
        .collect()
}

/// At most `limit` entries after `after`; or, when the entry there is not held, the last one that the
/// books may agree on.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn entries_from(
    database: &Database,
    after: Position,
    limit: usize,
) -> Result<Result<Vec<Entry>, Position>, DiskError> {
    let Some(table) = or_empty(database.begin_read()?.open_table(ENTRIES))? else {
        return Ok(if after == Position::default() { Ok(Vec::new()) } else { Err(Position::default()) });
    };
    if epoch_at(&table, after.number)? == Some(after.epoch) {
        entries_of(&table, after.number, limit).map(Ok)
    } else {
        tables::last_at_most(&table, after).map(Err)
    }
}

/// At most `limit` entries after the number `after`, with the position of the one before them; `None` when
/// the book ends before `after`.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn following(
    database: &Database,
    after: OrderNumber,
    limit: usize,
) -> Result<Option<(Position, Vec<Entry>)>, DiskError> {
    let table = or_empty(database.begin_read()?.open_table(ENTRIES))?;
    let Some(table) = table else { return Ok((after == OrderNumber::NONE).then(Default::default)) };
    let Some(epoch) = epoch_at(&table, after)? else { return Ok(None) };
    Ok(Some((Position { number: after, epoch }, entries_of(&table, after, limit)?)))
}

/// The last entry that comes after `bound` neither in number nor in epoch.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn last_at_most(database: &Database, bound: Position) -> Result<Position, DiskError> {
    match or_empty(database.begin_read()?.open_table(ENTRIES))? {
        Some(table) => tables::last_at_most(&table, bound),
        None => Ok(Position::default()),
    }
}
