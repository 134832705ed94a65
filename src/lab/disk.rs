//! A node's disk: slow, full, or taken away.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use parking_lot::Mutex;
use redb::StorageBackend;
use rustix::io::Errno;
use toystore_actors::storage::{Job, Sizes, Storage};

use crate::files::forward_locks;

use super::incarnation::Incarnation;

/// How a disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiskState {
    #[default]
    Healthy,
    /// Each sync takes so much longer.
    Slow(Duration),
    /// There is no room: no file becomes longer, and what was written and not synced cannot be.
    Full,
}

/// The disk of one node, whichever incarnation uses it.
#[derive(Debug, Default)]
pub struct Disk(Mutex<DiskState>);

impl Disk {
    /// How it is.
    pub fn state(&self) -> DiskState {
        *self.0.lock()
    }

    /// How it is from now on.
    pub fn set(&self, state: DiskState) {
        *self.0.lock() = state;
    }

    fn is_full(&self) -> bool {
        self.state() == DiskState::Full
    }
}

/// The files of one incarnation of a node.
pub struct LabStorage {
    files: Rc<dyn Storage>,
    incarnation: Arc<Incarnation>,
    disk: Arc<Disk>,
}

impl LabStorage {
    /// What lies on a disk, as long as this incarnation has it.
    pub fn new(files: Rc<dyn Storage>, incarnation: Arc<Incarnation>, disk: Arc<Disk>) -> LabStorage {
        LabStorage { files, incarnation, disk }
    }
}

impl Storage for LabStorage {
    fn describe(&self, file: &str) -> String {
        self.files.describe(file)
    }

