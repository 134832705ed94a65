//! Tables of what is decided about views.

use super::*;
use crate::domain::{Epoch, Line, Members, OrderNumber, Position, ReplicaId, Run, StoreId, View};
use crate::messages::order::{ReplicaStatus, Role};
use crate::messages::view_service::{ChangeView, InSyncChange};
use crate::view_service::saved::Saved;

const STORE: StoreId = StoreId::new(1);
/// The run of the front-end under test; its file's runs are 1, 2 and 3.
const RUN: Run = Run::new(3);

fn line(runs: &[u64]) -> Line {
    runs.iter().copied().map(Run::new).collect()
}

/// The first run of a replica.
fn run(id: u8) -> Run {
    Run::new(u64::from(id) * 10)
}

fn ids(numbers: &[u8]) -> Vec<ReplicaId> {
    numbers.iter().copied().map(ReplicaId::new).collect()
}

fn members(in_sync: &[u8]) -> Members {
    in_sync.iter().map(|id| (ReplicaId::new(*id), run(*id))).collect()
}

fn view_by(by: u64, epoch: u64, leader: u8, in_sync: &[u8]) -> View {
    let line = (1..=by).map(Run::new).collect();
    let (epoch, leader) = (Epoch::new(epoch), ReplicaId::new(leader));
    View { store: STORE, by: Run::new(by), line, epoch, leader, in_sync: members(in_sync) }
}

fn view(epoch: u64, leader: u8, in_sync: &[u8]) -> View {
    view_by(3, epoch, leader, in_sync)
}

/// A front-end that has started with this view in its file.
fn started(view: Option<View>) -> Views {
    Views::new(ids(&[3, 1, 2]), RUN, Saved { line: line(&[1, 2, 3]), store: Some(STORE), view })
}

/// A front-end that has saved this view.
fn views(view: View) -> Views {
    let mut views = started(None);
    views.install(view);
    views
}

/// A replica that follows the view of `by` and `epoch`, in its first run.
fn says(id: u8, role: Role, view: Option<View>) -> ReplicaStatus {
    let epoch = view.as_ref().map_or(Epoch::NONE, |view| view.epoch);
    let (run, line, last) = (run(id), [run(id)].into_iter().collect(), Position::default());
    let (id, acknowledged) = (ReplicaId::new(id), OrderNumber::NONE);
    ReplicaStatus { id, run, line, role, epoch, last, acknowledged, view, hindered: None }
}

fn answers(said: &[(u8, Role, u64)], current: &View) -> Answers {
    let follows = |epoch| View { epoch: Epoch::new(epoch), ..current.clone() };
    said.iter()
        .map(|(id, role, epoch)| (ReplicaId::new(*id), says(*id, *role, Some(follows(*epoch)))))
        .collect()
}

// Rules D1 and D2.
#[test]
fn a_leader_changes_only_its_own_view_and_every_change_is_a_new_epoch() {
    let drop = |id| InSyncChange::Drop(ReplicaId::new(id));
    let add = |id, run| InSyncChange::Add(ReplicaId::new(id), run);
    let restarted = Run::new(11);
    let replaced = View {
        in_sync: [(ReplicaId::new(1), restarted), (ReplicaId::new(2), run(2))].into_iter().collect(),
        ..view(8, 2, &[])
    };
    for (case, by, epoch, leader, change, expected) in [
        ("drop", 3, 7, 2, drop(1), Some(view(8, 2, &[2]))),
        ("drop of a non-member", 3, 7, 2, drop(3), Some(view(8, 2, &[1, 2]))),
        ("drop of an unknown id", 3, 7, 2, drop(9), Some(view(8, 2, &[1, 2]))),
        ("drop of the leader", 3, 7, 2, drop(2), None),
        ("add", 3, 7, 2, add(3, run(3)), Some(view(8, 2, &[1, 2, 3]))),
        ("add of a member", 3, 7, 2, add(1, run(1)), None),
        ("add of a member's next run", 3, 7, 2, add(1, restarted), Some(replaced)),
        ("add of the leader's next run", 3, 7, 2, add(2, Run::new(21)), None),
        ("add of an unknown id", 3, 7, 2, add(9, run(9)), None),
        ("older epoch", 3, 6, 2, drop(1), None),
        ("newer epoch", 3, 8, 2, drop(1), None),
        ("an earlier run's epoch", 2, 7, 2, drop(1), None),
        ("not the leader", 3, 7, 1, add(3, run(3)), None),
    ] {
        let (by, epoch, leader) = (Run::new(by), Epoch::new(epoch), ReplicaId::new(leader));
        let ask = ChangeView { by, epoch, leader, change };
        assert_eq!(views(view(7, 2, &[1, 2])).change(&ask), expected, "{case}");
        assert_eq!(started(Some(view(7, 2, &[1, 2]))).change(&ask), None, "{case}, before it has begun");
    }
}

