//! A file that is looked at before it is written to.
//!
//! redb cannot open a file without writing: it marks every file as open, and repairs one that was not
//! closed well. So the file of another service, or a damaged one, would be changed before it is recognized.
//! Here what redb writes stays in memory, over the file, until the file is accepted; then it is written in
//! the order in which redb wrote it, syncs included, so that a crash in between finds what redb provides for.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::ops::Range;
use std::sync::OnceLock;

use parking_lot::Mutex;
use redb::StorageBackend;

const PAGE: usize = 4096;

/// A file under a layer of changes, until [`WriteOverlay::accept`].
#[derive(Debug)]
pub struct WriteOverlay {
    pub(super) file: Box<dyn StorageBackend>,
    held: Mutex<HeldBack>,
    accepted: OnceLock<()>,
}

#[derive(Debug)]
enum HeldChange {
    Write(u64, Box<[u8]>),
    SetLen(u64),
    Sync,
}

#[derive(Debug, Default)]
struct HeldBack {
    /// What to do to the file, in this order.
    changes: Vec<HeldChange>,
    /// The length after that.
    len: u64,
    /// How much of the file shows; what was cut off reads as zero when the length grows again.
    visible: u64,
    /// Whole pages by their number, as they will be.
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl WriteOverlay {
    /// Holds back all changes to `file`.
    ///
    /// # Errors
    /// When its length cannot be read.
    pub fn new(file: Box<dyn StorageBackend>) -> io::Result<WriteOverlay> {
        let len = file.len()?;
        let held = HeldBack { len, visible: len, ..HeldBack::default() };
        Ok(WriteOverlay { file, held: Mutex::new(held), accepted: OnceLock::new() })
    }

    /// Writes what was held back; from now on changes go to the file directly.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn accept(&self) -> io::Result<()> {
        let mut held = self.held.lock();
        for change in std::mem::take(&mut *held).changes {
            match change {
                HeldChange::Write(offset, data) => self.file.write(offset, &data)?,
                HeldChange::SetLen(len) => self.file.set_len(len)?,
                HeldChange::Sync => self.file.sync_data()?,
            }
        }
        // Nobody else sets it: the lock is held.
        let _ = self.accepted.set(());
        Ok(())
    }

    /// Takes note of the file's length anew: whoever had it open until now may have changed it. Only before the
    /// first change.
    ///
    /// # Errors
    /// When its length cannot be read.
    pub fn look_again(&self) -> io::Result<()> {
        let held = &mut *self.held.lock();
        if held.changes.is_empty() {
            held.len = self.file.len()?;
            held.visible = held.len;
        }
        Ok(())
    }

    /// Forgets the order of the changes so far, and all of a page but its last content. Only for changes that
    /// may reach the file in any order.
    pub fn fold(&self) {
        let held = &mut *self.held.lock();
        let pages = held.pages.iter().map(|(number, page)| {
            let offset = number * PAGE as u64;
            let within = usize::try_from(held.len - offset).unwrap_or(PAGE).min(PAGE);
            HeldChange::Write(offset, page[..within].into())
        });
        // What was cut off and has come back is zeros.
        let lengths = [held.visible, held.len].map(HeldChange::SetLen);
        held.changes = lengths.into_iter().chain(pages).collect();
    }

    fn direct(&self) -> bool {
        self.accepted.get().is_some()
    }

