//! A book's file of the format before, in which no order had a receipt.

use redb::{AccessGuard, WriteTransaction};

use super::tables::{CutRow, EntryRow};
use crate::storage::{ConvertedTable, DiskError, ReceiptRow, convert_table};

/// See [`crate::storage::Conversion`]. The orders of before have no receipt, and get none.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn convert(transaction: &WriteTransaction) -> Result<(), DiskError> {
    convert_table::<ConvertedEntries>(transaction)?;
    convert_table::<ConvertedCut>(transaction)
}

struct ConvertedEntries;

impl ConvertedTable for ConvertedEntries {
    const NAME: &'static str = "entries";
    type Key = u64;
    type Before = (u64, &'static str, &'static str, u32);
    type Now = EntryRow;

    fn row<'r>(before: &'r AccessGuard<'_, Self::Before>) -> (u64, &'r str, &'r str, u32, ReceiptRow) {
        let (epoch, key, name, quantity) = before.value();
        (epoch, key, name, quantity, None)
    }
}

struct ConvertedCut;

impl ConvertedTable for ConvertedCut {
    const NAME: &'static str = "cut";
    type Key = (u64, u64);
    type Before = (&'static str, &'static str, u32);
    type Now = CutRow;

    fn row<'r>(before: &'r AccessGuard<'_, Self::Before>) -> (&'r str, &'r str, u32, ReceiptRow) {
        let (key, name, quantity) = before.value();
        (key, name, quantity, None)
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use redb::{Database, TableDefinition};

    use super::*;
    use crate::domain::{Entry, Epoch, OrderNumber, ProductName, Purchase, Quantity, RequestId};
    use crate::order::book::{Write, apply, read, scan};

    const ENTRIES: TableDefinition<u64, (u64, &str, &str, u32)> = TableDefinition::new("entries");
    const KEYS: TableDefinition<&str, u64> = TableDefinition::new("keys");
    const CUT: TableDefinition<(u64, u64), (&str, &str, u32)> = TableDefinition::new("cut");

    fn entry(number: u64, epoch: u64, key: &str) -> Entry {
        let (key, name) = (RequestId::new(key).unwrap(), ProductName::new("Tux").unwrap());
        let purchase = Some(Purchase { key, name, quantity: Quantity::new(2).unwrap() });
        Entry { number: OrderNumber::new(number), epoch: Epoch::new(epoch), purchase, receipt: None }
    }

    #[test]
    fn a_book_of_the_format_before_loses_nothing() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        {
            let mut entries = transaction.open_table(ENTRIES).unwrap();
            entries.insert(1, (1, "a", "Tux", 2)).unwrap();
            entries.insert(2, (3, "", "", 0)).unwrap();
            transaction.open_table(KEYS).unwrap().insert("a", 1).unwrap();
            transaction.open_table(CUT).unwrap().insert((2, 2), ("b", "Tux", 2)).unwrap();
        }
        transaction.commit().unwrap();

        let transaction = database.begin_write().unwrap();
        convert(&transaction).unwrap();
        transaction.commit().unwrap();
        let lost = Entry::lost(OrderNumber::new(2), Epoch::new(3));
        assert_eq!(read::entries(&database, OrderNumber::NONE, 9).unwrap(), [entry(1, 1, "a"), lost]);
        assert_eq!(
            read::by_keys(&database, &[RequestId::new("a").unwrap()]).unwrap(),
            [Some(entry(1, 1, "a"))]
        );
        assert_eq!(read::cut(&database).unwrap(), [entry(2, 2, "b")]);
        // And it goes on.
        apply(&database, &[Write::Append(vec![entry(3, 3, "c")])]).unwrap();
        let mut numbers = Vec::new();
        scan::entries(&database, |row| numbers.push(row.number.get())).unwrap();
        assert_eq!(numbers, [1, 2, 3]);
    }

    #[test]
    fn a_book_without_tables_is_converted_too() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        convert(&transaction).unwrap();
        transaction.commit().unwrap();
        assert_eq!(read::summary(&database).unwrap(), Default::default());
    }
}