// Rules M2 and E2.
#[test]
fn the_highest_that_stands_for_a_member_is_chosen() {
    use Role::{Follower, Leader, TakingOver, Unfit};
    let all: &[u8] = &[1, 2, 3];
    for (case, saved, said, expected) in [
        (
            "all answer, and the leader was started again",
            view(4, 1, all),
            vec![(1, Follower, 4), (2, Follower, 4), (3, Follower, 4)],
            Choice::Next(view(5, 3, all)),
        ),
        ("the leader is well", view(4, 1, all), vec![(1, Leader, 4), (3, Follower, 4)], Choice::Keep),
        ("the leader takes over", view(4, 1, all), vec![(1, TakingOver, 4), (3, Follower, 4)], Choice::Keep),
        (
            "the leader adopts nothing",
            view(4, 3, all),
            vec![(3, Leader, 3), (2, Follower, 4)],
            Choice::Next(view(5, 3, all)),
        ),
        (
            "the leader is gone",
            view(4, 3, all),
            vec![(1, Follower, 3), (2, Follower, 4)],
            Choice::Next(view(5, 2, all)),
        ),
        (
            "the leader lacks orders",
            view(4, 1, &[1, 2]),
            vec![(1, Unfit, 4), (2, Follower, 4)],
            Choice::Next(view(5, 2, &[1, 2])),
        ),
        (
            "a stale one is not chosen",
            view(4, 3, &[1, 3]),
            vec![(1, Follower, 4), (2, Follower, 4)],
            Choice::Next(view(5, 1, &[1, 3])),
        ),
        ("only stale ones", view(4, 3, &[3]), vec![(1, Follower, 4), (2, Follower, 4)], Choice::Nobody),
        ("nobody", view(4, 3, all), vec![], Choice::Nobody),
    ] {
        let answers = answers(&said, &saved);
        assert_eq!(views(saved).choose(&answers), expected, "{case}");
    }
    assert_eq!(started(None).choose(&Answers::new()), Choice::Nobody);
}

// Rule M2.
#[test]
fn who_is_chosen_remembers_having_been_the_member() {
    let saved = view(4, 1, &[1, 2, 3]);
    // The runs of each replica's file; who is chosen, under which run.
    for (case, lines, expected) in [
        ("3 was started again", [vec![10], vec![20], vec![30, 31]], Some((3, 31))),
        ("3 has a new file", [vec![10], vec![20], vec![31]], Some((2, 20))),
        ("2 and 3 have each other's files", [vec![10], vec![30, 31], vec![20, 21]], Some((1, 10))),
        ("all files are new", [vec![11], vec![21], vec![31]], None),
    ] {
        let answer = |(id, runs): (u8, &Vec<u64>)| {
            let line = line(runs);
            let status = says(id, Role::Follower, Some(saved.clone()));
            (ReplicaId::new(id), ReplicaStatus { run: line.last().expect("a run"), line, ..status })
        };
        let answers: Answers = (1..).zip(&lines).map(answer).collect();
        let chosen = match views(saved.clone()).choose(&answers) {
            Choice::Next(view) => view.in_sync.run(view.leader).map(|run| (view.leader.get(), run.get())),
            _ => None,
        };
        assert_eq!(chosen, expected, "{case}");
    }
}

// Rule M4.
#[test]
fn who_was_found_unfit_does_not_lead_until_it_has_everything() {
    let saved = view(4, 3, &[1, 2, 3]);
    let mut views = views(saved.clone());
    let all = |role| answers(&[(1, Role::Follower, 4), (2, Role::Follower, 4), (3, role, 4)], &saved);
    views.found_unfit(run(3));
    for role in [Role::Follower, Role::TakingOver] {
        let next = Choice::Next(view(5, 2, &[1, 2, 3]));
        assert_eq!(views.choose(&all(role)), next, "{role:?}");
    }
    views.serves();
    assert_eq!(views.choose(&all(Role::TakingOver)), Choice::Keep);
}

#[test]
fn a_choice_waits_only_for_those_who_could_change_it() {
    for (case, leader, answered, failed, expected) in [
        ("nothing yet", 3, vec![], vec![], false),
        ("the leader is to come", 3, vec![2], vec![], false),
        ("the leader failed", 3, vec![2], vec![3], true),
        ("a higher one is to come", 2, vec![1], vec![2], false),
        ("higher ones failed", 2, vec![1], vec![2, 3], true),
        ("the highest answered, the leader not", 1, vec![3], vec![], false),
        ("the highest answered, the leader failed", 1, vec![3], vec![1], true),
        ("all failed", 1, vec![], vec![1, 2, 3], true),
    ] {
        let settled = |id: ReplicaId| answered.contains(&id.get()) || failed.contains(&id.get());
        let current = view(4, leader, &[1, 2, 3]);
        let said: Vec<_> = answered.iter().map(|id| (*id, Role::Follower, 4)).collect();
        let answers = answers(&said, &current);
        assert_eq!(views(current).decided(&answers, settled), expected, "{case}");
    }
}

