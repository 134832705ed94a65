//! A node's disk: files of sparse pages, of which a crash keeps what was synced and, of the rest, what the
//! seed says.
//!
//! A write that was not synced is kept, lost, or torn: some of its 512-byte sectors are there, others not.
//! Nothing orders unsynced writes among one another. A rename is atomic and durable, as the deployed store
//! makes it by syncing the directory.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use redb::{BackendError, StorageBackend};

use crate::clock::Nanos;

const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// What one operation costs on a disk in good health, in virtual nanoseconds.
const READ_NANOS: Nanos = 2_000;
const WRITE_NANOS: Nanos = 5_000;
const SYNC_NANOS: std::ops::Range<Nanos> = 150_000..900_000;

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskFault {
    /// Every operation fails.
    Broken,
    /// Writes fail for lack of room.
    Full,
}

/// What a disk went through.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskCounts {
    /// Unsynced writes that a crash kept.
    pub kept: u64,
    /// Unsynced writes that a crash lost.
    pub lost: u64,
    /// Unsynced writes of which a crash kept a part.
    pub torn: u64,
    /// Operations that failed because of a fault.
    pub failed: u64,
    /// Crashes in the middle of an operation.
    pub tripped: u64,
}

/// The bytes of a file; pages that were never written are zeros and not there.
#[derive(Debug, Clone, Default)]
struct Pages {
    /// By number. Each is [`PAGE`] bytes long, and shared by all that hold the same.
    pages: BTreeMap<u64, Arc<[u8]>>,
    len: u64,
}

impl Pages {
    fn each_part(offset: u64, len: usize, mut part: impl FnMut(u64, usize, std::ops::Range<usize>)) {
        let mut done = 0;
        while done < len {
            let at = offset + done as u64;
            let within = usize::try_from(at % PAGE as u64).unwrap_or(0);
            let some = (PAGE - within).min(len - done);
            part(at / PAGE as u64, within, done..done + some);
            done += some;
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) {
        Self::each_part(offset, out.len(), |page, within, range| match self.pages.get(&page) {
            Some(page) => out[range.clone()].copy_from_slice(&page[within..within + range.len()]),
            None => out[range].fill(0),
        });
    }

    /// A write of a whole page, of which databases make most, becomes the page.
    fn write(&mut self, offset: u64, data: &Arc<[u8]>) {
        if data.len() == PAGE && offset.is_multiple_of(PAGE as u64) {
            self.len = self.len.max(offset + PAGE as u64);
            self.pages.insert(offset / PAGE as u64, data.clone());
        } else {
            self.write_part(offset, data);
        }
    }

    fn write_part(&mut self, offset: u64, data: &[u8]) {
        self.len = self.len.max(offset + data.len() as u64);
        Self::each_part(offset, data.len(), |page, within, range| {
            let page = self.pages.entry(page).or_insert_with(|| [0; PAGE].into());
            Arc::make_mut(page)[within..within + range.len()].copy_from_slice(&data[range]);
        });
    }

    fn set_len(&mut self, len: u64) {
        if len < self.len {
            let keep = len.div_ceil(PAGE as u64);
            drop(self.pages.split_off(&keep));
            let within = usize::try_from(len % PAGE as u64).unwrap_or(0);
            if within > 0
                && let Some(page) = self.pages.get_mut(&(len / PAGE as u64))
            {
                Arc::make_mut(page)[within..].fill(0);
            }
        }
        self.len = len;
    }
}

#[derive(Debug)]
enum Unsynced {
    Data { offset: u64, data: Arc<[u8]> },
    Len(u64),
}

#[derive(Debug, Default)]
struct File {
    now: Pages,
    durable: Pages,
    unsynced: Vec<Unsynced>,
}

impl File {
    fn sync(&mut self) {
        for write in self.unsynced.drain(..) {
            match write {
                Unsynced::Len(len) => self.durable.set_len(len),
                Unsynced::Data { offset, data } => Pages::each_part(offset, data.len(), |page, _, _| {
                    if let Some(current) = self.now.pages.get(&page) {
                        self.durable.pages.insert(page, current.clone());
                    }
                }),
            }
        }
        self.durable.len = self.now.len;
    }

