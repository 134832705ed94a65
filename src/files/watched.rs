//! A file that has to stay where it is: what is written to one that was removed, or whose directory was moved away, is found
//! by nobody who starts the service again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use redb::StorageBackend;
use redb::backends::FileBackend;

use super::file_names::is_named;
use super::forward_locks::forward_locks;

/// Where the files of a directory are that are open.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Vec<Arc<Mutex<PathBuf>>>>);

impl Watch {
    /// Takes over a file that was opened as `path`.
    ///
    /// # Errors
    /// When the system refuses a second handle.
    pub fn over(&self, file: File, path: PathBuf) -> io::Result<Watched> {
        let path = Arc::new(Mutex::new(path));
        self.0.lock().push(path.clone());
        let handle = file.try_clone()?;
        let file = FileBackend::new(file).map_err(io::Error::other)?;
        Ok(Watched { file, handle, path })
    }

    /// A file has another name from now on.
    pub fn renamed(&self, from: &Path, to: &Path) {
        let mut open = self.0.lock();
        open.retain(|path| Arc::strong_count(path) > 1);
        for path in open.iter().filter(|path| *path.lock() == from) {
            to.clone_into(&mut path.lock());
        }
    }
}

/// An open file that no sync of which counts once it is not there any more.
#[derive(Debug)]
pub struct Watched {
    file: FileBackend,
    handle: File,
    path: Arc<Mutex<PathBuf>>,
}

impl Watched {
    fn is_there(&self) -> io::Result<()> {
        let path = self.path.lock();
        if is_named(&self.handle, &path) {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!(
                "{} was removed or moved away while it was in use; put it back and start again",
                path.display()
            ),
        ))
    }
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()?;
        self.is_there()
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    forward_locks!(file);
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_sync_counts_only_while_the_file_is_there() {
        let outcome = |then: fn(&Path)| {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let inside = directory.path().join("order-2");
            fs::create_dir(&inside).expect("a directory");
            let (new, path) = (inside.join("book.new"), inside.join("book"));
            let watch = Watch::default();
            let open = File::options().read(true).write(true).create_new(true).open(&new).expect("a file");
            let watched = watch.over(open, new.clone()).expect("watched");
            watched.write(0, b"order 1").expect("written");
            watched.sync_data().expect("it is there");
            fs::rename(&new, &path).expect("renamed");
            watch.renamed(&new, &path);
            watched.sync_data().expect("it is there, under its name");
            then(&inside);
            watched.write(0, b"order 2").expect("written");
            watched.sync_data().map_err(|error| error.to_string())
        };
        assert_eq!(outcome(|_| {}), Ok(()));
        let changes: [fn(&Path); 3] = [
            |inside| fs::remove_dir_all(inside).expect("removed"),
            |inside| fs::rename(inside, inside.with_extension("aside")).expect("moved"),
            |inside| {
                fs::remove_file(inside.join("book")).expect("removed");
                fs::write(inside.join("book"), "another").expect("put there");
            },
        ];
        for change in changes {
            let why = outcome(change).expect_err("it is gone");
            assert!(why.contains("book was removed or moved away while it was in use"), "{why}");
        }
    }
}
