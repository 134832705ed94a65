//! Views that keep the leader.

use super::world::*;
use crate::domain::{Epoch, ReplicaId, Run};
use crate::messages::view_service::{ChangeView, InSyncChange};
use crate::probe::{SaveReason, ViewEvent};
use crate::view_service::rules::{ChangeInSync, Command, Next, Reply, SaveAbove, Step, Task};

fn drop_of_1(epoch: u64) -> ChangeInSync {
    let change = InSyncChange::Drop(ReplicaId::new(1));
    ChangeInSync::new(ChangeView { by: RUN, epoch: Epoch::new(epoch), leader: ReplicaId::new(3), change })
}

// Rules D1 and D2, and that a view is on the disk before anybody hears of it.
#[test]
fn a_change_is_saved_and_then_announced() {
    let next = view(6, 3, &[2, 3]);
    for serves in [true, false] {
        let before = view(5, 3, &[1, 2, 3]);
        let mut rules = if serves { serving(before) } else { rules(before) };
        let mut commands = saved(next.clone(), SaveReason::InSyncSetChanged).to_vec();
        commands.push(announce());
        if !serves {
            commands.push(Command::Start(Task::PollLeader(Epoch::new(6))));
        }
        commands.push(Command::EndTurn);
        script(
            &mut rules,
            &mut drop_of_1(5),
            vec![
                (Reply::Begun, vec![], step(Step::Turn)),
                (Reply::Done, vec![], step(Step::Write(file(Some(next.clone()))))),
                (Reply::Done, commands, Next::Done(Some(next.clone()))),
            ],
        );
        assert_eq!(rules.current(), Some(&next));
    }
}

// Rule D2.
#[test]
fn a_change_of_another_epoch_is_answered_with_the_view_that_is_current() {
    let current = view(5, 3, &[1, 2, 3]);
    let refused = ViewEvent::ViewChangeRefused { named: Epoch::new(4), current: Epoch::new(5) };
    script(
        &mut serving(current.clone()),
        &mut drop_of_1(4),
        vec![
            (Reply::Begun, vec![], step(Step::Turn)),
            (Reply::Done, vec![Command::Emit(refused), Command::EndTurn], Next::Done(Some(current))),
        ],
    );
}

// Rule M6.
#[test]
fn what_an_earlier_run_reached_is_passed() {
    let mut rules = rules(view(5, 3, &[1, 2, 3]));
    let next = view(10, 3, &[1, 2, 3]);
    let mut commands = saved(next.clone(), SaveReason::AboveEarlierRun).to_vec();
    commands.extend([
        announce(),
        Command::AbandonRequests,
        Command::WakeRequests,
        Command::Start(Task::PollLeader(Epoch::new(10))),
        Command::EndTurn,
    ]);
    script(
        &mut rules,
        &mut SaveAbove::new(Epoch::new(9)),
        vec![
            (Reply::Begun, vec![], step(Step::Turn)),
            (Reply::Done, vec![], step(Step::Write(file(Some(next))))),
            (Reply::Done, commands, Next::Done(())),
        ],
    );
    script(
        &mut rules,
        &mut SaveAbove::new(Epoch::new(9)),
        vec![(Reply::Begun, vec![], step(Step::Turn)), (Reply::Done, vec![Command::EndTurn], Next::Done(()))],
    );
    assert_eq!(rules.current().map(|view| view.by), Some(Run::new(3)));
}
