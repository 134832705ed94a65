//! A node's files as its actor sees them: [`Storage`] over a simulated [`Disk`].
//!
//! A disk does one job after the other. A job happens at one point in virtual time, and its result is told
//! when the operations' time has passed: a crash between the two leaves data that is durable and that
//! nobody heard of.

use std::cell::Cell;
use std::io;
use std::rc::{Rc, Weak};

use futures_util::future::{self, LocalBoxFuture};
use redb::StorageBackend;
use toystore_actors::probe::Limit;
use toystore_actors::storage::{Job, Sizes, Storage};

use super::job::{QueuedJob, Signal};
use super::state::World;
use crate::platform::disk::Disk;
use crate::platform::process::ProcessId;

/// The files of one incarnation of a process.
pub(super) struct NodeStorage {
    world: Weak<World>,
    id: ProcessId,
    disk: Disk,
    alive: Rc<Cell<bool>>,
}

impl NodeStorage {
    /// The files on `disk`, for as long as `alive` says.
    pub(super) fn new(world: Weak<World>, id: ProcessId, disk: Disk, alive: Rc<Cell<bool>>) -> NodeStorage {
        NodeStorage { world, id, disk, alive }
    }

    fn still_alive(&self) -> io::Result<()> {
        if self.alive.get() { Ok(()) } else { Err(io::Error::other("the process is gone")) }
    }
}

impl Storage for NodeStorage {
    fn describe(&self, file: &str) -> String {
        format!("{}:{file}", self.id)
    }

    fn exists(&self, file: &str) -> io::Result<bool> {
        self.still_alive()?;
        self.disk.exists(file)
    }

    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        self.still_alive()?;
        Ok(Box::new(self.disk.open(file)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.still_alive()?;
        self.disk.rename(from, to)
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        self.still_alive()?;
        self.disk.remove(file)
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'static, ()> {
        match self.world.upgrade() {
            Some(world) if self.alive.get() => {
                let signal = Signal::default();
                world.queue_job(self.id, QueuedJob { job: Some(job), signal: signal.clone() });
                Box::pin(signal.wait())
            }
            _ => Box::pin(future::pending()),
        }
    }

    fn random(&self) -> io::Result<u64> {
        Ok(self.disk.random())
    }

    fn sizes(&self) -> Sizes {
        self.world.upgrade().map_or_else(Sizes::default, |world| world.setup.sizes.storage())
    }

    fn reached(&self, limit: Limit) {
        if let Some(world) = self.world.upgrade() {
            world.record.count(limit);
        }
    }
}