    fn crash(&mut self, rng: &mut SmallRng, counts: &mut DiskCounts) {
        // A whole crash may keep or lose everything; the mixture is drawn per crash, so that both extremes
        // and all between are common.
        let keep: f64 = [0.0, 1.0, 0.5, 0.9, 0.1][rng.random_range(0..5)];
        for write in self.unsynced.drain(..) {
            match write {
                Unsynced::Len(len) => {
                    if rng.random_bool(keep) {
                        self.durable.set_len(len);
                    }
                }
                Unsynced::Data { offset, data } => {
                    if rng.random_bool(0.25) && data.len() > SECTOR {
                        counts.torn += 1;
                        for (index, sector) in data.chunks(SECTOR).enumerate() {
                            if rng.random_bool(0.5) {
                                self.durable.write_part(offset + (index * SECTOR) as u64, sector);
                            }
                        }
                    } else if rng.random_bool(keep) {
                        counts.kept += 1;
                        self.durable.write(offset, &data);
                    } else {
                        counts.lost += 1;
                    }
                }
            }
        }
        self.now = self.durable.clone();
    }
}

#[derive(Debug)]
struct State {
    files: BTreeMap<String, File>,
    /// How often each file is open.
    open: BTreeMap<String, u32>,
    /// Draws what is asked for as random: not what a crash does, which must not change with how often that is.
    numbers: SmallRng,
    /// Counts the crashes; a handle of an earlier one is dead.
    generation: u32,
    /// After so many operations more the node crashes in the middle of one.
    trip_after: Option<u64>,
    tripped: bool,
    fault: Option<DiskFault>,
    /// The next sync fails.
    sync_fails: bool,
    slow: u64,
    cost: Nanos,
    rng: SmallRng,
    counts: DiskCounts,
}

/// The files of a disk at one moment, as a crash at that moment would have left them if it had lost all that was not
/// synced. It costs little: pages are shared.
#[derive(Debug, Clone, Default)]
pub struct Snapshot(BTreeMap<String, Pages>);

/// One node's disk. It outlives the node's crashes; clones share it.
#[derive(Debug, Clone)]
pub struct Disk(Arc<Mutex<State>>);

/// What an operation does to a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    Sync,
}

