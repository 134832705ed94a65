//! The catalog's tables on disk.
//!
//! - `products`: a product's place in the catalog → name, price in cents, initial, restocked, sold, in stock.
//!   This table exists exactly if the import was committed.
//! - `unsettled`: request id → product name, pieces.
//! - `refused`: the number of a refusal → request id, pieces left; the newest of them.
//! - `fence`: one line: the newest reign, its newest batch, and what that batch was answered, each sale as
//!   a kind (0 sold, 1 not enough, 2 no such product) and the pieces left.

use std::collections::BTreeSet;

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table,
    TableDefinition, TableError,
};

use super::ProductSeed;
use super::fence::Fence;
use super::messages::Sale;
use super::refusals::{MAX_REFUSALS, Refusals};
use super::stock::{Changes, Item, Stock};
use crate::domain::{Epoch, Invalid, ProductName, Purchase, Quantity, RequestId};
use crate::storage::DiskError;

type ItemRow = (&'static str, u64, u64, u64, u64, u64);
type FenceRow = (u64, u64, Vec<(u8, u64)>);

const PRODUCTS: TableDefinition<u64, ItemRow> = TableDefinition::new("products");
const UNSETTLED: TableDefinition<&str, (&str, u32)> = TableDefinition::new("unsettled");
const REFUSED: TableDefinition<u64, (&str, u64)> = TableDefinition::new("refused");
const FENCE: TableDefinition<(), FenceRow> = TableDefinition::new("fence");

/// The books of a catalog, as they are on its disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// The products in the catalog's order.
    pub items: Vec<Item>,
    /// Purchases that have not been settled, by ascending request id.
    pub unsettled: Vec<Purchase>,
    /// The newest reign that has been here.
    pub reign: Epoch,
    /// Its newest batch; 0 before its first.
    pub batch: u64,
}

/// Reads the books of a catalog, whether or not they add up. They are empty if the first start never got as
/// far as its import.
///
/// # Errors
/// When the disk failed, or holds a value that no catalog writes.
pub fn audit(database: &Database) -> Result<Audit, DiskError> {
    let (items, unsettled, fence, _) = read(&database.begin_read()?)?.unwrap_or_default();
    Ok(Audit { items, unsettled, reign: fence.reign, batch: fence.batch })
}

/// What a catalog starts with: what it had, or, at its first start, the products of `seeds`. A name that
/// is repeated there counts once.
///
/// # Errors
/// When the disk failed, or its books do not add up.
pub(super) fn load(database: &Database, seeds: &[ProductSeed]) -> Result<Stock, DiskError> {
    let books = read(&database.begin_read()?)?;
    let (items, unsettled, fence, refusals) = match books {
        Some(books) => books,
        None => (import(database, seeds)?, Vec::new(), Fence::default(), Refusals::default()),
    };
    if let Some(item) = items.iter().find(|item| !item.adds_up()) {
        return Err(DiskError::Damaged(format!("the stock of {} does not add up", item.name)));
    }
    Ok(Stock::new(items, unsettled, fence, refusals))
}

/// Saves what a group changed, in one transaction.
///
/// # Errors
/// When the disk failed; nothing is known then about what it holds.
pub(super) fn commit(database: &Database, changes: &Changes) -> Result<(), DiskError> {
    let transaction = database.begin_write()?;
    // A table that is opened costs something at the commit, changed or not; a batch that is refused changes neither.
    if !changes.items.is_empty() {
        let mut table = transaction.open_table(PRODUCTS)?;
        for (place, item) in &changes.items {
            insert_item(&mut table, *place, item)?;
        }
    }
    if !changes.unsettled.is_empty() {
        let mut table = transaction.open_table(UNSETTLED)?;
        for (key, purchase) in &changes.unsettled {
            match purchase {
                Some(Purchase { name, quantity, .. }) => {
                    table.insert(key.as_str(), (name.as_str(), quantity.get()))?
                }
                None => table.remove(key.as_str())?,
            };
        }
    }
    if !changes.refused.is_empty() {
        let mut table = transaction.open_table(REFUSED)?;
        let next = table.last()?.map_or(0, |(number, _)| number.value() + 1);
        for (number, (key, left)) in (next..).zip(&changes.refused) {
            table.insert(number, (key.as_str(), *left))?;
        }
        while table.len()? > MAX_REFUSALS as u64 {
            table.pop_first()?;
        }
    }
    if let Some(fence) = &changes.fence {
        let answer: Vec<(u8, u64)> = fence.answer.iter().map(|sale| sale_row(*sale)).collect();
        transaction.open_table(FENCE)?.insert((), (fence.reign, fence.batch, answer))?;
    }
    transaction.commit()?;
    Ok(())
}

