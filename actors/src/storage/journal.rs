//! The journal of a data file: what was synced lately, in the order in which it was.
//!
//! A commit of redb writes ten pages and more, all over its file. To sync them there costs a disk as many
//! operations; to append the same bytes to a journal and sync that costs one. So a sync appends one record,
//! and the pages reach the disk in their own places later, many versions of a page at once. This is the
//! physical log of ARIES (Mohan et al., 1992) as SQLite has it, without its rollback: redb itself needs
//! nothing but that synced writes stay.
//!
//! The file has a head, with the number under which it was begun, and two halves, which are written in turn. A record
//! begins on a page of its own, so that one that is torn leaves the one before it whole. What is in a half may be
//! written over once the data file has been synced after it and [stamped](super::head).

use std::io;
use std::ops::Range;

use redb::StorageBackend;

use crate::bugs::storage as bent;

/// Where the first half begins, and to what records are aligned.
const PAGE: usize = 4096;
const MAGIC: [u8; 8] = *b"toyjrnl1";
/// Magic, checksum, four bytes of nothing, number, length of the body.
const RECORD_HEAD: usize = 32;
/// Offset, length, and how many of the bytes are kept; the rest are zeros.
const WRITE_HEAD: usize = 16;
const ZEROS: [u8; 64] = [0; 64];
/// A record keeps no more memory than this, in bytes, when it has been written.
const KEPT: usize = 1 << 20;
/// As the length of a write: the file's new length.
const SET_LEN: u32 = u32::MAX;

/// One sync: what was written since the one before.
#[derive(Debug)]
pub struct Record(Vec<u8>);

impl Default for Record {
    fn default() -> Record {
        Record(vec![0; RECORD_HEAD])
    }
}

/// One change of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Bytes at an offset, followed by so many zeros.
    Write(u64, &'a [u8], usize),
    /// A new length.
    SetLen(u64),
}

impl Record {
    /// Adds a write.
    pub fn write(&mut self, offset: u64, data: &[u8]) {
        // Pages are zero behind what they hold, and half empty more often than not.
        let zeros = data.rchunks(ZEROS.len()).take_while(|chunk| **chunk == ZEROS[..chunk.len()]);
        let kept = data.len() - zeros.map(<[u8]>::len).sum::<usize>();
        // redb writes no more than a region, 4 GiB, at once; the length of a page fits.
        let len = u32::try_from(data.len()).unwrap_or(SET_LEN - 1);
        self.entry(offset, len, &data[..kept]);
    }

    /// Adds a change of the file's length.
    pub fn set_len(&mut self, len: u64) {
        self.entry(len, SET_LEN, &[]);
    }

    fn entry(&mut self, offset: u64, len: u32, kept: &[u8]) {
        self.0.extend_from_slice(&offset.to_le_bytes());
        self.0.extend_from_slice(&len.to_le_bytes());
        self.0.extend_from_slice(&u32::try_from(kept.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.0.extend_from_slice(kept);
    }

    /// How long it is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has been added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == RECORD_HEAD
    }

    /// Its changes in their order.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let mut rest = &self.0[RECORD_HEAD..];
        std::iter::from_fn(move || {
            let (head, tail) = rest.split_at_checked(WRITE_HEAD)?;
            let (offset, len) = (number(head, 0), short(head, 8));
            let (kept, tail) = tail.split_at_checked(short(head, 12) as usize)?;
            rest = tail;
            Some(match len {
                SET_LEN => Change::SetLen(offset),
                len => Change::Write(offset, kept, (len as usize).saturating_sub(kept.len())),
            })
        })
    }

    /// The bytes for the disk, whole pages of them.
    fn seal(&mut self, sequence: u64) -> &[u8] {
        let body = (self.0.len() - RECORD_HEAD) as u64;
        self.0[..8].copy_from_slice(&MAGIC);
        self.0[16..24].copy_from_slice(&sequence.to_le_bytes());
        self.0[24..32].copy_from_slice(&body.to_le_bytes());
        let sum = crc32fast::hash(&self.0[16..]);
        self.0[8..12].copy_from_slice(&sum.to_le_bytes());
        self.0.resize(self.0.len().next_multiple_of(PAGE), 0);
        &self.0
    }

