//! How a data file is opened and recognized, with the journal that lies beside it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use redb::{Builder, Database, DatabaseError, StorageBackend, StorageError};

use super::boundary::{Sizes, Storage};
use super::errors::{DiskError, OpenError, Unusable, not_opened, panic_text};
use super::journaled::Journaled;
use super::owner::{FORMAT_BEFORE, FORMAT_VERSION, read_owner, write_owner};
use super::redb_backend::RedbBackend;

/// What a data file's name is followed by, after a dot, in that of its journal.
pub const JOURNAL: &str = "journal";

/// The journal of a data file.
#[must_use]
pub fn journal_of(file: &str) -> String {
    format!("{file}.{JOURNAL}")
}

/// Opens a file and locks it.
///
/// # Errors
/// [`OpenError::InUse`] or [`OpenError::Io`].
pub(super) fn open_file(storage: &dyn Storage, file: &str) -> Result<Box<dyn StorageBackend>, OpenError> {
    storage.open(file).map_err(|source| match source.kind() {
        io::ErrorKind::WouldBlock => OpenError::InUse { file: storage.describe(file) },
        _ => OpenError::Io { file: storage.describe(file), source },
    })
}

/// Opens a data file that is there, with what its journal has, and lets nothing be written: for
/// `toystore inspect`. `name` and `wanted` are for messages; `owned` says whether the owner in the file will do.
///
/// # Errors
/// See [`OpenError`].
pub fn open_existing(
    backend: Box<dyn StorageBackend>,
    journal: Option<Box<dyn StorageBackend>>,
    name: &str,
    wanted: &str,
    owned: &dyn Fn(&str) -> bool,
    sizes: Sizes,
) -> Result<Database, OpenError> {
    let opened = Wanted { name, owner: wanted, owned, sizes }.open(backend, journal)?;
    match opened.format {
        Format::Current => Ok(opened.database),
        Format::Before => Err(OpenError::Unconverted { file: name.into(), format: FORMAT_BEFORE }),
    }
}

/// In which format a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Current,
    /// The one that is to be [converted](super::convert).
    Before,
}

/// A data file that is open, and is not written to until it is [accepted](Journaled::accept).
pub(super) struct Opened {
    pub database: Database,
    pub journaled: Arc<Journaled>,
    pub format: Format,
}

/// What a data file is to be.
pub(super) struct Wanted<'a> {
    pub name: &'a str,
    /// Whose data it has.
    pub owner: &'a str,
    /// Whether the owner that it names will do.
    pub owned: &'a dyn Fn(&str) -> bool,
    pub sizes: Sizes,
}

impl Wanted<'_> {
    /// Makes a new file of an empty one, with a number that no other file has.
    pub fn create(&self, backend: Box<dyn StorageBackend>, number: u64) -> Result<(), OpenError> {
        let journaled = self.journaled(backend, None)?;
        journaled.accept().and_then(|()| journaled.create(number)).map_err(self.io())?;
        self.database(&journaled, |database| write_owner(database, self.owner)).map(drop)
    }

    /// Opens a file that is there.
    pub fn open(
        &self,
        backend: Box<dyn StorageBackend>,
        journal: Option<Box<dyn StorageBackend>>,
    ) -> Result<Opened, OpenError> {
        if backend.len().unwrap_or(0) == 0 {
            return Err(self.foreign("it is empty"));
        }
        let journaled = self.journaled(backend, journal)?;
        let (database, format) = self.database(&journaled, |_| Ok(()))?;
        Ok(Opened { database, journaled, format })
    }

    fn journaled(
        &self,
        backend: Box<dyn StorageBackend>,
        journal: Option<Box<dyn StorageBackend>>,
    ) -> Result<Arc<Journaled>, OpenError> {
        Journaled::new(backend, journal, self.sizes.fold_every).map(Arc::new).map_err(self.io())
    }

    fn database(
        &self,
        journaled: &Arc<Journaled>,
        prepare: impl FnOnce(&Database) -> Result<(), DiskError>,
    ) -> Result<(Database, Format), OpenError> {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let mut builder = Builder::new();
            builder.set_cache_size(self.sizes.cache_bytes);
            let opened = builder.create_with_backend(RedbBackend(journaled.clone()));
            let database = opened.map_err(|error| self.not_opened(journaled, error))?;
            prepare(&database).map_err(|error| not_opened(self.name, &error))?;
            let format = self.recognize(&database)?;
            Ok((database, format))
        }));
        opened.unwrap_or_else(|panic| {
            Err(OpenError::Damaged { file: self.name.into(), why: panic_text(&*panic) })
        })
    }

    fn recognize(&self, database: &Database) -> Result<Format, OpenError> {
        match read_owner(database).map_err(|error| not_opened(self.name, &error))? {
            Some((found, format)) if (self.owned)(&found) && format == FORMAT_VERSION => Ok(Format::Current),
            Some((found, format)) if (self.owned)(&found) && format == FORMAT_BEFORE => Ok(Format::Before),
            Some((found, format)) => {
                Err(self.foreign(&format!("it holds the data of {found} (format {format})")))
            }
            None => Err(self.foreign("it is another program's redb database")),
        }
    }

    /// redb did not open the file: because of what it begins with, or for a reason of its own.
    fn not_opened(&self, journaled: &Journaled, error: DatabaseError) -> OpenError {
        let file = self.name.to_owned();
        match journaled.unusable() {
            Some(Unusable::Foreign(found)) => self.foreign(found),
            Some(Unusable::Damaged(why)) => OpenError::Damaged { file, why },
            Some(Unusable::Apart(why)) => OpenError::Apart { file, why },
            None => classify(error, self.name),
        }
    }

    fn foreign(&self, found: &str) -> OpenError {
        OpenError::Foreign {
            file: self.name.into(),
            wanted: format!("{} (format {FORMAT_VERSION})", self.owner),
            found: found.into(),
        }
    }

    fn io(&self) -> impl Fn(io::Error) -> OpenError {
        |source| OpenError::Io { file: self.name.into(), source }
    }
}

/// Why redb did not open a file that begins like one of ours.
fn classify(error: DatabaseError, file: &str) -> OpenError {
    let file = file.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => OpenError::InUse { file },
        DatabaseError::Storage(StorageError::Io(source))
            if !matches!(source.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
        {
            OpenError::Io { file, source }
        }
        other => OpenError::Damaged { file, why: other.to_string() },
    }
}
