//! The state of a disk, and the fate of each operation on it.

use std::collections::BTreeMap;
use std::io;

use rand::RngExt;
use rand::rngs::SmallRng;
use toystore_checks::time::Nanos;

use super::file::DiskFile;
use super::health::{DiskCounts, DiskFault};

/// What one operation costs on a disk in good health, in virtual nanoseconds.
const READ_NANOS: Nanos = 2_000;
const WRITE_NANOS: Nanos = 5_000;
const SYNC_NANOS: std::ops::Range<Nanos> = 150_000..900_000;

/// What an operation does to a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DiskOperation {
    Read,
    Write,
    Sync,
}

/// A disk: its files, and what is wrong with it.
#[derive(Debug)]
pub(super) struct DiskState {
    pub(super) files: BTreeMap<String, DiskFile>,
    /// How often each file is open.
    pub(super) open: BTreeMap<String, u32>,
    /// Draws what is asked for as random: not what a crash does, which must not change with how often that is.
    pub(super) numbers: SmallRng,
    /// Counts the crashes; a handle of an earlier one is dead.
    pub(super) generation: u32,
    /// After so many operations more the node crashes in the middle of one.
    pub(super) crash_after: Option<u64>,
    pub(super) crash_pending: bool,
    pub(super) fault: Option<DiskFault>,
    /// The next sync fails.
    pub(super) sync_fails: bool,
    pub(super) slow: u64,
    pub(super) cost: Nanos,
    pub(super) rng: SmallRng,
    pub(super) counts: DiskCounts,
}

impl DiskState {
    /// Pays for an operation and says whether it takes place.
    pub(super) fn operate(&mut self, operation: DiskOperation) -> io::Result<()> {
        self.cost += self.slow
            * match operation {
                DiskOperation::Read => READ_NANOS,
                DiskOperation::Write => WRITE_NANOS,
                DiskOperation::Sync => self.rng.random_range(SYNC_NANOS),
            };
        if self.crash_pending {
            return Err(io::Error::other("the process is gone"));
        }
        if let Some(left) = &mut self.crash_after
            && operation != DiskOperation::Read
        {
            if *left == 0 {
                self.crash_after = None;
                self.crash_pending = true;
                return Err(io::Error::other("the process is gone"));
            }
            *left -= 1;
        }
        if operation == DiskOperation::Sync && std::mem::take(&mut self.sync_fails) {
            self.counts.failed += 1;
            return Err(io::Error::other("input/output error"));
        }
        match self.fault {
            Some(DiskFault::Broken) => {
                self.counts.failed += 1;
                Err(io::Error::other("input/output error"))
            }
            Some(DiskFault::Full) if operation == DiskOperation::Write => {
                self.counts.failed += 1;
                Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"))
            }
            Some(DiskFault::Full) | None => Ok(()),
        }
    }
}
