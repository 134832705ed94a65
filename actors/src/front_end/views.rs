//! Every decision about views: who leads the order service, and who counts as in sync.
//!
//! Nothing here waits or writes. Whatever decides on a new view saves it first and then [`Views::install`]s
//! it; before that it does not exist for anybody. The rules were model-checked; breaking one of them loses
//! orders:
//!
//! - every saved view has the epoch of its predecessor plus one, also one that changes nothing else;
//! - a change of the in-sync set names the epoch that it changes, and comes from that epoch's leader;
//! - only a replica that is in sync can be chosen as leader, and choosing one leaves the in-sync set as it is.

use std::collections::BTreeMap;

use super::messages::{Change, ChangeView};
use crate::bugs::{Bug, planted};
use crate::domain::{Epoch, ReplicaId, View};
use crate::order::messages::{ReplicaStatus, Role};

/// What the replicas that answered said, by their ids.
pub type Answers = BTreeMap<ReplicaId, ReplicaStatus>;

/// The views of one front-end.
#[derive(Debug)]
pub struct Views {
    replicas: Vec<ReplicaId>,
    saved: Option<View>,
    /// A view of our own that turned out to be outdated. It only counts as one more view to start from.
    outdated: Option<View>,
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
    /// A replica has seen a newer epoch than our file: the file is an old copy, as good as lost.
    Outdated,
}

/// What came of looking for a view without having one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Nobody ever had a view and there are no orders: the store's first view, to be saved.
    First(View),
    /// The newest view that a replica has saved, with a new epoch and leader; to be saved.
    Newest(View),
    /// These must answer first.
    Wait(Vec<ReplicaId>),
}

impl Views {
    /// The replicas are those of the configuration, `saved` is what the front-end's file holds.
    #[must_use]
    pub fn new(mut replicas: Vec<ReplicaId>, saved: Option<View>) -> Views {
        replicas.sort_unstable();
        replicas.dedup();
        Views { replicas, saved, outdated: None }
    }

    /// The replicas of the configuration, in ascending order.
    #[must_use]
    pub fn replicas(&self) -> &[ReplicaId] {
        &self.replicas
    }

    /// The current view; `None` if there is none yet.
    #[must_use]
    pub fn saved(&self) -> Option<&View> {
        self.saved.as_ref()
    }

    /// Makes a view the current one. It must be on the disk already.
    pub fn install(&mut self, view: View) {
        debug_assert!(self.saved.as_ref().is_none_or(|saved| saved.epoch < view.epoch));
        self.saved = Some(view);
        self.outdated = None;
    }

    /// Takes the current view for an old copy; see [`Selection::Outdated`].
    pub fn forget(&mut self) {
        self.outdated = self.saved.take().or(self.outdated.take());
    }

    /// What a leader asked for. `None` leaves the view as it is.
    ///
    /// Dropping a replica that is not in sync makes a new epoch too: the leader counted it as a joiner, and
    /// may stop doing so only when an add that is still on its way can no longer be granted.
    #[must_use]
    pub fn change(&self, ask: &ChangeView) -> Option<View> {
        let saved = self.saved.as_ref()?;
        let stale = ask.epoch != saved.epoch || ask.leader != saved.leader;
        if stale && !planted(Bug::StaleViewChange) {
            return None;
        }
        let mut in_sync = saved.in_sync.clone();
        match ask.change {
            Change::Drop(replica) if replica == saved.leader => return None,
            Change::Drop(replica) => in_sync.retain(|member| *member != replica),
            Change::Add(replica) if in_sync.contains(&replica) || !self.replicas.contains(&replica) => {
                return None;
            }
            Change::Add(replica) => {
                in_sync.push(replica);
                in_sync.sort_unstable();
            }
        }
        let next = if planted(Bug::ChangeKeepsEpoch) { 0 } else { 1 };
        Some(View { epoch: saved.epoch + next, leader: saved.leader, in_sync })
    }

