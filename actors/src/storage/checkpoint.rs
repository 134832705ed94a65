//! Stamps on a data file: each after a sync, which says up to where the file is whole without its journal (rules F2 and F5).

use std::io;

use redb::StorageBackend;

use super::superblock::Stamp;

/// Why a file that was closed is not stamped: it may be another's by then.
const CLOSED: &str = "the data file is closed";

/// The newest stamp of an open file, and whether there may be another.
#[derive(Debug, Default)]
pub struct Checkpoints {
    stamp: Stamp,
    /// Why there must be no other. A sync that failed is one: the system reports the failure once, and lets
    /// the next sync succeed although the pages never reached the disk.
    ended: Option<String>,
}

impl Checkpoints {
    /// The newest stamp.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The file has this stamp.
    pub fn found(&mut self, stamp: Stamp) {
        self.stamp = stamp;
    }

    /// Syncs the file and stamps it: what is numbered up to `sequence` is in it, and what comes after, in that
    /// journal; without one, the file is being closed. It is synced by `sync`.
    ///
    /// # Errors
    /// When the disk fails, or failed at an earlier checkpoint, or the file is closed.
    pub fn make(
        &mut self,
        file: &dyn StorageBackend,
        sync: impl Fn() -> io::Result<()>,
        sequence: u64,
        journal: Option<u64>,
    ) -> io::Result<()> {
        if let Some(why) = &self.ended {
            return Err(io::Error::other(why.clone()));
        }
        if sequence <= self.stamp.sequence && journal == self.stamp.journal {
            return Ok(());
        }
        let stamped = sync().and_then(|()| {
            self.stamp = self.stamp.write_next(file, sequence, journal)?;
            sync()
        });
        match &stamped {
            Err(error) => self.ended = Some(format!("the data file could not be synced: {error}")),
            // A checkpoint that comes late must not say otherwise.
            Ok(()) if journal.is_none() => self.close(),
            Ok(()) => {}
        }
        stamped
    }

    /// The file is closed: whatever checkpoint comes late makes none.
    pub fn close(&mut self) {
        self.ended.get_or_insert_with(|| CLOSED.into());
    }
}
