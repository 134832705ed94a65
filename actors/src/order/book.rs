//! The order book on disk: a redb file with the entries, an index of their request ids, and the newest view.
//!
//! Everything here is synchronous and runs in a storage job; [`super::writer`] puts what waits into one
//! transaction. Orders live on disk only, so a book of any length costs no memory.

mod restore;
pub mod scan;

use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition,
    TableError, WriteTransaction,
};

use serde::de::DeserializeOwned;

use crate::bugs::{Bug, planted};
use crate::domain::{
    Entry, Epoch, Line, OrderNumber, Position, ProductName, Purchase, Quantity, ReplicaId, RequestId, Run,
    View,
};
use crate::messages::order::{AppendEntries, AppendReply};
use crate::net::{decode, encode};
use crate::storage::DiskError;

pub use restore::restore;

/// Number → epoch, request id, product, quantity; of an order that is lost the epoch alone.
const ENTRIES: TableDefinition<u64, (u64, &str, &str, u32)> = TableDefinition::new("entries");
/// Request id → number.
const KEYS: TableDefinition<&str, u64> = TableDefinition::new("keys");
/// What was cut, by number and epoch: request id, product, quantity. An order that was acknowledged is among them only
/// when an operator went on without this replica; then it may be the only one to have it.
const CUT: TableDefinition<(u64, u64), (&str, &str, u32)> = TableDefinition::new("cut");
/// The newest view heard of, under the key "view"; all runs of this file, under "line".
const VIEW: TableDefinition<&str, &[u8]> = TableDefinition::new("view");

/// One change of the book. All changes of a transaction become durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Remembers a view, if it is newer than the one remembered.
    SaveView(View),
    /// A leader's own next entries.
    Append(Vec<Entry>),
    /// The operator goes on with this book: what it lacks up to this number is lost, in the epoch to come.
    Fill {
        /// The epoch of the view that will be saved.
        epoch: Epoch,
        /// The last number that was acknowledged.
        through: OrderNumber,
    },
    /// A leader's entries at a follower. `acknowledged` is what this follower knows to be acknowledged, and so
    /// must never be cut.
    Merge {
        /// The message.
        sync: AppendEntries,
        /// The replica whose book this is.
        me: ReplicaId,
        /// Its run.
        run: Run,
        /// Known to be acknowledged.
        acknowledged: OrderNumber,
    },
}

/// What became of a [`Write`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The view is remembered.
    Saved,
    /// A newer one is.
    OlderView,
    /// The entries are on disk.
    Appended,
    /// The answer to a follower's leader, and where a tail was cut (after this number, so many entries).
    Merged(AppendReply, Option<(OrderNumber, u64)>),
}

/// What is known of a book without reading it: kept in memory, returned by every transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookSummary {
    /// The newest view heard of.
    pub view: Option<View>,
    /// The last entry.
    pub last: Position,
    /// All runs of this file.
    pub line: Line,
}

impl BookSummary {
    /// The epoch of the newest view; 0 before the first.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.view.as_ref().map_or(Epoch::NONE, |view| view.epoch)
    }
}

/// Notes a start of the replica `me`: its run is in the file's line before it says anything (rule M1). Of the runs
/// before, those are kept that a view may name: from the one on that the newest view names.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn begin_run(database: &Database, me: ReplicaId, run: Run) -> Result<BookSummary, DiskError> {
    let mut summary = read::summary(database)?;
    if let Some(named) = summary.view.as_ref().and_then(|view| view.in_sync.run(me)) {
        summary.line.begin_at(named);
    }
    summary.line.add(run);
    if !planted(Bug::RunNotSaved) {
        let transaction = database.begin_write()?;
        transaction.open_table(VIEW)?.insert("line", &*encode(&summary.line))?;
        transaction.commit()?;
    }
    Ok(summary)
}

