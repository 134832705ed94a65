//! A data file and its journal on a disk that crashes: what was committed stays, whatever else was going on.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_util::future::{self, LocalBoxFuture};
use redb::{ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};
use toystore_actors::storage::{DataFile, DiskError, Job, OpenError, Sizes, Storage, same_tables};
use toystore_sim::platform::disk::{Disk, DiskFault};

const TABLE: TableDefinition<u64, &[u8]> = TableDefinition::new("numbers");
const FILE: &str = "a.redb";
const JOURNAL: &str = "a.redb.journal";

/// A disk without a world around it: jobs run at once.
#[derive(Clone)]
struct Files {
    disk: Disk,
    /// The next job is somebody's work, not a checkpoint.
    work: Rc<Cell<bool>>,
    /// Checkpoints, when they are put off.
    put_off: Rc<RefCell<Option<Vec<Job>>>>,
}

impl Storage for Files {
    fn describe(&self, file: &str) -> String {
        file.into()
    }
    fn exists(&self, file: &str) -> io::Result<bool> {
        self.disk.exists(file)
    }
    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(self.disk.open(file)?))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, file: &str) -> io::Result<()> {
        self.disk.remove(file)
    }
    fn run(&self, job: Job) -> LocalBoxFuture<'static, ()> {
        match &mut *self.put_off.borrow_mut() {
            Some(jobs) if !self.work.take() => jobs.push(job),
            _ => job(),
        }
        self.work.set(false);
        Box::pin(future::ready(()))
    }
    fn random(&self) -> io::Result<u64> {
        Ok(self.disk.random())
    }
    fn sizes(&self) -> Sizes {
        Sizes { cache_bytes: 1 << 20, journal_bytes: 100_000, ..Sizes::default() }
    }
}

