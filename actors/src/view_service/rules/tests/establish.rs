//! A front-end comes to a view of its own run.

use super::world::*;
use crate::clock::Timestamp;
use crate::domain::{Epoch, OrderNumber, Run, StoreId, Term, View};
use crate::messages::catalog::{Register, Registered};
use crate::messages::order::{ReplicaStatus, Role};
use crate::probe::{LostReason, SaveReason, ViewEvent};
use crate::view_service::rules::{Choose, Command, Establish, Next, Procedure, Reply, Step, Task, ViewRules};
use crate::view_service::saved::Saved;

const ALL: &[u8] = &[1, 2, 3];
const NEW_RUN: Run = Run::new(77);

type Steps = Vec<(Reply, Vec<Command>, Next<Option<Choose>>)>;

fn ask_soon() -> Next<Option<Choose>> {
    step(Step::AskAll { limit: HEARTBEAT })
}

fn ask() -> Next<Option<Choose>> {
    step(Step::AskAll { limit: CALL })
}

fn register(run: Run, saved: &Saved, epoch: u64, orders: Option<u64>) -> Next<Option<Choose>> {
    let (store, line, epoch) = (saved.store.expect("a store"), saved.line.clone(), Epoch::new(epoch));
    step(Step::Register(Register { store, run, line, epoch, orders: orders.map(OrderNumber::new) }))
}

fn registered(run: Run) -> Command {
    Command::Emit(ViewEvent::FrontEndRegistered { run })
}

fn lost(why: LostReason) -> Vec<Command> {
    vec![Command::EndTurn, Command::Emit(ViewEvent::ViewLost { why }), Command::AbandonRequests]
}

fn chosen(epoch: u64) -> [Command; 5] {
    let poll = Command::Start(Task::PollLeader(Epoch::new(epoch)));
    [announce(), Command::AbandonRequests, Command::WakeRequests, poll, Command::EndTurn]
}

fn welcome() -> Reply {
    Reply::Registered(Some(Registered::Welcome))
}

fn older(epoch: u64, superseded: bool) -> Reply {
    Reply::Registered(Some(Registered::Older { term: Term::begun_in(Epoch::new(epoch)), superseded }))
}

fn told(view: &View) -> Vec<ReplicaStatus> {
    ALL.iter().map(|id| says(*id, Role::Follower, view)).collect()
}

fn all_told(view: &View) -> Reply {
    Reply::Answers(answers(told(view)))
}

fn nobody() -> Reply {
    Reply::Answers(answers([]))
}

/// A start that goes so; then it says what it waits for.
fn check(saved: Saved, steps: Steps) -> (ViewRules, Establish) {
    let mut rules = started(saved);
    let mut establish = Establish::at_start(&mut rules);
    script(&mut rules, &mut establish, steps);
    (rules, establish)
}

// Rules M7 and D6: first the catalog, then the file, then everybody else; and nothing but the run changes.
#[test]
fn a_start_registers_its_run_and_saves_a_view_of_it_before_anything_else() {
    let own = file(Some(view_by(2, 7, 2, ALL)));
    let begun = view(8, 2, ALL);
    let done = [saved(begun.clone(), SaveReason::FrontEndStarted).to_vec(), chosen(8).to_vec()].concat();
    let (rules, _) = check(
        own.clone(),
        vec![
            (Reply::Begun, vec![], ask_soon()),
            (
                Reply::Answers(answers([with_book(4, 7, says(1, Role::Follower, &view_by(2, 7, 2, ALL)))])),
                vec![],
                register(RUN, &own, 7, Some(4)),
            ),
            (welcome(), vec![registered(RUN)], step(Step::Turn)),
            (Reply::Done, vec![], step(Step::Write(file(Some(begun.clone()))))),
            (Reply::Done, done, Next::Done(Some(Choose::at_start()))),
        ],
    );
    assert_eq!((rules.current(), rules.selecting), (Some(&begun), false));
}

