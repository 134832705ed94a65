//! Files in memory, which outlive the actor that has them open.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use parking_lot::Mutex;
use redb::StorageBackend;
use tokio::time::sleep;

use crate::storage::{Job, Sizes, Storage};

type Content = Arc<Mutex<Vec<u8>>>;

/// A disk in memory, and a switch that makes every change fail; clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    files: Arc<Mutex<BTreeMap<String, Content>>>,
    full: Arc<AtomicBool>,
}

impl MemoryDisk {
    /// How long a job takes.
    pub const JOB: Duration = Duration::from_millis(3);

    /// From now on every change fails, or none.
    pub fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    /// A disk with a copy of every file, as it is now.
    pub fn copy(&self) -> MemoryDisk {
        let copied = |(name, content): (&String, &Content)| {
            (name.clone(), Arc::new(Mutex::new(content.lock().clone())))
        };
        let files = self.files.lock().iter().map(copied).collect();
        MemoryDisk { files: Arc::new(Mutex::new(files)), full: Arc::default() }
    }

    /// Whether somebody has the file open.
    pub fn is_open(&self, file: &str) -> bool {
        self.files.lock().get(file).is_some_and(|content| Arc::strong_count(content) > 1)
    }
}

#[derive(Debug)]
struct OpenFile {
    content: Content,
    full: Arc<AtomicBool>,
}

impl OpenFile {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
        match self.full.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(change(&mut self.content.lock())),
        }
    }
}

fn range(offset: u64, len: usize) -> std::ops::Range<usize> {
    let start = usize::try_from(offset).expect("a file in memory");
    start..start + len
}

impl StorageBackend for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.content.lock().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.content.lock();
        let bytes = content.get(range(offset, out.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(|content| content.resize(range(len, 0).start, 0))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(|_| ())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(|content| content[range(offset, data.len())].copy_from_slice(data))
    }
}

impl Storage for MemoryDisk {
    fn describe(&self, file: &str) -> String {
        file.into()
    }

    fn exists(&self, file: &str) -> io::Result<bool> {
        Ok(self.files.lock().contains_key(file))
    }

    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        let content = self.files.lock().entry(file.into()).or_default().clone();
        Ok(Box::new(OpenFile { content, full: self.full.clone() }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files.lock();
        let content = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.into(), content);
        Ok(())
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        self.files.lock().remove(file);
        Ok(())
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            sleep(MemoryDisk::JOB).await;
            job();
        })
    }

    fn random(&self) -> io::Result<u64> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        Ok(NUMBERS.fetch_add(1, Ordering::Relaxed))
    }

    fn sizes(&self) -> Sizes {
        Sizes { cache_bytes: 1 << 20, journal_bytes: 64 << 10, ..Sizes::default() }
    }
}
