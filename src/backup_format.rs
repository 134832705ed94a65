//! What a backup is on disk: a directory of three files.
//!
//! - `orders.jsonl`: the book, an entry a line: number, epoch, and key, name and quantity, or that it is lost. Numbered
//!   1, 2, 3, …
//! - `backup.json`: what this is, and the products with their counts.
//! - `SHA256SUMS`: the digests of both, as `sha256sum --check` reads them. It is written last.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use toystore_actors::catalog::messages::Stocked;
use toystore_actors::domain::{
    Entry, Epoch, OrderNumber, Position, ProductName, Purchase, Quantity, RequestId, StoreId,
};

const ORDERS: &str = "orders.jsonl";
const MANIFEST: &str = "backup.json";
const SUMS: &str = "SHA256SUMS";

/// How the files are written. Another number is another format.
const FORMAT: u32 = 1;

/// The longest line: with the longest key and name, each character of them escaped, it is a third of this.
const LINE_BYTES: u64 = 4096;

/// Whether a file of this name may be in a backup.
pub fn is_part(name: &str) -> bool {
    [ORDERS, MANIFEST, SUMS].contains(&name)
}

/// What `backup.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// When it was begun, in UTC: every order that was acknowledged before is in it.
    pub made: String,
    /// By which program.
    pub by: String,
    /// Of which store.
    pub store: StoreId,
    /// How many orders it has; they have the numbers up to this.
    pub orders: OrderNumber,
    /// The products, in the catalog's order, as they were after the last order was copied: the catalog may have sold
    /// more of them by then than the orders here.
    pub products: Vec<Stocked>,
}

impl Manifest {
    /// One of this format and program.
    pub fn new(made: String, store: StoreId, orders: OrderNumber, products: Vec<Stocked>) -> Manifest {
        let by = concat!("toystore ", env!("CARGO_PKG_VERSION")).into();
        Manifest { format: FORMAT, made, by, store, orders, products }
    }
}

/// A line of `orders.jsonl`: an order, or its number and epoch and that it is lost.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    number: OrderNumber,
    epoch: Epoch,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<RequestId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<ProductName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quantity: Option<Quantity>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
}

impl From<&Entry> for Line {
    fn from(entry: &Entry) -> Line {
        let (number, epoch) = (entry.number, entry.epoch);
        match entry.purchase.clone() {
            Some(Purchase { key, name, quantity }) => {
                let (key, name, quantity) = (Some(key), Some(name), Some(quantity));
                Line { number, epoch, key, name, quantity, lost: false }
            }
            None => Line { number, epoch, key: None, name: None, quantity: None, lost: true },
        }
    }
}

impl Line {
    /// `None` if it is neither an order nor a lost one.
    fn entry(self) -> Option<Entry> {
        let Line { number, epoch, key, name, quantity, lost } = self;
        let purchase = match (key, name, quantity, lost) {
            (Some(key), Some(name), Some(quantity), false) => Some(Purchase { key, name, quantity }),
            (None, None, None, true) => None,
            _ => return None,
        };
        Some(Entry { number, epoch, purchase })
    }
}

/// Whether an entry may come after that place.
fn follows(last: Position, entry: &Entry) -> bool {
    entry.number == last.number + 1 && entry.epoch >= last.epoch
}

/// Writes a backup into a directory that nobody takes for one yet.
pub struct Writer {
    directory: PathBuf,
    orders: BufWriter<File>,
    hash: Sha256,
    line: Vec<u8>,
    last: Position,
}

