//! What an operator's commands do.

use super::world::*;
use crate::clock::Timestamp;
use crate::domain::{Epoch, OrderNumber, Position, ReplicaId, Run, Term, View};
use crate::messages::catalog::{GoOn, Rebuilt, Recalled};
use crate::messages::order::Role::{Follower, Leader};
use crate::messages::order::{Fill, RebuildCatalog, ReplicaStatus};
use crate::messages::view_service::{NotRecovered, Recover, RecoverCatalog, Recovery, Without};
use crate::probe::{SaveReason, ViewEvent};
use crate::view_service::rules::{
    Command, GoOnWithout, Next, Procedure, RebuildMemory, Reply, Step, Task, ViewRules,
};
use crate::view_service::saved::Saved;
use crate::view_service::waiting::Waiting;

const ALL: &[u8] = &[1, 2, 3];

fn recover(without: &[u8], confirmed: bool) -> GoOnWithout {
    GoOnWithout::new(Recover { without: ids(without), confirmed })
}

fn recalled(term: u64, settled: u64) -> Reply {
    let (term, settled) = (Term::begun_in(Epoch::new(term)), OrderNumber::new(settled));
    Reply::Recalled(Some(Recalled { store: Some((STORE, RUN)), term, settled, purchases: settled }))
}

/// Two replicas that follow the view, with books of 7 and of 6 orders.
fn two(current: &View) -> Vec<ReplicaStatus> {
    vec![with_book(7, 5, says(1, Follower, current)), with_book(6, 5, says(2, Follower, current))]
}

/// The best book, the settled orders, the fence, the file: in this order.
#[test]
fn the_best_book_of_those_that_answer_leads_alone() {
    let current = view(5, 3, ALL);
    let mut rules = rules(current.clone());
    let recovery = Recovery {
        leader: ReplicaId::new(1),
        last: OrderNumber::new(7),
        settled: Some(OrderNumber::new(9)),
        without: Without::Replicas(ids(&[3])),
        done: false,
    };
    let ask = || step(Step::AskAll { limit: CALL });
    script(
        &mut rules,
        &mut recover(&[3], false),
        vec![
            (Reply::Begun, vec![], ask()),
            (Reply::Answers(answers(two(&current))), vec![], step(Step::Recall)),
            (recalled(8, 9), vec![], Next::Done(Ok(recovery.clone()))),
        ],
    );
    assert_eq!(rules.current(), Some(&current), "it was only said what would be done");

    let next = view(9, 1, &[1]);
    let fill = Fill {
        run: run_of(1),
        last: Position { number: OrderNumber::new(7), epoch: Epoch::new(5) },
        epoch: Epoch::new(9),
        through: OrderNumber::new(9),
    };
    let go_on = GoOn { store: STORE, run: RUN, epoch: Epoch::new(9) };
    let written = Saved { line: line(&[1, 2, 3]), store: Some(STORE), view: Some(next.clone()) };
    let commands = vec![
        Command::Emit(ViewEvent::ViewSaved { view: next.clone(), why: SaveReason::OperatorGoesOn }),
        announce(),
        Command::AbandonRequests,
        Command::WakeRequests,
        Command::Start(Task::PollLeader(Epoch::new(9))),
        Command::EndTurn,
    ];
    script(
        &mut rules,
        &mut recover(&[3], true),
        vec![
            (Reply::Begun, vec![], ask()),
            (Reply::Answers(answers(two(&current))), vec![], step(Step::Recall)),
            (recalled(8, 9), vec![], step(Step::Turn)),
            (Reply::Done, vec![], step(Step::Fill(ReplicaId::new(1), fill))),
            (Reply::Agreed(true), vec![], step(Step::GoOn(go_on))),
            (Reply::Agreed(true), vec![], step(Step::Write(written))),
            (Reply::Done, commands, Next::Done(Ok(Recovery { done: true, ..recovery }))),
        ],
    );
    assert_eq!(rules.current(), Some(&next));
}

#[test]
fn nobody_is_gone_on_without_who_may_have_what_nobody_else_has() {
    let current = view(5, 3, ALL);
    for (case, said, without, expected) in [
        (
            "a leader serves",
            vec![says(3, Leader, &current)],
            vec![1, 2],
            NotRecovered::Serves(ReplicaId::new(3)),
        ),
        ("one is silent", two(&current), vec![], NotRecovered::Silent("order-3".into())),
        ("one is alive", two(&current), vec![2, 3], NotRecovered::Alive("order-2".into())),
    ] {
        let mut rules = rules(current.clone());
        script(
            &mut rules,
            &mut recover(&without, true),
            vec![
                (Reply::Begun, vec![], step(Step::AskAll { limit: CALL })),
                (Reply::Answers(answers(said)), vec![], Next::Done(Err(expected))),
            ],
        );
        assert_eq!(rules.current(), Some(&current), "{case}");
    }
}

