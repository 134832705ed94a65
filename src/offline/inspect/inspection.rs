//! What is read of a store while it is inspected.

use std::collections::BTreeSet;
use std::path::Path;

use toystore_actors::domain::{ReplicaId, View};
use toystore_actors::net::NodeId;

use super::books::{self, Comparison};
use super::inspected_file::Unread;
use super::outlook;
use super::replica_book::ReplicaBook;
use super::report::InspectionReport;
use crate::advice::NamedStore;
use crate::console::progress::Progress;

/// What was read of a store, and what was found.
pub struct Inspection {
    /// How the store is named in the commands that are given as advice.
    pub store: NamedStore,
    /// The books that could be read so far.
    pub replicas: Vec<ReplicaBook>,
    /// Whether the book of every replica could be read so far.
    pub all_books: bool,
    /// The front-end's, if it could be read.
    pub view: Option<View>,
    /// What is told of all that.
    pub report: InspectionReport,
}

impl Inspection {
    /// Nothing is read yet.
    pub fn new(store: NamedStore, report: InspectionReport) -> Inspection {
        Inspection { store, replicas: Vec::new(), all_books: true, view: None, report }
    }

    /// Opens the books of these replicas, as many as can be.
    pub fn open_replicas(&mut self, directory: &Path, ids: BTreeSet<ReplicaId>) {
        let mut unread = Vec::new();
        for id in ids {
            match ReplicaBook::open(directory, id) {
                Ok(replica) => self.replicas.push(replica),
                Err(why) => unread.push((id, why)),
            }
        }
        self.all_books = unread.is_empty();
        let others = !self.replicas.is_empty();
        for (id, why) in unread {
            self.unread(NodeId::Order(id), why, others);
        }
    }

    /// Keeps what could be read; notes why it could not, and what will come of that.
    pub fn readable<T>(&mut self, id: NodeId, read: Result<T, Unread>) -> Option<T> {
        let others = self.replicas.len() > 1;
        read.map_err(|why| self.unread(id, why, others)).ok()
    }

    fn unread(&mut self, id: NodeId, why: Unread, others: bool) {
        let why = outlook::unread(id, why, others, &self.store);
        self.report.unreadable(Some(id), why);
    }

    /// Reads all books. One that turns out to be damaged is left out, and the others are read again.
    pub fn compare(&mut self) -> Comparison {
        loop {
            let entries = self.replicas.iter().map(|replica| replica.summary.last.number);
            let progress =
                Progress::start("entries", entries.fold(0, |all: u64, last| all.saturating_add(last.get())));
            let compared = books::compare(&self.replicas, |entries| progress.advance(entries, String::new));
            progress.finish();
            match compared {
                Ok(comparison) => return comparison,
                Err((book, error)) => {
                    let others = self.replicas.len() > 1;
                    let ReplicaBook { id, file, .. } = self.replicas.remove(book);
                    self.all_books = false;
                    self.unread(NodeId::Order(id), Unread::Unusable(file.complaint(error)), others);
                }
            }
        }
    }

    /// The names of the replicas whose books could be read.
    pub fn names(&self) -> Vec<String> {
        self.replicas.iter().map(ReplicaBook::name).collect()
    }

    /// Whether a replica is in sync with this file, where the view is known.
    pub fn in_sync(&self, replica: &ReplicaBook) -> Option<bool> {
        let members = &self.view.as_ref()?.in_sync;
        Some(members.is_stood_for(replica.id, &replica.summary.line))
    }
}
