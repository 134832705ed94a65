//! An open file of a disk.

use std::fmt;
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::{BackendError, StorageBackend};

use super::file::{DiskFile, Unsynced};
use super::state::{DiskOperation, DiskState};

/// An open file, as redb sees it.
pub struct FileHandle {
    disk: Arc<Mutex<DiskState>>,
    file: Box<str>,
    generation: u32,
    open: Mutex<bool>,
}

impl FileHandle {
    /// A handle of a file that is there.
    pub(super) fn new(disk: Arc<Mutex<DiskState>>, file: &str, generation: u32) -> FileHandle {
        FileHandle { disk, file: file.into(), generation, open: Mutex::new(true) }
    }

    fn with<T>(
        &self,
        operation: DiskOperation,
        work: impl FnOnce(&mut DiskFile) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.disk.lock();
        if state.generation != self.generation {
            return Err(io::Error::other("the process is gone"));
        }
        let crashed_before = state.crash_pending;
        let outcome = state.operate(operation);
        let just_crashed = state.crash_pending && !crashed_before;
        let file = state.files.get_mut(&*self.file).ok_or(io::ErrorKind::NotFound)?;
        match outcome {
            // The operation that a crash interrupts may have begun: a write is then one more unsynced one.
            Err(error) if just_crashed => {
                if operation == DiskOperation::Write {
                    let _ = work(file)?;
                }
                Err(error)
            }
            // The system has given up on these pages and takes them for clean: the next sync succeeds without
            // them.
            Err(error) if operation == DiskOperation::Sync => {
                file.unsynced.clear();
                Err(error)
            }
            Err(error) => Err(error),
            Ok(()) => work(file),
        }
    }

    fn release(&self) {
        if std::mem::take(&mut *self.open.lock()) {
            let mut state = self.disk.lock();
            if state.generation == self.generation
                && let Some(open) = state.open.get_mut(&*self.file)
            {
                *open -= 1;
            }
        }
    }
}

impl Drop for FileHandle {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for FileHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileHandle").field("file", &self.file).finish_non_exhaustive()
    }
}

impl StorageBackend for FileHandle {
    fn len(&self) -> io::Result<u64> {
        self.with(DiskOperation::Read, |file| Ok(file.now.len))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(DiskOperation::Read, |file| {
            if offset + out.len() as u64 > file.now.len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            file.now.read(offset, out);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(DiskOperation::Write, |file| {
            file.now.set_len(len);
            file.unsynced.push(Unsynced::Len(len));
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(DiskOperation::Sync, |file| {
            file.sync();
            Ok(())
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(DiskOperation::Write, |file| {
            let data = Arc::from(data);
            file.now.write(offset, &data);
            file.unsynced.push(Unsynced::Data { offset, data });
            Ok(())
        })
    }

    fn close(&self) -> io::Result<()> {
        self.release();
        Ok(())
    }

    // The whole file is this handle's from `Disk::open` on: there is nothing left to lock.
    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }
}