    /// Chooses a leader among those that answered: the highest id that is in sync. The new leader itself
    /// drops those that are dead. With `keep`, a leader that leads stays.
    #[must_use]
    pub fn select(&self, answers: &Answers, keep: bool) -> Selection {
        let Some(saved) = &self.saved else { return Selection::Wait(self.replicas.clone()) };
        if answers.values().any(|answer| answer.epoch > saved.epoch) {
            return Selection::Outdated;
        }
        let leads = |answer: &ReplicaStatus| {
            answer.epoch == saved.epoch
                && (answer.role != Role::Follower || planted(Bug::RestartedLeaderKept))
        };
        if keep && answers.get(&saved.leader).is_some_and(leads) {
            return Selection::Keep;
        }
        let best = highest(&saved.in_sync, answers);
        let any = highest(&self.replicas, answers);
        match if any > best && planted(Bug::StaleReplicaChosen) { any } else { best } {
            Some(leader) => {
                Selection::Next(View { epoch: saved.epoch + 1, leader, in_sync: saved.in_sync.clone() })
            }
            None => Selection::Wait(saved.in_sync.clone()),
        }
    }

    /// Whether the replicas still to answer cannot change the outcome of [`Views::select`]: the leader and
    /// every higher in-sync replica than the best that answered are `settled`, one way or the other.
    #[must_use]
    pub fn decided(&self, answers: &Answers, settled: impl Fn(ReplicaId) -> bool) -> bool {
        let Some(saved) = &self.saved else { return false };
        let best = highest(&saved.in_sync, answers);
        settled(saved.leader)
            && saved
                .in_sync
                .iter()
                .all(|replica| settled(*replica) || best.is_some_and(|best| *replica < best))
    }

    /// Finds a view when there is none: a first start, or a lost file. Without `force`, only when every
    /// configured replica has answered, because any of them may be the only one to know the newest view.
    #[must_use]
    pub fn recover(&self, answers: &Answers, force: bool) -> Recovery {
        let missing: Vec<_> = self.replicas.iter().copied().filter(|id| !answers.contains_key(id)).collect();
        if answers.is_empty() || (!missing.is_empty() && !force) {
            return Recovery::Wait(missing);
        }
        let views = || answers.values().filter_map(|answer| answer.view.as_ref()).chain(&self.outdated);
        let epochs = answers.values().map(|answer| answer.epoch).chain(views().map(|view| view.epoch));
        let epoch: Epoch = epochs.max().unwrap_or(0).saturating_add(1);
        if let Some(newest) = views().max_by_key(|view| view.epoch) {
            let in_sync = newest.in_sync.clone();
            return match highest(&in_sync, answers) {
                Some(leader) => Recovery::Newest(View { epoch, leader, in_sync }),
                None => Recovery::Wait(in_sync),
            };
        }
        // A book with orders but without a view was not written by this store's rules; guess nothing.
        let empty = answers.values().all(|answer| answer.last.number == 0);
        match highest(&self.replicas, answers) {
            Some(leader) if empty => Recovery::First(View { epoch, leader, in_sync: self.replicas.clone() }),
            _ => Recovery::Wait(self.replicas.clone()),
        }
    }
}

