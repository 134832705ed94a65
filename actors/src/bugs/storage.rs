//! A file and its journal that do not keep what was synced.

use std::io;

use super::catalogue::Bug;
use super::switch::planted;

/// F2: the half that is full is written over, and not the other.
pub(crate) fn next_half(half: usize) -> usize {
    if planted(Bug::WrongHalfWritten) { 1 - half } else { half }
}

/// F2: a checkpoint does not sync the file.
pub(crate) fn checkpoint_sync(sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    if planted(Bug::CheckpointUnsynced) { Ok(()) } else { sync() }
}

/// F1: a commit that is longer than half of the journal is not synced in the file either.
pub(crate) fn long_commit_sync(sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    if planted(Bug::LongCommitUnsynced) { Ok(()) } else { sync() }
}

/// F3: nobody looks into the journal that lies beside the file.
pub(crate) fn journal_beside<T>(journal: Option<T>) -> Option<T> {
    journal.filter(|_| !planted(Bug::JournalNotReplayed))
}

/// F3: a file that needs its journal is taken without one.
pub(crate) fn needs_no_journal(needs_none: bool) -> bool {
    needs_none || planted(Bug::JournalNotReplayed)
}