/// Applies changes in their order, in one transaction, and syncs it. Nothing is written, and no sync
/// spent, when none of them changes anything.
///
/// # Errors
/// When the disk fails or the file is damaged: nothing was applied, or it is not known what was.
pub fn apply(database: &Database, writes: &[Write]) -> Result<(Vec<Written>, BookSummary), DiskError> {
    let mut transaction = database.begin_write()?;
    let mut changed = false;
    let mut book = OpenBook::new(&transaction)?;
    let written =
        writes.iter().map(|write| book.apply(write, &mut changed)).collect::<Result<Vec<_>, _>>()?;
    let summary = book.summary.clone();
    drop(book);
    if changed {
        if planted(Bug::FsyncSkipped) {
            // It refuses only where there are savepoints.
            drop(transaction.set_durability(Durability::None));
        }
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok((written, summary))
}

struct OpenBook<'t> {
    transaction: &'t WriteTransaction,
    entries: Table<'t, u64, (u64, &'static str, &'static str, u32)>,
    keys: Table<'t, &'static str, u64>,
    views: Table<'t, &'static str, &'static [u8]>,
    summary: BookSummary,
}

impl<'t> OpenBook<'t> {
    fn new(transaction: &'t WriteTransaction) -> Result<OpenBook<'t>, DiskError> {
        let entries = transaction.open_table(ENTRIES)?;
        let keys = transaction.open_table(KEYS)?;
        let views = transaction.open_table(VIEW)?;
        let summary = BookSummary {
            view: stored(&views, "view")?,
            last: last_position(&entries)?,
            line: stored(&views, "line")?.unwrap_or_default(),
        };
        Ok(OpenBook { transaction, entries, keys, views, summary })
    }

    fn apply(&mut self, write: &Write, changed: &mut bool) -> Result<Written, DiskError> {
        match write {
            Write::SaveView(view) => self.save_view(view, changed),
            Write::Append(entries) => {
                for entry in entries {
                    self.push(entry)?;
                }
                *changed |= !entries.is_empty();
                Ok(Written::Appended)
            }
            Write::Fill { epoch, through } => {
                for number in (self.summary.last.number + 1).through(*through) {
                    self.push(&Entry { number, epoch: *epoch, purchase: None })?;
                    *changed = true;
                }
                Ok(Written::Appended)
            }
            Write::Merge { sync, me, run, acknowledged } => {
                self.merge(sync, (*me, *run), *acknowledged, changed)
            }
        }
    }

    fn save_view(&mut self, view: &View, changed: &mut bool) -> Result<Written, DiskError> {
        if !view.may_follow(self.summary.view.as_ref()) {
            return Ok(Written::OlderView);
        }
        self.views.insert("view", &*encode(view))?;
        self.summary.view = Some(view.clone());
        *changed = true;
        Ok(Written::Saved)
    }

    /// Rules B1 to B3, and M6 (docs/protocol.md): an older view is refused, a newer one saved in the transaction
    /// whose answer names it; the entry before must be held; the tail is cut at the first entry whose epoch
    /// differs and nowhere else; what is confirmed is the end of this message.
    fn merge(
        &mut self,
        sync: &AppendEntries,
        (me, run): (ReplicaId, Run),
        acknowledged: OrderNumber,
        changed: &mut bool,
    ) -> Result<Written, DiskError> {
        let followed = self.summary.view.as_ref();
        let same = followed.is_some_and(|followed| sync.view.is(followed));
        let newer = !same && sync.view.may_follow(followed);
        let old = !same && !newer && !planted(Bug::OldEpochAccepted);
        if old || sync.view.leader == me {
            return Ok(Written::Merged(AppendReply::Refused { epoch: self.summary.epoch() }, None));
        }
        if newer && !planted(Bug::EpochNotSaved) {
            self.save_view(&sync.view, changed)?;
        }
        if !self.holds(sync.after)? && !planted(Bug::EntryBeforeUnchecked) {
            let after = last_at_most(&self.entries, sync.after)?;
            return Ok(Written::Merged(AppendReply::Missing { after }, None));
        }
        let mut cut = None;
        for entry in &sync.entries {
            if entry.number <= self.summary.last.number {
                let same = self.epoch_at(entry.number)? == Some(entry.epoch);
                if same || planted(Bug::DivergentTailKept) {
                    continue;
                }
                cut = Some(self.cut(entry.number, acknowledged)?);
            }
            self.push(entry)?;
            *changed = true;
        }
        let mut number = sync.after.number + sync.entries.len() as u64;
        if number < self.summary.last.number && planted(Bug::ShorterMessageCuts) {
            cut = Some(self.cut(number + 1, acknowledged)?);
            *changed = true;
        }
        if number < self.summary.last.number && planted(Bug::OwnLengthConfirmed) {
            number = self.summary.last.number;
        }
        Ok(Written::Merged(AppendReply::Confirmed { run, epoch: sync.view.epoch, number }, cut))
    }

    fn push(&mut self, entry: &Entry) -> Result<(), DiskError> {
        let next = entry.number == self.summary.last.number + 1 || planted(Bug::NumberReused);
        if !next || entry.epoch < self.summary.last.epoch {
            return Err(DiskError::Damaged(format!(
                "order {} of epoch {} cannot follow order {} of epoch {}",
                entry.number, entry.epoch, self.summary.last.number, self.summary.last.epoch
            )));
        }
        match &entry.purchase {
            Some(purchase) => self.push_purchase(entry, purchase)?,
            None => drop(self.entries.insert(entry.number.get(), (entry.epoch.get(), "", "", 0))?),
        }
        self.summary.last = Position { number: entry.number, epoch: entry.epoch };
        Ok(())
    }

    fn push_purchase(&mut self, entry: &Entry, purchase: &Purchase) -> Result<(), DiskError> {
        let Purchase { key, name, quantity } = purchase;
        let row = (entry.epoch.get(), key.as_str(), name.as_str(), quantity.get());
        self.entries.insert(entry.number.get(), row)?;
        let before = self.keys.insert(key.as_str(), entry.number.get())?.map(|number| number.value());
        match before {
            Some(before) if !planted(Bug::NoDeduplication) => {
                Err(DiskError::Damaged(format!("orders {before} and {} have one request id", entry.number)))
            }
            _ => Ok(()),
        }
    }

    fn cut(
        &mut self,
        first: OrderNumber,
        acknowledged: OrderNumber,
    ) -> Result<(OrderNumber, u64), DiskError> {
        let last = self.summary.last.number;
        if first <= acknowledged {
            return Err(DiskError::Damaged(format!(
                "the leader holds another order {first} than this replica, which knows orders up to {acknowledged} to be acknowledged"
            )));
        }
        let mut kept = self.transaction.open_table(CUT)?;
        for number in first.through(last) {
            let Some(entry) = self.entries.remove(number.get())? else { continue };
            let (epoch, key, name, quantity) = entry.value();
            kept.insert((number.get(), epoch), (key, name, quantity))?;
            self.keys.remove(key)?;
        }
        drop(kept);
        self.summary.last = last_position(&self.entries)?;
        Ok((first.before(), last.since(first.before())))
    }

    fn epoch_at(&self, number: OrderNumber) -> Result<Option<Epoch>, DiskError> {
        epoch_at(&self.entries, number)
    }

    fn holds(&self, position: Position) -> Result<bool, DiskError> {
        Ok(self.epoch_at(position.number)? == Some(position.epoch))
    }
}

/// The last entry that comes after `bound` neither in number nor in epoch: two books of which one ends with
/// `bound` can agree no further than there. (Numbers and epochs never decrease along a book, so a binary
/// search finds it.) When both sides step back by this rule in turn, each step leaves at least one epoch
/// behind, so they meet after as many steps as there were leaders, however long the books are.
fn last_at_most(
    entries: &impl ReadableTable<u64, (u64, &'static str, &'static str, u32)>,
    bound: Position,
) -> Result<Position, DiskError> {
    let mut found = Position::default();
    let mut beyond = bound.number.min(last_position(entries)?.number) + 1;
    while beyond.since(found.number) > 1 {
        let middle = found.number + beyond.since(found.number) / 2;
        match epoch_at(entries, middle)? {
            Some(epoch) if epoch <= bound.epoch => found = Position { number: middle, epoch },
            _ => beyond = middle,
        }
    }
    Ok(found)
}

fn epoch_at(
    entries: &impl ReadableTable<u64, (u64, &'static str, &'static str, u32)>,
    number: OrderNumber,
) -> Result<Option<Epoch>, DiskError> {
    if number == OrderNumber::NONE {
        return Ok(Some(Epoch::NONE));
    }
    Ok(entries.get(number.get())?.map(|entry| Epoch::new(entry.value().0)))
}

fn last_position(
    entries: &impl ReadableTable<u64, (u64, &'static str, &'static str, u32)>,
) -> Result<Position, DiskError> {
    let last = entries.last()?;
    Ok(last.map_or(Position::default(), |(number, entry)| Position {
        number: OrderNumber::new(number.value()),
        epoch: Epoch::new(entry.value().0),
    }))
}

fn stored<T: DeserializeOwned>(
    views: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<T>, DiskError> {
    let Some(bytes) = views.get(key)? else { return Ok(None) };
    decode(bytes.value()).map(Some).map_err(|error| DiskError::Damaged(format!("the saved {key}: {error}")))
}

fn entry_from(number: u64, (epoch, key, name, quantity): (u64, &str, &str, u32)) -> Result<Entry, DiskError> {
    let (number, epoch) = (OrderNumber::new(number), Epoch::new(epoch));
    if (key, name, quantity) == ("", "", 0) {
        return Ok(Entry { number, epoch, purchase: None });
    }
    let purchase = purchase_from(number, (key, name, quantity))?;
    Ok(Entry { number, epoch, purchase: Some(purchase) })
}

fn purchase_from(
    number: OrderNumber,
    (key, name, quantity): (&str, &str, u32),
) -> Result<Purchase, DiskError> {
    let invalid = |why: crate::domain::Invalid| DiskError::Damaged(format!("order {number}: {why}"));
    Ok(Purchase {
        key: RequestId::new(key).map_err(invalid)?,
        name: ProductName::new(name).map_err(invalid)?,
        quantity: Quantity::new(u64::from(quantity)).map_err(invalid)?,
    })
}

/// Reading a book: for the replica itself, for `toystore inspect` and for the simulator's checks.
pub mod read {
    use super::{
        BookSummary, CUT, Database, DiskError, ENTRIES, Entry, KEYS, OrderNumber, Position, ReadTransaction,
        ReadableDatabase, ReadableTable, RequestId, TableError, VIEW, entry_from, epoch_at, last_position,
        stored,
    };

    /// A book that was never written to has no tables yet, which reads as empty.
    pub(super) fn or_empty<T>(table: Result<T, TableError>) -> Result<Option<T>, DiskError> {
        match table {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The newest view, the last entry and the runs.
    ///
    /// # Errors
    /// When the disk fails or the file is damaged.
    pub fn summary(database: &Database) -> Result<BookSummary, DiskError> {
        summary_of(&database.begin_read()?)
    }

    /// As [`summary`], of a transaction already begun.
    ///
    /// # Errors
    /// As [`summary`].
    pub fn summary_of(transaction: &ReadTransaction) -> Result<BookSummary, DiskError> {
        let (view, line) = match or_empty(transaction.open_table(VIEW))? {
            Some(views) => (stored(&views, "view")?, stored(&views, "line")?.unwrap_or_default()),
            None => Default::default(),
        };
        let last = match or_empty(transaction.open_table(ENTRIES))? {
            Some(entries) => last_position(&entries)?,
            None => Position::default(),
        };
        Ok(BookSummary { view, last, line })
    }

    /// At most `limit` entries after the number `after`, in their order.
    ///
    /// # Errors
    /// When the disk fails or the file is damaged.
    pub fn entries(database: &Database, after: OrderNumber, limit: usize) -> Result<Vec<Entry>, DiskError> {
        match or_empty(database.begin_read()?.open_table(ENTRIES))? {
            Some(table) => entries_of(&table, after, limit),
            None => Ok(Vec::new()),
        }
    }

    fn entries_of(
        table: &impl ReadableTable<u64, (u64, &'static str, &'static str, u32)>,
        after: OrderNumber,
        limit: usize,
    ) -> Result<Vec<Entry>, DiskError> {
        let mut found = Vec::new();
        for item in table.range(after.get().saturating_add(1)..)?.take(limit) {
            let (number, entry) = item?;
            found.push(entry_from(number.value(), entry.value())?);
        }
        Ok(found)
    }

    /// What was cut from this book, by number and epoch: orders that no leader had acknowledged, or, where an operator
    /// went on without this replica, perhaps the only copies of some that one had.
    ///
    /// # Errors
    /// When the disk fails or the file is damaged.
    pub fn cut(database: &Database) -> Result<Vec<Entry>, DiskError> {
        let Some(table) = or_empty(database.begin_read()?.open_table(CUT))? else { return Ok(Vec::new()) };
        let mut cut = Vec::new();
        for item in table.iter()? {
            let (place, purchase) = item?;
            let ((number, epoch), (key, name, quantity)) = (place.value(), purchase.value());
            cut.push(entry_from(number, (epoch, key, name, quantity))?);
        }
        Ok(cut)
    }

    /// The entries of these request ids, in the order asked; `None` where there is none.
    ///
    /// # Errors
    /// When the disk fails or the file is damaged.
    pub fn by_keys(database: &Database, keys: &[RequestId]) -> Result<Vec<Option<Entry>>, DiskError> {
        let transaction = database.begin_read()?;
        let (Some(index), Some(table)) =
            (or_empty(transaction.open_table(KEYS))?, or_empty(transaction.open_table(ENTRIES))?)
        else {
            return Ok(vec![None; keys.len()]);
        };
        keys.iter()
            .map(|key| {
                let Some(number) = index.get(key.as_str())?.map(|number| number.value()) else {
                    return Ok(None);
                };
                let entry = table.get(number)?;
                entry.map(|entry| entry_from(number, entry.value())).transpose()
            })
            .collect()
    }

    /// At most `limit` entries after `after`; or, when the entry there is not held, the last one that the
    /// books may agree on.
    ///
    /// # Errors
    /// When the disk fails or the file is damaged.
    pub fn entries_from(
        database: &Database,
        after: Position,
        limit: usize,
    ) -> Result<Result<Vec<Entry>, Position>, DiskError> {
        let Some(table) = or_empty(database.begin_read()?.open_table(ENTRIES))? else {
            return Ok(if after == Position::default() { Ok(Vec::new()) } else { Err(Position::default()) });
        };
        if epoch_at(&table, after.number)? == Some(after.epoch) {
            entries_of(&table, after.number, limit).map(Ok)
        } else {
            super::last_at_most(&table, after).map(Err)
        }
    }

    /// At most `limit` entries after the number `after`, with the position of the one before them; `None` when
    /// the book ends before `after`.
    ///
    /// # Errors
    /// When the disk fails or the file is damaged.
    pub fn following(
        database: &Database,
        after: OrderNumber,
        limit: usize,
    ) -> Result<Option<(Position, Vec<Entry>)>, DiskError> {
        let table = or_empty(database.begin_read()?.open_table(ENTRIES))?;
        let Some(table) = table else { return Ok((after == OrderNumber::NONE).then(Default::default)) };
        let Some(epoch) = epoch_at(&table, after)? else { return Ok(None) };
        Ok(Some((Position { number: after, epoch }, entries_of(&table, after, limit)?)))
    }

    /// The last entry that comes after `bound` neither in number nor in epoch.
    ///
    /// # Errors
    /// When the disk fails or the file is damaged.
    pub fn last_at_most(database: &Database, bound: Position) -> Result<Position, DiskError> {
        match or_empty(database.begin_read()?.open_table(ENTRIES))? {
            Some(table) => super::last_at_most(&table, bound),
            None => Ok(Position::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::StoreId;
    use redb::backends::InMemoryBackend;

    fn entry(number: OrderNumber, epoch: Epoch) -> Entry {
        Entry {
            number,
            epoch,
            purchase: Some(Purchase {
                key: RequestId::new(format!("{number}@{epoch}")).unwrap(),
                name: ProductName::new("Tux").unwrap(),
                quantity: Quantity::new(number).unwrap(),
            }),
        }
    }

    fn entries(epochs: &[Epoch]) -> Vec<Entry> {
        (1..).zip(epochs).map(|(number, epoch)| entry(number, *epoch)).collect()
    }

    /// A book whose entries have these epochs, at a replica that has heard of `epoch`.
    fn book(epoch: Epoch, epochs: &[Epoch]) -> Database {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        apply(&database, &[Write::SaveView(view(epoch, 3)), Write::Append(entries(epochs))]).unwrap();
        database
    }

    const RUN: Run = Run::new(20);

    fn view(epoch: Epoch, leader: ReplicaId) -> View {
        let in_sync = [(1, Run::new(10)), (2, RUN), (3, Run::new(30))].into_iter().collect();
        let by = Run::new(1);
        View { store: StoreId::new(1), by, line: [by].into_iter().collect(), epoch, leader, in_sync }
    }

    fn epochs(database: &Database) -> Vec<Epoch> {
        read::entries(database, 0, 100).unwrap().iter().map(|entry| entry.epoch).collect()
    }

    fn sync(epoch: Epoch, leader: ReplicaId, leader_book: &[Epoch], after: usize) -> AppendEntries {
        let position = |number: usize| match number {
            0 => Position::default(),
            number => Position { number: number as u64, epoch: leader_book[number - 1] },
        };
        AppendEntries {
            view: view(epoch, leader),
            after: position(after),
            entries: entries(leader_book).split_off(after),
            acknowledged: 0,
        }
    }

    #[test]
    fn a_follower_confirms_cuts_or_refuses() {
        let confirmed = |epoch, number| AppendReply::Confirmed { run: RUN, epoch, number };
        let missing = |number, epoch| AppendReply::Missing { after: Position { number, epoch } };
        for (name, own, message, answer, afterwards) in [
            ("appends", vec![1, 1], sync(2, 3, &[1, 1, 2], 2), confirmed(2, 3), vec![1, 1, 2]),
            (
                "an empty message confirms its place",
                vec![1, 1],
                sync(2, 3, &[1, 1], 2),
                confirmed(2, 2),
                vec![1, 1],
            ),
            (
                "a shorter message cuts nothing, and confirms its own end",
                vec![1, 1, 1],
                sync(2, 3, &[1, 1], 0),
                confirmed(2, 2),
                vec![1, 1, 1],
            ),
            (
                "a repeated message changes nothing",
                vec![1, 1],
                sync(2, 3, &[1, 1], 0),
                confirmed(2, 2),
                vec![1, 1],
            ),
            (
                "the tail is cut where the epoch differs",
                vec![1, 1, 1, 1],
                sync(2, 3, &[1, 1, 2], 1),
                confirmed(2, 3),
                vec![1, 1, 2],
            ),
            ("a gap is refused", vec![1], sync(2, 3, &[1, 1, 2], 2), missing(1, 1), vec![1]),
            (
                "so is a message that follows another entry",
                vec![1, 1, 1],
                sync(2, 3, &[1, 2, 2, 2], 3),
                missing(3, 1),
                vec![1, 1, 1],
            ),
            (
                "the place before the first entry is everyone's",
                vec![1],
                sync(2, 3, &[2], 0),
                confirmed(2, 1),
                vec![2],
            ),
            (
                "an older epoch is refused",
                vec![1],
                sync(1, 3, &[1, 1], 1),
                AppendReply::Refused { epoch: 2 },
                vec![1],
            ),
            (
                "nobody merges its own messages",
                vec![1],
                sync(2, 2, &[1, 2], 1),
                AppendReply::Refused { epoch: 2 },
                vec![1],
            ),
        ] {
            let database = book(2, &own);
            let write = Write::Merge { sync: message, me: 2, run: RUN, acknowledged: 0 };
            let (written, summary) = apply(&database, &[write]).unwrap();
            assert!(
                matches!(&written[..], [Written::Merged(got, _)] if *got == answer),
                "{name}: {written:?}"
            );
            assert_eq!(epochs(&database), afterwards, "{name}");
            assert_eq!(summary, read::summary(&database).unwrap(), "{name}: the summary is what is on disk");
        }
    }

    #[test]
    fn a_newer_epoch_is_saved_with_the_answer_that_names_it() {
        let database = book(2, &[1]);
        apply(
            &database,
            &[Write::Merge { sync: sync(5, 3, &[1, 1, 1], 2), me: 2, run: RUN, acknowledged: 0 }],
        )
        .unwrap();
        assert_eq!(read::summary(&database).unwrap().epoch(), 5);
    }

    #[test]
    fn a_cut_forgets_the_request_ids_too() {
        let database = book(2, &[1, 1]);
        let (written, _) = apply(
            &database,
            &[Write::Merge { sync: sync(2, 3, &[1, 2], 1), me: 2, run: RUN, acknowledged: 1 }],
        )
        .unwrap();
        assert!(matches!(written[..], [Written::Merged(_, Some((1, 1)))]), "{written:?}");
        let keys: Vec<_> = ["1@1", "2@1", "2@2"].map(|key| RequestId::new(key).unwrap()).into();
        let numbers: Vec<_> = read::by_keys(&database, &keys)
            .unwrap()
            .into_iter()
            .map(|found| found.map(|entry| entry.number))
            .collect();
        assert_eq!(numbers, [Some(1), None, Some(2)]);
        assert_eq!(read::cut(&database).unwrap(), [entry(2, 1)], "it is kept");
    }

    #[test]
    fn what_a_book_lacks_when_an_operator_goes_on_with_it_is_lost_and_its_numbers_are_taken() {
        let database = book(2, &[1, 1]);
        let fill = |through| Write::Fill { epoch: 3, through };
        let (_, summary) = apply(&database, &[fill(4), fill(3)]).unwrap();
        assert_eq!(summary.last, Position { number: 4, epoch: 3 });
        let entries = read::entries(&database, 0, 10).unwrap();
        let orders: Vec<_> = entries.iter().map(|entry| entry.order().map(|order| order.number)).collect();
        assert_eq!(orders, [Some(1), Some(2), None, None]);
        apply(&database, &[Write::Append(vec![entry(5, 3)])]).unwrap();
    }

    #[test]
    fn what_is_known_to_be_acknowledged_is_never_cut() {
        let database = book(2, &[1, 1]);
        let write = Write::Merge { sync: sync(2, 3, &[1, 2], 1), me: 2, run: RUN, acknowledged: 2 };
        assert!(apply(&database, &[write]).is_err());
        assert_eq!(epochs(&database), [1, 1]);
    }

    #[test]
    fn an_append_that_does_not_follow_is_refused_whole() {
        for wrong in [entry(4, 2), entry(2, 2), entry(3, 1)] {
            let database = book(2, &[1, 2]);
            assert!(apply(&database, &[Write::Append(vec![wrong])]).is_err());
            assert_eq!(epochs(&database), [1, 2]);
        }
    }

    #[test]
    fn an_older_view_is_not_saved() {
        let database = book(7, &[]);
        let mut stranger = view(9, 1);
        stranger.by = Run::new(8);
        stranger.line = [stranger.by].into_iter().collect();
        for refused in [view(6, 1), view(7, 1), stranger] {
            assert_eq!(apply(&database, &[Write::SaveView(refused)]).unwrap().0, [Written::OlderView]);
            assert_eq!(read::summary(&database).unwrap().epoch(), 7);
        }
    }

    #[test]
    fn each_start_is_in_the_line_from_the_run_on_that_the_view_names() {
        let database = book(7, &[1]);
        for (run, expected) in [(5, &[5][..]), (20, &[5, 20]), (21, &[20, 21]), (22, &[20, 21, 22])] {
            begin_run(&database, 2, Run::new(run)).unwrap();
            let line = read::summary(&database).unwrap().line;
            assert_eq!(line, expected.iter().copied().map(Run::new).collect(), "run {run}");
        }
    }

    #[test]
    fn a_replica_that_diverged_is_told_where_to_ask_again() {
        let database = book(3, &[1, 1, 2, 2, 3]);
        for ((number, epoch), expected) in [
            ((5, 3), Ok(0)),
            ((2, 1), Ok(3)),
            ((0, 0), Ok(5)),
            ((4, 1), Err((2, 1))),
            ((4, 3), Err((4, 2))),
            ((9, 3), Err((5, 3))),
            ((9, 2), Err((4, 2))),
            ((2, 9), Err((2, 1))),
            ((2, 0), Err((0, 0))),
        ] {
            let found = read::entries_from(&database, Position { number, epoch }, 100).unwrap();
            let found = found.map(|entries| entries.len()).map_err(|at| (at.number, at.epoch));
            assert_eq!(found, expected, "after {number} of epoch {epoch}");
        }
    }
}
