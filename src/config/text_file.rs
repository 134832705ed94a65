//! Files that a person wrote.

use std::path::Path;

/// Reads a whole file of UTF-8 text.
///
/// # Errors
/// A sentence with the file.
pub fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    String::from_utf8(bytes).map_err(|_| format!("{}: it is not UTF-8 text", path.display()))
}
