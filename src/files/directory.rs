//! Real files in one directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::LocalBoxFuture;
use rand::TryRng;
use rand::rngs::SysRng;
use redb::StorageBackend;
use toystore_actors::storage::{Job, Sizes, Storage};

use super::file_names::{is_named, make_directories};
use super::watched::Watch;
use crate::process::panics;

/// How often it is looked whether another start is done with a directory.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long until it is said what a start waits for.
const WAIT_WARNING: Duration = Duration::from_secs(5);

/// What to do about a data directory that cannot be used.
pub const ADVICE: &str = "give another with --data";

/// The data files of one node.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    watch: Watch,
}

impl Directory {
    /// Files in `path`, which is made if there is none.
    ///
    /// # Errors
    /// A sentence with the directory.
    pub fn new(path: PathBuf) -> Result<Directory, String> {
        make(&path)?;
        Ok(Directory { path, watch: Watch::default() })
    }

    /// Makes a service's directory where there is none and keeps everybody else from opening files in it
    /// while the guard lives. Without it, two first starts at the same moment could each rename a file of
    /// theirs into place, and one would go on writing to a file that has no name any more.
    ///
    /// Another start may take its time, with a long journal or many products; this one waits for it and says so.
    ///
    /// # Errors
    /// A sentence with the directory and what to do.
    pub fn prepare(path: &Path) -> Result<Opening, String> {
        let mut warning = Some(Instant::now() + WAIT_WARNING);
        loop {
            if let Some(opening) = Directory::prepare_now(path)? {
                return Ok(opening);
            }
            if warning.take_if(|at| Instant::now() >= *at).is_some() {
                log::warn!(
                    "another process is opening the files in {}; this one waits for it",
                    path.display()
                );
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// As [`Directory::prepare`], but without waiting: `None` while another has the guard.
    ///
    /// # Errors
    /// A sentence with the directory and what to do.
    pub fn prepare_now(path: &Path) -> Result<Option<Opening>, String> {
        make(path).map_err(|why| format!("{why}; {ADVICE}"))?;
        let cannot = |error| format!("cannot open the data directory {}: {error}; {ADVICE}", path.display());
        let directory = File::open(path).map_err(cannot)?;
        match directory.try_lock() {
            // It may have been set aside since it was opened: then the name is another's.
            Ok(()) if !is_named(&directory, path) => Ok(None),
            // A file system that cannot lock a directory leaves the locks of the files themselves.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(Opening(directory))),
            Err(TryLockError::WouldBlock) => Ok(None),
        }
    }

    fn at(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }
}

/// Makes the directory of a service, durably.
fn make(path: &Path) -> Result<(), String> {
    let cannot = |error| format!("cannot make the data directory {}: {error}", path.display());
    make_directories(path).map_err(cannot)
}

/// While it lives, no other process opens or creates data files in the directory.
#[derive(Debug)]
pub struct Opening(#[expect(dead_code, reason = "it is the open file that holds the lock")] File);

impl Storage for Directory {
    fn describe(&self, file: &str) -> String {
        self.at(file).display().to_string()
    }

    fn exists(&self, file: &str) -> io::Result<bool> {
        self.at(file).try_exists()
    }

    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        let path = self.at(file);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        // redb itself locks the file when the database is opened, and reports one that is held.
        Ok(Box::new(self.watch.over(file, path)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.at(from), self.at(to));
        fs::rename(&from, &to)?;
        self.watch.renamed(&from, &to);
        // The new name is durable only once the directory is.
        File::open(&self.path)?.sync_all()
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        match fs::remove_file(self.at(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'static, ()> {
        let running = tokio::task::spawn_blocking(move || panics::contained(job));
        Box::pin(async move {
            // A job catches its own panics and reports through a channel of its own.
            let _ = running.await;
        })
    }

    fn random(&self) -> io::Result<u64> {
        SysRng.try_next_u64().map_err(io::Error::other)
    }

    fn sizes(&self) -> Sizes {
        Sizes::default()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use toystore_actors::storage::{DataFile, OpenError, same_tables};

    use super::*;

    fn open(path: &Path) -> Result<DataFile, OpenError> {
        let directory = Directory::new(path.to_owned()).expect("it is there");
        DataFile::open(Rc::new(directory), "some.redb", "a test", same_tables)
    }

    #[test]
    fn a_file_is_held_by_one_at_a_time() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let held = open(directory.path()).expect("a new file");
        let why = open(directory.path()).expect_err("it is held").to_string();
        assert!(why.contains("some.redb is in use by another running store"), "{why}");
        drop(held);
        open(directory.path()).expect("it is free again");
    }

    #[test]
    fn what_is_not_ours_is_named_and_left_alone() {
        for (content, expected) in [
            (&b""[..], "it is empty"),
            (b"name,price\n", "is not a toystore data file"),
            (&[0; 8192], "some.redb"),
        ] {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let file = directory.path().join("some.redb");
            fs::write(&file, content).expect("the file is written");
            let why = open(directory.path()).expect_err("it is foreign").to_string();
            assert!(why.contains(expected) && why.contains("left as it"), "{why}");
            assert_eq!(fs::read(&file).expect("it is still there"), content);
        }
    }
}