// Rule M10.
#[test]
fn members_that_are_not_configured_are_dropped_by_a_view_of_their_own() {
    let own = file(Some(view_by(2, 7, 2, &[1, 2, 7])));
    let (begun, without) = (view(8, 2, &[1, 2, 7]), view(9, 2, &[1, 2]));
    let why = SaveReason::MemberNotConfigured;
    check(
        own.clone(),
        vec![
            (Reply::Begun, vec![], ask_soon()),
            (nobody(), vec![], register(RUN, &own, 7, None)),
            (welcome(), vec![registered(RUN)], step(Step::Turn)),
            (Reply::Done, vec![], step(Step::Write(file(Some(begun.clone()))))),
            (
                Reply::Done,
                saved(begun, SaveReason::FrontEndStarted).to_vec(),
                step(Step::Write(file(Some(without.clone())))),
            ),
            (
                Reply::Done,
                [saved(without, why).to_vec(), chosen(9).to_vec()].concat(),
                Next::Done(Some(Choose::at_start())),
            ),
        ],
    );
}

#[test]
fn a_catalog_that_does_not_answer_is_waited_for() {
    let own = file(Some(view_by(2, 7, 2, ALL)));
    let waits = |rules: &mut ViewRules| rules.waits_for(Timestamp(0)).map(|(nodes, _)| nodes.len());
    let mut rules = started(own.clone());
    let mut establish = Establish::at_start(&mut rules);
    script(
        &mut rules,
        &mut establish,
        vec![(Reply::Begun, vec![], ask_soon()), (nobody(), vec![], register(RUN, &own, 7, None))],
    );
    let next = establish.resume(&mut rules, Reply::Registered(None), Timestamp(0));
    assert_eq!(next, step(Step::Sleep(HEARTBEAT / 4)));
    assert!(matches!(&rules.take_commands()[..], [Command::Warn(_)]));
    assert_eq!(waits(&mut rules), Some(1));
    script(&mut rules, &mut establish, vec![(Reply::Done, vec![], register(RUN, &own, 7, None))]);
}

// Rules M6 and M8.
#[test]
fn a_file_that_is_older_than_what_others_remember_is_taken_for_lost() {
    let own = file(Some(view_by(2, 7, 2, ALL)));
    let newest = view_by(2, 9, 1, &[1]);
    // Told by a replica, or by the catalog.
    let by_replica = vec![
        (Reply::Begun, vec![], ask_soon()),
        (all_told(&newest), vec![], step(Step::Turn)),
        (Reply::Done, lost(LostReason::ReplicaFollowsNewer), ask()),
    ];
    let by_catalog = vec![
        (Reply::Begun, vec![], ask_soon()),
        (nobody(), vec![], register(RUN, &own, 7, None)),
        (older(12, false), vec![], step(Step::Turn)),
        (Reply::Done, lost(LostReason::CatalogKnowsNewer), ask()),
    ];
    for (before, reached) in [(by_replica, 9), (by_catalog, 12)] {
        let (mut rules, mut establish) = check(own.clone(), before);
        let going_on =
            Saved { line: line(&[1, 2, 3, NEW_RUN.get()]), store: Some(STORE), view: Some(newest.clone()) };
        let begun = View { by: NEW_RUN, line: going_on.line.clone(), ..view(reached + 1, 1, &[1]) };
        let written = Saved { view: Some(begun.clone()), ..going_on.clone() };
        let done =
            [saved(begun, SaveReason::FrontEndStarted).to_vec(), chosen(reached + 1).to_vec()].concat();
        script(
            &mut rules,
            &mut establish,
            vec![
                // What is newest is told once a change that was on its way has arrived.
                (all_told(&newest), vec![], step(Step::Sleep(CALL))),
                (Reply::Done, vec![], ask()),
                (all_told(&newest), vec![], step(Step::Turn)),
                (Reply::Done, vec![], step(Step::Draw)),
                (Reply::Drawn(NEW_RUN.get()), vec![], step(Step::Write(going_on.clone()))),
                (Reply::Done, vec![Command::Belong(STORE), Command::EndTurn], ask_soon()),
                (nobody(), vec![], register(NEW_RUN, &going_on, reached, rules_orders(reached))),
                (welcome(), vec![registered(NEW_RUN)], step(Step::Turn)),
                (Reply::Done, vec![], step(Step::Write(written))),
                (Reply::Done, done, Next::Done(Some(Choose::at_start()))),
            ],
        );
    }
}

