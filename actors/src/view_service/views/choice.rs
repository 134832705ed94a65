//! Who leads next.

use super::history::{Answers, Views};
use crate::bugs::view_service as bent;
use crate::domain::{ReplicaId, View};
use crate::messages::order::{ReplicaStatus, Role};
use crate::view_service::waiting::Waiting;

/// What came of looking for a leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The leader answers as it should after all.
    Keep,
    /// To be saved.
    Next(View),
    /// No replica that could lead has answered.
    Nobody,
}

impl Views {
    /// Chooses a leader among those that answered: the highest that stands for a member (M2) and is fit (M4). The new
    /// leader itself drops those that are dead. A leader that leads stays, if it is fit.
    #[must_use]
    pub fn choose(&self, answers: &Answers) -> Choice {
        let Some(saved) = self.current() else { return Choice::Nobody };
        let leads = |answer: &ReplicaStatus| {
            let follows = answer.view.as_ref().is_some_and(|view| view.is(saved));
            let named = saved.is_led_by(answer.id, answer.run);
            let leads = matches!(answer.role, Role::Leader | Role::TakingOver);
            bent::leads(
                follows && named && leads && !self.unfit.contains(&answer.run),
                answer.role == Role::Follower,
            )
        };
        if answers.get(&saved.leader).is_some_and(leads) {
            return Choice::Keep;
        }
        let any = self.replicas.iter().copied().filter(|id| answers.contains_key(id)).max();
        let chosen = bent::chosen(self.best(saved, answers), any);
        let next = chosen.and_then(|leader| {
            let mut in_sync = saved.in_sync.clone();
            in_sync.insert(leader, answers.get(&leader)?.run);
            self.next(leader, in_sync)
        });
        next.map_or(Choice::Nobody, Choice::Next)
    }

    /// The highest of those that answered that may lead: it is configured, stands for a member, and is fit.
    fn best(&self, saved: &View, answers: &Answers) -> Option<ReplicaId> {
        let stands = |id: &ReplicaId| {
            answers.get(id).is_some_and(|answer| {
                bent::stands_for(saved.in_sync.is_stood_for(*id, &answer.line))
                    && !self.unfit.contains(&answer.run)
            })
        };
        let members = saved.in_sync.ids().filter(|id| self.replicas.contains(id));
        members.filter(stands).max()
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

    /// Whether the replicas still to answer cannot change the outcome of [`Views::choose`]: the leader and
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
}
