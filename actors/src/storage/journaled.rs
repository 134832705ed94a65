//! A data file with its journal, as redb sees it: one file whose syncs are cheap.
//!
//! What redb writes goes to the file at once, and stays in the operating system's memory; a sync makes it durable in
//! the [journal](super::journal). When half of the journal is full, the file itself is synced, off the path
//! of any commit, and [stamped](super::head). Whoever opens the file after a crash writes the journal's
//! records over it first: then everything that was synced is there, and of the rest what the crash left,
//! which is what redb expects of a file.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use redb::StorageBackend;

use super::head::{self, HEAD, Head, Stamp};
use super::journal::{self, Change, Found, Gap, Journal, Record, Room};
use super::trial::Trial;
use crate::bugs::{Bug, planted};

/// Why a file and its journal cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It is something else.
    Foreign(&'static str),
    /// It was a data file.
    Damaged(String),
}

/// A data file and its journal.
#[derive(Debug)]
pub struct Journaled {
    file: Trial,
    /// The journal that lay beside it.
    left: Mutex<Option<Box<dyn StorageBackend>>>,
    /// Whether that was read; once, when redb has locked the file.
    recovered: OnceLock<Result<(), Trouble>>,
    /// Whose records were replayed.
    replayed: OnceLock<String>,
    /// The newest stamp.
    stamp: Mutex<Stamp>,
    writing: Mutex<Option<Writing>>,
    /// Half of the journal is full.
    due: AtomicBool,
}

