//! Durable data, handed in.
//!
//! Each service keeps its data in one redb file. What redb reads and writes goes through a [`Storage`]:
//! deployed, a real file and a blocking thread; simulated, a disk that keeps, loses or tears each write
//! that was not synced, and virtual time.

mod journal;
mod journaled;
mod superblock;
mod write_overlay;

use std::any::Any;
use std::fmt;
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use redb::{
    BackendError, Builder, Database, DatabaseError, ReadableDatabase, StorageBackend, StorageError,
    TableDefinition, TableError,
};
use tokio::sync::oneshot;

use self::journaled::{Journaled, Trouble};
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
    /// How many records a start replays, 1 at least, before what they have in common is let go.
    pub fold_every: usize,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes { cache_bytes: 8 << 20, journal_bytes: 8 << 20, fold_every: 64 }
    }
}

/// Why a service's data file could not be opened. Each variant names the file and says what is so; what to do
/// about it depends on the service, and is for the host to say.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "{file} is in use by another running store; stop that one first, or give this one its own data directory"
    )]
    InUse {
        /// The file.
        file: String,
    },
    /// It is not a file of this service.
    #[error("{file} is not a toystore data file for {wanted}: {found}; it was left as it is")]
    Foreign {
        /// The file.
        file: String,
        /// Which service's data was looked for.
        wanted: String,
        /// What is there instead.
        found: String,
    },
    /// It was this service's, but can no longer be read.
    #[error("{file} is damaged ({why}); it was left as it is")]
    Damaged {
        /// The file.
        file: String,
        /// What redb says.
        why: String,
    },
    /// It and its journal are not of one state.
    #[error("{file} does not go with its journal ({why}); both were left as they are")]
    Apart {
        /// The file.
        file: String,
        /// How that shows.
        why: String,
    },
    /// The products of a catalog's first start cannot be read. A sentence.
    #[error("{0}")]
    Products(String),
    /// The operating system refused.
    #[error("cannot open {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Why a read or write of an open data file failed. Whoever sees one must stop: what is on the disk is no
/// longer known, and redb refuses further writes after it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DiskError {
    /// The disk is full, or failed.
    #[error("{0}")]
    Io(String),
    /// What was read makes no sense.
    #[error("the data file is damaged: {0}")]
    Damaged(String),
}

macro_rules! disk_error_from {
    ($($error:ty),*) => {$(
        impl From<$error> for DiskError {
            fn from(error: $error) -> DiskError {
                DiskError::from_redb(error.into())
            }
        }
    )*};
}
disk_error_from!(StorageError, TableError, redb::TransactionError, redb::CommitError);

impl DiskError {
    fn from_redb(error: redb::Error) -> DiskError {
        match error {
            redb::Error::Corrupted(why) => DiskError::Damaged(why),
            other => DiskError::Io(other.to_string()),
        }
    }
}

const FORMAT: TableDefinition<&str, &str> = TableDefinition::new("toystore");
const FORMAT_VERSION: &str = "2";

/// One service's open data file; clones share it.
#[derive(Clone)]
pub struct DataFile {
    name: Rc<str>,
    database: Arc<Database>,
    journaled: Arc<Journaled>,
    storage: Rc<dyn Storage>,
}