    /// Reads what the file itself has, and zeros beyond it.
    fn read_file(&self, visible: u64, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = usize::try_from(visible.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
        let (from_file, beyond) = out.split_at_mut(there);
        beyond.fill(0);
        if from_file.is_empty() { Ok(()) } else { self.file.read(offset, from_file) }
    }
}

impl StorageBackend for WriteOverlay {
    fn len(&self) -> io::Result<u64> {
        if self.direct() { self.file.len() } else { Ok(self.held.lock().len) }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.direct() {
            return self.file.read(offset, out);
        }
        let held = self.held.lock();
        held.check(offset, out.len())?;
        for (number, start, part) in pages(offset, out.len()) {
            let out = &mut out[part];
            match held.pages.get(&number) {
                Some(page) => out.copy_from_slice(&page[start..start + out.len()]),
                None => self.read_file(held.visible, number * PAGE as u64 + start as u64, out)?,
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.direct() {
            return self.file.write(offset, data);
        }
        let mut held = self.held.lock();
        held.check(offset, data.len())?;
        let visible = held.visible;
        for (number, start, part) in pages(offset, data.len()) {
            let page = match held.pages.entry(number) {
                Entry::Occupied(page) => page.into_mut(),
                Entry::Vacant(place) => {
                    let mut page = vec![0; PAGE].into_boxed_slice();
                    self.read_file(visible, number * PAGE as u64, &mut page)?;
                    place.insert(page)
                }
            };
            page[start..start + part.len()].copy_from_slice(&data[part]);
        }
        held.changes.push(HeldChange::Write(offset, data.into()));
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if self.direct() {
            return self.file.set_len(len);
        }
        let mut held = self.held.lock();
        held.len = len;
        held.visible = held.visible.min(len);
        held.pages.split_off(&len.div_ceil(PAGE as u64));
        let within = usize::try_from(len % PAGE as u64).unwrap_or_default();
        if let Some(page) = held.pages.get_mut(&(len / PAGE as u64)) {
            page[within..].fill(0);
        }
        held.changes.push(HeldChange::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.direct() {
            return self.file.sync_data();
        }
        self.held.lock().changes.push(HeldChange::Sync);
        Ok(())
    }
}

impl HeldBack {
    fn check(&self, offset: u64, len: usize) -> io::Result<()> {
        match offset.checked_add(len as u64) {
            Some(end) if end <= self.len => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// The pages that `len` bytes from `offset` touch: the page's number, where in it they begin, and which of
/// the bytes they are.
fn pages(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let start = usize::try_from(at % PAGE as u64).unwrap_or_default();
        let part = done..len.min(done + PAGE - start);
        done = part.end;
        (!part.is_empty()).then_some((at / PAGE as u64, start, part))
    })
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    /// Bytes that tell where they are.
    fn pattern(len: usize, salt: u8) -> Vec<u8> {
        (0..len).map(|index| (index % 251) as u8 ^ salt).collect()
    }

    /// A file of three pages, none of them changed yet.
    fn three_pages() -> WriteOverlay {
        let file = InMemoryBackend::new();
        file.set_len(3 * PAGE as u64).expect("memory");
        file.write(0, &pattern(3 * PAGE, 0)).expect("memory");
        WriteOverlay::new(Box::new(file)).expect("memory")
    }

    fn content(read: impl Fn(u64, &mut [u8]) -> io::Result<()>, len: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(len).expect("small")];
        read(0, &mut bytes).expect("it is readable");
        bytes
    }

    #[test]
    fn folded_changes_are_the_same_and_fewer() {
        let overlay = three_pages();
        for salt in 1..100 {
            overlay.write(PAGE as u64 - 10, &pattern(20, salt)).expect("within");
            overlay.set_len(2 * PAGE as u64 + 7 + u64::from(salt)).expect("memory");
            overlay.write(2 * PAGE as u64, &pattern(7, salt)).expect("within");
        }
        let len = overlay.len().expect("a length");
        let expected = content(|at, out| overlay.read(at, out), len);
        overlay.fold();
        assert!(overlay.held.lock().changes.len() <= 5);
        assert!(content(|at, out| overlay.read(at, out), len) == expected);
        overlay.accept().expect("memory");
        assert_eq!(overlay.file.len().expect("a length"), len);
        assert!(content(|at, out| overlay.file.read(at, out), len) == expected);
    }

    #[test]
    fn changes_show_at_once_and_reach_the_file_when_it_is_accepted() {
        let overlay = three_pages();
        let untouched = content(|at, out| overlay.file.read(at, out), 3 * PAGE as u64);
        let mut expected = untouched.clone();

        overlay.write(PAGE as u64 - 10, &pattern(20, 7)).expect("within");
        expected[PAGE - 10..PAGE + 10].copy_from_slice(&pattern(20, 7));
        overlay.set_len(PAGE as u64 + 5).expect("memory");
        overlay.set_len(4 * PAGE as u64).expect("memory");
        expected.truncate(PAGE + 5);
        expected.resize(4 * PAGE, 0);
        overlay.write(2 * PAGE as u64 + 1, &pattern(PAGE, 9)).expect("within");
        expected[2 * PAGE + 1..3 * PAGE + 1].copy_from_slice(&pattern(PAGE, 9));
        assert!(overlay.write(4 * PAGE as u64 - 1, &[1, 2]).is_err(), "beyond the end");

        assert!(content(|at, out| overlay.read(at, out), 4 * PAGE as u64) == expected);
        assert!(content(|at, out| overlay.file.read(at, out), 3 * PAGE as u64) == untouched);
        overlay.accept().expect("memory");
        assert!(content(|at, out| overlay.file.read(at, out), 4 * PAGE as u64) == expected);
        overlay.write(0, &[42]).expect("within");
        assert_eq!(content(|at, out| overlay.file.read(at, out), 1), [42]);
    }
}
