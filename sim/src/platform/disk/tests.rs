//! What a crash keeps, and what a snapshot has.

use std::io;

use redb::StorageBackend;

use super::device::Disk;
use super::file::SECTOR;

#[test]
fn a_crash_keeps_what_was_synced_and_any_of_the_rest() {
    let (mut kept, mut lost, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let disk = Disk::new(seed);
        let handle = disk.open("f").expect("opens");
        handle.write(100, &[1; 5000]).expect("writes");
        handle.sync_data().expect("syncs");
        handle.write(100, &[2; 2000]).expect("writes");
        disk.crash();
        assert!(handle.len().is_err(), "a handle does not survive the crash");
        let handle = disk.open("f").expect("opens again");
        let mut bytes = vec![0; 5000];
        handle.read(100, &mut bytes).expect("reads");
        assert!(bytes[2000..].iter().all(|byte| *byte == 1), "what was synced is there");
        match bytes[..2000].iter().filter(|byte| **byte == 2).count() {
            0 => lost += 1,
            2000 => kept += 1,
            some => {
                assert!(some % SECTOR == 0 || some % SECTOR == 2000 % SECTOR, "torn at sectors");
                torn += 1;
            }
        }
    }
    assert!(kept > 20 && lost > 20 && torn > 20, "{kept} kept, {lost} lost, {torn} torn");
}

#[test]
fn a_snapshot_has_what_was_synced_and_keeps_it() {
    let disk = Disk::new(1);
    let read = |disk: &Disk| {
        let mut bytes = [0; 2];
        disk.open("f").expect("opens").read(0, &mut bytes).expect("reads");
        bytes
    };
    let handle = disk.open("f").expect("opens");
    handle.write(0, &[1; 2]).expect("writes");
    handle.sync_data().expect("syncs");
    handle.write(0, &[2]).expect("writes");
    let snapshot = disk.snapshot();
    handle.sync_data().expect("syncs");
    handle.write(1, &[3]).expect("writes");
    handle.sync_data().expect("syncs");
    disk.crash();
    assert_eq!(read(&disk), [2, 3]);
    let other = Disk::new(2);
    for _ in 0..2 {
        other.restore(&snapshot);
        assert_eq!(read(&other), [1, 1]);
        other.open("f").expect("opens").write(0, &[9]).expect("writes");
    }
    disk.restore(&snapshot);
    assert_eq!(read(&disk), [1, 1]);
    disk.keep(|name| name != "f");
    assert!(!disk.exists("f").expect("can be read"));
}

#[test]
fn pages_are_sparse_and_shrink() {
    let disk = Disk::new(1);
    let handle = disk.open("f").expect("opens");
    handle.set_len(1 << 30).expect("grows");
    handle.write((1 << 30) - 10, &[7; 10]).expect("writes");
    assert_eq!(disk.0.lock().files["f"].now.pages.len(), 1);
    handle.set_len((1 << 30) - 5).expect("shrinks");
    handle.set_len(1 << 30).expect("grows");
    let mut end = [9; 10];
    handle.read((1 << 30) - 10, &mut end).expect("reads");
    assert_eq!(end, [7, 7, 7, 7, 7, 0, 0, 0, 0, 0]);
    assert_eq!(handle.read(1 << 30, &mut end).map_err(|e| e.kind()), Err(io::ErrorKind::UnexpectedEof));
}

#[test]
fn a_crash_in_the_middle_of_a_commit_loses_no_earlier_commit() {
    use redb::{Builder, Database, ReadableDatabase, ReadableTable, TableDefinition};
    const T: TableDefinition<u64, u64> = TableDefinition::new("t");
    fn commit(database: &Database, key: u64) -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        transaction.open_table(T)?.insert(key, key)?;
        transaction.commit()?;
        Ok(())
    }
    for seed in 0..300 {
        let disk = Disk::new(seed);
        drop(Builder::new().create_with_backend(disk.open("f").expect("opens")).expect("creates"));
        let mut acknowledged = 0;
        for round in 0..3 {
            let handle = disk.open("f").expect("opens");
            let database = Builder::new().create_with_backend(handle).expect("opens again");
            disk.crash_after((seed * 7 + round) % 40);
            while commit(&database, acknowledged + 1).is_ok() && acknowledged < 20 * (round + 1) {
                acknowledged += 1;
            }
            disk.crash();
            drop(database);
            let handle = disk.open("f").expect("opens");
            let database = Builder::new().create_with_backend(handle).expect("recovers");
            let read = database.begin_read().expect("reads");
            let last = match read.open_table(T) {
                Ok(table) => table.last().expect("reads").map_or(0, |(key, _)| key.value()),
                Err(_) => 0,
            };
            assert!(last >= acknowledged, "seed {seed}: {last} of {acknowledged}");
            acknowledged = last;
        }
    }
}
