//! Every decision about views: who leads the order service, and who counts as in sync.
//!
//! Nothing here waits or writes. Whatever decides on a new view saves it first and then [`Views::install`]s
//! it; before that it does not exist for anybody. The rules were model-checked; breaking one of them loses
//! orders:
//!
//! - every saved view has the epoch of its predecessor plus one, also one that changes nothing else;
//! - a change of the in-sync set names the view that it changes, and comes from its leader;
//! - only a process that stands for a member can be chosen as leader (M2), and choosing one leaves the other members as
//!   they are;
//! - a view that somebody else saved, or that this file does not remember, is not passed over (M6, M8).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::waiting::Waiting;
use crate::bugs::{Bug, planted};
use crate::domain::{Epoch, Line, Members, OrderNumber, ReplicaId, Run, StoreId, View};
use crate::messages::order::{ReplicaStatus, Role};
use crate::messages::view_service::{ChangeView, InSyncChange};

/// What the replicas that answered said, by their ids.
pub type Answers = BTreeMap<ReplicaId, ReplicaStatus>;

/// What a front-end's file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Saved {
    /// All runs of the file.
    pub line: Line,
    /// The store that it began to found or belongs to; `None` for a new file.
    pub store: Option<StoreId>,
    /// The current view; `None` before the first.
    pub view: Option<View>,
}

/// The views of one front-end.
#[derive(Debug)]
pub struct Views {
    replicas: Vec<ReplicaId>,
    /// The run of this process.
    run: Run,
    saved: Saved,
    /// It has saved a view of its own run; before that it decides nothing (M7).
    ready: bool,
    /// The view of a file that turned out to be older than what others remember: one more to start from.
    outdated: Option<View>,
    /// The highest epoch that anybody named; the next view's is higher.
    highest: Epoch,
    /// Runs that were made leader and lacked what the catalog knew to be acknowledged (M4).
    unfit: BTreeSet<Run>,
}

/// What came of looking for a leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The leader answers as it should after all.
    Keep,
    /// To be saved.
    Next(View),
    /// No replica that could lead has answered; these could.
    Wait(Vec<ReplicaId>),
}

/// What came of looking for a view without having one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Nobody ever had a view and there are no orders: a store can be founded, of these members.
    First(Members),
    /// The newest view that a replica has saved, to go on from.
    Newest(View),
    /// These must answer first.
    Wait(Vec<ReplicaId>),
    /// These answered with new files although the store is not new: as good as no answer (M8).
    Blank(Vec<ReplicaId>),
}

/// What a view that a replica follows means for this front-end (M6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is known, or older.
    Nothing,
    /// This front-end's file is older than what the replica remembers.
    Lost,
    /// Another front-end has taken over.
    Superseded,
    /// An earlier run of this file saved views up to this epoch that the file has forgotten.
    Above(Epoch),
}

impl Views {
    /// The replicas are those of the configuration, `saved` is what the front-end's file holds, `run` included.
    #[must_use]
    pub fn new(mut replicas: Vec<ReplicaId>, run: Run, saved: Saved) -> Views {
        replicas.sort_unstable();
        replicas.dedup();
        let unfit = BTreeSet::new();
        Views { replicas, run, saved, ready: false, outdated: None, highest: Epoch::NONE, unfit }
    }

    /// The replicas of the configuration, in ascending order.
    #[must_use]
    pub fn replicas(&self) -> &[ReplicaId] {
        &self.replicas
    }

