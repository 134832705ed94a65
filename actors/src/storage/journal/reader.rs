//! What a journal has that its file may lack.

use std::io;
use std::ops::Range;

use redb::StorageBackend;

use super::record::{LoggedChange, PAGE, Record};

/// What was found in a journal.
#[derive(Debug)]
pub struct JournalContents {
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
pub fn read(file: &dyn StorageBackend, after: u64) -> io::Result<Result<Option<JournalContents>, Gap>> {
    let len = file.len()?;
    if len < PAGE as u64 {
        return Ok(Ok(None));
    }
    let head = load(file, 0..PAGE as u64)?;
    let Some((begun, head, _)) = Record::unseal(&head) else { return Ok(Ok(None)) };
    // The record that a journal begins with says how long its halves are.
    let Some(LoggedChange::SetLen(half_bytes)) = head.changes().next() else { return Ok(Ok(None)) };
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
    Ok(gap.map_or(Ok(Some(JournalContents { begun, records })), Err))
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