/// The highest of these ids that answered.
fn highest(among: &[ReplicaId], answers: &Answers) -> Option<ReplicaId> {
    among.iter().copied().filter(|id| answers.contains_key(id)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Position;

    fn view(epoch: Epoch, leader: ReplicaId, in_sync: &[ReplicaId]) -> View {
        View { epoch, leader, in_sync: in_sync.to_vec() }
    }

    fn views(saved: Option<View>) -> Views {
        Views::new(vec![3, 1, 2], saved)
    }

    fn says(id: ReplicaId, role: Role, epoch: Epoch) -> ReplicaStatus {
        ReplicaStatus { id, role, epoch, last: Position::default(), acknowledged: 0, view: None }
    }

    fn answers(said: &[(ReplicaId, Role, Epoch)]) -> Answers {
        said.iter().map(|(id, role, epoch)| (*id, says(*id, *role, *epoch))).collect()
    }

    #[test]
    fn a_leader_changes_only_its_own_epoch_and_every_change_is_a_new_epoch() {
        use Change::{Add, Drop};
        let saved = || Some(view(7, 2, &[1, 2]));
        for (case, saved, epoch, leader, change, expected) in [
            ("drop", saved(), 7, 2, Drop(1), Some(view(8, 2, &[2]))),
            ("drop of a non-member", saved(), 7, 2, Drop(3), Some(view(8, 2, &[1, 2]))),
            ("drop of an unknown id", saved(), 7, 2, Drop(9), Some(view(8, 2, &[1, 2]))),
            ("drop of the leader", saved(), 7, 2, Drop(2), None),
            ("add", saved(), 7, 2, Add(3), Some(view(8, 2, &[1, 2, 3]))),
            ("add of a member", saved(), 7, 2, Add(1), None),
            ("add of an unknown id", saved(), 7, 2, Add(9), None),
            ("older epoch", saved(), 6, 2, Drop(1), None),
            ("newer epoch", saved(), 8, 2, Drop(1), None),
            ("not the leader", saved(), 7, 1, Add(3), None),
            ("no view", None, 7, 2, Drop(1), None),
        ] {
            assert_eq!(views(saved).change(&ChangeView { epoch, leader, change }), expected, "{case}");
        }
    }

    #[test]
    fn the_highest_in_sync_replica_that_answers_is_chosen() {
        use Role::{Follower, Leader, TakingOver};
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
                "the leader restarted",
                view(4, 3, all),
                vec![(3, Follower, 4)],
                true,
                Selection::Next(view(5, 3, all)),
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
            (
                "our file is an old copy",
                view(4, 3, all),
                vec![(3, Leader, 4), (1, Follower, 5)],
                true,
                Selection::Outdated,
            ),
        ] {
            assert_eq!(views(Some(saved)).select(&answers(&said), keep), expected, "{case}");
        }
        assert_eq!(views(None).select(&Answers::new(), true), Selection::Wait(vec![1, 2, 3]));
    }

    #[test]
    fn a_choice_waits_only_for_those_who_could_change_it() {
        let said =
            |ids: &[ReplicaId]| answers(&ids.iter().map(|id| (*id, Role::Follower, 4)).collect::<Vec<_>>());
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
            let views = views(Some(view(4, leader, &[1, 2, 3])));
            assert_eq!(views.decided(&said(&answered), settled), expected, "{case}");
        }
    }

    #[test]
    fn a_lost_view_is_taken_from_all_replicas_or_by_force() {
        let blank = |id| says(id, Role::Follower, 0);
        let knows = |id, known: View| ReplicaStatus { epoch: known.epoch, view: Some(known), ..blank(id) };
        let ordered = |id| ReplicaStatus { last: Position { number: 1, epoch: 1 }, ..blank(id) };
        let all: &[ReplicaId] = &[1, 2, 3];
        for (case, said, force, expected) in [
            ("first start", vec![blank(1), blank(2), blank(3)], false, Recovery::First(view(1, 3, all))),
            ("first start, one to come", vec![blank(1), blank(3)], false, Recovery::Wait(vec![2])),
            ("first start, forced", vec![blank(1), blank(2)], true, Recovery::First(view(1, 2, all))),
            (
                "orders without a view",
                vec![ordered(1), blank(2), blank(3)],
                true,
                Recovery::Wait(all.to_vec()),
            ),
            ("nobody", vec![], true, Recovery::Wait(all.to_vec())),
            (
                "newest",
                vec![knows(1, view(6, 1, &[1, 2])), knows(2, view(5, 3, all)), knows(3, view(4, 3, all))],
                false,
                Recovery::Newest(view(7, 2, &[1, 2])),
            ),
            (
                "an epoch without its view",
                vec![knows(1, view(6, 1, &[1])), ReplicaStatus { epoch: 9, ..blank(2) }, blank(3)],
                false,
                Recovery::Newest(view(10, 1, &[1])),
            ),
            ("lost, one to come", vec![knows(1, view(6, 1, &[1])), blank(2)], false, Recovery::Wait(vec![3])),
            ("forced", vec![knows(1, view(6, 3, &[1, 3]))], true, Recovery::Newest(view(7, 1, &[1, 3]))),
            ("forced, but only stale ones", vec![knows(1, view(6, 3, &[3]))], true, Recovery::Wait(vec![3])),
        ] {
            let said: Answers = said.into_iter().map(|answer| (answer.id, answer)).collect();
            assert_eq!(views(None).recover(&said, force), expected, "{case}");
        }
    }

    #[test]
    fn an_outdated_view_is_only_one_more_to_start_from() {
        let mut views = views(Some(view(8, 3, &[2, 3])));
        views.forget();
        assert_eq!(views.saved(), None);
        let said = answers(&[(1, Role::Follower, 9), (2, Role::Follower, 0), (3, Role::Follower, 0)]);
        let recovered = view(10, 3, &[2, 3]);
        assert_eq!(views.recover(&said, false), Recovery::Newest(recovered.clone()));
        views.install(recovered.clone());
        assert_eq!(views.saved(), Some(&recovered));
    }
}