/// What is heard of books from replicas that stand for members: only where they were heard at the start.
fn rules_orders(reached: u64) -> Option<u64> {
    (reached == 9).then_some(0)
}

// Rule M8.
#[test]
fn nothing_is_decided_before_every_replica_has_told_what_it_knows() {
    let newest = view_by(2, 9, 1, &[1]);
    for (case, said) in [
        ("one is missing", vec![says(1, Role::Follower, &newest), says(2, Role::Follower, &newest)]),
        (
            "one has a new file",
            vec![says(1, Role::Follower, &newest), says(2, Role::Follower, &newest), blank(3)],
        ),
        ("only one is there", vec![blank(1)]),
    ] {
        let (mut rules, mut establish) = check(file(None), vec![(Reply::Begun, vec![], ask())]);
        for index in 0..2 {
            let next = establish.resume(&mut rules, Reply::Answers(answers(said.clone())), Timestamp(0));
            assert_eq!(next, step(Step::Sleep(HEARTBEAT / 4)), "{case}");
            let commands = rules.take_commands();
            assert_eq!(commands.len(), usize::from(index == 0), "{case}: it is said once, {commands:?}");
            script(&mut rules, &mut establish, vec![(Reply::Done, vec![], ask())]);
        }
    }
}

// Rule M8: no run is drawn twice for one view.
#[test]
fn a_front_end_that_goes_on_twice_from_one_view_keeps_its_run() {
    let newest = view_by(2, 9, 1, &[1]);
    let going_on =
        Saved { line: line(&[1, 2, 3, NEW_RUN.get()]), store: Some(STORE), view: Some(newest.clone()) };
    let again = |reply, command: Vec<Command>| (reply, command, ask());
    check(
        file(None),
        vec![
            (Reply::Begun, vec![], ask()),
            (all_told(&newest), vec![], step(Step::Sleep(CALL))),
            again(Reply::Done, vec![]),
            (all_told(&newest), vec![], step(Step::Turn)),
            (Reply::Done, vec![], step(Step::Draw)),
            (Reply::Drawn(NEW_RUN.get()), vec![], step(Step::Write(going_on.clone()))),
            (Reply::Done, vec![Command::Belong(STORE), Command::EndTurn], ask_soon()),
            (nobody(), vec![], register(NEW_RUN, &going_on, 9, None)),
            (older(12, false), vec![], step(Step::Turn)),
            again(Reply::Done, lost(LostReason::CatalogKnowsNewer)),
            (all_told(&newest), vec![], step(Step::Sleep(CALL))),
            again(Reply::Done, vec![]),
            (all_told(&newest), vec![], step(Step::Turn)),
            (Reply::Done, vec![Command::EndTurn], ask_soon()),
            (nobody(), vec![], register(NEW_RUN, &going_on, 12, None)),
        ],
    );
}

