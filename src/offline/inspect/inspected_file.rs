//! A data file opened for inspection, or why it was not.

use std::io;
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use redb::{Database, StorageBackend};
use toystore_actors::storage::{DiskError, JOURNAL, OpenError, Sizes, guarded, open_existing};

use super::read_only::ReadOnly;
use crate::process::panics::contained;

/// How much memory redb may use for one file. Files are read once, from one end to the other.
const CACHE_BYTES: usize = 16 << 20;

/// A file opened for inspection. It is never closed: closing would let redb write its bookkeeping, which
/// nobody would see, and over a damaged file that can panic.
pub struct InspectedFile {
    name: String,
    /// How long it is, and its journal, if there is one.
    pub bytes: (u64, Option<u64>),
    database: ManuallyDrop<Database>,
}

/// Why a file was not read.
pub enum Unread {
    /// There is none.
    Gone(PathBuf),
    /// It cannot be used.
    Unusable(OpenError),
}

impl From<OpenError> for Unread {
    fn from(error: OpenError) -> Unread {
        Unread::Unusable(error)
    }
}

impl InspectedFile {
    pub fn open(path: PathBuf, wanted: &str, owned: impl Fn(&str) -> bool) -> Result<InspectedFile, Unread> {
        let name = path.display().to_string();
        let file = match ReadOnly::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unread::Gone(path)),
            Err(source) => return Err(OpenError::Io { file: name, source }.into()),
        };
        let beside = path.with_added_extension(JOURNAL);
        let journal: Option<Box<dyn StorageBackend>> = match ReadOnly::open(&beside) {
            Ok(journal) => Some(Box::new(journal)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(OpenError::Io { file: beside.display().to_string(), source }.into()),
        };
        let cannot = |source| OpenError::Io { file: name.clone(), source };
        let journal_bytes = journal.as_ref().map(|journal| journal.len()).transpose().map_err(cannot)?;
        let bytes = (file.len().map_err(cannot)?, journal_bytes);
        let sizes = Sizes { cache_bytes: CACHE_BYTES, ..Sizes::default() };
        let database = contained(|| open_existing(Box::new(file), journal, &name, wanted, &owned, sizes))?;
        Ok(InspectedFile { name, bytes, database: ManuallyDrop::new(database) })
    }

    pub fn read<T>(&self, read: impl FnOnce(&Database) -> Result<T, DiskError>) -> Result<T, OpenError> {
        self.try_read(read).map_err(|error| self.complaint(error))
    }

    /// redb panics over some damaged files. That is an error here, and not printed beside it.
    pub fn try_read<T>(&self, read: impl FnOnce(&Database) -> Result<T, DiskError>) -> Result<T, DiskError> {
        contained(|| guarded(|| read(&self.database)))
    }

    /// What is wrong with the file, when it could not be read.
    pub fn complaint(&self, error: DiskError) -> OpenError {
        let file = self.name.clone();
        match error {
            DiskError::Io(why) => OpenError::Io { file, source: io::Error::other(why) },
            DiskError::Damaged(why) => OpenError::Damaged { file, why },
        }
    }
}
