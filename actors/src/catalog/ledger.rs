//! The catalog's tables on disk.
//!
//! - `products`: a product's place in the catalog → name, price in cents, initial, restocked, sold, in stock.
//!   This table exists exactly if the import was committed.
//! - `purchases`: the number of a purchase that is not settled → request id, product name, pieces, receipt.
//! - `refused`: the number of a refusal → request id, pieces left; the newest of them.
//! - `fence`: one line: the newest term, its newest batch, the number up to which purchases are settled, and what
//!   that batch was answered, each sale as a kind (0 sold, 1 not enough, 2 no such product), the number of the
//!   purchase or of the pieces left, and the receipt.
//! - `import`: one line, if it is known: the digest of the file that was imported last.
//! - `memory`: one line: the store, and the front-end's run that registered last. A new file has none.

use std::collections::BTreeSet;

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table,
    TableDefinition, TableError,
};

use super::changes::GroupChanges;
use super::fence::Fence;
use super::item::Item;
use super::memory::Memory;
use super::purchases::Purchases;
use super::state::CatalogState;
use crate::bugs::refusals as bent;
use crate::domain::{
    Digest, Epoch, Invalid, OrderNumber, ProductName, ProductSeed, Purchase, Quantity, RequestId, Run,
    SoldPurchase, StoreId, Term,
};
use crate::messages::catalog::Sale;
use crate::refusals::Refusals;
use crate::storage::{DiskError, ReceiptRow, receipt_of, receipt_row};

type ItemRow = (&'static str, u64, u64, u64, u64, u64);
pub(super) type PurchaseRow = (&'static str, &'static str, u32, ReceiptRow);
pub(super) type SaleRow = (u8, u64, ReceiptRow);
pub(super) type FenceRow = (u64, u64, u64, Vec<SaleRow>);

const PRODUCTS: TableDefinition<u64, ItemRow> = TableDefinition::new("products");
const PURCHASES: TableDefinition<u64, PurchaseRow> = TableDefinition::new("purchases");
const REFUSED: TableDefinition<u64, (&str, u64)> = TableDefinition::new("refused");
const FENCE: TableDefinition<(), FenceRow> = TableDefinition::new("fence");
const IMPORT: TableDefinition<(), [u8; 32]> = TableDefinition::new("import");
const MEMORY: TableDefinition<(), (u64, u64)> = TableDefinition::new("memory");

/// The books of a catalog, as they are on its disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// The products in the catalog's order.
    pub items: Vec<Item>,
    /// Which store it belongs to; `None` for a new file.
    pub store: Option<StoreId>,
    /// Purchases up to this number are settled.
    pub settled: OrderNumber,
    /// The purchases that follow, by their numbers.
    pub unsettled: Vec<SoldPurchase>,
    /// The newest term that has been here.
    pub term: Term,
    /// Its newest batch; 0 before its first.
    pub batch: u64,
}

/// Reads the books of a catalog, whether or not they add up. They are empty if the first start never got as
/// far as its import.
///
/// # Errors
/// When the disk failed, or holds a value that no catalog writes.
pub fn audit(database: &Database) -> Result<Audit, DiskError> {
    let Books { items, settled, unsettled, fence, memory, .. } =
        read(&database.begin_read()?)?.unwrap_or_default();
    let store = memory.store.map(|(store, _)| store);
    Ok(Audit { items, store, settled, unsettled, term: fence.term, batch: fence.batch })
}

/// What a catalog starts with, and the file that was imported last; `None` before the first import. Of the refusals it
/// remembers the newest `remembered`.
///
/// # Errors
/// When the disk failed, or its books do not add up.
pub fn load(
    database: &Database,
    remembered: usize,
) -> Result<Option<(CatalogState, Option<Digest>)>, DiskError> {
    let transaction = database.begin_read()?;
    let Some(books) = read(&transaction)? else { return Ok(None) };
    let table = existing(transaction.open_table(IMPORT))?;
    let digest = table.map(|table| table.get(())).transpose()?.flatten();
    let digest = digest.map(|digest| Digest(digest.value()));
    Ok(Some((state(books, remembered)?, digest)))
}