/// A future that does not wait.
fn now<T>(ready: impl Future<Output = T>) -> T {
    match pin!(ready).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// An open data file of numbers.
struct Numbers {
    files: Files,
    file: DataFile,
}

impl Numbers {
    fn try_open(disk: &Disk) -> Result<Numbers, OpenError> {
        let files = Files { disk: disk.clone(), work: Rc::default(), put_off: Rc::default() };
        let file = DataFile::open(Rc::new(files.clone()), FILE, "a test", same_tables)?;
        Ok(Numbers { files, file })
    }

    fn open(disk: &Disk) -> Numbers {
        Numbers::try_open(disk).expect("it opens, whatever happened")
    }

    fn refused(disk: &Disk) -> String {
        match Numbers::try_open(disk) {
            Ok(_) => panic!("it opens"),
            Err(error) => error.to_string(),
        }
    }

    /// Adds a number, and writes over an older one, so that a page has many versions.
    fn commit(&self, number: u64, len: usize) -> Result<(), DiskError> {
        self.files.work.set(true);
        now(self.file.run(move |database| {
            let transaction = database.begin_write()?;
            {
                let mut table = transaction.open_table(TABLE)?;
                table.insert(number, vec![7; len].as_slice())?;
                table.insert(number / 2, number.to_le_bytes().as_slice())?;
            }
            transaction.commit()?;
            Ok(())
        }))
    }

    /// The highest number. Every page is read, and its checksum with it.
    fn last(&self) -> u64 {
        self.files.work.set(true);
        let read = |database: &redb::Database| {
            let Ok(table) = database.begin_read()?.open_table(TABLE) else { return Ok(0) };
            let mut last = 0;
            for row in table.iter()? {
                last = row?.0.value();
            }
            Ok(last)
        };
        now(self.file.run(read)).expect("it can be read")
    }
}

#[test]
fn no_crash_loses_what_was_committed() {
    let (mut checked, mut cut_off) = (0, 0);
    for seed in 0..150 {
        let disk = Disk::new(seed);
        let mut committed = 0;
        for round in 0..4 {
            let numbers = Numbers::open(&disk);
            let found = numbers.last();
            assert!(found >= committed, "seed {seed}, round {round}: {found} of {committed}");
            committed = found;
            if seed % 2 == 0 {
                // Then a half may have to be written over before its checkpoint ran.
                *numbers.files.put_off.borrow_mut() = Some(Vec::new());
            }
            // Early, in the middle, and after many turns of the journal; also in mid-close.
            disk.crash_after((seed * 7919 + round * 104_729) % 4000);
            for step in 1..=(seed % 5 + 1) * 40 {
                // Some are longer than the journal.
                let len = if (seed + step) % 31 == 0 { 150_000 } else { 500 };
                if numbers.commit(committed + 1, len).is_err() {
                    cut_off += 1;
                    break;
                }
                committed += 1;
            }
            if seed % 3 == 0 {
                drop(numbers);
                disk.crash();
            } else {
                disk.crash();
                drop(numbers);
            }
            checked += 1;
        }
    }
    assert!(checked == 600 && cut_off > 100, "{cut_off} crashes in mid-commit");
}

#[test]
fn a_file_that_could_not_be_synced_is_not_taken_for_whole() {
    let disk = Disk::new(1);
    let numbers = Numbers::open(&disk);
    *numbers.files.put_off.borrow_mut() = Some(Vec::new());
    let mut committed = 0;
    let due = || numbers.files.put_off.borrow_mut().as_mut().and_then(Vec::pop);
    let checkpoint = loop {
        numbers.commit(committed + 1, 500).expect("the disk is well");
        committed += 1;
        if let Some(checkpoint) = due() {
            break checkpoint;
        }
    };
    disk.set_fault(Some(DiskFault::Broken));
    checkpoint();
    disk.set_fault(None);
    // What that sync should have made durable never reaches the disk now, though every sync succeeds from here
    // on; only the journal has it, and must keep it.
    while committed < 1000 && numbers.commit(committed + 1, 500).is_ok() {
        committed += 1;
    }
    assert!(committed < 1000, "the journal was written over");
    drop(numbers);
    disk.crash();
    assert!(Numbers::open(&disk).last() >= committed);
}

#[test]
fn a_checkpoint_that_comes_late_leaves_a_file_alone_that_was_opened_again() {
    let disk = Disk::new(1);
    let numbers = Numbers::open(&disk);
    *numbers.files.put_off.borrow_mut() = Some(Vec::new());
    let mut committed = 0;
    while numbers.files.put_off.borrow().as_ref().is_some_and(Vec::is_empty) {
        numbers.commit(committed + 1, 500).expect("the disk is well");
        committed += 1;
    }
    let late = numbers.files.put_off.take().expect("it was put off");
    drop(numbers);
    let again = Numbers::open(&disk);
    for _ in 0..200 {
        again.commit(committed + 1, 500).expect("the disk is well");
        committed += 1;
    }
    late.into_iter().for_each(|checkpoint| checkpoint());
    disk.crash();
    drop(again);
    assert_eq!(Numbers::open(&disk).last(), committed);
}

#[test]
fn a_file_that_was_closed_needs_no_journal_and_one_that_was_not_does() {
    let disk = Disk::new(1);
    let numbers = Numbers::open(&disk);
    (1..=200).for_each(|number| numbers.commit(number, 500).expect("it is written"));
    drop(numbers);
    disk.remove(JOURNAL).expect("it is there");
    let numbers = Numbers::open(&disk);
    assert_eq!(numbers.last(), 200);
    numbers.commit(201, 500).expect("it is written");
    disk.crash();
    drop(numbers);
    disk.remove(JOURNAL).expect("it is there");
    let why = Numbers::refused(&disk);
    assert!(why.contains("which has what was written last, is missing"), "{why}");
}

#[test]
fn a_file_goes_with_its_own_journal_only() {
    let disk = Disk::new(1);
    let numbers = Numbers::open(&disk);
    numbers.commit(1, 500).expect("it is written");
    drop(numbers);
    let older = disk.copy();
    let numbers = Numbers::open(&disk);
    numbers.commit(2, 500).expect("it is written");
    disk.crash();
    drop(numbers);
    let newer = disk.copy();
    let apart = "does not go with its journal (the journal is that of another state of the file)";

    // The older file comes back from a backup; the newer journal stays.
    replace(&disk, FILE, &older);
    let why = Numbers::refused(&disk);
    assert!(why.contains(apart), "{why}");
    disk.remove(JOURNAL).expect("it is there");
    assert_eq!(Numbers::open(&disk).last(), 1);

    // The journal of a life before; what only the newer one had is not given up in silence.
    let numbers = Numbers::open(&newer);
    numbers.commit(3, 500).expect("it is written");
    newer.crash();
    drop(numbers);
    let before = newer.copy();
    drop(Numbers::open(&newer));
    let numbers = Numbers::open(&newer);
    numbers.commit(4, 500).expect("it is written");
    newer.crash();
    drop(numbers);
    replace(&newer, JOURNAL, &before);
    let why = Numbers::refused(&newer);
    assert!(why.contains(apart), "{why}");
}

#[test]
fn a_file_that_was_moved_away_comes_back_with_its_journal_only() {
    let disk = Disk::new(1);
    let numbers = Numbers::open(&disk);
    numbers.commit(7, 500).expect("it is written");
    disk.crash();
    drop(numbers);
    disk.rename(FILE, "moved").expect("it is there");
    let numbers = Numbers::open(&disk);
    assert_eq!(numbers.last(), 0);
    numbers.commit(1, 500).expect("it is written");
    disk.crash();
    drop(numbers);
    disk.rename("moved", FILE).expect("it is there");
    let why = Numbers::refused(&disk);
    assert!(why.contains("does not go with its journal"), "{why}");
    disk.rename("a.redb.journal.old", JOURNAL).expect("it was kept");
    assert_eq!(Numbers::open(&disk).last(), 7);
}

/// Puts one file back as it is on another disk.
fn replace(disk: &Disk, name: &str, from: &Disk) {
    let copied = from.open(name).expect("it is there");
    let mut bytes = vec![0; usize::try_from(copied.len().expect("a length")).expect("small")];
    copied.read(0, &mut bytes).expect("it is readable");
    let replaced = disk.open(name).expect("it is there");
    replaced.set_len(bytes.len() as u64).expect("it is written");
    replaced.write(0, &bytes).expect("it is written");
    replaced.sync_data().expect("it is synced");
}