#[test]
fn a_store_is_founded_when_everybodys_file_is_new() {
    let store = StoreId::new(55);
    let numbered = Saved { store: Some(store), ..file(None) };
    let first = View { store, ..view(1, 3, ALL) };
    let done = [saved(first.clone(), SaveReason::First).to_vec(), chosen(1).to_vec()].concat();
    let (rules, _) = check(
        file(None),
        vec![
            (Reply::Begun, vec![], ask()),
            (Reply::Answers(answers([1, 2, 3].map(blank))), vec![], step(Step::Draw)),
            (Reply::Drawn(55), vec![], step(Step::Turn)),
            (Reply::Done, vec![], step(Step::Write(numbered.clone()))),
            (Reply::Done, vec![Command::EndTurn], register(RUN, &numbered, 0, Some(0))),
            (welcome(), vec![registered(RUN)], step(Step::Turn)),
            (Reply::Done, vec![], step(Step::Write(Saved { view: Some(first.clone()), ..numbered }))),
            (Reply::Done, done, Next::Done(None)),
        ],
    );
    assert_eq!(rules.current(), Some(&first));
}

#[test]
fn a_store_is_not_founded_beside_a_catalog_that_has_sold_before() {
    let numbered = file(None);
    let numbered = Saved { store: Some(STORE), ..numbered };
    let (mut rules, mut establish) = check(
        numbered.clone(),
        vec![
            (Reply::Begun, vec![], ask()),
            (Reply::Answers(answers([1, 2, 3].map(blank))), vec![], step(Step::Turn)),
            (Reply::Done, vec![], step(Step::Write(numbered.clone()))),
            (Reply::Done, vec![Command::EndTurn], register(RUN, &numbered, 0, Some(0))),
        ],
    );
    let next = establish.resume(&mut rules, Reply::Registered(Some(Registered::NotNew)), Timestamp(0));
    assert_eq!(next, step(Step::Sleep(HEARTBEAT / 4)));
    let warning = Command::Warn(rules_waits(&rules));
    script(&mut rules, &mut establish, vec![(Reply::Done, vec![warning], ask())]);
}

/// The warning with which it says what it waits for.
fn rules_waits(rules: &ViewRules) -> String {
    let (_, why) = rules.waits_for(Timestamp(0)).expect("it waits");
    format!("front-end-1 waits: {why}")
}

// Rule M7: a run that registered last, and of which no replica has heard, is another front-end's.
#[test]
fn a_file_that_is_new_waits_for_the_front_end_that_registered_last() {
    let newest = view_by(2, 9, 1, &[1]);
    let going_on =
        Saved { line: line(&[1, 2, 3, NEW_RUN.get()]), store: Some(STORE), view: Some(newest.clone()) };
    let (mut rules, mut establish) = check(
        file(None),
        vec![
            (Reply::Begun, vec![], ask()),
            (all_told(&newest), vec![], step(Step::Sleep(CALL))),
            (Reply::Done, vec![], ask()),
            (all_told(&newest), vec![], step(Step::Turn)),
            (Reply::Done, vec![], step(Step::Draw)),
            (Reply::Drawn(NEW_RUN.get()), vec![], step(Step::Write(going_on.clone()))),
            (Reply::Done, vec![Command::Belong(STORE), Command::EndTurn], ask_soon()),
            (nobody(), vec![], register(NEW_RUN, &going_on, 9, None)),
        ],
    );
    let next = establish.resume(&mut rules, older(12, true), Timestamp(0));
    assert_eq!(next, step(Step::Sleep(HEARTBEAT / 4)));
    let warning = rules_waits(&rules);
    assert_eq!(rules.take_commands(), [Command::Warn(warning)]);
    script(
        &mut rules,
        &mut establish,
        vec![
            (Reply::Done, vec![], step(Step::Turn)),
            // It waits already, so no view is said to be lost.
            (Reply::Done, vec![Command::EndTurn, Command::AbandonRequests], ask()),
        ],
    );
}

#[test]
fn what_an_operator_went_on_with_meanwhile_is_the_view() {
    let (mut rules, mut establish) = check(file(None), vec![(Reply::Begun, vec![], ask())]);
    rules.views.install(view(4, 1, &[1]));
    script(&mut rules, &mut establish, vec![(all_told(&view_by(2, 9, 1, &[1])), vec![], Next::Done(None))]);
}
