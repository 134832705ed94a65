//! Another leader, or the same.

use super::world::*;
use crate::clock::Timestamp;
use crate::domain::{Epoch, ReplicaId, View};
use crate::messages::order::Role::{Follower, Leader, Unfit};
use crate::probe::SaveReason;
use crate::view_service::rules::{Choose, Command, Next, Pinged, Procedure, Reply, Step, Task, ViewRules};

const ALL: &[u8] = &[1, 2, 3];

/// Pings name the view (rule D6).
fn ping(all: bool) -> Step {
    Step::Ping { to: ids(ALL), limit: SUSPECT / 2, all, names_view: true }
}

fn chosen(view: View, why: SaveReason) -> Vec<Command> {
    let epoch = view.epoch;
    let mut commands = saved(view, why).to_vec();
    commands.extend([
        announce(),
        Command::AbandonRequests,
        Command::WakeRequests,
        Command::Start(Task::PollLeader(epoch)),
        Command::EndTurn,
    ]);
    commands
}

/// Goes through a choice up to its decision: what it says and commands then.
fn decide(rules: &mut ViewRules, reply: Reply) -> (Choose, Next<()>, Vec<Command>) {
    let mut choose = Choose::another(None);
    script(
        rules,
        &mut choose,
        vec![(Reply::Begun, vec![], step(ping(false))), (reply, vec![], step(Step::Turn))],
    );
    let next = choose.resume(rules, Reply::Done, Timestamp(0));
    (choose, next, rules.take_commands())
}

// Rules M2 and D6, and that a view is on the disk before anybody hears of it.
#[test]
fn another_leader_is_saved_and_then_announced() {
    let current = view(5, 3, ALL);
    let mut rules = serving(current.clone());
    let said = [1, 2].map(|id| says(id, Follower, &current));
    let (mut choose, next, commands) = decide(&mut rules, pinged(said));
    let second = view(6, 2, ALL);
    assert_eq!((next, commands), (step(Step::Write(file(Some(second.clone())))), vec![]));
    assert_eq!(rules.current(), Some(&current), "nobody hears of what is not saved");
    script(
        &mut rules,
        &mut choose,
        vec![(Reply::Done, chosen(second.clone(), SaveReason::AnotherLeader), Next::Done(()))],
    );
    assert_eq!((rules.current(), rules.serving()), (Some(&second), None));
    assert_eq!((rules.failed_choices, rules.selecting), (1, false));
}

// Rule E2: alive is not enough.
#[test]
fn a_leader_that_leads_or_is_busy_stays() {
    let current = view(5, 3, ALL);
    let busy =
        Pinged { busy: ids(&[3]), answers: answers([says(2, Follower, &current)]), ..Pinged::default() };
    for (case, reply) in [("leads", pinged([says(3, Leader, &current)])), ("is busy", Reply::Pinged(busy))] {
        let mut rules = serving(current.clone());
        rules.suspected = Epoch::new(5);
        let (_, next, commands) = decide(&mut rules, reply);
        assert_eq!((next, commands), (Next::Done(()), vec![Command::EndTurn]), "{case}");
        assert_eq!((rules.suspected, rules.selecting), (Epoch::NONE, false), "{case}");
    }
}

#[test]
fn when_nobody_may_lead_that_is_said_once_and_ended_by_whoever_was_missing() {
    let current = view(5, 3, &[2, 3]);
    let mut rules = rules(current.clone());
    let outsider = says(1, Follower, &current);
    let (_, next, commands) = decide(&mut rules, pinged([outsider.clone()]));
    assert_eq!(next, Next::Done(()));
    assert!(matches!(&commands[..], [Command::Warn(_), Command::EndTurn]), "{commands:?}");
    let (nodes, _) = rules.waits_for(Timestamp(0)).expect("it waits");
    assert_eq!(nodes.len(), 2);
    let (_, _, commands) = decide(&mut rules, pinged([outsider.clone()]));
    assert_eq!(commands, [Command::EndTurn], "it was said");
    assert_eq!(hear(&mut rules, 1, &Ok(outsider)), [], "it was not missing");
    assert_eq!(hear(&mut rules, 2, &Ok(says(2, Follower, &current))), [Command::EndPauses]);
}

// Rule M4.
#[test]
fn an_unfit_replica_is_passed_over() {
    let current = view(5, 3, ALL);
    let mut rules = rules(current.clone());
    hear(&mut rules, 3, &Ok(says(3, Unfit, &current)));
    let said = [says(2, Follower, &current), says(3, Leader, &current)];
    let (_, next, _) = decide(&mut rules, pinged(said));
    assert_eq!(next, step(Step::Write(file(Some(view(6, 2, ALL))))));
}

#[test]
fn a_view_that_was_changed_meanwhile_is_left_alone() {
    let mut rules = rules(view(5, 3, ALL));
    let mut choose = Choose::another(Some(400 * MS));
    script(
        &mut rules,
        &mut choose,
        vec![
            (Reply::Begun, vec![], step(Step::Pause(400 * MS))),
            (Reply::Done, vec![], step(ping(false))),
            (pinged([]), vec![], step(Step::Turn)),
        ],
    );
    rules.views.install(view(6, 3, &[2, 3]));
    script(&mut rules, &mut choose, vec![(Reply::Done, vec![Command::EndTurn], Next::Done(()))]);
    rules.selecting = true;
    let another = &mut Choose::another(None);
    script(&mut rules, another, vec![(Reply::Begun, vec![], Next::Done(()))]);
}

#[test]
fn at_the_start_all_members_are_given_a_little_time() {
    let current = view(5, 3, &[2, 3]);
    let mut rules = rules(current.clone());
    let mut choose = Choose::at_start();
    script(
        &mut rules,
        &mut choose,
        vec![
            (Reply::Begun, vec![], step(ping(true))),
            (pinged([says(2, Follower, &current)]), vec![], step(Step::Sleep(HEARTBEAT / 4))),
            (Reply::Done, vec![], step(ping(true))),
        ],
    );
    let late = Timestamp(0) + SUSPECT;
    assert_eq!(choose.resume(&mut rules, pinged([]), late), step(Step::Turn));
    let second = View { leader: ReplicaId::new(2), ..view(6, 2, &[2, 3]) };
    script(
        &mut rules,
        &mut choose,
        vec![
            (Reply::Done, vec![], step(Step::Write(file(Some(second.clone()))))),
            (Reply::Done, chosen(second, SaveReason::AtStart), Next::Done(())),
        ],
    );
}
