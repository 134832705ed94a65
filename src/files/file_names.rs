//! The names of open files: whether one still has it, and when a name is durable.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Whether an open file or directory is the one of that name.
#[cfg(unix)]
pub fn is_named(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let place = |of: fs::Metadata| (of.dev(), of.ino());
    match (open.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => place(open) == place(named),
        _ => false,
    }
}

/// Elsewhere what is open cannot be renamed.
#[cfg(not(unix))]
pub fn is_named(_: &File, _: &Path) -> bool {
    true
}

/// Makes a directory, and those above it that are missing, durably: a name is on disk only once the directory that holds
/// it is, so each is before the next.
pub fn make_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let is_missing = |at: &&Path| !at.as_os_str().is_empty() && !at.exists();
    // What is there and is no directory is for the system to name.
    let above = path.ancestors().skip(1).take_while(is_missing);
    let missing: Vec<_> = std::iter::once(path).chain(above).collect();
    for at in missing.into_iter().rev() {
        match fs::create_dir(at) {
            // Another service of the store made it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && at.is_dir() => {}
            made => made?,
        }
        sync_names(at)?;
    }
    Ok(())
}

/// Makes the names durable that are beside this one.
pub fn sync_names(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_made_down_to_the_last_and_nothing_else_is_touched() {
        let within = tempfile::tempdir().unwrap();
        let path = within.path().join("a/b/c");
        make_directories(&path).unwrap();
        make_directories(&path).unwrap();
        assert!(path.is_dir());
        fs::write(path.join("file"), "kept").unwrap();
        let refused = make_directories(&path.join("file/d")).expect_err("a file is in the way");
        assert_eq!(refused.kind(), io::ErrorKind::NotADirectory);
        let refused = make_directories(&path.join("file")).expect_err("it is a file");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(path.join("file")).unwrap(), b"kept");
    }
}
