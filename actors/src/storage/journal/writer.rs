//! A journal while it is being written.

use std::io;

use redb::StorageBackend;

use super::record::{PAGE, Record};
use crate::bugs::storage as bent;

/// An open journal that is being written.
#[derive(Debug)]
pub struct Journal {
    pub(super) file: Box<dyn StorageBackend>,
    /// It grows as it is written for the first time.
    len: u64,
    half_bytes: usize,
    /// Which half is being written, and where in it the next record goes.
    half: usize,
    tail: usize,
}

/// Whether a record was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// There was room, and it is on the disk.
    Taken,
    /// The half is full.
    HalfFull,
    /// It is longer than a half.
    None,
}

impl Journal {
    /// Begins to write a file anew, under a number, whatever it held.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin(file: Box<dyn StorageBackend>, number: u64, half_bytes: usize) -> io::Result<Journal> {
        let half_bytes = half_bytes.next_multiple_of(PAGE);
        let mut head = Record::default();
        head.set_len(half_bytes as u64);
        let len = file.len()?;
        let mut journal = Journal { file, len, half_bytes, half: 0, tail: 0 };
        journal.write_synced(0, head.seal(number))?;
        Ok(journal)
    }

    fn write_synced(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        let end = (at + bytes.len()) as u64;
        if self.len < end {
            self.file.set_len(end)?;
            self.len = end;
        }
        self.file.write(at as u64, bytes)?;
        self.file.sync_data()
    }

    /// Appends a record and syncs it, if there is room in this half.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn append(&mut self, record: &mut Record, sequence: u64) -> io::Result<Room> {
        let len = record.disk_bytes();
        if len > self.half_bytes {
            return Ok(Room::None);
        }
        if self.tail + len > self.half_bytes {
            return Ok(Room::HalfFull);
        }
        let at = PAGE + self.half * self.half_bytes + self.tail;
        self.write_synced(at, record.seal(sequence))?;
        self.tail += len;
        record.clear();
        Ok(Room::Taken)
    }

    /// How long a record can be, in bytes.
    pub fn half_bytes(&self) -> usize {
        self.half_bytes
    }

    /// Goes on in the other half, over what is there.
    pub fn turn(&mut self) {
        (self.half, self.tail) = (bent::next_half(1 - self.half), 0);
    }

    /// Goes on at the beginning of this half, over what is there.
    pub fn rewind(&mut self) {
        self.tail = 0;
    }

    /// Ends the journal: nothing in it is needed any more.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn end(&self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.sync_data()
    }
}
