//! Writes a backup.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toystore_actors::domain::{Entry, Position};

use super::files::{MANIFEST, ORDERS, SUMS, hex};
use super::manifest::Manifest;
use super::order_line::{OrderLine, follows};

/// Writes a backup into a directory that nobody takes for one yet.
pub struct BackupWriter {
    directory: PathBuf,
    orders: BufWriter<File>,
    hash: Sha256,
    line: Vec<u8>,
    last: Position,
}

impl BackupWriter {
    /// Begins the book; nothing that was there before is kept.
    ///
    /// # Errors
    /// A sentence with the file or directory.
    pub fn begin(directory: &Path) -> Result<BackupWriter, String> {
        let orders =
            File::create(directory.join(ORDERS)).map_err(|error| cannot_write(directory, ORDERS, &error))?;
        Ok(BackupWriter {
            directory: directory.to_owned(),
            orders: BufWriter::with_capacity(1 << 16, orders),
            hash: Sha256::new(),
            line: Vec::new(),
            last: Position::default(),
        })
    }

    /// The last entry that it has.
    pub fn last(&self) -> Position {
        self.last
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// A sentence with the file or directory.
    pub fn add(&mut self, entry: &Entry) -> Result<(), String> {
        let Position { number, epoch } = self.last;
        if !follows(self.last, entry) {
            return Err(format!(
                "the store is broken: its book has order {} of epoch {} after order {number} of epoch {epoch}",
                entry.number, entry.epoch
            ));
        }
        self.line.clear();
        let written = serde_json::to_writer(&mut self.line, &OrderLine::from(entry)).map_err(io::Error::from);
        self.line.push(b'\n');
        self.hash.update(&self.line);
        let written = written.and_then(|()| self.orders.write_all(&self.line));
        written.map_err(|error| cannot_write(&self.directory, ORDERS, &error))?;
        self.last = Position { number: entry.number, epoch: entry.epoch };
        Ok(())
    }

    /// Writes the rest. All of it is on the disk afterwards, but for the names.
    ///
    /// # Errors
    /// A sentence with the file or directory.
    pub fn finish(self, manifest: &Manifest) -> Result<(), String> {
        let BackupWriter { directory, orders, hash, .. } = self;
        let failed = |file| {
            let directory = &directory;
            move |error| cannot_write(directory, file, &error)
        };
        let synced =
            orders.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
        synced.map_err(failed(ORDERS))?;
        let mut text =
            serde_json::to_vec_pretty(manifest).map_err(io::Error::from).map_err(failed(MANIFEST))?;
        text.push(b'\n');
        let sums =
            format!("{}  {ORDERS}\n{}  {MANIFEST}\n", hex(&hash.finalize()), hex(&Sha256::digest(&text)));
        for (file, content) in [(MANIFEST, &*text), (SUMS, sums.as_bytes())] {
            write_synced(&directory.join(file), content).map_err(failed(file))?;
        }
        Ok(())
    }
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn cannot_write(directory: &Path, file: &str, error: &io::Error) -> String {
    format!("cannot write {}: {error}; nothing of the backup is kept", directory.join(file).display())
}