#[test]
fn a_recovery_that_cannot_be_finished_changes_nothing() {
    let current = view(5, 3, ALL);
    // The replies after which it ends.
    for (case, replies) in [
        ("the catalog is silent", vec![Reply::Recalled(None)]),
        ("the replica has changed", vec![recalled(8, 9), Reply::Done, Reply::Agreed(false)]),
        (
            "the catalog is silent at last",
            vec![recalled(8, 9), Reply::Done, Reply::Agreed(true), Reply::Agreed(false)],
        ),
    ] {
        let mut rules = rules(current.clone());
        let mut recover = recover(&[3], true);
        recover.resume(&mut rules, Reply::Begun, Timestamp(0));
        recover.resume(&mut rules, Reply::Answers(answers(two(&current))), Timestamp(0));
        let (turns, mut next) = (replies.len() > 1, None);
        for reply in replies {
            next = Some(recover.resume(&mut rules, reply, Timestamp(0)));
        }
        assert!(matches!(next, Some(Next::Done(Err(_)))), "{case}: {next:?}");
        assert_eq!(rules.current(), Some(&current), "{case}");
        let commands = rules.take_commands();
        assert_eq!(commands, if turns { vec![Command::EndTurn] } else { vec![] }, "{case}");
    }
}

// Rule M8: the run of the front-end that is gone counts as one of this file's.
#[test]
fn a_front_end_that_is_gone_is_gone_on_without() {
    let mut rules = started(file(None));
    rules.waiting = Some(Waiting::AnotherFrontEnd);
    let told = view_by(2, 9, 1, &[1]);
    let said: Vec<_> = ALL.iter().map(|id| says(*id, Follower, &told)).collect();
    let recovery = Recovery {
        leader: ReplicaId::new(1),
        last: OrderNumber::NONE,
        settled: Some(OrderNumber::new(9)),
        without: Without::FrontEnd,
        done: true,
    };
    script(
        &mut rules,
        &mut recover(&[], true),
        vec![
            (Reply::Begun, vec![], step(Step::AskAll { limit: CALL })),
            (Reply::Answers(answers(said)), vec![], step(Step::Recall)),
            (recalled(8, 9), vec![], Next::Done(Ok(recovery))),
        ],
    );
    assert_eq!(rules.disowned, Some(Run::new(3)));
}

/// A command to rebuild the catalog's memory that ends so, when the replicas say this.
fn rebuild(rules: &mut ViewRules, said: Vec<ReplicaStatus>) -> Next<Result<Rebuilt, NotRecovered>> {
    let mut rebuild = RebuildMemory::new(RecoverCatalog { without: ids(&[3]) });
    script(
        rules,
        &mut rebuild,
        vec![
            (Reply::Begun, vec![], step(Step::Recall)),
            (recalled(0, 0), vec![], step(Step::AskAll { limit: CALL })),
        ],
    );
    rebuild.resume(rules, Reply::Answers(answers(said)), Timestamp(0))
}

#[test]
fn the_catalog_is_rebuilt_from_the_leaders_book_if_that_is_the_best() {
    let current = view(5, 1, ALL);
    let leads = |status: ReplicaStatus| ReplicaStatus { role: Leader, ..status };
    let [first, second] = &two(&current)[..] else { panic!("two") };
    let rebuilds = Step::Rebuild(ReplicaId::new(1), RebuildCatalog { epoch: Epoch::new(5) });
    let mut rules = serving(current.clone());
    assert_eq!(rebuild(&mut rules, vec![leads(first.clone()), second.clone()]), step(rebuilds));

    let late = with_book(6, 5, says(2, Follower, &view(4, 3, ALL)));
    let next = rebuild(&mut rules, vec![leads(first.clone()), late]);
    let why = "order-2 have not heard of the newest view yet".into();
    assert_eq!(next, Next::Done(Err(NotRecovered::Changed(why))));
    assert_eq!(rules.take_commands(), []);

    // Rule M4: one that has more is made the leader, and this one not again.
    let better = with_book(8, 5, second.clone());
    let next = rebuild(&mut rules, vec![leads(first.clone()), better]);
    let shorter = NotRecovered::Shorter { better: ReplicaId::new(2), leader: ReplicaId::new(1) };
    assert_eq!(next, Next::Done(Err(shorter)));
    assert!(matches!(&rules.take_commands()[..], [Command::Emit(_), Command::Start(Task::Choose { .. })]));
    let said = answers([leads(first.clone()), second.clone()]);
    let chosen = rules.views.choose(&said);
    assert_eq!(chosen, crate::view_service::views::Choice::Next(view(6, 2, ALL)));
}