    /// The record at the beginning of `bytes`, if there is a whole one, with its number and its length on disk.
    fn unseal(bytes: &[u8]) -> Option<(u64, Record, usize)> {
        let head = bytes.get(..RECORD_HEAD)?;
        let end = usize::try_from(number(head, 24)).ok()?.checked_add(RECORD_HEAD)?;
        let whole = bytes.get(..end)?;
        let sound = head.starts_with(&MAGIC) && short(head, 8) == crc32fast::hash(&whole[16..]);
        sound.then(|| (number(head, 16), Record(whole.to_vec()), end.next_multiple_of(PAGE)))
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]))
}

fn short(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|index| bytes[at + index]))
}

/// An open journal that is being written.
#[derive(Debug)]
pub struct Journal {
    file: Box<dyn StorageBackend>,
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
        let len = record.0.len().next_multiple_of(PAGE);
        if len > self.half_bytes {
            return Ok(Room::None);
        }
        if self.tail + len > self.half_bytes {
            return Ok(Room::HalfFull);
        }
        let at = PAGE + self.half * self.half_bytes + self.tail;
        self.write_synced(at, record.seal(sequence))?;
        self.tail += len;
        record.0.truncate(RECORD_HEAD);
        record.0.shrink_to(KEPT);
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

/// What was found in a journal.
#[derive(Debug)]
pub struct Found {
    /// The number under which it was begun.
    pub begun: u64,
    /// The records after the number that was asked for, in their order.
    pub records: Vec<(u64, Record)>,
}

/// What cannot be a journal that was merely cut off by a crash.
#[derive(Debug, PartialEq, Eq)]
pub struct Gap {
    /// This record is not there, or cannot be read,
    pub missing: u64,
    /// although this one, which was written after it was on the disk, can.
    pub present: u64,
}

/// Reads the records that are numbered higher than `after`; `None` where there is no journal. The last one may
/// have been cut off by a crash, and is then as if it had not been written.
///
/// # Errors
/// When the disk fails; or, as a [`Gap`], when the journal is damaged.
pub fn read(file: &dyn StorageBackend, after: u64) -> io::Result<Result<Option<Found>, Gap>> {
    let len = file.len()?;
    if len < PAGE as u64 {
        return Ok(Ok(None));
    }
    let head = load(file, 0..PAGE as u64)?;
    let Some((begun, head, _)) = Record::unseal(&head) else { return Ok(Ok(None)) };
    let half_bytes = number(&head.0, RECORD_HEAD);
    let mut records = Vec::new();
    for half in 0..2 {
        let start = (PAGE as u64).saturating_add(half_bytes.saturating_mul(half)).min(len);
        let end = start.saturating_add(half_bytes).min(len);
        match scan(&load(file, start..end)?, after) {
            Ok(found) => records.extend(found),
            Err(gap) => return Ok(Err(gap)),
        }
    }
    records.sort_by_key(|(sequence, _)| *sequence);
    let gap = records.windows(2).find(|pair| pair[1].0 != pair[0].0 + 1);
    let gap = gap.map(|pair| Gap { missing: pair[0].0 + 1, present: pair[1].0 });
    Ok(gap.map_or(Ok(Some(Found { begun, records })), Err))
}

fn load(file: &dyn StorageBackend, range: Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(range.end - range.start).map_err(io::Error::other)?];
    if !bytes.is_empty() {
        file.read(range.start, &mut bytes)?;
    }
    Ok(bytes)
}

