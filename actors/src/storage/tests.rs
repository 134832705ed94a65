//! A file and its journal, operation by operation.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::journaled::Journaled;

const PAGE: usize = 4096;
/// So long is what redb would see.
const PAGES: u64 = 4;
/// Two records of a page each.
const HALF: usize = 2 * PAGE;

/// What was done to the file and to its journal, in its order.
type Operations = Arc<Mutex<Vec<String>>>;

/// A file in memory that says what is done to it. What it holds outlives whoever has it open.
#[derive(Debug, Clone)]
struct Recorded {
    name: &'static str,
    content: Arc<InMemoryBackend>,
    operations: Operations,
    syncs_fail: Arc<AtomicBool>,
}

impl Recorded {
    fn note(&self, operation: &str) {
        self.operations.lock().push(format!("{} {operation}", self.name));
    }
}

impl StorageBackend for Recorded {
    fn len(&self) -> io::Result<u64> {
        self.content.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.content.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.content.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        if self.syncs_fail.load(Ordering::Relaxed) {
            self.note("sync fails");
            return Err(io::Error::other("the disk broke"));
        }
        self.note("sync");
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let what = match (self.name, offset) {
            ("file", ..4096) => "stamp".to_owned(),
            ("file", _) => "write".to_owned(),
            (_, offset) => format!("write page {}", offset / PAGE as u64),
        };
        self.note(&what);
        self.content.write(offset, data)
    }
}

/// A disk with one file and its journal.
struct Disk {
    file: Recorded,
    journal: Recorded,
}

impl Disk {
    fn new() -> Disk {
        let operations = Operations::default();
        let recorded = |name| Recorded {
            name,
            content: Arc::new(InMemoryBackend::new()),
            operations: operations.clone(),
            syncs_fail: Arc::default(),
        };
        Disk { file: recorded("file"), journal: recorded("journal") }
    }

    /// A new file, open.
    fn create(&self) -> Journaled {
        let made = Journaled::new(Box::new(self.file.clone()), None, 64).expect("memory");
        made.accept().and_then(|()| made.create(1 << 31)).expect("memory");
        made.set_len(PAGES * PAGE as u64).expect("memory");
        let opened = self.open();
        self.operations();
        opened
    }

    fn open(&self) -> Journaled {
        let left =
            (self.journal.len().expect("memory") > 0).then(|| Box::new(self.journal.clone()) as Box<_>);
        let opened = Journaled::new(Box::new(self.file.clone()), left, 64).expect("memory");
        opened.len().expect("it is one of ours");
        let journal = self.journal.clone();
        opened.accept().and_then(|()| opened.begin(HALF, move || Ok(Box::new(journal)))).expect("memory");
        opened
    }

    fn operations(&self) -> Vec<String> {
        std::mem::take(&mut self.file.operations.lock())
    }
}

/// A commit of so many bytes, of which almost a page makes a record of a page.
fn commit(file: &Journaled, byte: u8, len: usize) -> io::Result<()> {
    file.write(u64::from(byte) % PAGES * 10, &vec![byte; len])?;
    file.sync_data()
}

const ALMOST_A_PAGE: usize = PAGE - 64;

fn content(file: &dyn StorageBackend) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.len().expect("memory")).expect("small")];
    file.read(0, &mut bytes).expect("it is readable");
    bytes
}

/// Rule F1.
#[test]
fn what_is_confirmed_is_synced_in_the_journal_or_if_it_is_too_long_in_the_file() {
    let check = |case: &str, writes: &[usize], expected: &[&str]| {
        let disk = Disk::new();
        let file = disk.create();
        for len in writes {
            file.write(0, &vec![1; *len]).expect("within");
        }
        file.sync_data().expect("memory");
        assert_eq!(disk.operations(), expected, "{case}");
    };
    check("nothing was written", &[], &[]);
    check("one write", &[100], &["file write", "journal write page 1", "journal sync"]);
    check("two", &[100, 200], &["file write", "file write", "journal write page 1", "journal sync"]);
    check("longer than half", &[2 * PAGE], &["file write", "file sync", "file stamp", "file sync"]);
}