fn import(database: &Database, seeds: &[ProductSeed]) -> Result<Vec<Item>, DiskError> {
    let mut items: Vec<Item> = Vec::with_capacity(seeds.len());
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(PRODUCTS)?;
        let mut names = BTreeSet::new();
        for seed in seeds.iter().filter(|seed| names.insert(&seed.name)) {
            let item = Item {
                name: seed.name.clone(),
                price_cents: seed.price_cents,
                initial: seed.quantity,
                restocked: 0,
                sold: 0,
                quantity: seed.quantity,
            };
            insert_item(&mut table, items.len(), &item)?;
            items.push(item);
        }
    }
    transaction.commit()?;
    Ok(items)
}

fn insert_item(table: &mut Table<'_, u64, ItemRow>, place: usize, item: &Item) -> Result<(), DiskError> {
    let row = (item.name.as_str(), item.price_cents, item.initial, item.restocked, item.sold, item.quantity);
    table.insert(place as u64, row)?;
    Ok(())
}

type Books = (Vec<Item>, Vec<Purchase>, Fence, Refusals);

/// `None` if nothing was imported yet.
fn read(transaction: &ReadTransaction) -> Result<Option<Books>, DiskError> {
    let Some(products) = existing(transaction.open_table(PRODUCTS))? else {
        return Ok(None);
    };
    let mut items = Vec::new();
    for row in products.iter()? {
        let (place, item) = row?;
        if place.value() != items.len() as u64 {
            return Err(DiskError::Damaged(format!("product {} is missing", items.len())));
        }
        let (name, price_cents, initial, restocked, sold, quantity) = item.value();
        let name = ProductName::new(name).map_err(damaged)?;
        items.push(Item { name, price_cents, initial, restocked, sold, quantity });
    }
    let mut unsettled = Vec::new();
    if let Some(table) = existing(transaction.open_table(UNSETTLED))? {
        for row in table.iter()? {
            let (key, purchase) = row?;
            let (name, pieces) = purchase.value();
            unsettled.push(Purchase {
                key: RequestId::new(key.value()).map_err(damaged)?,
                name: ProductName::new(name).map_err(damaged)?,
                quantity: Quantity::new(u64::from(pieces)).map_err(damaged)?,
            });
        }
    }
    let mut fence = Fence::default();
    if let Some(table) = existing(transaction.open_table(FENCE))?
        && let Some(row) = table.get(())?
    {
        let (reign, batch, answer) = row.value();
        fence = Fence { reign, batch, answer: answer.into_iter().map(sale).collect::<Result<_, _>>()? };
    }
    let mut refusals = Refusals::default();
    if let Some(table) = existing(transaction.open_table(REFUSED))? {
        for row in table.iter()? {
            let (_, refused) = row?;
            let (key, left) = refused.value();
            refusals.keep(RequestId::new(key).map_err(damaged)?, left);
        }
    }
    Ok(Some((items, unsettled, fence, refusals)))
}

fn existing<T>(opened: Result<T, TableError>) -> Result<Option<T>, DiskError> {
    match opened {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn damaged(invalid: Invalid) -> DiskError {
    DiskError::Damaged(invalid.to_string())
}

fn sale_row(sale: Sale) -> (u8, u64) {
    match sale {
        Sale::Sold => (0, 0),
        Sale::NotEnough { left } => (1, left),
        Sale::UnknownProduct => (2, 0),
    }
}

fn sale((kind, left): (u8, u64)) -> Result<Sale, DiskError> {
    match kind {
        0 => Ok(Sale::Sold),
        1 => Ok(Sale::NotEnough { left }),
        2 => Ok(Sale::UnknownProduct),
        _ => Err(DiskError::Damaged(format!("there is no outcome {kind} of a sale"))),
    }
}
