//! A new book that has orders from the start: those of a backup.

use std::rc::Rc;

use redb::Database;

use super::convert::convert;
use super::tables::VIEW;
use super::write::OpenBook;
use crate::domain::{Entry, Line, ReplicaId, View};
use crate::net::encode;
use crate::order::config::{BOOK_FILE, book_owner};
use crate::storage::{DataFile, DiskError, OpenError, Storage};

/// Makes the book of a replica of a new store, whose first `view` names its run. All entries are of that view's epoch,
/// numbered 1, 2, 3, …, and no two have one request id; whatever of that is not so is an error.
///
/// All of it is one transaction: a book that is there is whole. However long it is, it does not pass through memory
/// at once.
///
/// # Errors
/// When the file cannot be made, or the entries do not make a book; inside, what `entries` fails with.
pub fn restore<E>(
    storage: Rc<dyn Storage>,
    me: ReplicaId,
    view: &View,
    entries: impl IntoIterator<Item = Result<Entry, E>>,
) -> Result<Result<(), E>, OpenError> {
    let file = DataFile::open(storage, BOOK_FILE, &book_owner(me), convert)?;
    file.load(|database| fill(database, me, view, entries))
}

fn fill<E>(
    database: &Database,
    me: ReplicaId,
    view: &View,
    entries: impl IntoIterator<Item = Result<Entry, E>>,
) -> Result<Result<(), E>, DiskError> {
    let transaction = database.begin_write()?;
    let mut book = OpenBook::new(&transaction)?;
    for entry in entries {
        match entry {
            Ok(entry) => book.push(&Entry { epoch: view.epoch, ..entry })?,
            Err(why) => return Ok(Err(why)),
        }
    }
    book.save_view(view, &mut true)?;
    drop(book);
    let line: Line = view.in_sync.run(me).into_iter().collect();
    transaction.open_table(VIEW)?.insert("line", &*encode(&line))?;
    transaction.commit()?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::domain::{
        Epoch, OrderNumber, Position, ProductName, Purchase, Quantity, RequestId, Run, StoreId,
    };
    use crate::order::book::{begin_run, read};

    fn entry(number: u64, epoch: u64, key: &str) -> Result<Entry, &'static str> {
        let name = ProductName::new("Tux").unwrap();
        let (key, quantity) = (RequestId::new(key).unwrap(), Quantity::new(2).unwrap());
        let purchase = Some(Purchase { key, name, quantity });
        Ok(Entry { number: OrderNumber::new(number), epoch: Epoch::new(epoch), purchase, receipt: None })
    }

    fn view() -> View {
        let in_sync = [(1, Run::new(10)), (2, Run::new(20))];
        let in_sync = in_sync.map(|(id, run)| (ReplicaId::new(id), run)).into_iter().collect();
        let by = Run::new(1);
        View {
            store: StoreId::new(7),
            by,
            line: [by].into_iter().collect(),
            epoch: Epoch::new(1),
            leader: ReplicaId::new(2),
            in_sync,
        }
    }

    fn filled(
        entries: Vec<Result<Entry, &'static str>>,
    ) -> (Database, Result<Result<(), &'static str>, DiskError>) {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let outcome = fill(&database, ReplicaId::new(2), &view(), entries);
        (database, outcome)
    }

    #[test]
    fn a_restored_book_is_of_the_first_epoch_and_stands_for_the_member_of_its_view() {
        let (database, outcome) = filled(vec![entry(1, 3, "a"), entry(2, 8, "b")]);
        outcome.unwrap().unwrap();
        let summary = begin_run(&database, ReplicaId::new(2), Run::new(21)).unwrap();
        assert_eq!(
            (summary.last, &summary.view),
            (Position { number: OrderNumber::new(2), epoch: Epoch::new(1) }, &Some(view()))
        );
        assert!(view().in_sync.is_stood_for(ReplicaId::new(2), &summary.line), "{:?}", summary.line);
        let keys = ["b", "a", "c"].map(|key| RequestId::new(key).unwrap());
        let numbers = read::by_keys(&database, &keys).unwrap();
        let numbers: Vec<_> =
            numbers.into_iter().map(|entry| entry.map(|entry| entry.number.get())).collect();
        assert_eq!(numbers, [Some(2), Some(1), None]);
    }

    #[test]
    fn what_makes_no_book_leaves_none() {
        for (case, entries) in [
            ("a gap", vec![entry(1, 1, "a"), entry(3, 1, "b")]),
            ("a repeated number", vec![entry(1, 1, "a"), entry(1, 1, "b")]),
            ("a repeated request id", vec![entry(1, 1, "a"), entry(2, 1, "a")]),
            ("a source that fails", vec![entry(1, 1, "a"), Err("it ends")]),
        ] {
            let (database, outcome) = filled(entries);
            assert!(!matches!(outcome, Ok(Ok(()))), "{case}");
            assert_eq!(read::summary(&database).unwrap(), Default::default(), "{case}");
        }
    }
}
