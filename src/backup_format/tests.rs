//! What is written is read, and nothing else.

use std::fs;
use std::path::Path;

use toystore_actors::domain::{
    Entry, Epoch, OrderNumber, ProductName, Purchase, Quantity, Receipt, RequestId, StoreId, UnixMillis,
};
use toystore_actors::messages::catalog::Stocked;

use super::files::{MANIFEST, ORDERS, SUMS};
use super::manifest::Manifest;
use super::order_line::OrderLine;
use super::reader::Backup;
use super::writer::BackupWriter;

fn entry(number: u64, epoch: u64) -> Entry {
    Entry {
        number: OrderNumber::new(number),
        epoch: Epoch::new(epoch),
        purchase: Some(Purchase {
            key: RequestId::new("k".repeat(RequestId::MAX_BYTES)).unwrap(),
            name: ProductName::new("\u{1}".repeat(ProductName::MAX_BYTES)).unwrap(),
            quantity: Quantity::new(number).unwrap(),
        }),
        receipt: Some(Receipt { price_cents: u64::MAX, sold_at: UnixMillis::new(u64::MAX) }),
    }
}

fn written(entries: &[Entry], directory: &Path) -> Manifest {
    let mut writer = BackupWriter::begin(directory).unwrap();
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
    let lost = Entry::lost(OrderNumber::new(2), Epoch::new(1));
    let old = Entry { receipt: None, ..entry(1, 1) };
    for entries in [vec![], vec![entry(1, 1)], vec![old, lost, entry(3, 4)]] {
        let directory = tempfile::tempdir().unwrap();
        let manifest = written(&entries, directory.path());
        assert_eq!(read_all(directory.path()), Ok((manifest, entries)));
    }
}

/// A backup of the version before, made by it: its format is 1, and its orders have neither price nor time.
#[test]
fn a_backup_of_the_version_before_is_read() {
    let before = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/backup-1");
    let (manifest, entries) = read_all(&before).unwrap();
    assert_eq!((manifest.format, manifest.orders), (1, OrderNumber::new(3)));
    let orders: Vec<_> = entries.iter().map(|entry| entry.order().unwrap()).collect();
    assert_eq!(orders.len(), 3);
    assert!(orders.iter().all(|order| order.receipt.is_none()), "{orders:?}");
}

#[test]
fn price_and_time_are_there_together_and_not_of_a_lost_order() {
    let order = r#""number":1,"epoch":1,"key":"a","name":"Tux","quantity":2"#;
    for (line, sound) in [
        (order.to_owned(), true),
        (format!(r#"{order},"price_cents":5,"sold_at_ms":6"#), true),
        (format!(r#"{order},"price_cents":5"#), false),
        (format!(r#"{order},"sold_at_ms":6"#), false),
        (r#""number":1,"epoch":1,"lost":true"#.to_owned(), true),
        (r#""number":1,"epoch":1,"lost":true,"price_cents":5,"sold_at_ms":6"#.to_owned(), false),
    ] {
        let read: OrderLine = serde_json::from_str(&format!("{{{line}}}")).unwrap();
        assert_eq!(read.entry().is_some(), sound, "{line}");
    }
}

#[test]
fn what_does_not_follow_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = BackupWriter::begin(directory.path()).unwrap();
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
