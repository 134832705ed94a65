//! What is written over a file before redb reads it: whatever its journal has that came after its stamp (rules F3 and F4).

use std::io;

use redb::StorageBackend;

use super::errors::Unusable;
use super::journal::{self, Gap, JournalContents, LoggedChange, Record};
use super::journaled::Journaled;
use super::superblock::{self, SUPERBLOCK_BYTES, Stamp, Superblock};
use crate::bugs::storage as bent;
use crate::probe::Limit;

impl Journaled {
    /// Writes over the file what the journal has for it, before anyone reads it.
    pub(super) fn recover(&self) -> io::Result<()> {
        if self.recovered.get().is_none() {
            self.file.look_again()?;
            let outcome = match superblock::read(&self.file)? {
                Superblock::Stamped(stamp) => self.replay(stamp)?,
                Superblock::Damaged => Err(Unusable::Damaged("its first page cannot be read".into())),
                Superblock::Redb => {
                    Err(Unusable::Foreign("it is another program's redb database, or an earlier build's"))
                }
                Superblock::Foreign => Err(Unusable::Foreign("it does not begin like one")),
            };
            // redb opens a file on one thread: nobody else is here.
            let _ = self.recovered.set(outcome);
        }
        match self.recovered.get() {
            Some(Ok(())) => Ok(()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn replay(&self, stamp: Stamp) -> io::Result<Result<(), Unusable>> {
        self.checkpoints.lock().found(stamp);
        let found = match bent::journal_beside(self.existing_journal.lock().as_deref()) {
            Some(journal) => journal::read(journal, stamp.sequence)?,
            None => Ok(None),
        };
        let records = match to_replay(stamp, found) {
            Ok(records) => records,
            Err(unusable) => return Ok(Err(unusable)),
        };
        let Some((last, _)) = records.last() else { return Ok(Ok(())) };
        if records.len() > self.fold_every {
            self.reached.lock().push(Limit::ReplayedRecords);
        }
        for records in records.chunks(self.fold_every) {
            records.iter().try_for_each(|(_, record)| self.redo(record))?;
            self.file.fold();
        }
        // On the disk before anything that redb will write: replaying once more would undo it.
        self.file.sync_data()?;
        let replayed = stamp.write_next(&self.file, *last, stamp.journal)?;
        self.checkpoints.lock().found(replayed);
        self.file.sync_data()?;
        Ok(Ok(()))
    }

    fn redo(&self, record: &Record) -> io::Result<()> {
        record.changes().try_for_each(|change| match change {
            LoggedChange::SetLen(len) => self.file.set_len(SUPERBLOCK_BYTES + len),
            LoggedChange::Write(offset, data, zeros) => {
                let mut data = data.to_vec();
                data.resize(data.len() + zeros, 0);
                // A crash may have kept a cut of the file that came after this write.
                let end = SUPERBLOCK_BYTES + offset + data.len() as u64;
                if self.file.len()? < end {
                    self.file.set_len(end)?;
                }
                self.file.write(SUPERBLOCK_BYTES + offset, &data)
            }
        })
    }
}

/// Which records of the journal that lies beside a file with this stamp are to be written over it, in their order; or why
/// the two do not go together (rule F4).
fn to_replay(
    stamp: Stamp,
    found: Result<Option<JournalContents>, Gap>,
) -> Result<Vec<(u64, Record)>, Unusable> {
    let JournalContents { begun, records } = match found {
        Ok(Some(contents)) => contents,
        Ok(None) if bent::needs_no_journal(stamp.journal.is_none()) => return Ok(Vec::new()),
        Ok(None) => return Err(Unusable::Apart(MISSING.into())),
        Err(Gap { missing, present }) => {
            let why = format!("the journal has record {present}, but record {missing} cannot be read");
            return Err(Unusable::Damaged(why));
        }
    };
    let fits = match stamp.journal {
        // A crash may have come between the beginning of a journal and its stamp; then it is still empty.
        Some(stamped) => begun == stamped || records.is_empty() && begun == stamp.sequence + 1,
        None => records.is_empty() && begun <= stamp.sequence + 1,
    };
    let follows = records.first().is_none_or(|(first, _)| *first == stamp.sequence + 1);
    if fits && follows { Ok(records) } else { Err(Unusable::Apart(ANOTHER_STATE.into())) }
}

const MISSING: &str = "the journal, which has what was written last, is missing or cannot be read";
const ANOTHER_STATE: &str = "the journal is that of another state of the file";

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules F3 and F4.
    #[test]
    fn a_file_takes_the_records_after_its_stamp_from_its_own_journal_alone() {
        let contents = |begun, sequences: &[u64]| {
            let records = sequences.iter().map(|sequence| (*sequence, Record::default())).collect();
            Ok(Some(JournalContents { begun, records }))
        };
        let gap = || Err(Gap { missing: 8, present: 9 });
        let apart = |why: &str| Err(Unusable::Apart(why.into()));
        let damaged = Err(Unusable::Damaged("the journal has record 9, but record 8 cannot be read".into()));
        // In use: the journal that was begun with 5 has what comes after 7. Closed: nothing comes after 7.
        let in_use = Stamp { sequence: 7, journal: Some(5), ..Stamp::default() };
        let closed = Stamp { journal: None, ..in_use };
        for (case, stamp, found, expected) in [
            ("all after the stamp", in_use, contents(5, &[8, 9]), Ok(vec![8, 9])),
            ("nothing was written since", in_use, contents(5, &[]), Ok(vec![])),
            ("the journal is gone", in_use, Ok(None), apart(MISSING)),
            ("a record is damaged", in_use, gap(), damaged.clone()),
            ("a later journal's records", in_use, contents(9, &[10]), apart(ANOTHER_STATE)),
            ("an older file beside this journal", in_use, contents(5, &[9, 10]), apart(ANOTHER_STATE)),
            ("a journal begun and not stamped yet", in_use, contents(8, &[]), Ok(vec![])),
            ("another file's, empty", in_use, contents(6, &[]), apart(ANOTHER_STATE)),
            ("closed", closed, Ok(None), Ok(vec![])),
            ("closed, and its journal was not emptied", closed, contents(5, &[]), Ok(vec![])),
            ("closed, and opened up to the journal's begin", closed, contents(8, &[]), Ok(vec![])),
            ("closed, beside a later journal", closed, contents(9, &[]), apart(ANOTHER_STATE)),
            ("closed, beside one in use", closed, contents(5, &[8]), apart(ANOTHER_STATE)),
            ("closed, beside a damaged one", closed, gap(), damaged),
        ] {
            let taken = to_replay(stamp, found);
            let taken =
                taken.map(|records| records.into_iter().map(|(sequence, _)| sequence).collect::<Vec<_>>());
            assert_eq!(taken, expected, "{case}");
        }
    }
}
