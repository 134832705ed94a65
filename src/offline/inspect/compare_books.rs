//! What is told of the books: whether they agree, what becomes of those that do not, and of which store they are.

use std::collections::BTreeMap;

use toystore_actors::catalog::stock::Audit;
use toystore_actors::domain::StoreId;
use toystore_actors::net::NodeId;

use super::books::Comparison;
use super::data_directory::FRONT_END;
use super::inspection::Inspection;
use super::outlook;
use super::replica_book::ReplicaBook;
use super::report::{About, BooksReport, ComparedEntry};
use crate::files::label;

impl Inspection {
    /// Says whether the books agree.
    pub fn report_books(&mut self, comparison: &Comparison) {
        for (replica, contents) in self.replicas.iter().zip(&comparison.contents) {
            self.report.replicas.push(replica.report(self.in_sync(replica), contents.clone()));
        }
        let names = self.names();
        for (name, contents) in names.iter().zip(&comparison.contents) {
            if let Some(flaw) = &contents.flaw {
                self.report.contradict(About::Books, format!("The book of {name} is broken: {flaw}."));
            }
        }
        let Comparison { difference, conflict, .. } = comparison;
        match (difference, conflict) {
            (None, _) => self.report.say(
                About::Books,
                match names.len() {
                    0 => "No book could be read.".to_owned(),
                    1 => "There is no other book to compare it with.".to_owned(),
                    books => format!("The {books} books agree."),
                },
            ),
            (Some(first), conflict) => {
                let text = format!("The books do not agree: they first differ at order {}:", first.number);
                self.report.find(About::Books, true, text, first.lines(&names));
                match conflict {
                    None => self.report.say(About::Books, "None contradicts another, some are shorter."),
                    Some(conflict) if conflict.number != first.number => {
                        let text = format!("Two contradict each other at order {}:", conflict.number);
                        self.report.find(About::Books, false, text, conflict.lines(&names));
                    }
                    Some(_) => {}
                }
            }
        }
        if !self.replicas.is_empty() {
            let ids: Vec<_> = self.replicas.iter().map(|replica| replica.id).collect();
            let place = |found: &Option<_>| found.as_ref().map(|found| ComparedEntry::new(&ids, found));
            let (first_difference, first_conflict) = (place(difference), place(conflict));
            self.report.books =
                Some(BooksReport { agree: difference.is_none(), first_difference, first_conflict });
        }
    }

    /// Says of each book that is not like the others what will become of it.
    pub fn foresee(&mut self, comparison: &Comparison, audit: Option<&Audit>) {
        let names = self.names();
        let mut lines = Vec::new();
        if let Some(conflict) = &comparison.conflict {
            let in_sync: Vec<_> = self.replicas.iter().map(|replica| self.in_sync(replica)).collect();
            let commands: Vec<_> =
                self.replicas.iter().map(|replica| self.store.recover_replica(replica.id)).collect();
            lines = outlook::conflict(&names, conflict, &in_sync, &commands);
        } else if let Some(furthest) = comparison.furthest() {
            let last = comparison.contents[furthest].last.number;
            for (book, contents) in comparison.contents.iter().enumerate() {
                let ends = contents.last.number;
                if ends < last {
                    let settled = audit.map(|audit| audit.settled > ends);
                    let (name, in_sync) = (&names[book], self.in_sync(&self.replicas[book]));
                    let shorter = outlook::Shorter { name, lacks: ends + 1..=last, in_sync, settled };
                    lines.push(shorter.to_string());
                }
            }
        }
        lines.into_iter().for_each(|line| self.report.say(About::Books, line));
    }

    /// Who is of another store than the front-end is refused by it, and refuses it.
    pub fn report_stores(&mut self) {
        let mut stores: BTreeMap<StoreId, Vec<String>> = BTreeMap::new();
        let front_end = self.report.front_end.as_ref().and_then(|front_end| front_end.store);
        let catalog = self.report.catalog.as_ref().and_then(|catalog| catalog.store);
        let of_replicas = self.replicas.iter().map(|replica| (replica.store(), replica.name()));
        let others = [(front_end, label(FRONT_END)), (catalog, label(NodeId::Catalog))];
        for (store, name) in others.into_iter().chain(of_replicas) {
            if let Some(store) = store {
                stores.entry(store).or_default().push(name);
            }
        }
        if stores.len() > 1 {
            let files = stores.iter().map(|(store, names)| format!("{}: {store}", names.join(", ")));
            let text = "The files are not of one store, and services of different stores refuse each other. Put each \
                        service's own file there:";
            self.report.find(About::Stores, true, text, files.collect());
        }
        self.report.stores = stores.into_keys().collect();
    }

    /// Says whether the front-end's file is the newest that there was.
    pub fn report_view(&mut self) {
        let Some(view) = &self.view else { return };
        for ReplicaBook { id, summary, .. } in &self.replicas {
            let epoch = summary.epoch();
            if epoch > view.epoch {
                self.report.contradict(
                    About::View,
                    format!(
                        "order-{id} has seen epoch {epoch}, which the front-end never saved: its file is an old copy. At \
                         its next start it asks every replica for the newest view."
                    ),
                );
            }
        }
    }
}