    /// The run of this process, with that of all that it saves.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run
    }

    /// What the file holds.
    #[must_use]
    pub fn file(&self) -> &Saved {
        &self.saved
    }

    /// The current view, once it is of this run; `None` before.
    #[must_use]
    pub fn current(&self) -> Option<&View> {
        self.saved.view.as_ref().filter(|_| self.ready)
    }

    /// Makes a view of this run the current one. It must be on the disk already.
    pub fn install(&mut self, view: View) {
        debug_assert!(self.current().is_none_or(|saved| saved.epoch < view.epoch));
        debug_assert_eq!(view.by, self.run);
        self.saved.view = Some(view);
        self.ready = true;
        self.outdated = None;
    }

    /// The file has another line, store or view, and perhaps this process another run; all on the disk already.
    pub fn adopt_file(&mut self, run: Run, saved: Saved) {
        (self.run, self.saved, self.ready) = (run, saved, false);
    }

    /// Takes the file for older than what others remember: they tell what to go on from (M8).
    pub fn lose(&mut self, highest: Epoch) {
        self.outdated = self.saved.view.take().or(self.outdated.take());
        self.highest = self.highest.max(highest);
        self.ready = false;
    }

    /// A run was made leader and lacks what is acknowledged: it is not chosen again.
    pub fn found_unfit(&mut self, run: Run) {
        if !planted(Bug::UnfitChosenAgain) {
            self.unfit.insert(run);
        }
    }

    /// The leader serves: every member of its view has confirmed its whole book (A4), so none lacks anything any more.
    pub fn serves(&mut self) {
        let Some(view) = &self.saved.view else { return };
        let members: Vec<_> = view.in_sync.ids().filter_map(|id| view.in_sync.run(id)).collect();
        self.unfit.retain(|run| !members.contains(run));
    }

    /// The highest epoch that this file or anybody else named, if the file has a view.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        self.saved.view.as_ref().map(|view| view.epoch.max(self.highest))
    }

    /// The view after the current or saved one: of this run, one epoch higher (D1), or above what else was heard of.
    fn next(&self, leader: ReplicaId, in_sync: Members) -> Option<View> {
        let saved = self.saved.view.as_ref()?;
        let epoch = saved.epoch.max(self.highest).next();
        let line = self.saved.line.clone();
        Some(View { store: saved.store, by: self.run, line, epoch, leader, in_sync })
    }

    /// The first view of this run, which changes nothing else (M7); to be saved before anything is decided.
    #[must_use]
    pub fn begin(&self) -> Option<View> {
        let saved = self.saved.view.as_ref()?;
        self.next(saved.leader, saved.in_sync.clone())
    }

    /// The view without the members that are no longer configured (M10), if there are such. The leader is left to a
    /// choice.
    #[must_use]
    pub fn without_strangers(&self) -> Option<View> {
        let saved = self.current()?;
        let is_stranger = |id: &ReplicaId| *id != saved.leader && !self.replicas.contains(id);
        let strangers: Vec<_> = saved.in_sync.ids().filter(is_stranger).collect();
        let mut in_sync = saved.in_sync.clone();
        strangers.iter().for_each(|id| in_sync.remove(*id));
        if strangers.is_empty() { None } else { self.next(saved.leader, in_sync) }
    }

    /// The view once more, above an epoch that an earlier run of this file reached.
    #[must_use]
    pub fn above(&mut self, epoch: Epoch) -> Option<View> {
        self.highest = self.highest.max(epoch);
        self.begin()
    }

    /// What the view that a replica follows means.
    #[must_use]
    pub fn hear(&self, view: &View) -> Heard {
        let Some(own) = &self.saved.view else { return Heard::Nothing };
        if view.is(own) || view.store != own.store {
            return Heard::Nothing;
        }
        if !self.saved.line.has(view.by) {
            return if self.ready { Heard::Superseded } else { Heard::Lost };
        }
        match self.ready {
            false if view.is_newer_than(own) => Heard::Lost,
            true if view.epoch >= own.epoch => Heard::Above(view.epoch),
            _ => Heard::Nothing,
        }
    }

    /// What a leader asked for. `None` leaves the view as it is.
    ///
    /// Dropping a replica that is not in sync makes a new epoch too: the leader counted it as a joiner, and
    /// may stop doing so only when an add that is still on its way can no longer be granted.
    #[must_use]
    pub fn change(&self, ask: &ChangeView) -> Option<View> {
        let saved = self.current()?;
        let stale = ask.epoch != saved.epoch || ask.by != saved.by || ask.leader != saved.leader;
        if stale && !planted(Bug::StaleViewChange) {
            return None;
        }
        let mut in_sync = saved.in_sync.clone();
        match ask.change {
            InSyncChange::Drop(replica) if replica == saved.leader => return None,
            InSyncChange::Drop(replica) => in_sync.remove(replica),
            InSyncChange::Add(replica, run)
                if in_sync.run(replica) == Some(run)
                    || replica == saved.leader
                    || !self.replicas.contains(&replica) =>
            {
                return None;
            }
            InSyncChange::Add(replica, run) => in_sync.insert(replica, run),
        }
        let mut next = self.next(saved.leader, in_sync)?;
        if planted(Bug::ChangeKeepsEpoch) {
            next.epoch = saved.epoch;
        }
        Some(next)
    }

    /// Chooses a leader among those that answered: the highest that stands for a member and is fit. The new leader
    /// itself drops those that are dead. With `keep`, a leader that leads stays, if it is fit.
    #[must_use]
    pub fn select(&self, answers: &Answers, keep: bool) -> Selection {
        let Some(saved) = self.current() else { return Selection::Wait(self.replicas.clone()) };
        let leads = |answer: &ReplicaStatus| {
            let follows = answer.view.as_ref().is_some_and(|view| view.is(saved));
            let named = saved.is_led_by(answer.id, answer.run);
            let leads = matches!(answer.role, Role::Leader | Role::TakingOver);
            (follows && named && leads && !self.unfit.contains(&answer.run))
                || (answer.role == Role::Follower && planted(Bug::RestartedLeaderKept))
        };
        if keep && answers.get(&saved.leader).is_some_and(leads) {
            return Selection::Keep;
        }
        let best = self.best(saved, answers);
        let any = self.replicas.iter().copied().filter(|id| answers.contains_key(id)).max();
        let chosen = if any > best && planted(Bug::StaleReplicaChosen) { any } else { best };
        let next = chosen.and_then(|leader| {
            let mut in_sync = saved.in_sync.clone();
            in_sync.insert(leader, answers.get(&leader)?.run);
            self.next(leader, in_sync)
        });
        next.map_or_else(|| Selection::Wait(self.could_lead(saved)), Selection::Next)
    }

    /// The highest of those that answered that may lead: it is configured, stands for a member, and is fit.
    fn best(&self, saved: &View, answers: &Answers) -> Option<ReplicaId> {
        let stands = |id: &ReplicaId| {
            answers.get(id).is_some_and(|answer| {
                let stands = saved.in_sync.is_stood_for(*id, &answer.line);
                (stands || planted(Bug::NumberNamesMember)) && !self.unfit.contains(&answer.run)
            })
        };
        let members = saved.in_sync.ids().filter(|id| self.replicas.contains(id));
        members.filter(stands).max()
    }

    fn could_lead(&self, saved: &View) -> Vec<ReplicaId> {
        saved.in_sync.ids().collect()
    }

    /// Why no member may lead, of those that answered and of the others.
    #[must_use]
    pub fn nobody_leads(&self, answers: &Answers) -> Waiting {
        let (mut silent, mut strangers, mut unfit) = (Vec::new(), Vec::new(), Vec::new());
        let view = self.current();
        for id in view.into_iter().flat_map(|view| view.in_sync.ids()) {
            match answers.get(&id) {
                Some(answer) if self.unfit.contains(&answer.run) => unfit.push(id),
                Some(_) => strangers.push(id),
                None => silent.push(id),
            }
        }
        Waiting::NobodyLeads { silent, strangers, unfit }
    }

    /// Whether the replicas still to answer cannot change the outcome of [`Views::select`]: the leader and
    /// every higher in-sync replica than the best that answered are `settled`, one way or the other.
    #[must_use]
    pub fn decided(&self, answers: &Answers, settled: impl Fn(ReplicaId) -> bool) -> bool {
        let Some(saved) = self.current() else { return false };
        let best = self.best(saved, answers);
        let unknown = |id: &ReplicaId| self.replicas.contains(id) && !settled(*id);
        !unknown(&saved.leader)
            && saved
                .in_sync
                .ids()
                .all(|replica| !unknown(&replica) || best.is_some_and(|best| replica < best))
    }

    /// Finds a view when there is none: a first start, or a file that is new or older. Only when every configured
    /// replica has answered, because any of them may be the only one to know the newest view (M8).
    #[must_use]
    pub fn recover(&self, answers: &Answers) -> Recovery {
        let (mut missing, mut blank) = (Vec::new(), Vec::new());
        for id in &self.replicas {
            match answers.get(id) {
                None => missing.push(*id),
                Some(answer) if answer.view.is_none() => blank.push(*id),
                Some(_) => {}
            }
        }
        if !missing.is_empty() && (answers.is_empty() || !planted(Bug::OneAnswerIsEnough)) {
            return Recovery::Wait(missing);
        }
        let told = answers.values().filter_map(|answer| answer.view.as_ref());
        let newest = told.chain(&self.outdated).fold(None, |newest: Option<&View>, view| match newest {
            Some(newest) if !view.is_newer_than(newest) => Some(newest),
            _ => Some(view),
        });
        match newest {
            Some(_) if !blank.is_empty() => Recovery::Blank(blank),
            Some(newest) => Recovery::Newest(newest.clone()),
            None if answers.values().all(|answer| answer.last.number == OrderNumber::NONE) => {
                Recovery::First(answers.values().map(|answer| (answer.id, answer.run)).collect())
            }
            // A book with orders but without a view was not written by this store's rules; guess nothing.
            None => Recovery::Blank(blank),
        }
    }

    /// What a file holds that goes on from another's view: its line has that one's too (M8), and a new run.
    #[must_use]
    pub fn recovered(&self, newest: &View, run: Run) -> Saved {
        let mut line = self.saved.line.clone();
        line.add_all(&newest.line);
        line.add(run);
        Saved { line, store: Some(newest.store), view: Some(newest.clone()) }
    }

    /// The first view of a store: the highest replica leads.
    #[must_use]
    pub fn first(&self, store: StoreId, in_sync: Members) -> Option<View> {
        let leader = in_sync.ids().max()?;
        let epoch = self.highest.next();
        Some(View { store, by: self.run, line: self.saved.line.clone(), epoch, leader, in_sync })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Position;

    const STORE: StoreId = StoreId::new(1);
    /// The run of the front-end under test; its file's runs are 1, 2 and 3.
    const RUN: Run = Run::new(3);

    fn line(runs: &[u64]) -> Line {
        runs.iter().copied().map(Run::new).collect()
    }

    /// The first run of a replica.
    fn run(id: ReplicaId) -> Run {
        Run::new(u64::from(id) * 10)
    }

    fn members(in_sync: &[ReplicaId]) -> Members {
        in_sync.iter().map(|id| (*id, run(*id))).collect()
    }

    fn view_by(by: u64, epoch: Epoch, leader: ReplicaId, in_sync: &[ReplicaId]) -> View {
        let line = (1..=by).map(Run::new).collect();
        View { store: STORE, by: Run::new(by), line, epoch, leader, in_sync: members(in_sync) }
    }

    fn view(epoch: Epoch, leader: ReplicaId, in_sync: &[ReplicaId]) -> View {
        view_by(3, epoch, leader, in_sync)
    }

    /// A front-end that has started with this view in its file.
    fn started(view: Option<View>) -> Views {
        Views::new(vec![3, 1, 2], RUN, Saved { line: line(&[1, 2, 3]), store: Some(STORE), view })
    }

    /// A front-end that has saved this view.
    fn views(view: View) -> Views {
        let mut views = started(None);
        views.install(view);
        views
    }

    /// A replica that follows the view of `by` and `epoch`, in its first run.
    fn says(id: ReplicaId, role: Role, view: Option<View>) -> ReplicaStatus {
        let epoch = view.as_ref().map_or(0, |view| view.epoch);
        let (run, line, last) = (run(id), [run(id)].into_iter().collect(), Position::default());
        ReplicaStatus { id, run, line, role, epoch, last, acknowledged: 0, view, hindered: None }
    }

    fn answers(said: &[(ReplicaId, Role, Epoch)], current: &View) -> Answers {
        let follows = |epoch| View { epoch, ..current.clone() };
        said.iter().map(|(id, role, epoch)| (*id, says(*id, *role, Some(follows(*epoch))))).collect()
    }

    #[test]
    fn a_leader_changes_only_its_own_view_and_every_change_is_a_new_epoch() {
        use Change::{Add, Drop};
        let restarted = Run::new(11);
        let replaced =
            View { in_sync: [(1, restarted), (2, run(2))].into_iter().collect(), ..view(8, 2, &[]) };
        for (case, by, epoch, leader, change, expected) in [
            ("drop", 3, 7, 2, Drop(1), Some(view(8, 2, &[2]))),
            ("drop of a non-member", 3, 7, 2, Drop(3), Some(view(8, 2, &[1, 2]))),
            ("drop of an unknown id", 3, 7, 2, Drop(9), Some(view(8, 2, &[1, 2]))),
            ("drop of the leader", 3, 7, 2, Drop(2), None),
            ("add", 3, 7, 2, Add(3, run(3)), Some(view(8, 2, &[1, 2, 3]))),
            ("add of a member", 3, 7, 2, Add(1, run(1)), None),
            ("add of a member's next run", 3, 7, 2, Add(1, restarted), Some(replaced)),
            ("add of the leader's next run", 3, 7, 2, Add(2, Run::new(21)), None),
            ("add of an unknown id", 3, 7, 2, Add(9, run(9)), None),
            ("older epoch", 3, 6, 2, Drop(1), None),
            ("newer epoch", 3, 8, 2, Drop(1), None),
            ("an earlier run's epoch", 2, 7, 2, Drop(1), None),
            ("not the leader", 3, 7, 1, Add(3, run(3)), None),
        ] {
            let ask = ChangeView { by: Run::new(by), epoch, leader, change };
            assert_eq!(views(view(7, 2, &[1, 2])).change(&ask), expected, "{case}");
            assert_eq!(started(Some(view(7, 2, &[1, 2]))).change(&ask), None, "{case}, before it has begun");
        }
    }

    #[test]
    fn the_highest_that_stands_for_a_member_is_chosen() {
        use Role::{Follower, Leader, TakingOver, Unfit};
        let all: &[ReplicaId] = &[1, 2, 3];
        for (case, saved, said, keep, expected) in [
            (
                "all answer",
                view(4, 1, all),
                vec![(1, Leader, 4), (2, Follower, 4), (3, Follower, 4)],
                false,
                Selection::Next(view(5, 3, all)),
            ),
            (
                "the leader is well",
                view(4, 1, all),
                vec![(1, Leader, 4), (3, Follower, 4)],
                true,
                Selection::Keep,
            ),
            (
                "the leader takes over",
                view(4, 1, all),
                vec![(1, TakingOver, 4), (3, Follower, 4)],
                true,
                Selection::Keep,
            ),
            (
                "the leader adopts nothing",
                view(4, 3, all),
                vec![(3, Leader, 3), (2, Follower, 4)],
                true,
                Selection::Next(view(5, 3, all)),
            ),
            (
                "the leader is gone",
                view(4, 3, all),
                vec![(1, Follower, 3), (2, Follower, 4)],
                true,
                Selection::Next(view(5, 2, all)),
            ),
            (
                "the leader lacks orders",
                view(4, 1, &[1, 2]),
                vec![(1, Unfit, 4), (2, Follower, 4)],
                true,
                Selection::Next(view(5, 2, &[1, 2])),
            ),
            (
                "a stale one is not chosen",
                view(4, 3, &[1, 3]),
                vec![(1, Follower, 4), (2, Follower, 4)],
                true,
                Selection::Next(view(5, 1, &[1, 3])),
            ),
            (
                "only stale ones",
                view(4, 3, &[3]),
                vec![(1, Follower, 4), (2, Follower, 4)],
                true,
                Selection::Wait(vec![3]),
            ),
            ("nobody", view(4, 3, all), vec![], false, Selection::Wait(all.to_vec())),
        ] {
            let answers = answers(&said, &saved);
            assert_eq!(views(saved).select(&answers, keep), expected, "{case}");
        }
        assert_eq!(started(None).select(&Answers::new(), true), Selection::Wait(vec![1, 2, 3]));
    }

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
            let answer = |(id, runs): (ReplicaId, &Vec<u64>)| {
                let line = line(runs);
                let status = says(id, Role::Follower, Some(saved.clone()));
                (id, ReplicaStatus { run: line.last().expect("a run"), line, ..status })
            };
            let answers: Answers = (1..).zip(&lines).map(answer).collect();
            let chosen = match views(saved.clone()).select(&answers, true) {
                Selection::Next(view) => view.in_sync.run(view.leader).map(|run| (view.leader, run.get())),
                _ => None,
            };
            assert_eq!(chosen, expected, "{case}");
        }
    }

    #[test]
    fn who_was_found_unfit_does_not_lead_until_it_has_everything() {
        let saved = view(4, 3, &[1, 2, 3]);
        let mut views = views(saved.clone());
        let all = |role| answers(&[(1, Role::Follower, 4), (2, Role::Follower, 4), (3, role, 4)], &saved);
        views.found_unfit(run(3));
        for role in [Role::Follower, Role::TakingOver] {
            for keep in [false, true] {
                let next = Selection::Next(view(5, 2, &[1, 2, 3]));
                assert_eq!(views.select(&all(role), keep), next, "{role:?}, keep: {keep}");
            }
        }
        views.serves();
        assert_eq!(views.select(&all(Role::TakingOver), true), Selection::Keep);
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
            let settled = |id| answered.contains(&id) || failed.contains(&id);
            let current = view(4, leader, &[1, 2, 3]);
            let said: Vec<_> = answered.iter().map(|id| (*id, Role::Follower, 4)).collect();
            let answers = answers(&said, &current);
            assert_eq!(views(current).decided(&answers, settled), expected, "{case}");
        }
    }

    #[test]
    fn a_front_end_begins_with_a_view_of_its_own_run_that_changes_nothing_else() {
        let mut views = started(Some(view_by(2, 7, 2, &[1, 2])));
        assert_eq!(views.current(), None, "it decides nothing yet");
        let begun = views.begin().expect("its file has a view");
        assert_eq!(begun, view(8, 2, &[1, 2]));
        views.install(begun.clone());
        assert_eq!(views.current(), Some(&begun));
        assert_eq!(views.above(20), Some(view(21, 2, &[1, 2])));
        assert_eq!(started(None).begin(), None);
    }

    #[test]
    fn members_that_are_not_configured_are_dropped_by_a_view() {
        assert_eq!(views(view(8, 2, &[1, 2])).without_strangers(), None);
        assert_eq!(views(view(8, 2, &[1, 2, 7])).without_strangers(), Some(view(9, 2, &[1, 2])));
        assert_eq!(views(view(8, 7, &[1, 7])).without_strangers(), None, "another leader is chosen first");
        let saved = view(8, 7, &[1, 7]);
        let said = answers(&[(1, Role::Follower, 8), (7, Role::Leader, 8)], &saved);
        assert_eq!(views(saved).select(&said, false), Selection::Next(view(9, 1, &[1, 7])));
    }

    #[test]
    fn a_view_that_this_file_did_not_save_is_not_passed_over() {
        let mut stranger = view_by(9, 8, 1, &[1]);
        stranger.line = line(&[1, 2, 9]);
        let own = view_by(2, 7, 2, &[1, 2]);
        for (case, heard, before, after) in [
            ("the own view", own.clone(), Heard::Nothing, Heard::Nothing),
            ("an older one", view_by(2, 6, 2, &[1, 2]), Heard::Nothing, Heard::Nothing),
            ("a newer one of the file's own run", view_by(2, 9, 2, &[1]), Heard::Lost, Heard::Above(9)),
            ("another front-end's", stranger, Heard::Lost, Heard::Superseded),
        ] {
            let mut views = started(Some(own.clone()));
            assert_eq!(views.hear(&heard), before, "{case}, before it has begun");
            let begun = views.begin().expect("its file has a view");
            views.install(begun);
            assert_eq!(views.hear(&heard), after, "{case}, once it has begun");
        }
    }

    #[test]
    fn a_lost_view_is_taken_from_all_replicas() {
        let blank = |id| says(id, Role::Follower, None);
        let knows = |id, known: View| says(id, Role::Follower, Some(known));
        let ordered = |id| ReplicaStatus { last: Position { number: 1, epoch: 1 }, ..blank(id) };
        let newest = view_by(2, 5, 2, &[1, 2]);
        for (case, said, expected) in [
            ("first start", vec![blank(1), blank(2), blank(3)], Recovery::First(members(&[1, 2, 3]))),
            ("first start, one to come", vec![blank(1), blank(3)], Recovery::Wait(vec![2])),
            ("orders without a view", vec![ordered(1), blank(2), blank(3)], Recovery::Blank(vec![1, 2, 3])),
            ("nobody", vec![], Recovery::Wait(vec![1, 2, 3])),
            (
                "the newest is of the later run, not of the highest epoch",
                vec![
                    knows(1, view_by(1, 9, 1, &[1])),
                    knows(2, newest.clone()),
                    knows(3, view_by(2, 4, 3, &[1, 2, 3])),
                ],
                Recovery::Newest(newest.clone()),
            ),
            (
                "one to come",
                vec![knows(1, newest.clone()), knows(2, newest.clone())],
                Recovery::Wait(vec![3]),
            ),
            (
                "one has a new file",
                vec![knows(1, newest.clone()), knows(2, newest.clone()), blank(3)],
                Recovery::Blank(vec![3]),
            ),
        ] {
            let said: Answers = said.into_iter().map(|answer| (answer.id, answer)).collect();
            assert_eq!(started(None).recover(&said), expected, "{case}");
        }
    }

    #[test]
    fn a_front_end_that_takes_anothers_view_goes_on_as_a_new_run_above_all_epochs() {
        let mut views = started(Some(view_by(2, 8, 3, &[2, 3])));
        views.lose(12);
        assert_eq!((views.current(), views.begin()), (None, None));
        let mut newest = view_by(5, 9, 3, &[3]);
        newest.line = line(&[4, 5]);
        let saved = views.recovered(&newest, Run::new(6));
        assert_eq!(saved.line, line(&[1, 2, 3, 4, 5, 6]));
        views.adopt_file(Run::new(6), saved);
        let begun = views.begin().expect("it has a view");
        assert_eq!((begun.by, begun.epoch, begun.leader), (Run::new(6), 13, 3));
        assert!(begun.may_follow(Some(&newest)) && begun.may_follow(Some(&view_by(2, 8, 3, &[2, 3]))));
    }
}
