//! Reading a book from one end to the other, where it lies: nothing of it is copied, and nothing looked up.

use redb::{Database, ReadableDatabase, ReadableTable};

use super::tables::{ENTRIES, KEYS, or_empty};
use crate::domain::{Entry, Epoch, Invalid, OrderNumber, ProductName, Quantity, Receipt, RequestId};
use crate::storage::{DiskError, ReceiptRow, receipt_of};

/// An [`Entry`] that is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'b> {
    /// Its place in the book.
    pub number: OrderNumber,
    /// The epoch in which a leader appended it.
    pub epoch: Epoch,
    /// What was bought; `None` says that the order is lost.
    pub bought: Option<Bought<'b>>,
}

/// A purchase that is not kept. The texts are those of a valid request id and product name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bought<'b> {
    /// The request that bought it.
    pub key: &'b str,
    /// The product.
    pub name: &'b str,
    /// Pieces bought.
    pub quantity: Quantity,
    /// For how much, and when; `None` if that was before there were receipts.
    pub receipt: Option<Receipt>,
}

impl<'b> From<&'b Entry> for Row<'b> {
    fn from(entry: &'b Entry) -> Row<'b> {
        let bought = entry.purchase.as_ref().map(|purchase| Bought {
            key: purchase.key.as_str(),
            name: purchase.name.as_str(),
            quantity: purchase.quantity,
            receipt: entry.receipt,
        });
        Row { number: entry.number, epoch: entry.epoch, bought }
    }
}

impl<'b> Row<'b> {
    fn stored(
        number: OrderNumber,
        (epoch, key, name, quantity, receipt): (u64, &'b str, &'b str, u32, ReceiptRow),
    ) -> Result<Row<'b>, Invalid> {
        let epoch = Epoch::new(epoch);
        if (key, name, quantity, receipt) == ("", "", 0, None) {
            return Ok(Row { number, epoch, bought: None });
        }
        RequestId::check(key)?;
        ProductName::check(name)?;
        let quantity = Quantity::new(u64::from(quantity))?;
        let bought = Bought { key, name, quantity, receipt: receipt_of(receipt) };
        Ok(Row { number, epoch, bought: Some(bought) })
    }
}

/// Shows all entries, in their order.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn entries(database: &Database, mut visit: impl FnMut(Row<'_>)) -> Result<(), DiskError> {
    let Some(table) = or_empty(database.begin_read()?.open_table(ENTRIES))? else { return Ok(()) };
    for item in table.iter()? {
        let (number, stored) = item?;
        let number = OrderNumber::new(number.value());
        let row = Row::stored(number, stored.value())
            .map_err(|why| DiskError::Damaged(format!("order {number}: {why}")))?;
        visit(row);
    }
    Ok(())
}

/// Shows the whole index of request ids, in its order: which id leads to the order of which number.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn index(database: &Database, mut visit: impl FnMut(&str, OrderNumber)) -> Result<(), DiskError> {
    let Some(table) = or_empty(database.begin_read()?.open_table(KEYS))? else { return Ok(()) };
    for item in table.iter()? {
        let (key, number) = item?;
        visit(key.value(), OrderNumber::new(number.value()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::domain::{Purchase, UnixMillis};
    use crate::order::book::{Write, apply, read};

    fn entry(number: u64, key: Option<&str>) -> Entry {
        let purchase = key.map(|key| Purchase {
            key: RequestId::new(key).unwrap(),
            name: ProductName::new("Tux").unwrap(),
            quantity: Quantity::new(2).unwrap(),
        });
        let sold_at = UnixMillis::new(number);
        let receipt = purchase.is_some().then_some(Receipt { price_cents: 1599, sold_at });
        Entry { number: OrderNumber::new(number), epoch: Epoch::new(1), purchase, receipt }
    }

    fn seen(database: &Database) -> Result<Vec<u64>, DiskError> {
        let mut seen = Vec::new();
        entries(database, |row| seen.push(row.number.get())).map(|()| seen)
    }

    #[test]
    fn a_scan_shows_what_reading_by_number_finds() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        assert!(seen(&database).unwrap().is_empty());
        index(&database, |key, _| panic!("{key} in an empty book")).unwrap();

        let written = vec![entry(1, Some("b")), entry(2, None), entry(3, Some("a"))];
        apply(&database, &[Write::Append(written.clone())]).unwrap();
        let mut rows = Vec::new();
        entries(&database, |row| {
            let of = written.iter().find(|entry| entry.number == row.number).unwrap();
            assert_eq!(row, Row::from(of));
            rows.push(row.number.get());
        })
        .unwrap();
        assert_eq!(rows, [1, 2, 3]);
        assert_eq!(read::entries(&database, OrderNumber::NONE, 9).unwrap(), written);

        let mut keys = Vec::new();
        index(&database, |key, number| keys.push((key.to_owned(), number.get()))).unwrap();
        assert_eq!(keys, [("a".to_owned(), 3), ("b".to_owned(), 1)]);
    }

    #[test]
    fn what_no_replica_writes_is_damage() {
        for (key, name, quantity, receipt) in [
            ("", "Tux", 2, None),
            ("a b", "Tux", 2, None),
            ("a", "", 2, None),
            ("a", "Tux", 0, None),
            ("", "", 0, Some((1, 1))),
        ] {
            let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
            let transaction = database.begin_write().unwrap();
            transaction.open_table(ENTRIES).unwrap().insert(7, (1, key, name, quantity, receipt)).unwrap();
            transaction.commit().unwrap();
            let found = seen(&database);
            let Err(DiskError::Damaged(why)) = found else { panic!("{key:?}, {name:?}: {found:?}") };
            assert!(why.starts_with("order 7: "), "{why}");
        }
    }
}
