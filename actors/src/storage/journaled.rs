//! A data file with its journal, as redb sees it: one file whose syncs are cheap.
//!
//! What redb writes goes to the file at once, and stays in the operating system's memory; a sync makes it durable in
//! the [journal](super::journal). When half of the journal is full, the file itself is synced, off the path
//! of any commit, and [stamped](super::superblock). Whoever opens the file after a crash writes the journal's
//! records over it first: then everything that was synced is there, and of the rest what the crash left,
//! which is what redb expects of a file.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use redb::StorageBackend;

use super::checkpoint::Checkpoints;
use super::errors::Unusable;
use super::journal::{Journal, Record, Room};
use super::superblock::{SUPERBLOCK_BYTES, Stamp};
use super::write_overlay::WriteOverlay;
use crate::bugs::storage as bent;
use crate::probe::Limit;

/// A data file and its journal.
#[derive(Debug)]
pub struct Journaled {
    pub(super) file: WriteOverlay,
    /// The journal that lay beside it.
    pub(super) existing_journal: Mutex<Option<Box<dyn StorageBackend>>>,
    /// How many records are replayed before their writes to one page are merged.
    pub(super) fold_every: usize,
    /// Whether that was read; once, when redb has locked the file.
    pub(super) recovered: OnceLock<Result<(), Unusable>>,
    pub(super) checkpoints: Mutex<Checkpoints>,
    writing: Mutex<Option<Writing>>,
    /// Half of the journal is full.
    due: AtomicBool,
    /// The limits that were reached since this was last asked.
    pub(super) reached: Mutex<Vec<Limit>>,
}

/// The journal while it is being written.
#[derive(Debug)]
struct Writing {
    journal: Journal,
    /// The number under which it was begun.
    begun: u64,
    /// What was written since the last sync.
    record: Record,
    /// It has become too long for the journal.
    too_long: bool,
    /// The number of the next record.
    next: u64,
    /// The last record of the other half, until the file is stamped with it.
    sealed: Option<u64>,
    failed: bool,
}

impl Journaled {
    /// Nothing is written to `file` before it is [accepted](Journaled::accept). `left` is the journal that
    /// lies beside it, if one does.
    ///
    /// # Errors
    /// When its length cannot be read.
    pub fn new(
        file: Box<dyn StorageBackend>,
        existing_journal: Option<Box<dyn StorageBackend>>,
        fold_every: usize,
    ) -> io::Result<Journaled> {
        Ok(Journaled {
            file: WriteOverlay::new(file)?,
            existing_journal: Mutex::new(existing_journal),
            fold_every: fold_every.max(1),
            recovered: OnceLock::new(),
            checkpoints: Mutex::default(),
            writing: Mutex::default(),
            due: AtomicBool::new(false),
            reached: Mutex::default(),
        })
    }

