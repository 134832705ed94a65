//! A directory that has its name only once it is whole.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::file_names::sync_names;

/// What the name of a directory that is not whole ends with.
const UNFINISHED: &str = "unfinished";

/// A directory under a temporary name, beside the one that it is to have. Dropped before it is finished, it is gone.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    name: PathBuf,
    finished: bool,
    /// Nobody else makes it meanwhile: this open directory is locked.
    _held: File,
}

impl Unfinished {
    /// Begins the directory `name`. What an interrupted command left of it is taken away, if there is nothing in it but
    /// `ours`.
    ///
    /// # Errors
    /// A sentence with the file or directory.
    pub fn begin(name: &Path, ours: impl Fn(&str) -> bool) -> Result<Unfinished, String> {
        let mut path = name.to_owned();
        if !path.add_extension(UNFINISHED) {
            return Err(format!("{} is no name of a directory that can be made", name.display()));
        }
        let shown = path.display();
        let cannot = |error: io::Error| format!("cannot make {shown}: {error}");
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => take_away(&path, ours)?,
            outcome => outcome.map_err(cannot)?,
        }
        let held = File::open(&path).map_err(cannot)?;
        match held.try_lock() {
            // A file system that cannot lock a directory leaves it to its user not to begin twice.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(&path)),
        }
        Ok(Unfinished { path, name: name.to_owned(), finished: false, _held: held })
    }

    /// Where it is until it is finished.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// It is whole: gives it its name, durably. Where there is something by now, it is not put over that.
    ///
    /// # Errors
    /// A sentence; then it is gone.
    pub fn finish(mut self) -> Result<(), String> {
        let named = self.held_names().and_then(|()| fs::rename(&self.path, &self.name));
        let name = self.name.display();
        named.map_err(|error| {
            format!(
                "cannot rename {} to {name}: {error}; it is gone, name another directory",
                self.path.display()
            )
        })?;
        self.finished = true;
        sync_names(&self.name)
            .map_err(|error| format!("{name} is whole, but its name may not be durable: {error}"))
    }

    fn held_names(&self) -> io::Result<()> {
        self._held.sync_all()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed is still no more than unfinished, and is named so.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Empties what was left by a command that was interrupted.
fn take_away(path: &Path, ours: impl Fn(&str) -> bool) -> Result<(), String> {
    let shown = path.display();
    let cannot =
        |error: io::Error| format!("cannot take away {shown}, which is left of an earlier try: {error}");
    let held = File::open(path).map_err(cannot)?;
    if matches!(held.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(in_use(path));
    }
    for entry in fs::read_dir(path).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        if !name.to_str().is_some_and(&ours) {
            let name = name.display();
            return Err(format!(
                "{shown} is in the way, and holds {name}, which is not ours; move it elsewhere"
            ));
        }
    }
    fs::remove_dir_all(path).and_then(|()| fs::create_dir(path)).map_err(cannot)
}

fn in_use(path: &Path) -> String {
    format!("another command is making {} at this moment", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(name: &Path) -> Result<Unfinished, String> {
        Unfinished::begin(name, |file| file == "ours")
    }

    #[test]
    fn it_has_its_name_once_it_is_whole_and_is_gone_otherwise() {
        let parent = tempfile::tempdir().unwrap();
        let name = parent.path().join("whole");
        let unfinished = begin(&name).unwrap();
        assert!(begin(&name).unwrap_err().contains("at this moment"));
        let path = unfinished.path().to_owned();
        drop(unfinished);
        assert!(!path.exists() && !name.exists());

        // Left by a command that was killed.
        fs::create_dir(&path).unwrap();
        fs::write(path.join("ours"), "half").unwrap();
        let unfinished = begin(&name).unwrap();
        assert!(!path.join("ours").exists());
        fs::write(path.join("ours"), "all").unwrap();
        unfinished.finish().unwrap();
        assert_eq!(fs::read(name.join("ours")).unwrap(), b"all");
        assert!(!path.exists());

        // Nothing is written over, and nothing of somebody else's is removed.
        let again = begin(&name).unwrap();
        again.finish().unwrap_err();
        assert_eq!(fs::read(name.join("ours")).unwrap(), b"all");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("theirs"), "").unwrap();
        assert!(begin(&name).unwrap_err().contains("theirs, which is not ours"));
        assert!(path.join("theirs").exists());
        begin(Path::new("/")).unwrap_err();
    }
}
