//! A view service without a shell.

use std::fmt::Debug;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::domain::{Epoch, FrontEndId, Line, Members, OrderNumber, Position, ReplicaId, Run, StoreId, View};
use crate::messages::order::{ReplicaStatus, Role};
use crate::net::{NetError, NodeId};
use crate::probe::{SaveReason, ViewEvent};
use crate::view_service::config::ViewConfig;
use crate::view_service::rules::{Command, Next, Pinged, Procedure, Reply, Step, ViewRules};
use crate::view_service::saved::Saved;
use crate::view_service::views::Answers;

pub const STORE: StoreId = StoreId::new(1);
pub const MS: Duration = Duration::from_millis(1);
pub const HEARTBEAT: Duration = Duration::from_millis(200);
pub const SUSPECT: Duration = Duration::from_millis(600);
pub const CALL: Duration = Duration::from_millis(1000);

/// The run of the front-end under test; its file's runs are 1, 2 and 3.
pub const RUN: Run = Run::new(3);

pub fn ids(numbers: &[u8]) -> Vec<ReplicaId> {
    numbers.iter().copied().map(ReplicaId::new).collect()
}

/// The first run of a replica.
pub fn run_of(id: u8) -> Run {
    Run::new(u64::from(id) * 10)
}

pub fn line(runs: &[u64]) -> Line {
    runs.iter().copied().map(Run::new).collect()
}

pub fn members(in_sync: &[u8]) -> Members {
    in_sync.iter().map(|id| (ReplicaId::new(*id), run_of(*id))).collect()
}

/// A view of the front-end's run `by`.
pub fn view_by(by: u64, epoch: u64, leader: u8, in_sync: &[u8]) -> View {
    let (epoch, leader, in_sync) = (Epoch::new(epoch), ReplicaId::new(leader), members(in_sync));
    View { store: STORE, by: Run::new(by), line: (1..=by).map(Run::new).collect(), epoch, leader, in_sync }
}

/// A view of the front-end's present run.
pub fn view(epoch: u64, leader: u8, in_sync: &[u8]) -> View {
    view_by(RUN.get(), epoch, leader, in_sync)
}

pub fn file(view: Option<View>) -> Saved {
    let store = view.as_ref().map(|view| view.store);
    Saved { line: line(&[1, 2, 3]), store, view }
}

/// A front-end that has started with this file, and decided nothing yet.
pub fn started(saved: Saved) -> ViewRules {
    let config = ViewConfig {
        replicas: ids(&[1, 2, 3]),
        heartbeat: HEARTBEAT,
        suspect_after: SUSPECT,
        call_limit: CALL,
    };
    let mut rules = ViewRules::new(NodeId::FrontEnd(FrontEndId::new(1)), config, RUN, saved);
    rules.take_commands();
    rules
}

/// A front-end that has saved this view, whose leader was chosen at time 0.
pub fn rules(view: View) -> ViewRules {
    let mut rules = started(Saved { store: Some(STORE), ..file(None) });
    rules.views.install(view);
    rules.peers.chosen(Timestamp(0));
    rules
}

/// A front-end whose view's leader serves.
pub fn serving(view: View) -> ViewRules {
    let leader = view.leader.get();
    let mut rules = rules(view.clone());
    hear(&mut rules, leader, &Ok(says(leader, Role::Leader, &view)));
    assert!(rules.serving().is_some());
    rules
}

/// A replica in its first run, that follows this view.
pub fn says(id: u8, role: Role, view: &View) -> ReplicaStatus {
    ReplicaStatus {
        id: ReplicaId::new(id),
        run: run_of(id),
        line: [run_of(id)].into_iter().collect(),
        role,
        epoch: view.epoch,
        last: Position::default(),
        acknowledged: OrderNumber::NONE,
        view: Some(view.clone()),
        hindered: None,
    }
}

/// A replica with a new file.
pub fn blank(id: u8) -> ReplicaStatus {
    ReplicaStatus { view: None, epoch: Epoch::NONE, ..says(id, Role::Follower, &view(0, 1, &[])) }
}

/// The same with a book that ends there.
pub fn with_book(number: u64, epoch: u64, status: ReplicaStatus) -> ReplicaStatus {
    let last = Position { number: OrderNumber::new(number), epoch: Epoch::new(epoch) };
    ReplicaStatus { last, ..status }
}

pub fn answers(said: impl IntoIterator<Item = ReplicaStatus>) -> Answers {
    said.into_iter().map(|status| (status.id, status)).collect()
}

pub fn pinged(said: impl IntoIterator<Item = ReplicaStatus>) -> Reply {
    Reply::Pinged(Pinged { answers: answers(said), ..Pinged::default() })
}

/// An announcement to this replica is answered so; what the rules say to that.
pub fn hear(rules: &mut ViewRules, id: u8, outcome: &Result<ReplicaStatus, NetError>) -> Vec<Command> {
    let (_, call) = rules.announce().expect("a view");
    rules.announced(ReplicaId::new(id), call, outcome, Timestamp(0));
    rules.take_commands()
}

pub fn saved(view: View, why: SaveReason) -> [Command; 2] {
    [Command::Belong(view.store), Command::Emit(ViewEvent::ViewSaved { view, why })]
}

pub fn announce() -> Command {
    Command::Announce { to: ids(&[1, 2, 3]), limit: SUSPECT }
}

/// Goes through a procedure with these replies: each time, what it commands and what it says comes next.
pub fn script<P>(rules: &mut ViewRules, procedure: &mut P, steps: Vec<(Reply, Vec<Command>, Next<P::Output>)>)
where
    P: Procedure,
    P::Output: Debug + PartialEq,
{
    for (index, (reply, commands, next)) in steps.into_iter().enumerate() {
        let came = procedure.resume(rules, reply, Timestamp(0));
        assert_eq!(came, next, "step {index}");
        assert_eq!(rules.take_commands(), commands, "step {index}");
    }
}

pub fn step<T>(step: Step) -> Next<T> {
    Next::Step(step)
}
