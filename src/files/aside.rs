//! Setting the files of a service aside: nothing is removed, and nothing is taken from a store that runs.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::directory::Directory;
use super::file_names::sync_names;

/// What a directory that was set aside has in its name, between its own name and a number.
pub const ASIDE: &str = ".aside-";

/// The files of a service that is not running, and does not start while this lives.
#[derive(Debug)]
pub struct LockedFiles {
    directory: PathBuf,
    /// Has the lock. `None` if there is no data file, and so nobody who uses one.
    _file: Option<FileBackend>,
}

/// What came of trying to hold a service's files.
#[derive(Debug)]
pub enum LockOutcome {
    /// They are locked.
    Locked(LockedFiles),
    /// A running store has them.
    InUse,
    /// The service has no directory.
    NoDirectory,
}

impl LockedFiles {
    /// Takes the lock that a running store has on `file` in a service's `directory`.
    ///
    /// # Errors
    /// When it cannot be told whether a store runs with it.
    pub fn take(directory: PathBuf, file: &str) -> io::Result<LockOutcome> {
        // What a link points to may be another's; the name itself is what is set aside.
        if fs::symlink_metadata(&directory).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(LockOutcome::NoDirectory);
        }
        let file = match OpenOptions::new().read(true).write(true).open(directory.join(file)) {
            Ok(file) => FileBackend::new(file).map_err(io::Error::other)?,
            Err(error) if nothing_there(&error) => {
                return Ok(LockOutcome::Locked(LockedFiles { directory, _file: None }));
            }
            Err(error) => return Err(error),
        };
        // All of it: redb locks parts.
        let free = file.try_lock_range(Bound::Unbounded, Bound::Unbounded).map_err(io::Error::other)?;
        Ok(if free {
            LockOutcome::Locked(LockedFiles { directory, _file: Some(file) })
        } else {
            LockOutcome::InUse
        })
    }

    /// Renames the whole directory, durably, to the first free `….aside-N`, and returns that.
    ///
    /// One rename: there is no moment at which half of the files are gone, and a store that looks for them
    /// finds all or nothing.
    ///
    /// # Errors
    /// A sentence; nothing is renamed then, or the new name may not be durable.
    pub fn set_aside(self) -> Result<PathBuf, String> {
        let cannot = |error: io::Error| format!("cannot set {} aside: {error}", self.directory.display());
        // Nobody begins new files under the old name meanwhile.
        let _opening = self.directory.is_dir().then(|| Directory::prepare(&self.directory)).transpose()?;
        let kept = free_name(&self.directory).map_err(cannot)?;
        fs::rename(&self.directory, &kept).and_then(|()| sync_names(&kept)).map_err(cannot)?;
        Ok(kept)
    }
}

/// The directory may be empty, or a file may be in its place, which is set aside as well.
fn nothing_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn free_name(directory: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    loop {
        let mut name = OsString::from(directory);
        name.push(format!("{ASIDE}{number}"));
        match fs::symlink_metadata(&name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(name.into()),
            Err(error) => return Err(error),
            Ok(_) => number += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use toystore_actors::storage::{DataFile, same_tables};

    use super::*;

    fn take(directory: &Path) -> LockOutcome {
        LockedFiles::take(directory.to_owned(), "book").expect("it can be told")
    }

    fn open(directory: &Path) -> Result<DataFile, String> {
        let files = Directory::new(directory.to_owned())?;
        DataFile::open(Rc::new(files), "book", "a test", same_tables).map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_nobody_uses_is_set_aside_and_all_of_it_is_kept() {
        let data = tempfile::tempdir().unwrap();
        let directory = data.path().join("order-2");
        assert!(matches!(take(&directory), LockOutcome::NoDirectory));
        let running = open(&directory).unwrap();
        assert!(matches!(take(&directory), LockOutcome::InUse));
        drop(running);

        let LockOutcome::Locked(held) = take(&directory) else { panic!("nobody has it") };
        assert!(open(&directory).unwrap_err().contains("in use"), "it starts while it is held");
        fs::write(directory.join("book.journal.old"), "kept").unwrap();
        // A name that is taken is never given again.
        fs::write(data.path().join("order-2.aside-1"), "").unwrap();
        let kept = held.set_aside().unwrap();
        assert_eq!(kept, data.path().join("order-2.aside-2"));
        assert_eq!(fs::read(kept.join("book.journal.old")).unwrap(), b"kept");
        assert!(!directory.exists());
        // And what is set aside can be put back.
        drop(open(&kept).unwrap());
    }

    #[test]
    fn a_directory_without_a_data_file_is_set_aside_too() {
        let data = tempfile::tempdir().unwrap();
        for (number, make) in [(1, true), (2, false)] {
            let directory = data.path().join("order-2");
            if make {
                fs::create_dir(&directory).unwrap()
            } else {
                fs::write(&directory, "").unwrap()
            }
            let LockOutcome::Locked(held) = take(&directory) else { panic!("nobody has it") };
            assert_eq!(held.set_aside().unwrap(), data.path().join(format!("order-2.aside-{number}")));
        }
    }
}
