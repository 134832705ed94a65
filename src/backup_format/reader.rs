//! Reads a backup, and checks it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toystore_actors::domain::{Entry, Position};

use super::files::{MANIFEST, ORDERS, SUMS, hex};
use super::manifest::Manifest;
use super::order_line::{LINE_BYTES, OrderLine, follows};

/// A backup to read. That its files belong together is known; the book is checked as it is read.
#[derive(Debug)]
pub struct Backup {
    directory: PathBuf,
    /// What `backup.json` says.
    pub manifest: Manifest,
    orders_digest: String,
}

impl Backup {
    /// Opens a backup and checks what `backup.json` says.
    ///
    /// # Errors
    /// A sentence with the directory.
    pub fn open(directory: &Path) -> Result<Backup, String> {
        let shown = directory.display();
        if !directory.is_dir() {
            return Err(format!("there is no directory {shown}; name the one that `toystore backup` made"));
        }
        let read = |file: &str| read(directory, file);
        let sums = String::from_utf8(read(SUMS)?).ok();
        let sum = |file: &str| {
            let found = sums.iter().flat_map(|sums| sums.lines()).find_map(|line| {
                let (digest, name) = line.split_once("  ")?;
                (name == file).then(|| digest.to_owned())
            });
            found.ok_or_else(|| damaged(directory, &format!("{SUMS} does not have the digest of {file}")))
        };
        let (orders_digest, digest) = (sum(ORDERS)?, sum(MANIFEST)?);
        let text = read(MANIFEST)?;
        if hex(&Sha256::digest(&text)) != digest {
            return Err(damaged(directory, &not_as_digested(MANIFEST)));
        }
        let manifest =
            Manifest::read(&text).map_err(|why| format!("the backup {shown} cannot be read: {why}"))?;
        Ok(Backup { directory: directory.to_owned(), manifest, orders_digest })
    }

    /// The book from its beginning. Whatever is wrong with it is an error, at its end at the latest.
    ///
    /// # Errors
    /// A sentence with the file or directory.
    pub fn entries(&self) -> Result<Entries<'_>, String> {
        let file = File::open(self.directory.join(ORDERS))
            .map_err(|error| unreadable(&self.directory, ORDERS, &error))?;
        let (file, line) = (BufReader::with_capacity(1 << 16, file), Vec::new());
        Ok(Entries { backup: self, file, line, hash: Sha256::new(), last: Position::default(), ended: false })
    }
}

fn read(directory: &Path, file: &str) -> Result<Vec<u8>, String> {
    std::fs::read(directory.join(file)).map_err(|error| unreadable(directory, file, &error))
}

fn unreadable(directory: &Path, file: &str, error: &io::Error) -> String {
    let shown = directory.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("{shown} is no whole backup: it has no {file}"),
        _ => format!("cannot read {}: {error}", directory.join(file).display()),
    }
}

fn damaged(directory: &Path, why: &str) -> String {
    format!("the backup {} is damaged: {why}", directory.display())
}

fn not_as_digested(file: &str) -> String {
    format!("{file} is not what its digest in {SUMS} says")
}

/// The entries of a backup, in their order. After an error there are no more.
#[derive(Debug)]
pub struct Entries<'a> {
    backup: &'a Backup,
    file: BufReader<File>,
    line: Vec<u8>,
    hash: Sha256,
    last: Position,
    ended: bool,
}

impl Entries<'_> {
    fn read(&mut self) -> Result<Option<Entry>, String> {
        self.line.clear();
        let read = (&mut self.file).take(LINE_BYTES).read_until(b'\n', &mut self.line);
        if read.map_err(|error| unreadable(&self.backup.directory, ORDERS, &error))? == 0 {
            return self.end().map(|()| None);
        }
        self.hash.update(&self.line);
        let next = self.last.number + 1;
        let parsed = self.line.strip_suffix(b"\n").map(serde_json::from_slice::<OrderLine>);
        let entry = match parsed {
            Some(Ok(line)) => line.entry().ok_or_else(|| {
                self.damaged(&format!(
                    "order {next} has not all that an order has, and is not said to be lost"
                ))
            })?,
            Some(Err(error)) => return Err(self.damaged(&format!("order {next} cannot be read ({error})"))),
            None => return Err(self.damaged(&format!("it breaks off in order {next}"))),
        };
        if !follows(self.last, &entry) {
            let Entry { number, epoch, .. } = entry;
            let Position { number: last, epoch: before } = self.last;
            let why = format!("order {number} of epoch {epoch} follows order {last} of epoch {before}");
            return Err(self.damaged(&why));
        }
        self.last = Position { number: entry.number, epoch: entry.epoch };
        Ok(Some(entry))
    }

    fn end(&mut self) -> Result<(), String> {
        let (last, orders) = (self.last.number, self.backup.manifest.orders);
        if last != orders {
            return Err(self.damaged(&format!("it has {last} orders instead of {orders}")));
        }
        if hex(&std::mem::take(&mut self.hash).finalize()) != self.backup.orders_digest {
            return Err(damaged(&self.backup.directory, &not_as_digested(ORDERS)));
        }
        Ok(())
    }

    fn damaged(&self, why: &str) -> String {
        damaged(&self.backup.directory, &format!("{ORDERS}: {why}"))
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, String>;

    fn next(&mut self) -> Option<Result<Entry, String>> {
        if self.ended {
            return None;
        }
        let next = self.read();
        self.ended = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}