impl DataFile {
    /// Opens `file`, creating it when there is none. `owner` says whose data it is (a service, or a
    /// replica by its id) and is written into the file, so that no service takes another's data for its own.
    ///
    /// A new file is made whole under a temporary name and then renamed: a crash in between leaves no file
    /// rather than half of one.
    ///
    /// # Errors
    /// See [`OpenError`]. A file that is not this owner's, or cannot be read, is left as it was.
    pub fn open(storage: Rc<dyn Storage>, file: &str, owner: &str) -> Result<DataFile, OpenError> {
        let name = storage.describe(file);
        let io = |source| OpenError::Io { file: name.clone(), source };
        let journal = journal_of(file);
        let fresh = |file: &str| format!("{file}.new");
        let sizes = storage.sizes();
        let owned = |found: &str| found == owner;
        if !storage.exists(file).map_err(io)? {
            // The journal of a file that was moved away: it belongs to that file, not to the new one.
            if storage.exists(&journal).map_err(io)? {
                put_aside(&*storage, file, &journal).map_err(io)?;
            }
            let fresh = fresh(file);
            storage.remove(&fresh).map_err(io)?;
            let (backend, path) = (open_file(&*storage, &fresh)?, storage.describe(&fresh));
            // With room for billions up to that of any other file.
            let number = Some((storage.random().map_err(io)? >> 33) << 31);
            drop(open_backend(backend, None, &path, owner, &owned, sizes, number)?);
            storage.rename(&fresh, file).map_err(io)?;
        }
        let backend = open_file(&*storage, file)?;
        let left = storage.exists(&journal).map_err(io)?;
        let left = left.then(|| open_file(&*storage, &journal)).transpose()?;
        let (database, journaled) = open_backend(backend, left, &name, owner, &owned, sizes, None)?;
        journaled.reached().into_iter().for_each(|limit| storage.reached(limit));
        let create = || {
            drop(storage.open(&fresh(&journal))?);
            storage.rename(&fresh(&journal), &journal)?;
            storage.open(&journal)
        };
        journaled.accept().and_then(|()| journaled.begin(sizes.journal_bytes, create)).map_err(io)?;
        Ok(DataFile { name: name.into(), database: Arc::new(database), journaled, storage })
    }

    /// Runs `work` on the database, off the actor, and returns what it returns.
    ///
    /// # Errors
    /// What `work` fails with; [`DiskError::Damaged`] when redb panicked over what it read.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, DiskError> + Send + 'static,
    ) -> Result<T, DiskError> {
        let (tx, rx) = oneshot::channel();
        let database = self.database.clone();
        let job = Box::new(move || {
            let outcome = guarded(|| work(&database));
            // The actor that asked is gone: the work is done all the same.
            let _ = tx.send(outcome);
        });
        self.storage.run(job).await;
        self.journaled.reached().into_iter().for_each(|limit| self.storage.reached(limit));
        if self.journaled.due() {
            let journaled = self.journaled.clone();
            // Nobody waits for it: a commit that comes before its end finds the other half of the journal.
            drop(self.storage.run(Box::new(move || journaled.checkpoint())));
        }
        rx.await.unwrap_or_else(|_| Err(DiskError::Io("the job was not run".into())))
    }

    /// Runs `work` here and now; for what a service loads before it starts.
    ///
    /// # Errors
    /// As [`DataFile::open`], naming the file.
    pub fn load<T>(&self, work: impl FnOnce(&Database) -> Result<T, DiskError>) -> Result<T, OpenError> {
        guarded(|| work(&self.database)).map_err(|error| damaged(&self.name, &error))
    }

    /// Draws a random number: the run of a process that has opened this file, or the number of a store.
    ///
    /// # Errors
    /// When the system has none.
    pub fn draw(&self) -> Result<u64, OpenError> {
        let io = |source| OpenError::Io { file: self.name.to_string(), source };
        self.storage.random().map_err(io)
    }

    /// The file's name, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for DataFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataFile").finish_non_exhaustive()
    }
}

/// Runs `work` on a database. redb can panic over a damaged file; this makes an error of it.
///
/// # Errors
/// What `work` fails with; [`DiskError::Damaged`] when it panicked.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, DiskError>) -> Result<T, DiskError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(DiskError::Damaged(panic_text(&*panic))))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it cannot be read".into())
}

/// Renames a journal whose file is not there. It is wanted when the file comes back.
fn put_aside(storage: &dyn Storage, file: &str, journal: &str) -> io::Result<()> {
    let mut kept = format!("{journal}.old");
    while storage.exists(&kept)? {
        kept.push('+');
    }
    storage.rename(journal, &kept)?;
    let (file, kept) = (storage.describe(file), storage.describe(&kept));
    log::warn!("{file} is gone, and a new one is begun; the journal that was left of it is kept as {kept}");
    Ok(())
}