/// The records at the beginning of a half. What follows them is no newer than `after`: each record was on the
/// disk before the next one was written, so a newer one behind an unreadable one means damage, not a crash.
fn scan(bytes: &[u8], after: u64) -> Result<Vec<(u64, Record)>, Gap> {
    let mut found: Vec<(u64, Record)> = Vec::new();
    let (mut at, mut broken) = (0, false);
    while at < bytes.len() {
        let last = found.last().map(|(sequence, _)| *sequence);
        let known = last.unwrap_or(after).max(after);
        match Record::unseal(&bytes[at..]) {
            Some((sequence, record, len)) if !broken && last.is_none_or(|last| sequence == last + 1) => {
                found.push((sequence, record));
                at += len;
            }
            Some((present, ..)) if present > known => return Err(Gap { missing: known + 1, present }),
            _ => {
                broken = true;
                at += PAGE;
            }
        }
    }
    found.retain(|(sequence, _)| *sequence > after);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    fn begin(half_pages: usize) -> Journal {
        Journal::begin(Box::new(InMemoryBackend::new()), 3, half_pages * PAGE).unwrap()
    }

    /// One page a record, three records a half; each says its number.
    fn journal(sequences: Range<u64>) -> Journal {
        let mut journal = begin(3);
        for sequence in sequences {
            let mut record = Record::default();
            record.write(sequence, &[7; 10]);
            if journal.append(&mut record, sequence).unwrap() == Room::HalfFull {
                journal.turn();
                assert_eq!(journal.append(&mut record, sequence).unwrap(), Room::Taken);
            }
        }
        journal
    }

    fn sequences(journal: &Journal, after: u64) -> Result<Vec<u64>, Gap> {
        let found = read(&*journal.file, after).unwrap()?;
        Ok(found.into_iter().flat_map(|found| found.records).map(|(sequence, _)| sequence).collect())
    }

    fn spoil(journal: &Journal, page: u64) {
        journal.file.write(page * PAGE as u64 + 40, &[0xAA]).unwrap();
    }

    #[test]
    fn changes_come_back_as_they_were_made() {
        let mut journal = begin(4);
        let mut record = Record::default();
        assert!(record.is_empty());
        let mut half_empty = [0; 4096];
        half_empty[..64].fill(1);
        record.write(4096, &half_empty);
        record.set_len(9000);
        record.write(0, &[0; 5000]);
        record.write(8192, &[3; 5000]);
        assert_eq!(journal.append(&mut record, 5).unwrap(), Room::Taken);
        assert!(record.is_empty());
        let found = read(&*journal.file, 4).unwrap().unwrap().unwrap();
        assert_eq!((found.begun, found.records[0].0), (3, 5));
        let changes: Vec<_> = found.records[0].1.changes().collect();
        let expected = [
            Change::Write(4096, &[1; 64], 4032),
            Change::SetLen(9000),
            Change::Write(0, &[], 5000),
            Change::Write(8192, &[3; 5000], 0),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn halves_take_turns_and_the_newest_records_are_found() {
        for (written, after, expected) in [
            (1..1, 0, vec![]),
            (1..3, 0, vec![1, 2]),
            (1..7, 0, vec![1, 2, 3, 4, 5, 6]),
            (1..7, 4, vec![5, 6]),
            (1..7, 6, vec![]),
            // The first half has been written over: what was in it must have been stamped.
            (1..8, 3, vec![4, 5, 6, 7]),
            (1..12, 8, vec![9, 10, 11]),
        ] {
            assert_eq!(
                sequences(&journal(written.clone()), after),
                Ok(expected),
                "{written:?} after {after}"
            );
        }
    }

    #[test]
    fn a_torn_end_is_no_damage_and_a_hole_is() {
        let gap = |missing, present| Err(Gap { missing, present });
        for (name, written, page, after, expected) in [
            ("the last", 1..4, 3, 0, Ok(vec![1, 2])),
            ("the only", 1..2, 1, 0, Ok(vec![])),
            ("the last, over older ones", 1..8, 1, 3, Ok(vec![4, 5, 6])),
            ("one before the last", 1..4, 2, 0, gap(2, 3)),
            ("the first of a half", 1..6, 4, 0, gap(1, 5)),
            ("the last of a full half", 1..6, 3, 0, gap(3, 4)),
            ("one that is not needed any more", 1..4, 2, 3, Ok(vec![])),
        ] {
            let journal = journal(written);
            spoil(&journal, page);
            assert_eq!(sequences(&journal, after), expected, "{name}");
        }
    }

    #[test]
    fn what_is_too_long_is_not_taken() {
        let mut journal = begin(2);
        let mut record = Record::default();
        record.write(0, &[1; 2 * PAGE]);
        assert_eq!(journal.append(&mut record, 1).unwrap(), Room::None);
        assert!(!record.is_empty());
    }

    #[test]
    fn a_file_that_is_no_journal_is_none() {
        let file = InMemoryBackend::new();
        assert!(read(&file, 0).unwrap().unwrap().is_none());
        file.set_len(3 * PAGE as u64).unwrap();
        assert!(read(&file, 0).unwrap().unwrap().is_none());
    }
}
