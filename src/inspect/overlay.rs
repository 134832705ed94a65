//! A data file that can be read but not changed.
//!
//! redb repairs a file that was not closed well, and marks every file that it opens: it cannot open one
//! without writing. Here what it writes stays in memory, over the file, and is forgotten at the end. So an
//! inspected file keeps every byte, a copy on a read-only disk can be inspected, and what a crash left
//! behind is still there for whoever looks next.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::path::Path;

use parking_lot::Mutex;
use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

const PAGE: u64 = 4096;

/// A file under a layer of changes.
#[derive(Debug)]
pub struct Overlay {
    file: FileBackend,
    changes: Mutex<Changes>,
}

#[derive(Debug)]
struct Changes {
    /// The length as redb sees it.
    len: u64,
    /// How much of the file is still to be seen; what was cut off reads as zero when the length grows again.
    visible: u64,
    /// Whole pages by their number, as redb has changed them.
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// Opens a file for reading only.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Overlay> {
        let file = FileBackend::new(File::open(path)?).map_err(io::Error::other)?;
        let len = file.len()?;
        Ok(Overlay { file, changes: Mutex::new(Changes { len, visible: len, pages: BTreeMap::new() }) })
    }

    /// Reads a part of one page that was not changed.
    fn read_file(&self, visible: u64, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = visible.saturating_sub(offset).min(out.len() as u64);
        let (from_file, beyond) = out.split_at_mut(usize::try_from(there).map_err(io::Error::other)?);
        beyond.fill(0);
        if from_file.is_empty() { Ok(()) } else { self.file.read(offset, from_file) }
    }
}

/// The pages that `len` bytes from `offset` touch: the page's number, where in the page they begin, and
/// which of the bytes they are.
fn pages(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let (page, start) = (at / PAGE, usize::try_from(at % PAGE).unwrap_or_default());
        let part = done..len.min(done + PAGE as usize - start);
        done = part.end;
        (!part.is_empty()).then_some((page, start, part))
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes.lock();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > changes.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, start, part) in pages(offset, out.len()) {
            let out = &mut out[part];
            match changes.pages.get(&number) {
                Some(page) => out.copy_from_slice(&page[start..start + out.len()]),
                None => self.read_file(changes.visible, number * PAGE + start as u64, out)?,
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut changes = self.changes.lock();
        changes.len = len;
        changes.visible = changes.visible.min(len);
        changes.pages.split_off(&len.div_ceil(PAGE));
        if let Some(page) = changes.pages.get_mut(&(len / PAGE)) {
            page[usize::try_from(len % PAGE).map_err(io::Error::other)?..].fill(0);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes.lock();
        let (len, visible) = (changes.len, changes.visible);
        if offset.checked_add(data.len() as u64).is_none_or(|end| end > len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, start, part) in pages(offset, data.len()) {
            let data = &data[part];
            let page = match changes.pages.entry(number) {
                std::collections::btree_map::Entry::Occupied(page) => page.into_mut(),
                std::collections::btree_map::Entry::Vacant(place) => {
                    let mut page = vec![0; PAGE as usize].into_boxed_slice();
                    self.read_file(visible, number * PAGE, &mut page)?;
                    place.insert(page)
                }
            };
            page[start..start + data.len()].copy_from_slice(data);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    /// redb asks for the file alone. Shared will do, since this never writes: it keeps out a running store,
    /// and is kept out by one, but two people may inspect one file. (A file open for reading could not be
    /// locked exclusively either.)
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use redb::{Builder, Database, ReadableDatabase, ReadableTableMetadata, TableDefinition};

    use super::*;

    const TABLE: TableDefinition<u64, &[u8]> = TableDefinition::new("numbers");

    fn insert(database: &Database, numbers: std::ops::Range<u64>) {
        let transaction = database.begin_write().unwrap();
        let mut table = transaction.open_table(TABLE).unwrap();
        for number in numbers {
            table.insert(number, [7; 300].as_slice()).unwrap();
        }
        drop(table);
        transaction.commit().unwrap();
    }

    fn count(database: &Database) -> u64 {
        database.begin_read().unwrap().open_table(TABLE).unwrap().len().unwrap()
    }

    fn open(path: &Path) -> Result<Database, redb::DatabaseError> {
        Builder::new().create_with_backend(Overlay::open(path).unwrap())
    }

    #[test]
    fn a_file_that_was_not_closed_is_read_and_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let (live, left) = (directory.path().join("live"), directory.path().join("left"));
        let database = Database::create(&live).unwrap();
        insert(&database, 0..1000);
        // What is on the disk while the database is open is what kill -9 would leave.
        fs::copy(&live, &left).unwrap();
        let before = fs::read(&left).unwrap();
        {
            let overlay = open(&left).unwrap();
            assert_eq!(count(&overlay), 1000);
            insert(&overlay, 1000..3000);
            assert_eq!(count(&overlay), 3000);
        }
        assert!(fs::read(&left).unwrap() == before, "the file was changed");
        assert_eq!(count(&open(&left).unwrap()), 1000);
    }

    #[test]
    fn a_file_in_use_is_refused_but_two_may_look() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let database = Database::create(&path).unwrap();
        insert(&database, 0..1);
        assert!(matches!(open(&path), Err(redb::DatabaseError::DatabaseAlreadyOpen)));
        drop(database);
        let (one, two) = (open(&path).unwrap(), open(&path).unwrap());
        assert_eq!((count(&one), count(&two)), (1, 1));
        assert!(matches!(Database::open(&path), Err(redb::DatabaseError::DatabaseAlreadyOpen)));
    }

    #[test]
    fn changes_lie_over_the_file_byte_by_byte() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let content: Vec<u8> = (0..10_000u32).map(|byte| (byte % 251) as u8).collect();
        fs::write(&path, &content).unwrap();
        let overlay = Overlay::open(&path).unwrap();
        let mut expected = content.clone();
        // Grow, write over page borders, cut in the middle of a page, and grow again.
        overlay.set_len(20_000).unwrap();
        expected.resize(20_000, 0);
        for (offset, len) in [(4_090, 10), (0, 1), (9_990, 5_000), (8_192, 4_096), (19_999, 1)] {
            overlay.write(offset, &vec![9; len]).unwrap();
            expected[usize::try_from(offset).unwrap()..][..len].fill(9);
        }
        for len in [12_289, 7_000, 16_000] {
            overlay.set_len(len).unwrap();
            expected.resize(usize::try_from(len).unwrap(), 0);
            let mut found = vec![1; expected.len()];
            overlay.read(0, &mut found).unwrap();
            assert!(found == expected, "after set_len({len})");
        }
        assert!(overlay.read(15_999, &mut [0; 2]).is_err());
        assert!(overlay.write(15_999, &[0; 2]).is_err());
        assert!(fs::read(&path).unwrap() == content, "the file was changed");
    }
}
