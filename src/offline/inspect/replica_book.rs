//! The book of one replica, opened for inspection.

use std::path::Path;

use toystore_actors::domain::{Entry, OrderNumber, ReplicaId, RequestId, SoldPurchase, StoreId};
use toystore_actors::net::NodeId;
use toystore_actors::order;
use toystore_actors::order::book::scan::{self, Row};
use toystore_actors::order::book::{BookSummary, read};
use toystore_actors::storage::{DiskError, OpenError};

use super::book_source::BookSource;
use super::inspected_file::{InspectedFile, Unread};
use super::report::{self, DataFile};
use super::tally::Contents;
use crate::files::label;

/// One replica's book.
pub struct ReplicaBook {
    /// Whose it is.
    pub id: ReplicaId,
    /// Its data file.
    pub file: InspectedFile,
    /// What the replica remembers beside its orders.
    pub summary: BookSummary,
}

impl ReplicaBook {
    /// Opens the book of a replica.
    pub fn open(directory: &Path, id: ReplicaId) -> Result<ReplicaBook, Unread> {
        let path = directory.join(label(NodeId::Order(id))).join(order::BOOK_FILE);
        let owner = order::book_owner(id);
        let file = InspectedFile::open(path, &owner, |found| found == owner)?;
        let summary = file.read(read::summary)?;
        Ok(ReplicaBook { id, file, summary })
    }

    /// The replica's name.
    pub fn name(&self) -> String {
        label(NodeId::Order(self.id))
    }

    /// Of which store it is, if it has heard of one.
    pub fn store(&self) -> Option<StoreId> {
        self.summary.view.as_ref().map(|view| view.store)
    }

    /// What is told of it.
    pub fn report(&self, in_sync: Option<bool>, contents: Contents) -> report::ReplicaReport {
        let file = DataFile::new(&self.name(), order::BOOK_FILE, &self.file);
        let Contents { orders, lost, last, digest, flaw, .. } = contents;
        let (id, store, epoch) = (self.id, self.store(), self.summary.epoch());
        report::ReplicaReport { id, file, store, epoch, in_sync, orders, lost, last, digest, flaw }
    }
}

impl BookSource for ReplicaBook {
    fn scan(&self, visit: &mut dyn FnMut(Row<'_>)) -> Result<(), DiskError> {
        self.file.try_read(|database| scan::entries(database, visit))
    }

    fn scan_index(&self, visit: &mut dyn FnMut(&str, OrderNumber)) -> Result<(), DiskError> {
        self.file.try_read(|database| scan::index(database, visit))
    }

    fn entries(&self, after: OrderNumber, limit: usize) -> Result<Vec<Entry>, DiskError> {
        self.file.try_read(|database| read::entries(database, after, limit))
    }

    fn indexed(&self, keys: &[RequestId]) -> Result<Vec<Option<OrderNumber>>, DiskError> {
        let found = self.file.try_read(|database| read::by_keys(database, keys))?;
        Ok(found.into_iter().map(|entry| entry.map(|entry| entry.number)).collect())
    }
}

/// Those unsettled purchases that are not in the book.
pub fn still_waiting(
    book: &ReplicaBook,
    unsettled: Vec<SoldPurchase>,
) -> Result<Vec<SoldPurchase>, OpenError> {
    let keys: Vec<_> = unsettled.iter().map(|sold| sold.purchase.key.clone()).collect();
    let ordered = book.indexed(&keys).map_err(|error| book.file.complaint(error))?;
    let waits = |(sold, number): (SoldPurchase, Option<_>)| number.is_none().then_some(sold);
    Ok(unsettled.into_iter().zip(ordered).filter_map(waits).collect())
}
