//! A node's disk: files of sparse pages, of which a crash keeps what was synced and, of the rest, what the
//! seed says.
//!
//! A write that was not synced is kept, lost, or torn: some of its 512-byte sectors are there, others not.
//! Nothing orders unsynced writes among one another. A rename is atomic and durable, as the deployed store
//! makes it by syncing the directory.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_checks::time::Nanos;

use super::file::DiskFile;
use super::handle::FileHandle;
use super::health::{DiskCounts, DiskFault};
use super::pages::Pages;
use super::state::{DiskOperation, DiskState};

/// The files of a disk at one moment, as a crash at that moment would have left them if it had lost all that was not
/// synced. It costs little: pages are shared.
#[derive(Debug, Clone, Default)]
pub struct DiskSnapshot(BTreeMap<String, Pages>);

/// One node's disk. It outlives the node's crashes; clones share it.
#[derive(Debug, Clone)]
pub struct Disk(pub(super) Arc<Mutex<DiskState>>);

impl Disk {
    /// An empty disk whose fates follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Disk {
        Disk(Arc::new(Mutex::new(DiskState {
            files: BTreeMap::new(),
            open: BTreeMap::new(),
            numbers: SmallRng::seed_from_u64(seed.rotate_left(32) ^ 0x9E37_79B9_7F4A_7C15),
            generation: 0,
            crash_after: None,
            crash_pending: false,
            fault: None,
            sync_fails: false,
            slow: 1,
            cost: 0,
            rng: SmallRng::seed_from_u64(seed),
            counts: DiskCounts::default(),
        })))
    }

    /// A random number.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.0.lock().numbers.random()
    }

    /// The node crashes: every open handle is dead from now on, and unsynced writes meet their fate.
    pub fn crash(&self) {
        let mut state = self.0.lock();
        let DiskState { files, rng, counts, .. } = &mut *state;
        for file in files.values_mut() {
            file.crash(rng, counts);
        }
        state.generation += 1;
        state.open.clear();
        state.crash_after = None;
        state.crash_pending = false;
    }

    /// What is on it now.
    #[must_use]
    pub fn snapshot(&self) -> DiskSnapshot {
        let state = self.0.lock();
        DiskSnapshot(state.files.iter().map(|(name, file)| (name.clone(), file.durable.clone())).collect())
    }

    /// From now on it has these files and no others. Only for a node that is down.
    pub fn restore(&self, snapshot: &DiskSnapshot) {
        let files = snapshot.0.iter().map(|(name, pages)| {
            (name.clone(), DiskFile { now: pages.clone(), durable: pages.clone(), unsynced: Vec::new() })
        });
        self.0.lock().files = files.collect();
    }

    /// Everything on it is lost. Only for a node that is down.
    pub fn erase(&self) {
        self.restore(&DiskSnapshot::default());
    }

    /// The files whose names are not to be kept are lost. Only for a node that is down.
    pub fn keep(&self, kept: impl Fn(&str) -> bool) {
        self.0.lock().files.retain(|name, _| kept(name));
    }

    /// Lets the node crash in the middle of the operation that comes after `operations` others.
    pub fn crash_after(&self, operations: u64) {
        self.0.lock().crash_after = Some(operations);
    }

    /// No crash in the middle of an operation is to come any more.
    pub fn cancel_crash(&self) {
        self.0.lock().crash_after = None;
    }

    /// Whether the node has crashed in the middle of an operation, and its crash has yet to be carried out.
    #[must_use]
    pub fn crash_pending(&self) -> bool {
        self.0.lock().crash_pending
    }

    /// Lets operations fail from now on, or no longer.
    pub fn set_fault(&self, fault: Option<DiskFault>) {
        self.0.lock().fault = fault;
    }

    /// Lets the next sync fail, and none after it; or not.
    pub fn fail_next_sync(&self, fails: bool) {
        self.0.lock().sync_fails = fails;
    }

    /// Makes every operation take `factor` times as long.
    pub fn set_slow(&self, factor: u64) {
        self.0.lock().slow = factor;
    }

    /// The time that operations took since this was last asked.
    pub fn take_cost(&self) -> Nanos {
        std::mem::take(&mut self.0.lock().cost)
    }

    /// What the disk went through.
    #[must_use]
    pub fn counts(&self) -> DiskCounts {
        self.0.lock().counts
    }

    /// A disk in good health with what any process would read from this one now.
    #[must_use]
    pub fn copy(&self) -> Disk {
        let copy = Disk::new(0);
        let state = self.0.lock();
        let files = state.files.iter().map(|(name, file)| {
            (
                name.clone(),
                DiskFile { now: file.now.clone(), durable: file.now.clone(), unsynced: Vec::new() },
            )
        });
        copy.0.lock().files = files.collect();
        copy
    }

    /// Whether there is such a file.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn exists(&self, file: &str) -> io::Result<bool> {
        let mut state = self.0.lock();
        state.operate(DiskOperation::Read)?;
        Ok(state.files.contains_key(file))
    }

    /// Opens a file, creating it where there is none.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it is open; or when the disk fails.
    pub fn open(&self, file: &str) -> io::Result<FileHandle> {
        let mut state = self.0.lock();
        state.operate(DiskOperation::Write)?;
        if state.open.get(file).is_some_and(|open| *open > 0) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.files.entry(file.to_owned()).or_default();
        *state.open.entry(file.to_owned()).or_default() += 1;
        let generation = state.generation;
        Ok(FileHandle::new(self.0.clone(), file, generation))
    }

    /// Renames a file, durably and atomically.
    ///
    /// # Errors
    /// When there is none, or the disk fails.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate(DiskOperation::Sync)?;
        let file = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.files.insert(to.to_owned(), file);
        Ok(())
    }

    /// Removes a file if there is one.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remove(&self, file: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate(DiskOperation::Sync)?;
        state.files.remove(file);
        Ok(())
    }
}
