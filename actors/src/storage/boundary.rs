//! What a service is given of the world's files.

use std::io;

use futures_util::future::LocalBoxFuture;
use redb::StorageBackend;

use crate::probe::Limit;

/// A piece of work that may block on the disk.
pub type Job = Box<dyn FnOnce() + Send>;

/// The files of one service.
pub trait Storage {
    /// Where a file is, as a person would look for it; for messages only.
    fn describe(&self, file: &str) -> String;

    /// Whether a file exists.
    ///
    /// # Errors
    /// When the directory cannot be read.
    fn exists(&self, file: &str) -> io::Result<bool>;

    /// Opens a file for reading and writing, creating an empty one where there is none, and locks it
    /// against every other process.
    ///
    /// # Errors
    /// When it cannot be opened; [`io::ErrorKind::WouldBlock`] when somebody else holds it.
    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>>;

    /// Renames a file that is not open, durably, replacing what has the new name.
    ///
    /// # Errors
    /// When it could not be renamed or the directory not synced.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file that is not open.
    ///
    /// # Errors
    /// When it exists and could not be removed.
    fn remove(&self, file: &str) -> io::Result<()>;

    /// Runs a job that may block, off the actor. Jobs may run side by side and in any order, and whether or not
    /// anyone waits for their end.
    fn run(&self, job: Job) -> LocalBoxFuture<'static, ()>;

    /// A random number, such as no other call of any process will get.
    ///
    /// # Errors
    /// When the system has none.
    fn random(&self) -> io::Result<u64>;

    /// How much of one file is kept in memory, and written at a time.
    fn sizes(&self) -> Sizes;

    /// Hears that a limit was reached; only a simulator wants to know.
    fn reached(&self, _: Limit) {}
}

/// How much of one file is kept in memory, and written at a time. Only a simulator has a reason to set them otherwise
/// than deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// What redb may use to cache the file, in bytes. The books are read mostly at their ends.
    pub cache_bytes: usize,
    /// Half of the file's journal, in bytes, rounded up to a page: how much is written between two syncs of the file
    /// itself. Longer, and a start after a crash has more to replay; shorter, and the file is synced more often.
    pub journal_bytes: usize,
    /// How many records a start replays, 1 at least, before their writes to one page are merged.
    pub fold_every: usize,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes { cache_bytes: 8 << 20, journal_bytes: 8 << 20, fold_every: 64 }
    }
}
