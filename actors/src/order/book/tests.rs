use redb::Database;
use redb::backends::InMemoryBackend;

use super::{Write, Written, apply, begin_run, read};
use crate::domain::{
    Entry, Epoch, OrderNumber, Position, ProductName, Purchase, Quantity, Receipt, ReplicaId, RequestId, Run,
    StoreId, UnixMillis, View,
};
use crate::messages::order::{AppendEntries, AppendReply};
use crate::order::rules::Follower;

fn n(number: u64) -> OrderNumber {
    OrderNumber::new(number)
}

fn e(epoch: u64) -> Epoch {
    Epoch::new(epoch)
}

fn at(number: u64, epoch: u64) -> Position {
    Position { number: n(number), epoch: e(epoch) }
}

fn entry(number: u64, epoch: u64) -> Entry {
    let purchase = Purchase {
        key: RequestId::new(format!("{number}@{epoch}")).unwrap(),
        name: ProductName::new("Tux").unwrap(),
        quantity: Quantity::new(number).unwrap(),
    };
    let receipt = Some(Receipt { price_cents: 1599, sold_at: UnixMillis::new(number) });
    Entry { number: n(number), epoch: e(epoch), purchase: Some(purchase), receipt }
}

fn entries(epochs: &[u64]) -> Vec<Entry> {
    (1..).zip(epochs).map(|(number, epoch)| entry(number, *epoch)).collect()
}

/// A book whose entries have these epochs, at a replica that has heard of `epoch`.
fn book(epoch: u64, epochs: &[u64]) -> Database {
    let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
    apply(&database, &[Write::SaveView(view(epoch, 3)), Write::Append(entries(epochs))]).unwrap();
    database
}

const RUN: Run = Run::new(20);

fn view(epoch: u64, leader: u8) -> View {
    let in_sync = [(1, Run::new(10)), (2, RUN), (3, Run::new(30))];
    let in_sync = in_sync.map(|(id, run)| (ReplicaId::new(id), run)).into_iter().collect();
    let by = Run::new(1);
    let line = [by].into_iter().collect();
    View { store: StoreId::new(1), by, line, epoch: e(epoch), leader: ReplicaId::new(leader), in_sync }
}

fn epochs(database: &Database) -> Vec<u64> {
    read::entries(database, n(0), 100).unwrap().iter().map(|entry| entry.epoch.get()).collect()
}

/// A message of the leader whose book has these epochs, about what follows `after`.
fn message(epoch: u64, leader: u8, leader_book: &[u64], after: usize) -> AppendEntries {
    let place = if after == 0 { Position::default() } else { at(after as u64, leader_book[after - 1]) };
    let entries = entries(leader_book).split_off(after);
    AppendEntries { view: view(epoch, leader), after: place, entries, acknowledged: n(0) }
}

fn merge(message: AppendEntries, acknowledged: u64) -> Write {
    let follower = Follower { id: ReplicaId::new(2), run: RUN, acknowledged: n(acknowledged) };
    Write::Merge { message, follower }
}

#[test]
fn a_merge_leaves_on_disk_what_was_decided() {
    let confirmed = |epoch, number| AppendReply::Confirmed { run: RUN, epoch: e(epoch), number: n(number) };
    let missing = |number, epoch| AppendReply::Missing { after: at(number, epoch) };
    for (name, own, message, answer, afterwards) in [
        ("appends", vec![1, 1], message(2, 3, &[1, 1, 2], 2), confirmed(2, 3), vec![1, 1, 2]),
        (
            "an empty message confirms its place",
            vec![1, 1],
            message(2, 3, &[1, 1], 2),
            confirmed(2, 2),
            vec![1, 1],
        ),
        (
            "a shorter message cuts nothing, and confirms its own end",
            vec![1, 1, 1],
            message(2, 3, &[1, 1], 0),
            confirmed(2, 2),
            vec![1, 1, 1],
        ),
        (
            "a repeated message changes nothing",
            vec![1, 1],
            message(2, 3, &[1, 1], 0),
            confirmed(2, 2),
            vec![1, 1],
        ),
        (
            "the tail is cut where the epoch differs",
            vec![1, 1, 1, 1],
            message(2, 3, &[1, 1, 2], 1),
            confirmed(2, 3),
            vec![1, 1, 2],
        ),
        ("a gap is refused", vec![1], message(2, 3, &[1, 1, 2], 2), missing(1, 1), vec![1]),
        (
            "the place before the first entry is everyone's",
            vec![1],
            message(2, 3, &[2], 0),
            confirmed(2, 1),
            vec![2],
        ),
        (
            "an older epoch is refused",
            vec![1],
            message(1, 3, &[1, 1], 1),
            AppendReply::Refused { epoch: e(2) },
            vec![1],
        ),
    ] {
        let database = book(2, &own);
        let write = merge(message, 0);
        let (written, summary) = apply(&database, &[write]).unwrap();
        assert!(matches!(&written[..], [Written::Merged(got, _)] if *got == answer), "{name}: {written:?}");
        assert_eq!(epochs(&database), afterwards, "{name}");
        assert_eq!(summary, read::summary(&database).unwrap(), "{name}: the summary is what is on disk");
    }
}