/// What a data file's name is followed by, after a dot, in that of its journal.
pub const JOURNAL: &str = "journal";

/// The journal of a data file.
#[must_use]
pub fn journal_of(file: &str) -> String {
    format!("{file}.{JOURNAL}")
}

fn open_file(storage: &dyn Storage, file: &str) -> Result<Box<dyn StorageBackend>, OpenError> {
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
    open_backend(backend, journal, name, wanted, owned, sizes, None).map(|(database, _)| database)
}

/// A `fresh` file is made `wanted`'s, with that number; any other is not written to until it is accepted.
fn open_backend(
    backend: Box<dyn StorageBackend>,
    journal: Option<Box<dyn StorageBackend>>,
    name: &str,
    wanted: &str,
    owned: &dyn Fn(&str) -> bool,
    sizes: Sizes,
    fresh: Option<u64>,
) -> Result<(Database, Arc<Journaled>), OpenError> {
    let foreign = |found: &str| OpenError::Foreign {
        file: name.into(),
        wanted: format!("{wanted} (format {FORMAT_VERSION})"),
        found: found.into(),
    };
    if fresh.is_none() && backend.len().unwrap_or(0) == 0 {
        return Err(foreign("it is empty"));
    }
    let io = |source| OpenError::Io { file: name.into(), source };
    let journaled = Arc::new(Journaled::new(backend, journal, sizes.fold_every).map_err(io)?);
    if let Some(number) = fresh {
        journaled.accept().and_then(|()| journaled.create(number)).map_err(io)?;
    }
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = Builder::new();
        builder.set_cache_size(sizes.cache_bytes);
        let database = builder.create_with_backend(Backend(journaled.clone())).map_err(|error| {
            match journaled.trouble() {
                Some(Trouble::Foreign(found)) => foreign(found),
                Some(Trouble::Damaged(why)) => OpenError::Damaged { file: name.into(), why },
                Some(Trouble::Apart(why)) => OpenError::Apart { file: name.into(), why },
                None => classify(error, name),
            }
        })?;
        if fresh.is_some() {
            stamp(&database, wanted).map_err(|error| damaged(name, &error))?;
        }
        match stamped_owner(&database).map_err(|error| damaged(name, &error))? {
            Some((found, format)) if owned(&found) && format == FORMAT_VERSION => Ok(database),
            Some((found, format)) => Err(foreign(&format!("it holds the data of {found} (format {format})"))),
            None => Err(foreign("it is another program's redb database")),
        }
    }));
    let opened = opened
        .unwrap_or_else(|panic| Err(OpenError::Damaged { file: name.into(), why: panic_text(&*panic) }));
    opened.map(|database| (database, journaled))
}

fn damaged(file: &str, error: &DiskError) -> OpenError {
    match error {
        DiskError::Io(why) => OpenError::Io { file: file.into(), source: io::Error::other(why.clone()) },
        DiskError::Damaged(why) => OpenError::Damaged { file: file.into(), why: why.clone() },
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

fn stamp(database: &Database, owner: &str) -> Result<(), DiskError> {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(FORMAT)?;
        table.insert("owner", owner)?;
        table.insert("format", FORMAT_VERSION)?;
    }
    transaction.commit()?;
    Ok(())
}

/// The owner and the format that the file was stamped with.
fn stamped_owner(database: &Database) -> Result<Option<(String, String)>, DiskError> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(FORMAT) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        table => table?,
    };
    let owner = table.get("owner")?.map(|owner| owner.value().to_owned());
    let format = table.get("format")?.map(|format| format.value().to_owned());
    Ok(owner.zip(format))
}

/// redb takes a backend by its type, for itself alone.
#[derive(Debug)]
struct Backend(Arc<Journaled>);

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.locks().try_lock_range(start, end)
    }
    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.locks().try_lock_shared_range(start, end)
    }
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.locks().lock_range(start, end)
    }
    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.locks().lock_shared_range(start, end)
    }
    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.locks().unlock_range(start, end)
    }
    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.locks().query_lock_range(start, end)
    }
}
