//! A catalog's file that has sold from the start: what the orders of a backup took.

use std::collections::BTreeMap;
use std::rc::Rc;

use redb::Database;

use super::changes::GroupChanges;
use super::convert::convert;
use super::fence::Fence;
use super::item::Item;
use super::ledger::{commit, import};
use super::memory::Memory;
use super::recount::Recount;
use super::start::{FILE, OWNER};

use crate::domain::{OrderNumber, ProductName, ProductSeed, Term, View};
use crate::messages::catalog::{Rebuilt, Stocked};
use crate::storage::{DataFile, DiskError, OpenError, Storage};

/// Nobody was refused in a new store.
const NO_REFUSALS: usize = 0;

/// What a catalog of a new store begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The products as another catalog kept them. What was sold of each is not taken from here: it may have sold more
    /// since the book was copied.
    pub products: Vec<Stocked>,
    /// Pieces that the book has of each product.
    pub sold: BTreeMap<ProductName, u64>,
    /// The number of the last order. All of them are settled.
    pub orders: OrderNumber,
}

/// Makes the catalog's file of a new store, whose first view this is. It sells to the leaders of that store alone.
///
/// # Errors
/// When it cannot be made.
pub fn restore(storage: Rc<dyn Storage>, view: &View, restored: Restored) -> Result<Rebuilt, OpenError> {
    let file = DataFile::open(storage, FILE, OWNER, convert)?;
    file.load(|database| fill(database, view, restored))
}

fn fill(database: &Database, view: &View, restored: Restored) -> Result<Rebuilt, DiskError> {
    let Restored { products, sold, orders } = restored;
    let seeds: Vec<_> = products.iter().map(seed).collect();
    import(database, &seeds, None, NO_REFUSALS)?;
    let mut recount = Recount::new(sold);
    let items = products.into_iter().map(|product| recount.count(Item::unsold(product)));
    let items = items.enumerate().collect();
    let changes = GroupChanges {
        items,
        first: orders + 1,
        settled: orders,
        rebuilt: true,
        fence: Some(Fence { term: Term::begun_in(view.epoch), ..Fence::default() }),
        memory: Some(Memory { store: Some((view.store, view.by)) }),
        ..GroupChanges::default()
    };
    commit(database, &changes, NO_REFUSALS)?;
    Ok(recount.finish(orders))
}

fn seed(product: &Stocked) -> ProductSeed {
    ProductSeed { name: product.name.clone(), price_cents: product.price_cents, quantity: product.initial }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::super::ledger::{audit, load};
    use super::*;
    use crate::domain::{Epoch, ReplicaId, Run, StoreId};

    fn name(text: &str) -> ProductName {
        ProductName::new(text).unwrap()
    }

    fn stocked(text: &str, initial: u64, restocked: u64, sold: u64) -> Stocked {
        Stocked { name: name(text), price_cents: 5, initial, restocked, sold }
    }

    #[test]
    fn what_was_sold_is_what_the_book_has() {
        let by = Run::new(2);
        let (line, in_sync) = ([by].into_iter().collect(), Default::default());
        let view = View {
            store: StoreId::new(1),
            by,
            line,
            epoch: Epoch::new(1),
            leader: ReplicaId::new(3),
            in_sync,
        };
        let restored = Restored {
            products: vec![stocked("Tux", 100, 50, 149), stocked("Fox", 10, 0, 0), stocked("Gnu", 1, 0, 0)],
            sold: [(name("Tux"), 120), (name("Fox"), 13), (name("Yak"), 1)].into_iter().collect(),
            orders: OrderNumber::new(9),
        };
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let told = fill(&database, &view, restored).unwrap();
        assert_eq!(
            told,
            Rebuilt {
                orders: OrderNumber::new(9),
                restocked: vec![(name("Fox"), 3)],
                unknown: vec![name("Yak")]
            }
        );
        let audit = audit(&database).unwrap();
        let counts: Vec<_> = audit
            .items
            .iter()
            .map(|item| (item.name.as_str(), item.restocked, item.sold, item.quantity))
            .collect();
        assert_eq!(counts, [("Tux", 50, 120, 30), ("Fox", 3, 13, 0), ("Gnu", 0, 0, 1)]);
        assert_eq!(
            (audit.store, audit.settled, audit.term),
            (Some(view.store), OrderNumber::new(9), Term::new(1))
        );
        // And a start finds it sound.
        let (state, _) = load(&database, NO_REFUSALS).unwrap().unwrap();
        assert_eq!(state.memory().store, Some((view.store, by)));
    }
}
