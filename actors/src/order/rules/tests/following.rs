use super::{at, book, e, n, r, replica, run, serving, view};
use crate::domain::{Run, View};
use crate::messages::order::{AppendReply, Fill};
use crate::order::rules::Follower;
use crate::order::rules::command::Command::{StopServing, Tell, WakeReplicators};
use crate::probe::ReplicaEvent;

fn refused(epoch: u64) -> (AppendReply, Vec<super::super::Command>) {
    let event = ReplicaEvent::OldEpochRefused { message: "sync", epoch: e(epoch), current: e(5) };
    (AppendReply::Refused { epoch: e(5) }, vec![Tell(event)])
}

fn stranger(view: View) -> View {
    let by = Run::new(8);
    View { by, line: [by].into_iter().collect(), ..view }
}

/// Rules B1 and M6: the messages of the view that it follows, and of those that may come after it.
#[test]
fn a_follower_takes_messages_of_its_own_view_and_of_newer_ones() {
    let disk = book(Some(view(5, 2, &[1, 2, 3])), at(10, 4));
    for (case, view, expected) in [
        ("its own", view(5, 2, &[1, 2, 3]), Ok(vec![])),
        ("a newer one", view(7, 1, &[1, 2, 3]), Ok(vec![])),
        ("an older one", view(4, 2, &[1, 2, 3]), Err(refused(4))),
        ("another front-end's", stranger(view(9, 2, &[1, 2, 3])), Err(refused(9))),
        ("a leader that is not configured", view(7, 4, &[1, 2, 4]), Err(refused(7))),
    ] {
        assert_eq!(replica(&disk).follow(&view, &disk), expected, "{case}");
    }
}

/// Rule B3: a leader steps down before anything of the newer view is saved; by the view that it leads it takes nothing.
#[test]
fn a_leader_that_hears_of_a_newer_view_steps_down_at_once() {
    let (mut rules, disk) = serving(&[1, 2, 3]);
    assert_eq!(rules.follow(&view(5, 3, &[1, 2, 3]), &disk), Err(refused(5)));
    let deposed = Tell(ReplicaEvent::Deposed { epoch: e(5) });
    let commands = vec![deposed, StopServing, WakeReplicators];
    assert_eq!(rules.follow(&view(6, 2, &[1, 2, 3]), &disk), Ok(commands));
    assert_eq!(rules.follower(), Follower { id: r(3), run: run(3), acknowledged: n(10) });
}

/// Rule B1: what a leader said to be acknowledged is kept in mind as far as it is on this disk.
#[test]
fn what_is_acknowledged_is_known_as_far_as_it_is_held() {
    let disk = book(Some(view(5, 2, &[1, 2, 3])), at(10, 4));
    let confirmed = |number| AppendReply::Confirmed { run: run(3), epoch: e(5), number: n(number) };
    for (told, reply, known) in [
        (8, confirmed(10), 8),
        (12, confirmed(10), 10),
        (12, AppendReply::Missing { after: at(3, 2) }, 0),
        (12, AppendReply::Refused { epoch: e(6) }, 0),
    ] {
        let mut rules = replica(&disk);
        assert_eq!(rules.merged(n(told), reply, None), []);
        assert_eq!(rules.acknowledged(), n(known), "{told} {reply:?}");
    }
    let cut = ReplicaEvent::TailCut { after: n(7), entries: 3 };
    assert_eq!(replica(&disk).merged(n(0), confirmed(8), Some((n(7), 3))), [Tell(cut)]);
}

/// The operator's command is for this process and this book.
#[test]
fn only_the_book_that_was_meant_is_filled() {
    let disk = book(Some(view(5, 2, &[1, 2, 3])), at(10, 4));
    let fill = Fill { run: run(3), last: at(10, 4), epoch: e(6), through: n(12) };
    for (case, fill, may) in [
        ("it is meant", fill.clone(), true),
        ("another process", Fill { run: run(2), ..fill.clone() }, false),
        ("another book", Fill { last: at(11, 4), ..fill.clone() }, false),
    ] {
        assert_eq!(replica(&disk).may_fill(&fill, &disk), may, "{case}");
    }
    let (leader, disk) = serving(&[1, 2, 3]);
    assert!(!leader.may_fill(&fill, &disk), "it serves");
}
