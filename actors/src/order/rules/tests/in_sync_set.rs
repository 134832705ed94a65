use super::{FRONT_END, e, n, r, run, serving, taking_over, view};
use crate::clock::Timestamp;
use crate::domain::{Run, Term};
use crate::messages::order::{Join, JoinError, NotServing};
use crate::messages::view_service::InSyncChange;
use crate::order::rules::JoinStep;
use crate::order::rules::command::Command::{Acknowledge, Tell, WakeReplicators};
use crate::order::rules::{ReplicaRules, Serving};
use crate::order::summary::BookSummary;
use crate::probe::ReplicaEvent;

const TERM: Term = Term::begun_in(crate::domain::Epoch::new(5));

fn join(epoch: u64) -> Join {
    Join { replica: r(1), run: run(1), epoch: e(epoch) }
}

fn later() -> Timestamp {
    Timestamp::default() + std::time::Duration::from_secs(1)
}

fn counted(rules: &mut ReplicaRules, disk: &BookSummary) {
    let (joined, _) = rules.join_asked_back(&join(5), true, disk);
    assert_eq!(joined, Ok(()));
}

/// Rule E5: asked back first, counted when the answer came from that very process.
#[test]
fn a_joiner_is_counted_when_the_leader_reaches_it() {
    let (mut rules, disk) = serving(&[2, 3]);
    let now = Timestamp::default();
    assert_eq!(rules.join(&join(5), now, &disk), Ok(JoinStep::AskBack));
    let unreached = ReplicaEvent::JoinerUnreached { replica: r(1), epoch: e(5) };
    let not_reached = || Err(JoinError::NotReached);
    assert_eq!(rules.join_asked_back(&join(5), false, &disk), (not_reached(), vec![Tell(unreached)]));
    assert_eq!(rules.join_asked_back(&join(5), false, &disk), (not_reached(), vec![]), "it is told once");
    let event = ReplicaEvent::JoinerCounted { replica: r(1), epoch: e(5) };
    let commands = vec![Tell(event), WakeReplicators];
    assert_eq!(rules.join_asked_back(&join(5), true, &disk), (Ok(()), commands));
    assert_eq!(rules.join(&join(5), now, &disk), Ok(JoinStep::Done), "it is counted already");
}

/// Rule E5: after one was given up, nobody is counted for a while, and orders go on.
#[test]
fn nobody_is_counted_for_a_while_after_a_joiner_was_given_up() {
    let (mut rules, disk) = serving(&[2, 3]);
    counted(&mut rules, &disk);
    rules.append(TERM, &super::super::Sold { first: n(11), purchases: vec![super::sold("a", 1)] });
    rules.durable(TERM, n(11));
    rules.confirmed(TERM, (r(2), run(2)), e(5), n(11), false);
    let (commands, change) = rules.give_up(TERM, r(1), false, later());
    let acknowledged = ReplicaEvent::Acknowledged { through: n(11), by: FRONT_END, epoch: e(5) };
    let serving = Serving { term: TERM, epoch: e(5), acknowledged: n(11) };
    let given_up = ReplicaEvent::JoinerGivenUp { replica: r(1), epoch: e(5) };
    assert_eq!(
        commands,
        [Tell(given_up), Tell(acknowledged), Acknowledge(serving), WakeReplicators],
        "what waited for it is acknowledged"
    );
    assert_eq!(change, None);
    assert_eq!(rules.join(&join(5), Timestamp::default(), &disk), Err(JoinError::NotNow));
    assert_eq!(rules.join(&join(5), later(), &disk), Ok(JoinStep::AskBack));
}

/// Rules D3 and E5: only a leader that serves counts anyone.
#[test]
fn nobody_is_counted_by_one_that_does_not_serve() {
    let (rules, disk) = taking_over(&[2, 3]);
    let now = Timestamp::default();
    let taking_over = JoinError::NotServing(NotServing::TakingOver { epoch: e(5) });
    assert_eq!(rules.join(&join(5), now, &disk), Err(taking_over));
    let not_leader = JoinError::NotServing(NotServing::NotLeader { named: e(4), current: e(5) });
    assert_eq!(rules.join(&join(4), now, &disk), Err(not_leader));
}

/// Rules D2 and E3: a drop names the view that it changes, is asked for once at a time, and during a takeover, too.
#[test]
fn a_member_that_does_not_confirm_is_to_be_dropped() {
    for (case, (mut rules, _)) in [("serving", serving(&[1, 2, 3])), ("taking over", taking_over(&[1, 2, 3]))]
    {
        assert_eq!(rules.give_up(TERM, r(1), true, later()), (vec![], None), "{case}: it is being asked");
        let event = ReplicaEvent::DropAsked { replica: r(1), epoch: e(5) };
        let change = (view(5, 3, &[1, 2, 3]), InSyncChange::Drop(r(1)));
        assert_eq!(rules.give_up(TERM, r(1), false, later()), (vec![Tell(event)], Some(change)), "{case}");
    }
    let (mut rules, _) = serving(&[2, 3]);
    assert_eq!(rules.give_up(TERM, r(1), false, later()), (vec![], None), "it is none");
}

/// Rules D2 to D4: an add names the view and the run; from then on the joiner is not given up by itself.
#[test]
fn a_joiner_that_the_front_end_was_asked_to_add_stays_counted() {
    let (mut rules, disk) = serving(&[2, 3]);
    counted(&mut rules, &disk);
    let event = ReplicaEvent::AddAsked { replica: r(1), epoch: e(5) };
    let change = (view(5, 3, &[2, 3]), InSyncChange::Add(r(1), run(1)));
    assert_eq!(rules.ask_to_add(TERM, r(1), run(1)), Some((vec![Tell(event)], change)));
    let event = ReplicaEvent::DropAsked { replica: r(1), epoch: e(5) };
    let drop = (view(5, 3, &[2, 3]), InSyncChange::Drop(r(1)));
    assert_eq!(rules.give_up(TERM, r(1), false, later()), (vec![Tell(event)], Some(drop)));
    assert_eq!(rules.ask_to_add(Term::begun_in(e(4)), r(1), Run::new(9)), None, "a past term");
}
