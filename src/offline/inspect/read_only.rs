//! A file that is only read.
//!
//! What redb writes to open it, and what its journal has for it, stays in memory (the storage lets nothing
//! through before a file is accepted, and an inspected one never is). So an inspected file keeps every byte,
//! a copy on a read-only disk can be inspected, and what a crash left behind is still there for whoever
//! looks next.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// A file opened for reading.
#[derive(Debug)]
pub struct ReadOnly(FileBackend);

impl ReadOnly {
    /// Opens a file for reading only.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> io::Result<ReadOnly> {
        Ok(ReadOnly(FileBackend::new(File::open(path)?).map_err(io::Error::other)?))
    }
}

fn refused() -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "the file is open for reading only"))
}

impl StorageBackend for ReadOnly {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        refused()
    }

    fn sync_data(&self) -> io::Result<()> {
        refused()
    }

    fn write(&self, _: u64, _: &[u8]) -> io::Result<()> {
        refused()
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    /// redb asks for the file alone. Shared will do, since this never writes: it keeps out a running store,
    /// and is kept out by one, but two people may inspect one file. (A file open for reading could not be
    /// locked exclusively either.)
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use redb::Database;
    use toystore_actors::storage::{DataFile, OpenError, Sizes, open_existing, same_tables};

    use super::*;
    use crate::files::Directory;

    #[test]
    fn a_file_in_use_is_refused_but_two_may_look() {
        let directory = tempfile::tempdir().unwrap();
        let use_it = || {
            let files = Directory::new(directory.path().to_owned()).unwrap();
            DataFile::open(Rc::new(files), "file", "a test", same_tables)
        };
        let look = || -> Result<Database, OpenError> {
            let file = ReadOnly::open(&directory.path().join("file")).unwrap();
            let journal = ReadOnly::open(&directory.path().join("file.journal")).unwrap();
            open_existing(
                Box::new(file),
                Some(Box::new(journal)),
                "file",
                "a test",
                &|_| true,
                Sizes::default(),
            )
        };
        let file = use_it().unwrap();
        assert!(matches!(look(), Err(OpenError::InUse { .. })));
        drop(file);
        let (_one, _two) = (look().unwrap(), look().unwrap());
        assert!(matches!(use_it(), Err(OpenError::InUse { .. })));
    }
}
