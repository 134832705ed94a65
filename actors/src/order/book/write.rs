//! Changing a book: each transaction stores what was decided, and refuses what cannot follow.

use redb::{Database, Durability, Table, WriteTransaction};

use super::read;
use super::tables::{CUT, ENTRIES, EntryRow, KEYS, VIEW, epoch_at, last_at_most, last_position, stored};
use crate::bugs::order as bent;
use crate::domain::{Entry, Epoch, OrderNumber, Position, Purchase, ReplicaId, Run, View};
use crate::messages::order::{AppendEntries, AppendReply};
use crate::net::encode;
use crate::order::rules::{BookChange, Follower, Held, Merge, merge};
use crate::order::summary::BookSummary;
use crate::storage::{DiskError, receipt_row};

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
    /// A leader's entries at a follower.
    Merge {
        /// The message.
        message: AppendEntries,
        /// Whose book it is.
        follower: Follower,
    },
}

impl Write {
    /// How many entries it brings.
    pub fn orders(&self) -> usize {
        match self {
            Write::Append(entries) => entries.len(),
            Write::Merge { message, .. } => message.entries.len(),
            Write::SaveView(_) | Write::Fill { .. } => 0,
        }
    }
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
    if bent::saves_run() {
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
        if !bent::syncs() {
            // It refuses only where there are savepoints.
            drop(transaction.set_durability(Durability::None));
        }
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok((written, summary))
}

pub(super) struct OpenBook<'t> {
    transaction: &'t WriteTransaction,
    entries: Table<'t, u64, EntryRow>,
    keys: Table<'t, &'static str, u64>,
    views: Table<'t, &'static str, &'static [u8]>,
    summary: BookSummary,
}

impl<'t> OpenBook<'t> {
    pub(super) fn new(transaction: &'t WriteTransaction) -> Result<OpenBook<'t>, DiskError> {
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
                    self.push(&Entry::lost(number, *epoch))?;
                    *changed = true;
                }
                Ok(Written::Appended)
            }
            Write::Merge { message, follower } => self.merge(message, *follower, changed),
        }
    }

    pub(super) fn save_view(&mut self, view: &View, changed: &mut bool) -> Result<Written, DiskError> {
        if !view.may_follow(self.summary.view.as_ref()) {
            return Ok(Written::OlderView);
        }
        self.views.insert("view", &*encode(view))?;
        self.summary.view = Some(view.clone());
        *changed = true;
        Ok(Written::Saved)
    }

    /// Stores what [`merge`] decides.
    fn merge(
        &mut self,
        message: &AppendEntries,
        follower: Follower,
        changed: &mut bool,
    ) -> Result<Written, DiskError> {
        let decided = merge(message, follower, &self.summary, self)?;
        let Merge { changes, reply } = decided.map_err(|why| DiskError::Damaged(why.to_string()))?;
        let mut cut = None;
        *changed |= !changes.is_empty();
        for change in &changes {
            match change {
                BookChange::SaveView(view) => drop(self.save_view(view, changed)?),
                BookChange::CutAfter(after) => cut = Some(self.cut_after(*after)?),
                BookChange::Append(entries) => entries.iter().try_for_each(|entry| self.push(entry))?,
            }
        }
        Ok(Written::Merged(reply, cut))
    }

    pub(super) fn push(&mut self, entry: &Entry) -> Result<(), DiskError> {
        let next = bent::is_next_number(entry.number == self.summary.last.number + 1);
        if !next || entry.epoch < self.summary.last.epoch {
            return Err(DiskError::Damaged(format!(
                "order {} of epoch {} cannot follow order {} of epoch {}",
                entry.number, entry.epoch, self.summary.last.number, self.summary.last.epoch
            )));
        }
        match &entry.purchase {
            Some(purchase) => self.push_purchase(entry, purchase)?,
            None => drop(self.entries.insert(entry.number.get(), (entry.epoch.get(), "", "", 0, None))?),
        }
        self.summary.last = Position { number: entry.number, epoch: entry.epoch };
        Ok(())
    }

    fn push_purchase(&mut self, entry: &Entry, purchase: &Purchase) -> Result<(), DiskError> {
        let Purchase { key, name, quantity } = purchase;
        let receipt = receipt_row(entry.receipt);
        let row = (entry.epoch.get(), key.as_str(), name.as_str(), quantity.get(), receipt);
        self.entries.insert(entry.number.get(), row)?;
        let before = self.keys.insert(key.as_str(), entry.number.get())?.map(|number| number.value());
        match before {
            Some(before) if bent::refuses_second_order() => {
                Err(DiskError::Damaged(format!("orders {before} and {} have one request id", entry.number)))
            }
            _ => Ok(()),
        }
    }

    /// Moves the entries after a number to those that were cut; returns the number, and how many they were.
    fn cut_after(&mut self, after: OrderNumber) -> Result<(OrderNumber, u64), DiskError> {
        let last = self.summary.last.number;
        let mut kept = self.transaction.open_table(CUT)?;
        for number in (after + 1).through(last) {
            let Some(entry) = self.entries.remove(number.get())? else { continue };
            let (epoch, key, name, quantity, receipt) = entry.value();
            kept.insert((number.get(), epoch), (key, name, quantity, receipt))?;
            self.keys.remove(key)?;
        }
        drop(kept);
        self.summary.last = last_position(&self.entries)?;
        Ok((after, last.since(after)))
    }
}

impl Held for OpenBook<'_> {
    type Error = DiskError;

    fn epoch_at(&self, number: OrderNumber) -> Result<Option<Epoch>, DiskError> {
        epoch_at(&self.entries, number)
    }

    fn last_at_most(&self, bound: Position) -> Result<Position, DiskError> {
        last_at_most(&self.entries, bound)
    }
}
