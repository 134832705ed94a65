use super::{at, book, e, entries, entry, n, r, run, view};
use crate::domain::{Epoch, OrderNumber, Position};
use crate::messages::order::{AppendEntries, AppendReply};
use crate::order::rules::merge::{BookChange, Contradiction, Follower, Held, Merge, merge};

/// A book whose entries have these epochs.
struct Epochs(Vec<u64>);

impl Held for Epochs {
    type Error = std::convert::Infallible;

    fn epoch_at(&self, number: OrderNumber) -> Result<Option<Epoch>, Self::Error> {
        let index = usize::try_from(number.get()).unwrap();
        Ok(if index == 0 { Some(Epoch::NONE) } else { self.0.get(index - 1).copied().map(Epoch::new) })
    }

    fn last_at_most(&self, bound: Position) -> Result<Position, Self::Error> {
        let places = (1..).zip(&self.0).map(|(number, epoch)| at(number, *epoch));
        let before = |place: &Position| place.number <= bound.number && place.epoch <= bound.epoch;
        Ok(places.take_while(before).last().unwrap_or_default())
    }
}

/// A message of the leader whose book has these epochs, about what follows `after`.
fn message(epoch: u64, leader: u8, leader_book: &[u64], after: usize) -> AppendEntries {
    let place = if after == 0 { Position::default() } else { at(after as u64, leader_book[after - 1]) };
    let entries = entries(leader_book).split_off(after);
    AppendEntries { view: view(epoch, leader, &[1, 2, 3]), after: place, entries, acknowledged: n(0) }
}

/// What replica 2 does, which follows the view of epoch 2 and knows orders up to `acknowledged` to be acknowledged.
fn merged(own: &[u64], acknowledged: u64, message: &AppendEntries) -> Result<Merge, Contradiction> {
    let last = own.last().map_or(Position::default(), |epoch| at(own.len() as u64, *epoch));
    let summary = book(Some(view(2, 3, &[1, 2, 3])), last);
    let follower = Follower { id: r(2), run: run(2), acknowledged: n(acknowledged) };
    let Ok(merged) = merge(message, follower, &summary, &Epochs(own.to_vec()));
    merged
}

fn confirmed(epoch: u64, number: u64) -> AppendReply {
    AppendReply::Confirmed { run: run(2), epoch: e(epoch), number: n(number) }
}

fn missing(number: u64, epoch: u64) -> AppendReply {
    AppendReply::Missing { after: at(number, epoch) }
}

fn refused() -> AppendReply {
    AppendReply::Refused { epoch: e(2) }
}

/// Rules B1 and B2.
#[test]
fn a_follower_appends_cuts_where_epochs_differ_and_confirms_the_end_of_the_message() {
    use BookChange::{Append, CutAfter};
    for (case, own, message, changes, reply) in [
        (
            "appends",
            vec![1, 1],
            message(2, 3, &[1, 1, 2], 2),
            vec![Append(vec![entry(3, 2)])],
            confirmed(2, 3),
        ),
        (
            "an empty message confirms its place",
            vec![1, 1],
            message(2, 3, &[1, 1], 2),
            vec![],
            confirmed(2, 2),
        ),
        (
            "a shorter message cuts nothing, and confirms its own end",
            vec![1, 1, 1],
            message(2, 3, &[1, 1], 0),
            vec![],
            confirmed(2, 2),
        ),
        (
            "a repeated message changes nothing",
            vec![1, 1],
            message(2, 3, &[1, 1], 0),
            vec![],
            confirmed(2, 2),
        ),
        (
            "the tail is cut where the epoch differs",
            vec![1, 1, 1, 1],
            message(2, 3, &[1, 1, 2], 1),
            vec![CutAfter(n(2)), Append(vec![entry(3, 2)])],
            confirmed(2, 3),
        ),
        ("a gap is refused", vec![1], message(2, 3, &[1, 1, 2], 2), vec![], missing(1, 1)),
        (
            "so is a message that follows another entry",
            vec![1, 1, 1],
            message(2, 3, &[1, 2, 2, 2], 3),
            vec![],
            missing(3, 1),
        ),
        (
            "the place before the first entry is everyone's",
            vec![1],
            message(2, 3, &[2], 0),
            vec![CutAfter(n(0)), Append(vec![entry(1, 2)])],
            confirmed(2, 1),
        ),
        ("an older epoch is refused", vec![1], message(1, 3, &[1, 1], 1), vec![], refused()),
        ("nobody merges its own messages", vec![1], message(2, 2, &[1, 2], 1), vec![], refused()),
    ] {
        assert_eq!(merged(&own, 0, &message), Ok(Merge { changes, reply }), "{case}");
    }
}

/// Rule B3.
#[test]
fn a_newer_view_is_saved_with_the_answer_that_names_it() {
    let saved = BookChange::SaveView(view(5, 3, &[1, 2, 3]));
    for (case, after, changes, reply) in [
        ("appends", 1, vec![saved.clone(), BookChange::Append(vec![entry(2, 1)])], confirmed(5, 2)),
        ("refuses for a gap", 2, vec![saved], missing(1, 1)),
    ] {
        let message =
            AppendEntries { entries: entries(&[1, 1]).split_off(after), ..message(5, 3, &[1, 1], after) };
        assert_eq!(merged(&[1], 0, &message), Ok(Merge { changes, reply }), "{case}");
    }
}

/// Rule B1: the second net.
#[test]
fn what_is_known_to_be_acknowledged_is_never_cut() {
    let message = message(2, 3, &[1, 2], 1);
    assert_eq!(merged(&[1, 1], 2, &message), Err(Contradiction { number: n(2), acknowledged: n(2) }));
    assert!(merged(&[1, 1], 1, &message).is_ok());
}
