//! A catalog's file of the format before, in which nothing had a receipt.

use redb::{AccessGuard, WriteTransaction};

use super::ledger::{FenceRow, PurchaseRow};
use crate::storage::{ConvertedTable, DiskError, ReceiptRow, convert_table};

/// See [`crate::storage::Conversion`]. What was sold has no receipt, and gets none.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn convert(transaction: &WriteTransaction) -> Result<(), DiskError> {
    convert_table::<ConvertedPurchases>(transaction)?;
    convert_table::<ConvertedFence>(transaction)
}

struct ConvertedPurchases;

impl ConvertedTable for ConvertedPurchases {
    const NAME: &'static str = "purchases";
    type Key = u64;
    type Before = (&'static str, &'static str, u32);
    type Now = PurchaseRow;

    fn row<'r>(before: &'r AccessGuard<'_, Self::Before>) -> (&'r str, &'r str, u32, ReceiptRow) {
        let (key, name, quantity) = before.value();
        (key, name, quantity, None)
    }
}

type FenceBefore = (u64, u64, u64, Vec<(u8, u64)>);

struct ConvertedFence;

impl ConvertedTable for ConvertedFence {
    const NAME: &'static str = "fence";
    type Key = ();
    type Before = FenceBefore;
    type Now = FenceRow;

    fn row(before: &AccessGuard<'_, Self::Before>) -> FenceRow {
        let (term, batch, settled, answer) = before.value();
        (term, batch, settled, answer.into_iter().map(|(kind, number)| (kind, number, None)).collect())
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use redb::{Database, TableDefinition};

    use super::*;
    use crate::catalog::ledger::{audit, import, load};
    use crate::domain::{OrderNumber, ProductName, ProductSeed, Term};
    use crate::messages::catalog::Sale;

    const PURCHASES: TableDefinition<u64, (&str, &str, u32)> = TableDefinition::new("purchases");
    const FENCE: TableDefinition<(), FenceBefore> = TableDefinition::new("fence");

    #[test]
    fn a_catalog_of_the_format_before_loses_nothing() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let tux = ProductSeed { name: ProductName::new("Tux").unwrap(), price_cents: 1, quantity: 9 };
        import(&database, &[tux], None, 9).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(PURCHASES).unwrap().insert(8, ("h", "Tux", 2)).unwrap();
        transaction.open_table(PURCHASES).unwrap().insert(9, ("i", "Gnu", 1)).unwrap();
        transaction.open_table(FENCE).unwrap().insert((), (4, 3, 7, vec![(0, 8), (1, 5), (2, 0)])).unwrap();
        transaction.commit().unwrap();

        let transaction = database.begin_write().unwrap();
        convert(&transaction).unwrap();
        transaction.commit().unwrap();
        let audit = audit(&database).unwrap();
        let unsettled = audit.unsettled.iter().map(|sold| {
            let purchase = &sold.purchase;
            (purchase.key.as_str(), purchase.name.as_str(), purchase.quantity.get(), sold.receipt)
        });
        assert_eq!(unsettled.collect::<Vec<_>>(), [("h", "Tux", 2, None), ("i", "Gnu", 1, None)]);
        assert_eq!(audit.settled, OrderNumber::new(7));
        let (state, _) = load(&database, 9).unwrap().unwrap();
        let number = OrderNumber::new(8);
        let told = [Sale::Sold { number, receipt: None }, Sale::NotEnough { left: 5 }, Sale::UnknownProduct];
        assert_eq!((state.fence().term, state.fence().batch), (Term::new(4), 3));
        assert_eq!(state.fence().answer, told);
    }

    #[test]
    fn a_catalog_that_has_sold_nothing_is_converted_too() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        convert(&transaction).unwrap();
        transaction.commit().unwrap();
        assert_eq!(audit(&database).unwrap(), Default::default());
    }
}
