//! A service's open data file.

use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use redb::Database;
use tokio::sync::oneshot;

use super::boundary::Storage;
use super::convert::{Conversion, convert};
use super::errors::{DiskError, OpenError, guarded, not_opened};
use super::journaled::Journaled;
use super::open::{Format, Opened, Wanted, journal_of, open_file};
use super::owner::{FORMAT_BEFORE, FORMAT_VERSION};

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
    /// rather than half of one. One of the format before is converted by `conversion`.
    ///
    /// # Errors
    /// See [`OpenError`]. A file that is not this owner's, or cannot be read, is left as it was.
    pub fn open(
        storage: Rc<dyn Storage>,
        file: &str,
        owner: &str,
        conversion: Conversion,
    ) -> Result<DataFile, OpenError> {
        let name = storage.describe(file);
        let io = |source| OpenError::Io { file: name.clone(), source };
        let journal = journal_of(file);
        let sizes = storage.sizes();
        let owned = |found: &str| found == owner;
        if !storage.exists(file).map_err(io)? {
            // The journal of a file that was moved away: it belongs to that file, not to the new one.
            if storage.exists(&journal).map_err(io)? {
                put_aside(&*storage, file, &journal).map_err(io)?;
            }
            let fresh = fresh(file);
            storage.remove(&fresh).map_err(io)?;
            let (backend, name) = (open_file(&*storage, &fresh)?, &storage.describe(&fresh));
            // With room for billions up to that of any other file.
            let number = (storage.random().map_err(io)? >> 33) << 31;
            Wanted { name, owner, owned: &owned, sizes }.create(backend, number)?;
            storage.rename(&fresh, file).map_err(io)?;
        }
        let backend = open_file(&*storage, file)?;
        let left = storage.exists(&journal).map_err(io)?;
        let left = left.then(|| open_file(&*storage, &journal)).transpose()?;
        let Opened { database, journaled, format } =
            Wanted { name: &name, owner, owned: &owned, sizes }.open(backend, left)?;
        journaled.reached().into_iter().for_each(|limit| storage.reached(limit));
        let create = || {
            drop(storage.open(&fresh(&journal))?);
            storage.rename(&fresh(&journal), &journal)?;
            storage.open(&journal)
        };
        journaled.accept().and_then(|()| journaled.begin(sizes.journal_bytes, create)).map_err(io)?;
        let file = DataFile { name: name.into(), database: Arc::new(database), journaled, storage };
        if format == Format::Before {
            file.load(|database| convert(database, conversion))?;
            log::info!("{}: converted from format {FORMAT_BEFORE} to format {FORMAT_VERSION}", file.name);
        }
        Ok(file)
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
        guarded(|| work(&self.database)).map_err(|error| not_opened(&self.name, &error))
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

/// What a file is called until it is whole.
fn fresh(file: &str) -> String {
    format!("{file}.new")
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