#[test]
fn a_newer_epoch_is_saved_with_the_answer_that_names_it() {
    let database = book(2, &[1]);
    apply(&database, &[merge(message(5, 3, &[1, 1, 1], 2), 0)]).unwrap();
    assert_eq!(read::summary(&database).unwrap().epoch(), e(5));
}

#[test]
fn a_cut_forgets_the_request_ids_too() {
    let database = book(2, &[1, 1]);
    let (written, _) = apply(&database, &[merge(message(2, 3, &[1, 2], 1), 1)]).unwrap();
    assert!(matches!(written[..], [Written::Merged(_, Some((after, 1)))] if after == n(1)), "{written:?}");
    let keys: Vec<_> = ["1@1", "2@1", "2@2"].map(|key| RequestId::new(key).unwrap()).into();
    let numbers: Vec<_> = read::by_keys(&database, &keys)
        .unwrap()
        .into_iter()
        .map(|found| found.map(|entry| entry.number.get()))
        .collect();
    assert_eq!(numbers, [Some(1), None, Some(2)]);
    assert_eq!(read::cut(&database).unwrap(), [entry(2, 1)], "it is kept");
}

#[test]
fn what_a_book_lacks_when_an_operator_goes_on_with_it_is_lost_and_its_numbers_are_taken() {
    let database = book(2, &[1, 1]);
    let fill = |through| Write::Fill { epoch: e(3), through: n(through) };
    let (_, summary) = apply(&database, &[fill(4), fill(3)]).unwrap();
    assert_eq!(summary.last, at(4, 3));
    let entries = read::entries(&database, n(0), 10).unwrap();
    let orders: Vec<_> = entries.iter().map(|entry| entry.order().map(|order| order.number.get())).collect();
    assert_eq!(orders, [Some(1), Some(2), None, None]);
    apply(&database, &[Write::Append(vec![entry(5, 3)])]).unwrap();
}

#[test]
fn what_is_known_to_be_acknowledged_is_never_cut() {
    let database = book(2, &[1, 1]);
    let write = merge(message(2, 3, &[1, 2], 1), 2);
    assert!(apply(&database, &[write]).is_err());
    assert_eq!(epochs(&database), [1, 1]);
}

#[test]
fn an_append_that_does_not_follow_is_refused_whole() {
    for wrong in [entry(4, 2), entry(2, 2), entry(3, 1)] {
        let database = book(2, &[1, 2]);
        assert!(apply(&database, &[Write::Append(vec![wrong])]).is_err());
        assert_eq!(epochs(&database), [1, 2]);
    }
}

#[test]
fn an_older_view_is_not_saved() {
    let database = book(7, &[]);
    let mut stranger = view(9, 1);
    stranger.by = Run::new(8);
    stranger.line = [stranger.by].into_iter().collect();
    for refused in [view(6, 1), view(7, 1), stranger] {
        assert_eq!(apply(&database, &[Write::SaveView(refused)]).unwrap().0, [Written::OlderView]);
        assert_eq!(read::summary(&database).unwrap().epoch(), e(7));
    }
}

#[test]
fn each_start_is_in_the_line_from_the_run_on_that_the_view_names() {
    let database = book(7, &[1]);
    for (run, expected) in [(5, &[5][..]), (20, &[5, 20]), (21, &[20, 21]), (22, &[20, 21, 22])] {
        begin_run(&database, ReplicaId::new(2), Run::new(run)).unwrap();
        let line = read::summary(&database).unwrap().line;
        assert_eq!(line, expected.iter().copied().map(Run::new).collect(), "run {run}");
    }
}

#[test]
fn a_replica_that_diverged_is_told_where_to_ask_again() {
    let database = book(3, &[1, 1, 2, 2, 3]);
    for ((number, epoch), expected) in [
        ((5, 3), Ok(0)),
        ((2, 1), Ok(3)),
        ((0, 0), Ok(5)),
        ((4, 1), Err((2, 1))),
        ((4, 3), Err((4, 2))),
        ((9, 3), Err((5, 3))),
        ((9, 2), Err((4, 2))),
        ((2, 9), Err((2, 1))),
        ((2, 0), Err((0, 0))),
    ] {
        let found = read::entries_from(&database, at(number, epoch), 100).unwrap();
        let found = found.map(|entries| entries.len()).map_err(|at| (at.number.get(), at.epoch.get()));
        assert_eq!(found, expected, "after {number} of epoch {epoch}");
    }
}

/// Rule A3: the transaction refuses a second order under one request id.
#[test]
fn one_request_id_has_one_order() {
    let database = book(2, &[1, 1]);
    let again = Entry { purchase: entry(1, 1).purchase, ..entry(3, 2) };
    assert!(apply(&database, &[Write::Append(vec![again])]).is_err());
    assert_eq!(epochs(&database), [1, 1]);
}