/// Rule F2.
#[test]
fn a_half_is_written_over_only_when_the_file_is_synced_and_stamped() {
    for checkpoint in [true, false] {
        let disk = Disk::new();
        let file = disk.create();
        for (byte, page) in [(1, 1), (2, 2), (3, 3)] {
            assert!(!file.due());
            commit(&file, byte, ALMOST_A_PAGE).expect("memory");
            let expected = ["file write".into(), format!("journal write page {page}"), "journal sync".into()];
            assert_eq!(disk.operations(), expected, "commit {byte}");
        }
        assert!(file.due(), "the first half is full");
        commit(&file, 4, ALMOST_A_PAGE).expect("memory");
        disk.operations();
        let stamped = ["file sync", "file stamp", "file sync"];
        if checkpoint {
            file.checkpoint();
            assert_eq!(disk.operations(), stamped);
        }
        commit(&file, 5, ALMOST_A_PAGE).expect("memory");
        let mut expected = vec!["file write"];
        expected.extend(stamped.iter().filter(|_| !checkpoint));
        expected.extend(["journal write page 1", "journal sync"]);
        assert_eq!(disk.operations(), expected, "checkpoint before: {checkpoint}");
    }
}

/// Rules F1 and F3.
#[test]
fn a_start_after_a_crash_replays_what_the_file_has_lost_and_stamps_it() {
    for commits in 0..=6 {
        let disk = Disk::new();
        let file = disk.create();
        let mut on_the_disk = content(&*disk.file.content);
        for byte in 1..=commits {
            commit(&file, byte, ALMOST_A_PAGE).expect("memory");
            if file.due() {
                file.checkpoint();
                on_the_disk = content(&*disk.file.content);
            }
        }
        let expected = content(&file);
        // Of what was not synced in the file itself, the crash leaves nothing.
        disk.file.content.write(0, &on_the_disk).expect("memory");
        std::mem::forget(file);
        disk.operations();
        let file = disk.open();
        let mut operations = disk.operations();
        operations.dedup();
        let begun = ["journal write page 0", "journal sync", "file sync", "file stamp", "file sync"];
        let replayed = ["file write", "file sync", "file stamp", "file sync"];
        let lost = commits > 0;
        let expected_operations: Vec<_> = replayed.iter().filter(|_| lost).chain(&begun).copied().collect();
        assert_eq!(operations, expected_operations, "{commits} commits");
        assert!(content(&file) == expected, "{commits} commits");
    }
}

/// Rule F4.
#[test]
fn a_file_that_was_closed_needs_no_journal_and_one_in_use_does() {
    for closed in [true, false] {
        let disk = Disk::new();
        let file = disk.create();
        commit(&file, 1, 100).expect("memory");
        let expected = content(&file);
        disk.operations();
        if closed {
            file.close().expect("memory");
            assert_eq!(disk.operations(), ["file sync", "file stamp", "file sync", "journal sync"]);
            file.checkpoint();
            assert_eq!(disk.operations(), [""; 0], "a checkpoint that comes late");
        }
        disk.journal.content.set_len(0).expect("memory");
        let again = Journaled::new(Box::new(disk.file.clone()), None, 64).expect("memory");
        assert_eq!(again.len().is_ok(), closed);
        assert_eq!(again.unusable().is_none(), closed);
        if closed {
            assert!(content(&again) == expected);
        }
    }
}

/// Rule F5.
#[test]
fn a_file_that_could_not_be_synced_is_not_stamped_again() {
    let disk = Disk::new();
    let file = disk.create();
    for byte in 1..=3 {
        commit(&file, byte, ALMOST_A_PAGE).expect("memory");
    }
    disk.operations();
    disk.file.syncs_fail.store(true, Ordering::Relaxed);
    file.checkpoint();
    assert_eq!(disk.operations(), ["file sync fails"]);
    // The next sync would succeed, although what the first one lost never reached the disk.
    disk.file.syncs_fail.store(false, Ordering::Relaxed);
    file.checkpoint();
    assert_eq!(disk.operations(), [""; 0]);
    commit(&file, 4, ALMOST_A_PAGE).expect("there is room in the second half");
    let acknowledged = content(&file);
    assert!(commit(&file, 5, ALMOST_A_PAGE).is_err(), "the first half must not be written over");
    assert!(commit(&file, 6, 1).is_err(), "and nothing is confirmed after that");
    file.close().expect("it is closed all the same");
    assert!(!disk.operations().iter().any(|operation| operation == "file stamp"));

    let again = disk.open();
    assert!(content(&again)[..ALMOST_A_PAGE] == acknowledged[..ALMOST_A_PAGE], "the journal has it");
}