/// What a catalog starts with at its first start: these products. A name that is repeated counts once.
///
/// # Errors
/// When the disk failed.
pub fn import(
    database: &Database,
    seeds: &[ProductSeed],
    digest: Option<Digest>,
    remembered: usize,
) -> Result<CatalogState, DiskError> {
    state(Books { items: save_all(database, seeds, digest)?, ..Books::default() }, remembered)
}

fn state(books: Books, remembered: usize) -> Result<CatalogState, DiskError> {
    if let Some(item) = books.items.iter().find(|item| !item.adds_up()) {
        return Err(DiskError::Damaged(format!("the stock of {} does not add up", item.name)));
    }
    let Books { items, settled, unsettled, fence, refused, memory } = books;
    let mut refusals = Refusals::new(remembered);
    for (key, left) in refused {
        refusals.keep(key, left);
    }
    Ok(CatalogState::new(items, Purchases::new(settled, unsettled), fence, refusals, memory))
}

/// Saves what a group changed, in one transaction; of all refusals, the newest `remembered`.
///
/// # Errors
/// When the disk failed; nothing is known then about what it holds.
pub fn commit(database: &Database, changes: &GroupChanges, remembered: usize) -> Result<(), DiskError> {
    let transaction = database.begin_write()?;
    // A table that is opened costs something at the commit, changed or not; a batch that is refused changes neither.
    if !changes.items.is_empty() {
        let mut table = transaction.open_table(PRODUCTS)?;
        for (place, item) in &changes.items {
            insert_item(&mut table, *place, item)?;
        }
    }
    let settles = changes.fence.is_some();
    if !changes.bought.is_empty() || settles {
        let mut table = transaction.open_table(PURCHASES)?;
        for (number, SoldPurchase { purchase, receipt }) in changes.first.onward().zip(&changes.bought) {
            let Purchase { key, name, quantity } = purchase;
            let row = (key.as_str(), name.as_str(), quantity.get(), receipt_row(*receipt));
            table.insert(number.get(), row)?;
        }
        let last = if changes.rebuilt { changes.first.before() } else { changes.settled };
        let is_settled = |number: u64| settles && number <= last.get();
        while table.first()?.is_some_and(|(number, _)| is_settled(number.value())) {
            table.pop_first()?;
        }
    }
    if !changes.refused.is_empty() {
        let mut table = transaction.open_table(REFUSED)?;
        let next = table.last()?.map_or(0, |(number, _)| number.value() + 1);
        for (number, (key, left)) in (next..).zip(&changes.refused) {
            table.insert(number, (key.as_str(), *left))?;
        }
        while table.len()? > remembered as u64 {
            if bent::forgets_oldest() {
                table.pop_first()?
            } else {
                table.pop_last()?
            };
        }
    }
    if let Some(fence) = &changes.fence {
        let answer: Vec<SaleRow> = fence.answer.iter().map(|sale| sale_row(*sale)).collect();
        transaction
            .open_table(FENCE)?
            .insert((), (fence.term.first_epoch().get(), fence.batch, changes.settled.get(), answer))?;
    }
    if let Some(Memory { store: Some((store, run)) }) = &changes.memory {
        transaction.open_table(MEMORY)?.insert((), (store.get(), run.get()))?;
    }
    if let Some(Digest(digest)) = changes.imported {
        transaction.open_table(IMPORT)?.insert((), digest)?;
    }
    transaction.commit()?;
    Ok(())
}

fn save_all(
    database: &Database,
    seeds: &[ProductSeed],
    digest: Option<Digest>,
) -> Result<Vec<Item>, DiskError> {
    let mut items: Vec<Item> = Vec::with_capacity(seeds.len());
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(PRODUCTS)?;
        let mut names = BTreeSet::new();
        for seed in seeds.iter().filter(|seed| names.insert(&seed.name)) {
            let item = Item::imported(seed);
            insert_item(&mut table, items.len(), &item)?;
            items.push(item);
        }
    }
    if let Some(Digest(digest)) = digest {
        transaction.open_table(IMPORT)?.insert((), digest)?;
    }
    transaction.commit()?;
    Ok(items)
}