    fn exists(&self, file: &str) -> io::Result<bool> {
        self.files.exists(file)
    }

    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(LabFile {
            file: self.files.open(file)?,
            incarnation: self.incarnation.clone(),
            disk: self.disk.clone(),
            unsynced: AtomicBool::new(false),
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.files.rename(from, to)
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        self.files.remove(file)
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'static, ()> {
        let incarnation = self.incarnation.clone();
        self.files.run(Box::new(move || {
            if incarnation.hold().is_ok() {
                job();
            }
        }))
    }

    fn random(&self) -> io::Result<u64> {
        self.files.random()
    }

    fn sizes(&self) -> Sizes {
        self.files.sizes()
    }
}

/// An open file of one incarnation.
#[derive(Debug)]
struct LabFile {
    file: Box<dyn StorageBackend>,
    incarnation: Arc<Incarnation>,
    disk: Arc<Disk>,
    /// Something was written since the last sync.
    unsynced: AtomicBool,
}

impl LabFile {
    /// Whether the file may be written up to there.
    fn has_room(&self, end: u64) -> io::Result<()> {
        if self.disk.is_full() && end > self.file.len()? { Err(no_space()) } else { Ok(()) }
    }
}

fn no_space() -> io::Error {
    Errno::NOSPC.into()
}

impl StorageBackend for LabFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.incarnation.hold()?;
        self.has_room(len)?;
        self.unsynced.store(true, Ordering::Relaxed);
        self.file.set_len(len)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.incarnation.hold()?;
        self.has_room(offset.saturating_add(data.len() as u64))?;
        self.unsynced.store(true, Ordering::Relaxed);
        self.file.write(offset, data)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.incarnation.hold()?;
        if let DiskState::Slow(longer) = self.disk.state() {
            self.incarnation.sleep(longer)?;
        }
        // What is written while it syncs belongs to the next one.
        let unsynced = self.unsynced.swap(false, Ordering::Relaxed);
        if unsynced && self.disk.is_full() {
            self.unsynced.store(true, Ordering::Relaxed);
            return Err(no_space());
        }
        self.file.sync_data().inspect_err(|_| self.unsynced.store(true, Ordering::Relaxed))
    }

    /// The system closes the files of whoever is gone, and so lets go of what it locked.
    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    forward_locks!(file);
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use toystore_actors::storage::{DataFile, same_tables};

    use super::*;
    use crate::files::Directory;

    struct Rig {
        incarnation: Arc<Incarnation>,
        disk: Arc<Disk>,
        storage: Rc<LabStorage>,
    }

    fn rig(path: &Path) -> Rig {
        let files = Rc::new(Directory::new(path.to_owned()).expect("a directory"));
        let (incarnation, disk) = (Arc::new(Incarnation::default()), Arc::new(Disk::default()));
        let storage = Rc::new(LabStorage::new(files, incarnation.clone(), disk.clone()));
        Rig { incarnation, disk, storage }
    }

    fn errno(outcome: io::Result<()>) -> Option<i32> {
        outcome.err().map(|error| error.raw_os_error().expect("the system's own error"))
    }

    #[test]
    fn a_full_disk_takes_nothing_new() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let Rig { disk, storage, .. } = rig(directory.path());
        let file = storage.open("file").expect("a file");
        let full = Some(Errno::NOSPC.raw_os_error());
        file.write(0, &[1; 16]).and_then(|()| file.sync_data()).expect("there is room");
        disk.set(DiskState::Full);
        assert_eq!(errno(file.sync_data()), None, "there is nothing to sync");
        assert_eq!(errno(file.write(8, &[2; 9])), full, "it would be longer");
        assert_eq!(errno(file.set_len(17)), full);
        assert_eq!(errno(file.write(0, &[3; 16])), None, "it is as long as before");
        assert_eq!((errno(file.sync_data()), errno(file.sync_data())), (full, full));
        disk.set(DiskState::Healthy);
        assert_eq!(errno(file.sync_data()), None);
        assert_eq!(errno(file.write(8, &[2; 9])), None);
    }

    #[test]
    fn a_slow_disk_takes_its_time_to_sync_and_ends_with_its_node() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let Rig { incarnation, disk, storage } = rig(directory.path());
        let file = storage.open("file").expect("a file");
        disk.set(DiskState::Slow(Duration::from_millis(30)));
        let began = Instant::now();
        file.sync_data().expect("it works");
        assert!(began.elapsed() >= Duration::from_millis(30));
        disk.set(DiskState::Slow(Duration::from_secs(3600)));
        let late = std::thread::spawn(move || file.sync_data().is_err());
        incarnation.kill();
        assert!(late.join().expect("it ends"), "a sync of who is gone does not count");
    }

    /// What only the journal has is not stamped as whole, and is there at the next start.
    #[test]
    fn who_is_gone_writes_nothing_and_leaves_what_it_synced() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            const TABLE: redb::TableDefinition<u64, u64> = redb::TableDefinition::new("numbers");
            let put = async |file: &DataFile, number: u64| {
                let work = move |database: &redb::Database| {
                    let transaction = database.begin_write()?;
                    transaction.open_table(TABLE)?.insert(number, number)?;
                    Ok(transaction.commit()?)
                };
                file.run(work).await
            };
            let Rig { incarnation, storage, .. } = rig(directory.path());
            let file = DataFile::open(storage, "file", "a test", same_tables).expect("a new file");
            put(&file, 1).await.expect("it is written");
            incarnation.kill();
            put(&file, 2).await.expect_err("it is gone");
            drop(file);
            let journal = directory.path().join("file.journal");
            assert!(journal.metadata().expect("it is there").len() > 0, "the file was closed as whole");

            let Rig { storage, .. } = rig(directory.path());
            let file = DataFile::open(storage, "file", "a test", same_tables).expect("nobody else has it");
            let read = |database: &redb::Database| {
                use redb::{ReadableDatabase, ReadableTable};
                let table = database.begin_read()?.open_table(TABLE)?;
                let numbers: Result<Vec<_>, _> =
                    table.iter()?.map(|row| row.map(|(key, _)| key.value())).collect();
                Ok(numbers?)
            };
            assert_eq!(file.load(read).expect("it can be read"), [1]);
        });
    }
}
