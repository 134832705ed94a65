//! A data file and its journal on a disk that crashes: what was committed stays, whatever else was going on.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_util::future::{self, LocalBoxFuture};
use redb::{ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};
use toystore_actors::storage::{DataFile, DiskError, Job, Storage};
use toystore_sim::disk::Disk;

const TABLE: TableDefinition<u64, &[u8]> = TableDefinition::new("numbers");

/// A disk without a world around it: jobs run at once.
struct Files(Disk);

impl Storage for Files {
    fn describe(&self, file: &str) -> String {
        file.into()
    }
    fn exists(&self, file: &str) -> io::Result<bool> {
        self.0.exists(file)
    }
    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(self.0.open(file)?))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, file: &str) -> io::Result<()> {
        self.0.remove(file)
    }
    fn run(&self, job: Job) -> LocalBoxFuture<'static, ()> {
        job();
        Box::pin(future::ready(()))
    }
    fn cache_bytes(&self) -> usize {
        1 << 20
    }
    fn journal_bytes(&self) -> usize {
        100_000
    }
}

/// A future that does not wait.
fn now<T>(ready: impl Future<Output = T>) -> T {
    match pin!(ready).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

fn open(disk: &Disk) -> DataFile {
    DataFile::open(Rc::new(Files(disk.clone())), "a.redb", "a test").expect("it opens, whatever happened")
}

/// Writes over what is there, so that a page has many versions, and adds one number.
fn commit(file: &DataFile, number: u64, len: usize) -> Result<(), DiskError> {
    now(file.run(move |database| {
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

fn last(file: &DataFile) -> u64 {
    let read = |database: &redb::Database| {
        let Ok(table) = database.begin_read()?.open_table(TABLE) else { return Ok(0) };
        // Every page is read, and its checksum with it.
        let mut last = 0;
        for row in table.iter()? {
            last = row?.0.value();
        }
        Ok(last)
    };
    now(file.run(read)).expect("it can be read")
}

#[test]
fn no_crash_loses_what_was_committed() {
    let (mut checked, mut cut_off) = (0, 0);
    for seed in 0..150 {
        let disk = Disk::new(seed);
        let mut committed = 0;
        for round in 0..4 {
            let file = open(&disk);
            let found = last(&file);
            assert!(found >= committed, "seed {seed}, round {round}: {found} of {committed}");
            committed = found;
            // Early, in the middle, and after many turns of the journal; also in mid-close.
            disk.trip_after((seed * 7919 + round * 104_729) % 4000);
            for step in 1..=(seed % 5 + 1) * 40 {
                // Some are longer than the journal.
                let len = if (seed + step) % 31 == 0 { 150_000 } else { 500 };
                if commit(&file, committed + 1, len).is_err() {
                    cut_off += 1;
                    break;
                }
                committed += 1;
            }
            if seed % 3 == 0 {
                drop(file);
                disk.crash();
            } else {
                disk.crash();
                drop(file);
            }
            checked += 1;
        }
    }
    assert!(checked == 600 && cut_off > 100, "{cut_off} crashes in mid-commit");
}

#[test]
fn a_file_that_was_closed_needs_no_journal_and_one_that_was_not_does() {
    let disk = Disk::new(1);
    let file = open(&disk);
    (1..=200).for_each(|number| commit(&file, number, 500).expect("it is written"));
    drop(file);
    disk.remove("a.redb.journal").expect("it is there");
    let file = open(&disk);
    assert_eq!(last(&file), 200);
    commit(&file, 201, 500).expect("it is written");
    disk.crash();
    drop(file);
    disk.remove("a.redb.journal").expect("it is there");
    let why = DataFile::open(Rc::new(Files(disk)), "a.redb", "a test").expect_err("it lacks the last one");
    assert!(why.to_string().contains("its journal, which has what was written last, is missing"), "{why}");
}

#[test]
fn a_journal_is_not_written_over_another_version_of_its_file() {
    let disk = Disk::new(1);
    let file = open(&disk);
    commit(&file, 1, 500).expect("it is written");
    drop(file);
    let older = disk.copy();
    let file = open(&disk);
    commit(&file, 2, 500).expect("it is written");
    disk.crash();
    drop(file);
    // The older file comes back from a backup; the newer journal stays.
    let copied = older.open("a.redb").expect("it is there");
    let mut bytes = vec![0; usize::try_from(copied.len().expect("a length")).expect("small")];
    copied.read(0, &mut bytes).expect("it is readable");
    let restored = disk.open("a.redb").expect("it is there");
    restored.set_len(bytes.len() as u64).expect("it is written");
    restored.write(0, &bytes).expect("it is written");
    restored.sync_data().expect("it is synced");
    drop(restored);
    let refused = DataFile::open(Rc::new(Files(disk.clone())), "a.redb", "a test");
    let why = refused.expect_err("the journal is not its own").to_string();
    assert!(why.contains("remove the journal to use this version"), "{why}");
    disk.remove("a.redb.journal").expect("it is there");
    assert_eq!(last(&open(&disk)), 1);
}