fn insert_item(table: &mut Table<'_, u64, ItemRow>, place: usize, item: &Item) -> Result<(), DiskError> {
    let row = (item.name.as_str(), item.price_cents, item.initial, item.restocked, item.sold, item.quantity);
    table.insert(place as u64, row)?;
    Ok(())
}

/// All tables.
#[derive(Default)]
struct Books {
    items: Vec<Item>,
    settled: OrderNumber,
    unsettled: Vec<SoldPurchase>,
    fence: Fence,
    refused: Vec<(RequestId, u64)>,
    memory: Memory,
}

/// `None` if nothing was imported yet.
fn read(transaction: &ReadTransaction) -> Result<Option<Books>, DiskError> {
    let Some(products) = existing(transaction.open_table(PRODUCTS))? else {
        return Ok(None);
    };
    let mut books = Books::default();
    for row in products.iter()? {
        let (place, item) = row?;
        if place.value() != books.items.len() as u64 {
            return Err(DiskError::Damaged(format!("product {} is missing", books.items.len())));
        }
        let (name, price_cents, initial, restocked, sold, quantity) = item.value();
        let name = ProductName::new(name).map_err(damaged)?;
        books.items.push(Item { name, price_cents, initial, restocked, sold, quantity });
    }
    if let Some(table) = existing(transaction.open_table(FENCE))?
        && let Some(row) = table.get(())?
    {
        let (term, batch, settled, answer) = row.value();
        let term = Term::begun_in(Epoch::new(term));
        books.fence = Fence { term, batch, answer: answer.into_iter().map(sale).collect::<Result<_, _>>()? };
        books.settled = OrderNumber::new(settled);
    }
    read_purchases(transaction, &mut books)?;
    if let Some(table) = existing(transaction.open_table(REFUSED))? {
        for row in table.iter()? {
            let (_, refused) = row?;
            let (key, left) = refused.value();
            books.refused.push((RequestId::new(key).map_err(damaged)?, left));
        }
    }
    if let Some(table) = existing(transaction.open_table(MEMORY))?
        && let Some(row) = table.get(())?
    {
        let (store, run) = row.value();
        books.memory = Memory { store: Some((StoreId::new(store), Run::new(run))) };
    }
    Ok(Some(books))
}

fn read_purchases(transaction: &ReadTransaction, books: &mut Books) -> Result<(), DiskError> {
    let Some(table) = existing(transaction.open_table(PURCHASES))? else { return Ok(()) };
    for row in table.iter()? {
        let (number, purchase) = row?;
        let expected = books.settled + 1 + books.unsettled.len() as u64;
        if number.value() != expected.get() {
            return Err(DiskError::Damaged(format!("purchase {expected} is missing")));
        }
        let (key, name, pieces, receipt) = purchase.value();
        let purchase = Purchase {
            key: RequestId::new(key).map_err(damaged)?,
            name: ProductName::new(name).map_err(damaged)?,
            quantity: Quantity::new(u64::from(pieces)).map_err(damaged)?,
        };
        books.unsettled.push(SoldPurchase { purchase, receipt: receipt_of(receipt) });
    }
    Ok(())
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

fn sale_row(sale: Sale) -> SaleRow {
    match sale {
        Sale::Sold { number, receipt } => (0, number.get(), receipt_row(receipt)),
        Sale::NotEnough { left } => (1, left, None),
        Sale::UnknownProduct => (2, 0, None),
    }
}

fn sale((kind, number, receipt): SaleRow) -> Result<Sale, DiskError> {
    match kind {
        0 => Ok(Sale::Sold { number: OrderNumber::new(number), receipt: receipt_of(receipt) }),
        1 => Ok(Sale::NotEnough { left: number }),
        2 => Ok(Sale::UnknownProduct),
        _ => Err(DiskError::Damaged(format!("there is no outcome {kind} of a sale"))),
    }
}
