//! How large a node's files are.

use std::fs;
use std::path::Path;

use super::samples::Samples;

/// Adds the sizes of the files in a directory; of what cannot be read, nothing.
pub fn add(directory: &Path, samples: &mut Samples) {
    let size = |entry: fs::DirEntry| {
        let (name, metadata) = (entry.file_name().into_string().ok()?, entry.metadata().ok()?);
        metadata.is_file().then_some((name, metadata.len()))
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let help = "How large each file of the service's data directory is";
    samples.gauges("toystore_file_bytes", help, "file", entries.filter_map(size));
}