impl Writer {
    /// Begins with the book.
    ///
    /// # Errors
    /// A sentence.
    pub fn begin(directory: &Path) -> Result<Writer, String> {
        let orders =
            File::create(directory.join(ORDERS)).map_err(|error| cannot_write(directory, ORDERS, &error))?;
        Ok(Writer {
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
    /// A sentence.
    pub fn add(&mut self, entry: &Entry) -> Result<(), String> {
        let Position { number, epoch } = self.last;
        if !follows(self.last, entry) {
            return Err(format!(
                "the store is broken: its book has order {} of epoch {} after order {number} of epoch {epoch}",
                entry.number, entry.epoch
            ));
        }
        self.line.clear();
        let written = serde_json::to_writer(&mut self.line, &Line::from(entry)).map_err(io::Error::from);
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
    /// A sentence.
    pub fn finish(self, manifest: &Manifest) -> Result<(), String> {
        let Writer { directory, orders, hash, .. } = self;
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

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A backup to read. That its files belong together is known; the book is checked as it is read.
#[derive(Debug)]
pub struct Backup {
    directory: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    orders_digest: String,
}

impl Backup {
    /// Opens one.
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
            understand(&text).map_err(|why| format!("the backup {shown} cannot be read: {why}"))?;
        Ok(Backup { directory: directory.to_owned(), manifest, orders_digest })
    }

    /// The book from its beginning. Whatever is wrong with it is an error, at its end at the latest.
    ///
    /// # Errors
    /// A sentence.
    pub fn entries(&self) -> Result<Entries<'_>, String> {
        let file = File::open(self.directory.join(ORDERS))
            .map_err(|error| unreadable(&self.directory, ORDERS, &error))?;
        let (file, line) = (BufReader::with_capacity(1 << 16, file), Vec::new());
        Ok(Entries { backup: self, file, line, hash: Sha256::new(), last: Position::default(), ended: false })
    }
}

fn understand(text: &[u8]) -> Result<Manifest, String> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let no_backup = |error: serde_json::Error| format!("{MANIFEST} does not describe a backup ({error})");
    let Format { format } = serde_json::from_slice(text).map_err(no_backup)?;
    if format != FORMAT {
        return Err(format!(
            "it has format {format}, and this toystore reads format {FORMAT}; use the one that made it"
        ));
    }
    let manifest: Manifest = serde_json::from_slice(text).map_err(no_backup)?;
    let countable = |product: &Stocked| product.initial.checked_add(product.restocked).is_some();
    match manifest.products.iter().find(|product| !countable(product)) {
        Some(Stocked { name, .. }) => {
            Err(format!("{MANIFEST} has more pieces of {name} than can be counted"))
        }
        None => Ok(manifest),
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
        let parsed = self.line.strip_suffix(b"\n").map(serde_json::from_slice::<Line>);
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entry(number: OrderNumber, epoch: Epoch) -> Entry {
        Entry {
            number,
            epoch,
            purchase: Some(Purchase {
                key: RequestId::new("k".repeat(RequestId::MAX_BYTES)).unwrap(),
                name: ProductName::new("\u{1}".repeat(ProductName::MAX_BYTES)).unwrap(),
                quantity: Quantity::new(number).unwrap(),
            }),
        }
    }

    fn written(entries: &[Entry], directory: &Path) -> Manifest {
        let mut writer = Writer::begin(directory).unwrap();
        entries.iter().for_each(|entry| writer.add(entry).unwrap());
        let name = ProductName::new("Tux").unwrap();
        let tux = Stocked { name, price_cents: 1, initial: 2, restocked: 3, sold: 4 };
        let manifest = Manifest::new("now".into(), StoreId::new(7), writer.last().number, vec![tux]);
        writer.finish(&manifest).unwrap();
        manifest
    }

    fn read_all(directory: &Path) -> Result<(Manifest, Vec<Entry>), String> {
        let backup = Backup::open(directory)?;
        let entries = backup.entries()?.collect::<Result<_, _>>()?;
        Ok((backup.manifest, entries))
    }

    #[test]
    fn what_is_written_is_read() {
        let lost = Entry { purchase: None, ..entry(2, 1) };
        for entries in [vec![], vec![entry(1, 1)], vec![entry(1, 1), lost, entry(3, 4)]] {
            let directory = tempfile::tempdir().unwrap();
            let manifest = written(&entries, directory.path());
            assert_eq!(read_all(directory.path()), Ok((manifest, entries)));
        }
    }

    #[test]
    fn what_does_not_follow_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::begin(directory.path()).unwrap();
        writer.add(&entry(1, 2)).unwrap();
        for wrong in [entry(1, 2), entry(3, 2), entry(2, 1)] {
            writer.add(&wrong).unwrap_err();
        }
        writer.add(&entry(2, 2)).unwrap();
    }

    #[test]
    fn every_byte_counts() {
        let directory = tempfile::tempdir().unwrap();
        written(&[entry(1, 1)], directory.path());
        for file in [ORDERS, MANIFEST, SUMS] {
            let path = directory.path().join(file);
            let sound = fs::read(&path).unwrap();
            for at in (0..sound.len()).rev().step_by(7) {
                let mut flipped = sound.clone();
                flipped[at] ^= 1;
                fs::write(&path, &flipped).unwrap();
                read_all(directory.path()).expect_err(&format!("{file}, byte {at}"));
                fs::write(&path, &sound[..at]).unwrap();
                // The last line feed of the sums is not missed.
                let whole = file == SUMS && at + 1 == sound.len();
                assert_eq!(read_all(directory.path()).is_ok(), whole, "{file}, {at} bytes of it");
            }
            fs::write(&path, &sound).unwrap();
        }
        read_all(directory.path()).unwrap();
    }

    #[test]
    fn another_format_is_named() {
        let other = understand(br#"{"format":2,"shelves":[]}"#).unwrap_err();
        assert!(other.contains("it has format 2, and this toystore reads format 1"), "{other}");
        for foreign in [&b"{}"[..], b"", b"[1]", br#"{"format":1}"#] {
            let why = understand(foreign).unwrap_err();
            assert!(why.contains("does not describe a backup"), "{why}");
        }
    }
}