    /// Makes a new file of it, whose numbers begin with `first`: another than any other file's, so that no
    /// journal is ever taken for another's.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn create(&self, first: u64) -> io::Result<()> {
        self.file.set_len(SUPERBLOCK_BYTES)?;
        Stamp::default().write_next(&self.file, first, None)?;
        Ok(())
    }

    /// What is wrong with it, once redb has looked at it.
    pub fn unusable(&self) -> Option<Unusable> {
        self.recovered.get()?.clone().err()
    }

    /// Lets it be written to. As long as no journal is [begun](Journaled::begin), syncs are the file's own.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn accept(&self) -> io::Result<()> {
        self.file.accept()
    }

    /// From now on syncs go to a journal of twice `half_bytes`: the one that lay there, or else a new one.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin(
        &self,
        half_bytes: usize,
        create: impl FnOnce() -> io::Result<Box<dyn StorageBackend>>,
    ) -> io::Result<()> {
        let existing = self.existing_journal.lock().take();
        // What redb wrote to open the file has a number too: a copy of the file from before does not go with
        // this journal.
        let begun = self.checkpoints.lock().stamp().sequence + 1;
        let journal = Journal::begin(existing.map_or_else(create, Ok)?, begun, half_bytes)?;
        self.checkpoint_at(begun, Some(begun))?;
        *self.writing.lock() = Some(Writing {
            journal,
            begun,
            record: Record::default(),
            too_long: false,
            next: begun + 1,
            sealed: None,
            failed: false,
        });
        Ok(())
    }

    /// Whether it is time for a [checkpoint](Journaled::checkpoint); says so once for each.
    pub fn due(&self) -> bool {
        self.due.swap(false, Ordering::Relaxed)
    }

    /// The limits that were reached since this was last asked.
    pub fn reached(&self) -> Vec<Limit> {
        std::mem::take(&mut self.reached.lock())
    }

    /// Syncs the file, so that the full half of the journal can be written over.
    pub fn checkpoint(&self) {
        let due = self.writing.lock().as_ref().and_then(|writing| Some((writing.sealed?, writing.begun)));
        let Some((sealed, begun)) = due else { return };
        // Without the lock: commits go on meanwhile. A failure ends the stamps, and with them the next turn.
        if self.checkpoint_at(sealed, Some(begun)).is_ok()
            && let Some(writing) = &mut *self.writing.lock()
        {
            writing.sealed = writing.sealed.filter(|newer| *newer != sealed);
        }
    }

    /// Syncs the file and stamps it, unless it has a stamp as new.
    fn checkpoint_at(&self, sequence: u64, journal: Option<u64>) -> io::Result<()> {
        self.checkpoints.lock().make(&self.file, || self.sync_file(), sequence, journal)
    }

    fn sync_file(&self) -> io::Result<()> {
        bent::checkpoint_sync(|| self.file.sync_data())
    }

    /// A change goes to the file at once, and into the record of the next sync.
    fn note(&self, add: impl FnOnce(&mut Record)) {
        if let Some(writing) = &mut *self.writing.lock()
            && !writing.too_long
        {
            add(&mut writing.record);
            if writing.record.len() > writing.journal.half_bytes() {
                (writing.record, writing.too_long) = (Record::default(), true);
            }
        }
    }

    fn sync(&self, writing: &mut Writing) -> io::Result<()> {
        if writing.failed {
            return Err(io::Error::other("an earlier sync failed"));
        }
        if writing.record.is_empty() && !writing.too_long {
            return Ok(());
        }
        let journal = Some(writing.begun);
        let mut room = writing.append()?;
        if room == Room::HalfFull {
            self.reached.lock().push(Limit::JournalHalf);
            if let Some(sealed) = writing.sealed.take() {
                self.checkpoint_at(sealed, journal)?;
            }
            writing.sealed = Some(writing.next - 1);
            writing.journal.turn();
            self.due.store(true, Ordering::Relaxed);
            room = writing.append()?;
        }
        if room != Room::Taken {
            // It is longer than the journal has room for, and worth a sync of its own.
            self.reached.lock().push(Limit::LongCommit);
            let sync = || bent::long_commit_sync(|| self.sync_file());
            self.checkpoints.lock().make(&self.file, sync, writing.next, journal)?;
            writing.journal.rewind();
            (writing.record, writing.too_long, writing.sealed) = (Record::default(), false, None);
        }
        writing.next += 1;
        Ok(())
    }

    /// What keeps others out.
    pub fn locks(&self) -> &dyn StorageBackend {
        &*self.file.file
    }
}

impl Writing {
    fn append(&mut self) -> io::Result<Room> {
        if self.too_long { Ok(Room::None) } else { self.journal.append(&mut self.record, self.next) }
    }
}

impl StorageBackend for Journaled {
    fn len(&self) -> io::Result<u64> {
        self.recover()?;
        Ok(self.file.len()?.saturating_sub(SUPERBLOCK_BYTES))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.recover()?;
        self.file.read(SUPERBLOCK_BYTES + offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(SUPERBLOCK_BYTES + len)?;
        self.note(|record| record.set_len(len));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(SUPERBLOCK_BYTES + offset, data)?;
        self.note(|record| record.write(offset, data));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let Some(writing) = &mut *self.writing.lock() else { return self.file.sync_data() };
        let outcome = self.sync(writing);
        writing.failed |= outcome.is_err();
        outcome
    }

    /// Leaves a file that is whole without its journal. A checkpoint that comes late makes no stamp: the
    /// file may be another's by then.
    fn close(&self) -> io::Result<()> {
        let outcome = match self.writing.lock().take() {
            Some(writing) if !writing.failed => {
                self.checkpoint_at(writing.next - 1, None).and_then(|()| writing.journal.end())
            }
            _ => Ok(()),
        };
        self.checkpoints.lock().close();
        outcome.and(self.file.file.close())
    }
}
