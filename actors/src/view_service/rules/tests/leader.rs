//! What is heard of the leader, and what that leads to.

use super::world::*;
use crate::clock::Timestamp;
use crate::domain::{Epoch, ReplicaId, Run, View};
use crate::messages::order::{NotServing, Role};
use crate::net::NetError;
use crate::probe::{SuspectReason, ViewEvent};
use crate::view_service::rules::{Command, Next, PollLeader, Procedure, Reply, Step, Task};
use crate::view_service::waiting::Waiting;

const ALL: &[u8] = &[1, 2, 3];

fn suspected(why: SuspectReason) -> Vec<Command> {
    let (replica, epoch) = (ReplicaId::new(3), Epoch::new(5));
    let event = ViewEvent::LeaderSuspected { replica, epoch, why };
    vec![Command::Emit(event), Command::Start(Task::Choose { pause: None })]
}

fn poll() -> Command {
    Command::Start(Task::PollLeader(Epoch::new(5)))
}

// Rules E1 and M10.
#[test]
fn the_view_is_sent_to_every_configured_replica_and_to_no_other() {
    let mut before = started(file(Some(view_by(2, 4, 3, ALL))));
    before.beat();
    assert_eq!(before.take_commands(), []);
    assert!(before.announce().is_none(), "nothing is told before a view of this run");
    // 1 is not in sync, and 7 is not configured.
    let mut rules = rules(view(5, 3, &[2, 3, 7]));
    for _ in 0..2 {
        rules.beat();
        assert_eq!(rules.take_commands(), [announce()]);
    }
}

// Rule E1.
#[test]
fn a_leader_is_polled_until_it_serves_or_another_view_is_current() {
    let current = view(5, 3, ALL);
    let mut rules = rules(current.clone());
    let mut poll = PollLeader::new(&rules, Epoch::new(5));
    let announced = || Step::Announce { to: ReplicaId::new(3), limit: SUSPECT };
    script(
        &mut rules,
        &mut poll,
        vec![
            (Reply::Begun, vec![], step(Step::Sleep(5 * MS))),
            (Reply::Done, vec![], step(announced())),
            (Reply::Done, vec![], step(Step::Sleep(10 * MS))),
            (Reply::Done, vec![], step(announced())),
        ],
    );
    rules.polling_leader = Epoch::new(5);
    hear(&mut rules, 3, &Ok(says(3, Role::Leader, &current)));
    assert_eq!(poll.resume(&mut rules, Reply::Done, Timestamp(0)), Next::Done(()));
    assert_eq!(rules.polling_leader, Epoch::NONE, "it may be polled again");
    let mut late = PollLeader::new(&rules, Epoch::new(4));
    assert_eq!(late.resume(&mut rules, Reply::Begun, Timestamp(0)), Next::Done(()));
}

// Rules E2 and M4.
#[test]
fn what_the_leader_says_wakes_or_gives_up_requests_or_makes_it_suspected() {
    let current = view(5, 3, ALL);
    let older = view(4, 3, ALL);
    let serves_now = ViewEvent::LeaderServes { replica: ReplicaId::new(3), epoch: Epoch::new(5) };
    for (case, serves, outcome, expected) in [
        (
            "begins to serve",
            false,
            Ok(says(3, Role::Leader, &current)),
            vec![Command::Emit(serves_now), Command::WakeRequests],
        ),
        ("serves on", true, Ok(says(3, Role::Leader, &current)), vec![]),
        (
            "takes over again",
            true,
            Ok(says(3, Role::TakingOver, &current)),
            vec![Command::AbandonRequests, poll()],
        ),
        ("restarted", true, Ok(says(3, Role::Follower, &current)), suspected(SuspectReason::DoesNotLead)),
        ("has not heard yet", false, Ok(says(3, Role::Follower, &older)), vec![]),
        ("is unfit", false, Ok(says(3, Role::Unfit, &current)), suspected(SuspectReason::Unfit)),
        ("is gone", true, Err(NetError::Refused), suspected(SuspectReason::RefusedConnection)),
        ("breaks", true, Err(NetError::Lost), suspected(SuspectReason::BrokeConnection)),
        ("is slow", true, Err(NetError::TimedOut), vec![]),
        ("is busy", true, Err(NetError::Overloaded), vec![]),
    ] {
        let mut rules = if serves { serving(current.clone()) } else { rules(current.clone()) };
        assert_eq!(hear(&mut rules, 3, &outcome), expected, "{case}");
    }
}

// Rule M6.
#[test]
fn a_view_that_this_file_does_not_have_is_acted_on() {
    let mut stranger = view_by(9, 8, 1, ALL);
    stranger.line = line(&[1, 2, 9]);
    let end = "another front-end of this store has taken over: one is enough, and this one ends";
    for (case, heard, expected) in [
        ("another front-end's", stranger, vec![Command::End(end.into())]),
        (
            "one of an earlier run, above",
            view_by(2, 9, 1, ALL),
            vec![Command::Start(Task::SaveAbove(Epoch::new(9)))],
        ),
        ("one of an earlier run, below", view_by(2, 4, 1, ALL), vec![]),
    ] {
        let mut rules = serving(view(5, 3, ALL));
        assert_eq!(hear(&mut rules, 1, &Ok(says(1, Role::Follower, &heard))), expected, "{case}");
    }
}