// Rules M7 and D6.
#[test]
fn a_front_end_begins_with_a_view_of_its_own_run_that_changes_nothing_else() {
    let mut views = started(Some(view_by(2, 7, 2, &[1, 2])));
    assert_eq!(views.current(), None, "it decides nothing yet");
    let begun = views.begin().expect("its file has a view");
    assert_eq!(begun, view(8, 2, &[1, 2]));
    views.install(begun.clone());
    assert_eq!(views.current(), Some(&begun));
    assert_eq!(views.above(Epoch::new(20)), Some(view(21, 2, &[1, 2])));
    assert_eq!(started(None).begin(), None);
}

// Rule M10.
#[test]
fn members_that_are_not_configured_are_dropped_by_a_view() {
    assert_eq!(views(view(8, 2, &[1, 2])).without_strangers(), None);
    assert_eq!(views(view(8, 2, &[1, 2, 7])).without_strangers(), Some(view(9, 2, &[1, 2])));
    assert_eq!(views(view(8, 7, &[1, 7])).without_strangers(), None, "another leader is chosen first");
    let saved = view(8, 7, &[1, 7]);
    let said = answers(&[(1, Role::Follower, 8)], &saved);
    assert_eq!(views(saved).choose(&said), Choice::Next(view(9, 1, &[1, 7])));
}

// Rule M6.
#[test]
fn a_view_that_this_file_did_not_save_is_not_passed_over() {
    let mut stranger = view_by(9, 8, 1, &[1]);
    stranger.line = line(&[1, 2, 9]);
    let own = view_by(2, 7, 2, &[1, 2]);
    for (case, heard, before, after) in [
        ("the own view", own.clone(), Heard::Nothing, Heard::Nothing),
        ("an older one", view_by(2, 6, 2, &[1, 2]), Heard::Nothing, Heard::Nothing),
        (
            "a newer one of the file's own run",
            view_by(2, 9, 2, &[1]),
            Heard::Lost,
            Heard::Above(Epoch::new(9)),
        ),
        ("another front-end's", stranger, Heard::Lost, Heard::Superseded),
    ] {
        let mut views = started(Some(own.clone()));
        assert_eq!(views.hear(&heard), before, "{case}, before it has begun");
        let begun = views.begin().expect("its file has a view");
        views.install(begun);
        assert_eq!(views.hear(&heard), after, "{case}, once it has begun");
    }
}

// Rule M8.
#[test]
fn a_lost_view_is_taken_from_all_replicas() {
    let blank = |id| says(id, Role::Follower, None);
    let knows = |id, known: View| says(id, Role::Follower, Some(known));
    let ordered = |id| ReplicaStatus {
        last: Position { number: OrderNumber::new(1), epoch: Epoch::new(1) },
        ..blank(id)
    };
    let newest = view_by(2, 5, 2, &[1, 2]);
    for (case, said, expected) in [
        ("first start", vec![blank(1), blank(2), blank(3)], Recovered::First(members(&[1, 2, 3]))),
        ("first start, one to come", vec![blank(1), blank(3)], Recovered::Missing(ids(&[2]))),
        ("orders without a view", vec![ordered(1), blank(2), blank(3)], Recovered::Blank(ids(&[1, 2, 3]))),
        ("nobody", vec![], Recovered::Missing(ids(&[1, 2, 3]))),
        (
            "the newest is of the later run, not of the highest epoch",
            vec![
                knows(1, view_by(1, 9, 1, &[1])),
                knows(2, newest.clone()),
                knows(3, view_by(2, 4, 3, &[1, 2, 3])),
            ],
            Recovered::Newest(newest.clone()),
        ),
        (
            "one to come",
            vec![knows(1, newest.clone()), knows(2, newest.clone())],
            Recovered::Missing(ids(&[3])),
        ),
        (
            "one has a new file",
            vec![knows(1, newest.clone()), knows(2, newest.clone()), blank(3)],
            Recovered::Blank(ids(&[3])),
        ),
    ] {
        let said: Answers = said.into_iter().map(|answer| (answer.id, answer)).collect();
        assert_eq!(started(None).recover(&said), expected, "{case}");
    }
}

// Rules M6 and M8.
#[test]
fn a_front_end_that_takes_anothers_view_goes_on_as_a_new_run_above_all_epochs() {
    let mut views = started(Some(view_by(2, 8, 3, &[2, 3])));
    views.lose(Epoch::new(12));
    assert_eq!((views.current(), views.begin()), (None, None));
    let mut newest = view_by(5, 9, 3, &[3]);
    newest.line = line(&[4, 5]);
    let saved = views.going_on_from(&newest, Run::new(6));
    assert_eq!(saved.line, line(&[1, 2, 3, 4, 5, 6]));
    views.adopt_file(Run::new(6), saved);
    let begun = views.begin().expect("it has a view");
    assert_eq!((begun.by, begun.epoch, begun.leader), (Run::new(6), Epoch::new(13), ReplicaId::new(3)));
    assert!(begun.may_follow(Some(&newest)) && begun.may_follow(Some(&view_by(2, 8, 3, &[2, 3]))));
}
