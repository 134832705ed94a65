use std::ops::Range;

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::reader::{Gap, read};
use super::record::{LoggedChange, PAGE, Record};
use super::writer::{Journal, Room};

fn begin(half_pages: usize) -> Journal {
    Journal::begin(Box::new(InMemoryBackend::new()), 3, half_pages * PAGE).unwrap()
}

/// One page a record, three records a half; each says its number.
fn journal(sequences: Range<u64>) -> Journal {
    let mut journal = begin(3);
    for sequence in sequences {
        let mut record = Record::default();
        record.write(sequence, &[7; 10]);
        if journal.append(&mut record, sequence).unwrap() == Room::HalfFull {
            journal.turn();
            assert_eq!(journal.append(&mut record, sequence).unwrap(), Room::Taken);
        }
    }
    journal
}

fn sequences(journal: &Journal, after: u64) -> Result<Vec<u64>, Gap> {
    let found = read(&*journal.file, after).unwrap()?;
    Ok(found.into_iter().flat_map(|found| found.records).map(|(sequence, _)| sequence).collect())
}

fn spoil(journal: &Journal, page: u64) {
    journal.file.write(page * PAGE as u64 + 40, &[0xAA]).unwrap();
}

/// Rule F1.
#[test]
fn changes_come_back_as_they_were_made() {
    let mut journal = begin(4);
    let mut record = Record::default();
    assert!(record.is_empty());
    let mut half_empty = [0; 4096];
    half_empty[..64].fill(1);
    record.write(4096, &half_empty);
    record.set_len(9000);
    record.write(0, &[0; 5000]);
    record.write(8192, &[3; 5000]);
    assert_eq!(journal.append(&mut record, 5).unwrap(), Room::Taken);
    assert!(record.is_empty());
    let found = read(&*journal.file, 4).unwrap().unwrap().unwrap();
    assert_eq!((found.begun, found.records[0].0), (3, 5));
    let changes: Vec<_> = found.records[0].1.changes().collect();
    let expected = [
        LoggedChange::Write(4096, &[1; 64], 4032),
        LoggedChange::SetLen(9000),
        LoggedChange::Write(0, &[], 5000),
        LoggedChange::Write(8192, &[3; 5000], 0),
    ];
    assert_eq!(changes, expected);
}

/// Rule F2.
#[test]
fn halves_take_turns_and_the_newest_records_are_found() {
    for (written, after, expected) in [
        (1..1, 0, vec![]),
        (1..3, 0, vec![1, 2]),
        (1..7, 0, vec![1, 2, 3, 4, 5, 6]),
        (1..7, 4, vec![5, 6]),
        (1..7, 6, vec![]),
        // The first half has been written over: what was in it must have been stamped.
        (1..8, 3, vec![4, 5, 6, 7]),
        (1..12, 8, vec![9, 10, 11]),
    ] {
        assert_eq!(sequences(&journal(written.clone()), after), Ok(expected), "{written:?} after {after}");
    }
}

/// Rule F3.
#[test]
fn a_torn_end_is_no_damage_and_a_hole_is() {
    let gap = |missing, present| Err(Gap { missing, present });
    for (name, written, page, after, expected) in [
        ("the last", 1..4, 3, 0, Ok(vec![1, 2])),
        ("the only", 1..2, 1, 0, Ok(vec![])),
        ("the last, over older ones", 1..8, 1, 3, Ok(vec![4, 5, 6])),
        ("one before the last", 1..4, 2, 0, gap(2, 3)),
        ("the first of a half", 1..6, 4, 0, gap(1, 5)),
        ("the last of a full half", 1..6, 3, 0, gap(3, 4)),
        ("one that is not needed any more", 1..4, 2, 3, Ok(vec![])),
    ] {
        let journal = journal(written);
        spoil(&journal, page);
        assert_eq!(sequences(&journal, after), expected, "{name}");
    }
}

/// Rule F1: such a commit is synced in the file itself.
#[test]
fn what_is_too_long_is_not_taken() {
    let mut journal = begin(2);
    let mut record = Record::default();
    record.write(0, &[1; 2 * PAGE]);
    assert_eq!(journal.append(&mut record, 1).unwrap(), Room::None);
    assert!(!record.is_empty());
}

#[test]
fn a_file_that_is_no_journal_is_none() {
    let file = InMemoryBackend::new();
    assert!(read(&file, 0).unwrap().unwrap().is_none());
    file.set_len(3 * PAGE as u64).unwrap();
    assert!(read(&file, 0).unwrap().unwrap().is_none());
}