#[test]
fn a_leader_that_refuses_a_request_is_polled_and_suspected_only_if_it_does_not_lead() {
    let not_leader =
        |named, current| NotServing::NotLeader { named: Epoch::new(named), current: Epoch::new(current) };
    let current = view(5, 3, ALL);
    let and_poll = |commands: Vec<Command>| [commands, vec![poll()]].concat();
    for (case, sent, answer, expected) in [
        ("overloaded", 5, NotServing::Overloaded, vec![]),
        ("takes over", 5, NotServing::TakingOver { epoch: Epoch::new(5) }, vec![poll()]),
        ("has not heard of the view", 5, not_leader(5, 4), vec![announce(), poll()]),
        ("does not lead", 5, not_leader(5, 5), and_poll(suspected(SuspectReason::DoesNotLead))),
        ("of a view before", 4, not_leader(4, 5), vec![]),
    ] {
        let mut rules = serving(current.clone());
        rules.not_serving(&view(sent, 3, ALL), answer);
        assert_eq!(rules.take_commands(), expected, "{case}");
    }
    for (case, error, expected) in [
        ("refused", NetError::Refused, and_poll(suspected(SuspectReason::RefusedConnection))),
        ("lost", NetError::Lost, and_poll(suspected(SuspectReason::BrokeConnection))),
        ("timed out", NetError::TimedOut, vec![]),
    ] {
        let mut rules = serving(current.clone());
        rules.unreachable(&current, &error);
        assert_eq!(rules.take_commands(), expected, "{case}");
    }
}

#[test]
fn a_silent_leader_is_suspected_once_in_its_epoch_and_not_while_one_is_looked_for() {
    let mut rules = rules(view(5, 3, ALL));
    let late = Timestamp(0) + SUSPECT;
    rules.tick(Timestamp(0) + SUSPECT / 2);
    assert_eq!(rules.take_commands(), []);
    rules.tick(late);
    assert_eq!(rules.take_commands(), suspected(SuspectReason::Silent));
    rules.tick(late);
    assert_eq!(rules.take_commands(), [Command::Start(Task::Choose { pause: None })]);
    rules.selecting = true;
    rules.tick(late);
    assert_eq!(rules.take_commands(), []);
}

#[test]
fn choices_that_do_not_help_come_ever_more_slowly() {
    let mut rules = rules(view(5, 3, ALL));
    let late = Timestamp(0) + SUSPECT;
    for (failed, millis) in [(0, None), (3, None), (4, Some(200)), (5, Some(400)), (20, Some(5000))] {
        rules.failed_choices = failed;
        rules.tick(late);
        let pause = millis.map(|millis| millis * MS);
        let last = rules.take_commands().pop();
        assert_eq!(last, Some(Command::Start(Task::Choose { pause })), "{failed} failed");
    }
}

// Rule M9.
#[test]
fn what_is_vouched_for_is_the_longest_book_of_a_member() {
    let current: View = view(5, 3, &[2, 3]);
    let mut rules = rules(current.clone());
    let vouched = |rules: &super::super::ViewRules| rules.vouch().and_then(|vouched| vouched.orders);
    assert_eq!(vouched(&rules), None);
    for (id, run, number, expected) in
        [(1, 10, 9, None), (2, 20, 4, Some(4)), (3, 30, 7, Some(7)), (2, 20, 5, Some(7))]
    {
        let mut status = with_book(number, 5, says(id, Role::Follower, &current));
        status.run = Run::new(run);
        hear(&mut rules, id, &Ok(status));
        assert_eq!(vouched(&rules).map(crate::domain::OrderNumber::get), expected, "{id}: {number}");
    }
}

/// A leader whose file is gone answers as a follower that has heard of no view: that is no end of the wait.
#[test]
fn only_a_leader_that_leads_ends_the_wait() {
    let current = view(5, 3, &[3]);
    for (case, status, waits) in [
        ("leads", says(3, Role::Leader, &current), false),
        ("has a new file", blank(3), true),
        ("takes over", says(3, Role::TakingOver, &current), true),
        ("leads by an older view", says(3, Role::Leader, &view(4, 3, &[3])), true),
        ("another", says(2, Role::Leader, &current), true),
    ] {
        let mut rules = serving(current.clone());
        let waiting = Waiting::NobodyLeads { silent: vec![], strangers: ids(&[3]), unfit: vec![] };
        rules.wait_for(waiting.clone());
        hear(&mut rules, if case == "another" { 2 } else { 3 }, &Ok(status));
        assert_eq!(rules.waiting.is_some(), waits, "{case}");
        rules.take_commands();
        rules.wait_for(waiting);
        assert_eq!(rules.take_commands().is_empty(), waits, "{case}: it is said again only when it is new");
    }
}
