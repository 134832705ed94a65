use super::{at, book, e, n, r, replica, run, serving, taking_over, view};
use crate::domain::{Entry, Term};
use crate::messages::catalog::{Leadership, Refusal};
use crate::messages::order::{NotServing, Role};
use crate::order::rules::command::Command::{Acknowledge, Serve, StopServing, Tell, WakeReplicators, Write};
use crate::order::rules::{Serving, Sold};
use crate::probe::ReplicaEvent;

const TERM: Term = Term::begun_in(crate::domain::Epoch::new(5));

fn sold(first: u64, keys: &[&str]) -> Sold {
    Sold { first: n(first), purchases: keys.iter().map(|key| super::sold(key, 1)).collect() }
}

fn deposed() -> Vec<crate::order::rules::Command> {
    vec![Tell(ReplicaEvent::Deposed { epoch: e(5) }), StopServing, WakeReplicators]
}

/// Rule A1: acknowledged when the own disk and everyone in sync have it, and not before.
#[test]
fn an_order_is_acknowledged_once_everyone_in_sync_has_it() {
    let (mut rules, _) = serving(&[1, 2, 3]);
    let (appended, commands) = rules.append(TERM, &sold(11, &["a"]));
    let [Write { term, entries }, WakeReplicators] = &commands[..] else { panic!("{commands:?}") };
    assert!(appended);
    assert_eq!((*term, &entries[..]), (TERM, &[Entry::of(n(11), e(5), super::sold("a", 1))][..]));
    assert_eq!(rules.durable(TERM, n(11)), [WakeReplicators]);
    let confirmed = |id| (r(id), run(id));
    assert_eq!(rules.confirmed(TERM, confirmed(1), e(5), n(11), false), Some(vec![WakeReplicators]));
    let serving = Serving { term: TERM, epoch: e(5), acknowledged: n(11) };
    let event = ReplicaEvent::Acknowledged { through: n(11), by: super::FRONT_END, epoch: e(5) };
    assert_eq!(
        rules.confirmed(TERM, confirmed(2), e(5), n(11), false),
        Some(vec![Tell(event), Acknowledge(serving), WakeReplicators])
    );
}

/// Rule A4: a takeover serves when everyone in sync has the whole book, with what the predecessor left; until then it
/// answers nobody.
#[test]
fn a_new_leader_serves_once_everyone_in_sync_has_its_whole_book() {
    let (mut rules, disk) = taking_over(&[1, 2, 3]);
    assert_eq!(rules.serving(e(5), &disk), Err(NotServing::TakingOver { epoch: e(5) }));
    rules.append(TERM, &sold(11, &["left-by-the-leader-before"]));
    rules.durable(TERM, n(11));
    for id in [1, 2] {
        let commands = rules.confirmed(TERM, (r(id), run(id)), e(5), n(11), false);
        assert_eq!(commands, Some(vec![WakeReplicators]), "the catalog has not answered");
    }
    let serving = Serving { term: TERM, epoch: e(5), acknowledged: n(11) };
    let event = ReplicaEvent::Serving { by: super::FRONT_END, epoch: e(5), last: n(11) };
    assert_eq!(rules.inheritance_appended(TERM), [Tell(event), Serve(serving), WakeReplicators]);
    assert_eq!(rules.serving(e(5), &disk), Ok(serving));
}

/// Rule A4: nothing that happens after a term has ended counts for the next.
#[test]
fn what_a_past_term_is_told_is_nothing() {
    let (mut rules, _) = serving(&[1, 2, 3]);
    let past = Term::begun_in(e(4));
    assert_eq!(rules.append(past, &sold(11, &["a"])), (false, vec![]));
    assert_eq!(rules.durable(past, n(99)), [WakeReplicators]);
    assert_eq!(rules.confirmed(past, (r(1), run(1)), e(4), n(99), false), None);
    assert_eq!(rules.unfit(past), []);
    assert_eq!(rules.superseded(past), []);
    assert_eq!(rules.leadership(past), None);
}

/// Rule C1: the catalog is shown the term, which a change of the in-sync set leaves as it is, beside the epoch.
#[test]
fn the_catalog_is_shown_the_term_and_not_only_the_epoch() {
    let (mut rules, mut disk) = serving(&[1, 2, 3]);
    let next = view(6, 3, &[2, 3]);
    let (_, adoption) = rules.adopt(next.clone(), &disk).unwrap();
    disk.view = Some(next.clone());
    rules.hear(&next);
    rules.adopted(adoption, true, &disk);
    let shown = Leadership { term: TERM, epoch: e(6), by: super::FRONT_END, last: n(10) };
    assert_eq!(rules.leadership(TERM), Some((shown, next.line)));
    assert!(rules.serving(e(5), &disk).is_ok() && rules.serving(e(6), &disk).is_ok());
}

/// Rule M4.
#[test]
fn a_leader_that_lacks_what_is_settled_says_so_and_steps_down() {
    let (mut rules, disk) = taking_over(&[1, 2, 3]);
    let mut commands = vec![Tell(ReplicaEvent::Unfit { term: TERM })];
    commands.extend(deposed());
    assert_eq!(rules.unfit(TERM), commands);
    assert_eq!(rules.status(&disk).role, Role::Unfit);
}

/// Rule M5.
#[test]
fn a_leader_appends_no_number_but_the_next() {
    for first in [10, 12] {
        let (mut rules, _) = serving(&[1, 2, 3]);
        let event = ReplicaEvent::OtherNumberSold { expected: n(11), sold: n(first) };
        let mut commands = vec![Tell(event)];
        commands.extend(deposed());
        assert_eq!(rules.append(TERM, &sold(first, &["a"])), (false, commands), "{first}");
    }
}

/// Rule M9: what only an operator can help is told once, and is in the status while this replica leads.
#[test]
fn a_refusal_that_needs_an_operator_is_told_once() {
    let (mut rules, disk) = serving(&[1, 2, 3]);
    let told = |why| vec![Tell(ReplicaEvent::CatalogRefuses { why })];
    for (why, commands, hindered) in [
        (Some(Refusal::Starting), vec![], None),
        (Some(Refusal::Lost), told(Refusal::Lost), Some(Refusal::Lost)),
        (Some(Refusal::Lost), vec![], Some(Refusal::Lost)),
        (None, vec![], None),
        (Some(Refusal::Lost), told(Refusal::Lost), Some(Refusal::Lost)),
    ] {
        assert_eq!(rules.catalog_said(why), commands, "{why:?}");
        assert_eq!(rules.status(&disk).hindered, hindered, "{why:?}");
    }
}

/// Rule E2: who does not lead the epoch named says which epoch it is in.
#[test]
fn a_follower_serves_nobody() {
    let disk = book(Some(view(5, 2, &[1, 2, 3])), at(10, 4));
    for named in [4, 5, 6] {
        let not_leader = NotServing::NotLeader { named: e(named), current: e(5) };
        assert_eq!(replica(&disk).serving(e(named), &disk), Err(not_leader));
    }
}
