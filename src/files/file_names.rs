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

/// Makes the names durable that are beside this one.
pub fn sync_names(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}