impl Disk {
    /// An empty disk whose fates follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Disk {
        Disk(Arc::new(Mutex::new(State {
            files: BTreeMap::new(),
            open: BTreeMap::new(),
            numbers: SmallRng::seed_from_u64(seed.rotate_left(32) ^ 0x9E37_79B9_7F4A_7C15),
            generation: 0,
            trip_after: None,
            tripped: false,
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
        let State { files, rng, counts, .. } = &mut *state;
        for file in files.values_mut() {
            file.crash(rng, counts);
        }
        state.generation += 1;
        state.open.clear();
        state.trip_after = None;
        state.tripped = false;
    }

    /// What is on it now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let state = self.0.lock();
        Snapshot(state.files.iter().map(|(name, file)| (name.clone(), file.durable.clone())).collect())
    }

    /// From now on it has these files and no others. Only for a node that is down.
    pub fn restore(&self, snapshot: &Snapshot) {
        let files = snapshot.0.iter().map(|(name, pages)| {
            (name.clone(), File { now: pages.clone(), durable: pages.clone(), unsynced: Vec::new() })
        });
        self.0.lock().files = files.collect();
    }

    /// Everything on it is lost. Only for a node that is down.
    pub fn erase(&self) {
        self.restore(&Snapshot::default());
    }

    /// The files whose names are not to be kept are lost. Only for a node that is down.
    pub fn keep(&self, kept: impl Fn(&str) -> bool) {
        self.0.lock().files.retain(|name, _| kept(name));
    }

    /// Lets the node crash in the middle of the operation that comes after `operations` others.
    pub fn trip_after(&self, operations: u64) {
        self.0.lock().trip_after = Some(operations);
    }

    /// No crash in the middle of an operation is to come any more.
    pub fn do_not_trip(&self) {
        self.0.lock().trip_after = None;
    }

    /// Whether the node has crashed in the middle of an operation, and its crash has yet to be carried out.
    #[must_use]
    pub fn tripped(&self) -> bool {
        self.0.lock().tripped
    }

    /// Lets operations fail from now on, or no longer.
    pub fn set_fault(&self, fault: Option<DiskFault>) {
        self.0.lock().fault = fault;
    }

    /// Lets the next sync fail, and none after it; or not.
    pub fn fail_next_sync(&self, fails: bool) {
        self.0.lock().sync_fails = fails;
    }

    /// The fault under way.
    #[must_use]
    pub fn fault(&self) -> Option<DiskFault> {
        self.0.lock().fault
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
            (name.clone(), File { now: file.now.clone(), durable: file.now.clone(), unsynced: Vec::new() })
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
        state.operate(Kind::Read)?;
        Ok(state.files.contains_key(file))
    }

    /// Opens a file, creating it where there is none.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it is open; or when the disk fails.
    pub fn open(&self, file: &str) -> io::Result<Handle> {
        let mut state = self.0.lock();
        state.operate(Kind::Write)?;
        if state.open.get(file).is_some_and(|open| *open > 0) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.files.entry(file.to_owned()).or_default();
        *state.open.entry(file.to_owned()).or_default() += 1;
        let generation = state.generation;
        Ok(Handle { disk: self.clone(), file: file.into(), generation, open: Mutex::new(true) })
    }

    /// Renames a file, durably and atomically.
    ///
    /// # Errors
    /// When there is none, or the disk fails.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate(Kind::Sync)?;
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
        state.operate(Kind::Sync)?;
        state.files.remove(file);
        Ok(())
    }
}

impl State {
    /// Pays for an operation and says whether it takes place.
    fn operate(&mut self, kind: Kind) -> io::Result<()> {
        self.cost += self.slow
            * match kind {
                Kind::Read => READ_NANOS,
                Kind::Write => WRITE_NANOS,
                Kind::Sync => self.rng.random_range(SYNC_NANOS),
            };
        if self.tripped {
            return Err(io::Error::other("the process is gone"));
        }
        if let Some(left) = &mut self.trip_after
            && kind != Kind::Read
        {
            if *left == 0 {
                self.trip_after = None;
                self.tripped = true;
                self.counts.tripped += 1;
                return Err(io::Error::other("the process is gone"));
            }
            *left -= 1;
        }
        if kind == Kind::Sync && std::mem::take(&mut self.sync_fails) {
            self.counts.failed += 1;
            return Err(io::Error::other("input/output error"));
        }
        match self.fault {
            Some(DiskFault::Broken) => {
                self.counts.failed += 1;
                Err(io::Error::other("input/output error"))
            }
            Some(DiskFault::Full) if kind == Kind::Write => {
                self.counts.failed += 1;
                Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"))
            }
            Some(DiskFault::Full) | None => Ok(()),
        }
    }
}

/// An open file, as redb sees it.
pub struct Handle {
    disk: Disk,
    file: Box<str>,
    generation: u32,
    open: Mutex<bool>,
}

impl Handle {
    fn with<T>(&self, kind: Kind, work: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.disk.0.lock();
        if state.generation != self.generation {
            return Err(io::Error::other("the process is gone"));
        }
        let tripped = state.tripped;
        let outcome = state.operate(kind);
        let just_tripped = state.tripped && !tripped;
        let file = state.files.get_mut(&*self.file).ok_or(io::ErrorKind::NotFound)?;
        match outcome {
            // The operation that a crash interrupts may have begun: a write is then one more unsynced one.
            Err(error) if just_tripped => {
                if kind == Kind::Write {
                    let _ = work(file)?;
                }
                Err(error)
            }
            // The system has given up on these pages and takes them for clean: the next sync succeeds without
            // them.
            Err(error) if kind == Kind::Sync => {
                file.unsynced.clear();
                Err(error)
            }
            Err(error) => Err(error),
            Ok(()) => work(file),
        }
    }