/// The journal while it is being written.
#[derive(Debug)]
struct Writing {
    journal: Journal,
    /// What was written since the last sync.
    record: Record,
    /// It has become too long for the journal.
    too_long: bool,
    /// The number of the next record.
    next: u64,
    /// The last record of the other half, until the file is stamped with it.
    sealed: Option<u64>,
    half_bytes: usize,
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
        left: Option<Box<dyn StorageBackend>>,
    ) -> io::Result<Journaled> {
        Ok(Journaled {
            file: Trial::new(file)?,
            left: Mutex::new(left),
            recovered: OnceLock::new(),
            replayed: OnceLock::new(),
            stamp: Mutex::default(),
            writing: Mutex::default(),
            due: AtomicBool::new(false),
        })
    }

    /// Makes a new file of it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn create(&self) -> io::Result<()> {
        self.file.set_len(HEAD)?;
        Stamp::default().write_next(&self.file, 0, true)?;
        Ok(())
    }

    /// What is wrong with it, once redb has looked at it.
    pub fn trouble(&self) -> Option<Trouble> {
        self.recovered.get()?.clone().err()
    }

    /// Whose journal it was that had something for this file.
    pub fn replayed(&self) -> Option<&str> {
        self.replayed.get().map(String::as_str)
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
        owner: &str,
        half_bytes: usize,
        create: impl FnOnce() -> io::Result<Box<dyn StorageBackend>>,
    ) -> io::Result<()> {
        let left = self.left.lock().take();
        let journal = Journal::begin(left.map_or_else(create, Ok)?, owner, half_bytes)?;
        // What redb wrote to open the file has a number too: a copy of the file from before does not go with
        // this journal.
        let opened = self.stamp.lock().sequence + 1;
        self.checkpoint_at(opened, false)?;
        *self.writing.lock() = Some(Writing {
            journal,
            record: Record::default(),
            too_long: false,
            next: opened + 1,
            sealed: None,
            half_bytes,
            failed: false,
        });
        Ok(())
    }

    /// Whether it is time for a [checkpoint](Journaled::checkpoint); says so once for each.
    pub fn due(&self) -> bool {
        self.due.swap(false, Ordering::Relaxed)
    }

    /// Syncs the file, so that the full half of the journal can be written over.
    pub fn checkpoint(&self) {
        let sealed = self.writing.lock().as_ref().and_then(|writing| writing.sealed);
        let Some(sealed) = sealed else { return };
        // Without the lock: commits go on meanwhile.
        let outcome = self.checkpoint_at(sealed, false);
        if let Some(writing) = &mut *self.writing.lock() {
            writing.failed |= outcome.is_err();
            writing.sealed = writing.sealed.filter(|newer| *newer != sealed);
        }
    }

    /// Syncs the file and stamps it: what is numbered up to `sequence` is in it.
    fn checkpoint_at(&self, sequence: u64, closed: bool) -> io::Result<()> {
        let mut stamp = self.stamp.lock();
        if sequence > stamp.sequence || closed {
            self.sync_file()?;
            *stamp = stamp.write_next(&self.file, sequence, closed)?;
            self.sync_file()?;
        }
        Ok(())
    }

    fn sync_file(&self) -> io::Result<()> {
        if planted(Bug::CheckpointUnsynced) { Ok(()) } else { self.file.sync_data() }
    }

    /// Writes over the file what the journal has for it, before anyone reads it.
    fn recover(&self) -> io::Result<()> {
        if self.recovered.get().is_none() {
            let outcome = match head::read(&self.file)? {
                Head::Stamped(stamp) => self.replay(stamp)?,
                Head::Damaged => Err(Trouble::Damaged("its first page cannot be read".into())),
                Head::Redb => Err(Trouble::Foreign("it is another program's redb database")),
                Head::Foreign => Err(Trouble::Foreign("it does not begin like one")),
            };
            // redb opens a file on one thread: nobody else is here.
            let _ = self.recovered.set(outcome);
        }
        match self.recovered.get() {
            Some(Ok(())) => Ok(()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn replay(&self, stamp: Stamp) -> io::Result<Result<(), Trouble>> {
        *self.stamp.lock() = stamp;
        let found = match &*self.left.lock() {
            Some(journal) if !planted(Bug::JournalNotReplayed) => journal::read(&**journal, stamp.sequence)?,
            _ => Ok(None),
        };
        let damaged = |why: String| Ok(Err(Trouble::Damaged(why)));
        let Found { owner, records } = match found {
            Ok(Some(found)) => found,
            Ok(None) if stamp.closed || planted(Bug::JournalNotReplayed) => return Ok(Ok(())),
            Ok(None) => return damaged("its journal, which has what was written last, is missing".into()),
            Err(Gap { missing, present }) => {
                return damaged(format!("its journal has record {present} but cannot read record {missing}"));
            }
        };
        let (Some((first, _)), Some((last, _))) = (records.first(), records.last()) else {
            return Ok(Ok(()));
        };
        if *first != stamp.sequence + 1 {
            let why =
                "the journal beside it is of a newer version of it; remove the journal to use this version";
            return damaged(why.into());
        }
        for (_, record) in &records {
            self.redo(record)?;
        }
        // On the disk before anything that redb will write: replaying once more would undo it.
        self.file.sync_data()?;
        *self.stamp.lock() = stamp.write_next(&self.file, *last, false)?;
        self.file.sync_data()?;
        let _ = self.replayed.set(owner);
        Ok(Ok(()))
    }

    fn redo(&self, record: &Record) -> io::Result<()> {
        record.changes().try_for_each(|change| match change {
            Change::SetLen(len) => self.file.set_len(HEAD + len),
            Change::Write(offset, data, zeros) => {
                let mut data = data.to_vec();
                data.resize(data.len() + zeros, 0);
                // A crash may have kept a cut of the file that came after this write.
                let end = HEAD + offset + data.len() as u64;
                if self.file.len()? < end {
                    self.file.set_len(end)?;
                }
                self.file.write(HEAD + offset, &data)
            }
        })
    }

    /// A change goes to the file at once, and into the record of the next sync.
    fn note(&self, add: impl FnOnce(&mut Record)) {
        if let Some(writing) = &mut *self.writing.lock()
            && !writing.too_long
        {
            add(&mut writing.record);
            if writing.record.len() > writing.half_bytes {
                (writing.record, writing.too_long) = (Record::default(), true);
            }
        }
    }

    fn sync(&self, writing: &mut Writing) -> io::Result<()> {
        if writing.failed {
            return Err(io::Error::other("the data file could not be synced"));
        }
        if writing.record.is_empty() && !writing.too_long {
            return Ok(());
        }
        let mut room = writing.append()?;
        if room == Room::HalfFull {
            if let Some(sealed) = writing.sealed.take() {
                self.checkpoint_at(sealed, false)?;
            }
            writing.sealed = Some(writing.next - 1);
            writing.journal.turn();
            self.due.store(true, Ordering::Relaxed);
            room = writing.append()?;
        }
        if room != Room::Taken {
            // It is longer than the journal has room for, and worth a sync of its own.
            self.checkpoint_at(writing.next, false)?;
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
        Ok(self.file.len()?.saturating_sub(HEAD))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.recover()?;
        self.file.read(HEAD + offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(HEAD + len)?;
        self.note(|record| record.set_len(len));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(HEAD + offset, data)?;
        self.note(|record| record.write(offset, data));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let Some(writing) = &mut *self.writing.lock() else { return self.file.sync_data() };
        let outcome = self.sync(writing);
        writing.failed |= outcome.is_err();
        outcome
    }

    /// Leaves a file that is whole without its journal.
    fn close(&self) -> io::Result<()> {
        let outcome = match &*self.writing.lock() {
            Some(writing) if !writing.failed => {
                self.checkpoint_at(writing.next - 1, true).and_then(|()| writing.journal.end())
            }
            _ => Ok(()),
        };
        outcome.and(self.file.file.close())
    }
}
