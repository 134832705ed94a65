use super::{at, book, e, r, replica, run, serving, taking_over, view, view_of};
use crate::domain::{Run, Term, View};
use crate::messages::order::{NotServing, Role};
use crate::order::rules::command::Command::{Inherit, Replicate, StopServing, Tell, WakeReplicators};
use crate::order::rules::{Command, ReplicaRules};
use crate::order::summary::BookSummary;
use crate::probe::ReplicaEvent;

/// Adopts a view, saved without incident: what was done before that, and after it.
fn adopt(
    rules: &mut ReplicaRules,
    book: &mut BookSummary,
    view: View,
) -> Option<(Vec<Command>, Vec<Command>)> {
    rules.hear(&view);
    let (before, adoption) = rules.adopt(view.clone(), book)?;
    book.view = Some(view);
    Some((before, rules.adopted(adoption, true, book)))
}

fn took_over(view: View, suspect: Option<u8>) -> Vec<Command> {
    let term = Term::begun_in(view.epoch);
    let peers = [1, 2].map(r).to_vec();
    vec![
        Tell(ReplicaEvent::TakeoverBegan { view }),
        Replicate { term, peers, suspect: suspect.map(r) },
        Inherit(term),
    ]
}

fn deposed(epoch: u64) -> Vec<Command> {
    vec![Tell(ReplicaEvent::Deposed { epoch: e(epoch) }), StopServing, WakeReplicators]
}

/// Rules A4 and B3: the view is saved first, then the one that it names takes over.
#[test]
fn a_replica_takes_over_once_the_view_that_names_it_is_saved() {
    let mut disk = book(Some(view(4, 2, &[1, 2, 3])), at(10, 4));
    let mut rules = replica(&disk);
    let next = view(5, 3, &[1, 2, 3]);
    assert_eq!(adopt(&mut rules, &mut disk, next.clone()), Some((vec![], took_over(next, Some(2)))));
    assert_eq!(rules.status(&disk).role, Role::TakingOver);
}

/// Rule E2: between the save and the adoption it is no mere follower of its own epoch.
#[test]
fn a_leader_that_is_adopting_its_view_says_that_it_takes_over() {
    let before = book(Some(view(4, 2, &[1, 2, 3])), at(10, 4));
    let mut rules = replica(&before);
    let next = view(5, 3, &[1, 2, 3]);
    let (_, adoption) = rules.adopt(next.clone(), &before).unwrap();
    let saved = book(Some(next), at(10, 4));
    assert_eq!(rules.serving(e(5), &saved), Err(NotServing::TakingOver { epoch: e(5) }));
    assert_eq!(rules.status(&saved).role, Role::TakingOver);
    rules.adopted(adoption, false, &saved);
    assert_eq!(rules.serving(e(5), &saved), Err(NotServing::NotLeader { named: e(5), current: e(5) }));
}

/// Rule D5: a replica that restarts does not lead under an epoch that was saved before; and what is not newer is no news.
#[test]
fn a_view_that_is_not_newer_than_the_one_on_disk_changes_nothing() {
    for old in [view(5, 3, &[1, 2, 3]), view(4, 3, &[1, 2, 3])] {
        let mut disk = book(Some(view(5, 3, &[1, 2, 3])), at(10, 4));
        let mut rules = replica(&disk);
        assert_eq!(adopt(&mut rules, &mut disk, old), None);
        assert_eq!(rules.status(&disk).role, Role::Follower);
    }
}

/// A takeover that a newer view has overtaken does not begin.
#[test]
fn who_has_heard_of_a_newer_view_meanwhile_does_not_take_over() {
    let mut disk = book(Some(view(4, 2, &[1, 2, 3])), at(10, 4));
    let mut rules = replica(&disk);
    rules.hear(&view(6, 1, &[1, 2, 3]));
    assert_eq!(adopt(&mut rules, &mut disk, view(5, 3, &[1, 2, 3])), Some((vec![], vec![])));
}

/// Rule D6: with the very next view that names it, a leader goes on; with any other its term ends before that is saved.
#[test]
fn a_term_goes_on_in_the_next_view_and_ends_with_any_other() {
    let goes_on = view(6, 3, &[2, 3]);
    let adopted = ReplicaEvent::ViewAdopted { view: goes_on.clone(), orders_in_flight: 0 };
    let restarted = view_of(6, 3, &[(2, run(2)), (3, Run::new(31))]);
    let missed_one = view(7, 3, &[2, 3]);
    for (case, next, before, after) in [
        ("the next, with the same leader", goes_on, vec![], vec![Tell(adopted), WakeReplicators]),
        ("another leads", view(6, 2, &[2, 3]), deposed(5), vec![]),
        ("another run of this replica leads", restarted, deposed(5), vec![]),
        ("one was missed", missed_one.clone(), deposed(5), took_over(missed_one, Some(3))),
    ] {
        let (mut rules, mut disk) = serving(&[1, 2, 3]);
        assert_eq!(adopt(&mut rules, &mut disk, next), Some((before, after)), "{case}");
    }
}

/// Rule M3: the member is this very process.
#[test]
fn a_process_that_the_view_does_not_name_is_out() {
    for (case, view, out) in [
        ("it has heard of no view", None, true),
        ("it is a member", Some(view(5, 2, &[2, 3])), false),
        ("another run of it is", Some(view_of(5, 2, &[(2, run(2)), (3, Run::new(31))])), true),
        ("it is none", Some(view(5, 2, &[1, 2])), true),
    ] {
        let disk = book(view, at(10, 4));
        assert_eq!(replica(&disk).is_out(&disk), out, "{case}");
    }
    let (leader, disk) = taking_over(&[1, 2, 3]);
    assert!(!leader.is_out(&disk));
}