    fn release(&self) {
        if std::mem::take(&mut *self.open.lock()) {
            let mut state = self.disk.0.lock();
            if state.generation == self.generation
                && let Some(open) = state.open.get_mut(&*self.file)
            {
                *open -= 1;
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("file", &self.file).finish_non_exhaustive()
    }
}

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        self.with(Kind::Read, |file| Ok(file.now.len))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(Kind::Read, |file| {
            if offset + out.len() as u64 > file.now.len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            file.now.read(offset, out);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(Kind::Write, |file| {
            file.now.set_len(len);
            file.unsynced.push(Unsynced::Len(len));
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(Kind::Sync, |file| {
            file.sync();
            Ok(())
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(Kind::Write, |file| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_keeps_what_was_synced_and_any_of_the_rest() {
        let (mut kept, mut lost, mut torn) = (0, 0, 0);
        for seed in 0..200 {
            let disk = Disk::new(seed);
            let handle = disk.open("f").expect("opens");
            handle.write(100, &[1; 5000]).expect("writes");
            handle.sync_data().expect("syncs");
            handle.write(100, &[2; 2000]).expect("writes");
            disk.crash();
            assert!(handle.len().is_err(), "a handle does not survive the crash");
            let handle = disk.open("f").expect("opens again");
            let mut bytes = vec![0; 5000];
            handle.read(100, &mut bytes).expect("reads");
            assert!(bytes[2000..].iter().all(|byte| *byte == 1), "what was synced is there");
            match bytes[..2000].iter().filter(|byte| **byte == 2).count() {
                0 => lost += 1,
                2000 => kept += 1,
                some => {
                    assert!(some % SECTOR == 0 || some % SECTOR == 2000 % SECTOR, "torn at sectors");
                    torn += 1;
                }
            }
        }
        assert!(kept > 20 && lost > 20 && torn > 20, "{kept} kept, {lost} lost, {torn} torn");
    }

    #[test]
    fn a_snapshot_has_what_was_synced_and_keeps_it() {
        let disk = Disk::new(1);
        let read = |disk: &Disk| {
            let mut bytes = [0; 2];
            disk.open("f").expect("opens").read(0, &mut bytes).expect("reads");
            bytes
        };
        let handle = disk.open("f").expect("opens");
        handle.write(0, &[1; 2]).expect("writes");
        handle.sync_data().expect("syncs");
        handle.write(0, &[2]).expect("writes");
        let snapshot = disk.snapshot();
        handle.sync_data().expect("syncs");
        handle.write(1, &[3]).expect("writes");
        handle.sync_data().expect("syncs");
        disk.crash();
        assert_eq!(read(&disk), [2, 3]);
        let other = Disk::new(2);
        for _ in 0..2 {
            other.restore(&snapshot);
            assert_eq!(read(&other), [1, 1]);
            other.open("f").expect("opens").write(0, &[9]).expect("writes");
        }
        disk.restore(&snapshot);
        assert_eq!(read(&disk), [1, 1]);
        disk.keep(|name| name != "f");
        assert!(!disk.exists("f").expect("can be read"));
    }

    #[test]
    fn pages_are_sparse_and_shrink() {
        let disk = Disk::new(1);
        let handle = disk.open("f").expect("opens");
        handle.set_len(1 << 30).expect("grows");
        handle.write((1 << 30) - 10, &[7; 10]).expect("writes");
        assert_eq!(disk.0.lock().files["f"].now.pages.len(), 1);
        handle.set_len((1 << 30) - 5).expect("shrinks");
        handle.set_len(1 << 30).expect("grows");
        let mut end = [9; 10];
        handle.read((1 << 30) - 10, &mut end).expect("reads");
        assert_eq!(end, [7, 7, 7, 7, 7, 0, 0, 0, 0, 0]);
        assert_eq!(handle.read(1 << 30, &mut end).map_err(|e| e.kind()), Err(io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn a_crash_in_the_middle_of_a_commit_loses_no_earlier_commit() {
        use redb::{Builder, Database, ReadableDatabase, ReadableTable, TableDefinition};
        const T: TableDefinition<u64, u64> = TableDefinition::new("t");
        fn commit(database: &Database, key: u64) -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(T)?.insert(key, key)?;
            transaction.commit()?;
            Ok(())
        }
        for seed in 0..300 {
            let disk = Disk::new(seed);
            drop(Builder::new().create_with_backend(disk.open("f").expect("opens")).expect("creates"));
            let mut acknowledged = 0;
            for round in 0..3 {
                let handle = disk.open("f").expect("opens");
                let database = Builder::new().create_with_backend(handle).expect("opens again");
                disk.trip_after((seed * 7 + round) % 40);
                while commit(&database, acknowledged + 1).is_ok() && acknowledged < 20 * (round + 1) {
                    acknowledged += 1;
                }
                disk.crash();
                drop(database);
                let handle = disk.open("f").expect("opens");
                let database = Builder::new().create_with_backend(handle).expect("recovers");
                let read = database.begin_read().expect("reads");
                let last = match read.open_table(T) {
                    Ok(table) => table.last().expect("reads").map_or(0, |(key, _)| key.value()),
                    Err(_) => 0,
                };
                assert!(last >= acknowledged, "seed {seed}: {last} of {acknowledged}");
                acknowledged = last;
            }
        }
    }
}
