//! An operator has the catalog's memory rebuilt.

use super::answers::{check_silent, names};
use super::procedure::{Next, Procedure, misplaced};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::domain::View;
use crate::messages::catalog::Rebuilt;
use crate::messages::order::{RebuildCatalog, ReplicaStatus};
use crate::messages::view_service::{NotRecovered, RecoverCatalog};
use crate::probe::SuspectReason;
use crate::view_service::views::Answers;

type Outcome = Result<Rebuilt, NotRecovered>;

/// Has the catalog's memory rebuilt from the leader's book, when it is the best of all that answer.
#[derive(Debug)]
pub struct RebuildMemory {
    ask: RecoverCatalog,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Start,
    Recalling(View),
    Asked(View),
    Rebuilding,
}

impl RebuildMemory {
    /// As the operator asks.
    #[must_use]
    pub fn new(ask: RecoverCatalog) -> RebuildMemory {
        RebuildMemory { ask, phase: Phase::Start }
    }

    fn begin(&mut self, rules: &ViewRules, now: Timestamp) -> Result<Step, NotRecovered> {
        let Some(view) = rules.current() else {
            let why = rules.waits_for(now).map_or_else(String::new, |(_, why)| why);
            return Err(NotRecovered::Changed(format!("there is no leader: {why}")));
        };
        self.phase = Phase::Recalling(view.clone());
        Ok(Step::Recall)
    }

    fn answered(
        &mut self,
        rules: &mut ViewRules,
        view: &View,
        answers: &Answers,
    ) -> Result<Step, NotRecovered> {
        check_silent(rules.replicas(), answers, &self.ask.without)?;
        let follows =
            |answer: &&ReplicaStatus| answer.view.as_ref().is_some_and(|followed| followed.is(view));
        let others: Vec<_> =
            answers.values().filter(|answer| !follows(answer)).map(|answer| &answer.id).collect();
        if !others.is_empty() {
            let why = format!("{} have not heard of the newest view yet", names(others));
            return Err(NotRecovered::Changed(why));
        }
        let position = |answer: &ReplicaStatus| (answer.last.epoch, answer.last.number);
        let Some(leader) = answers.get(&view.leader) else {
            return Err(NotRecovered::Changed("the leader does not answer".into()));
        };
        if let Some(better) = answers.values().find(|answer| position(answer) > position(leader)) {
            // The view's leader lacks what another one has: nobody but the catalog could have told.
            rules.views.found_unfit(leader.run);
            rules.suspect(view.epoch, SuspectReason::ShorterBook);
            return Err(NotRecovered::Shorter { better: better.id, leader: leader.id });
        }
        self.phase = Phase::Rebuilding;
        Ok(Step::Rebuild(view.leader, RebuildCatalog { epoch: view.epoch }))
    }
}

impl Procedure for RebuildMemory {
    type Output = Outcome;

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<Outcome> {
        let step = match (std::mem::replace(&mut self.phase, Phase::Start), reply) {
            (Phase::Start, Reply::Begun) => self.begin(rules, now),
            (Phase::Recalling(_), Reply::Recalled(None)) => Err(NotRecovered::NoCatalog),
            (Phase::Recalling(view), Reply::Recalled(Some(_))) => {
                self.phase = Phase::Asked(view);
                Ok(Step::AskAll { limit: rules.config.call_limit })
            }
            (Phase::Asked(view), Reply::Answers(answers)) => self.answered(rules, &view, &answers),
            (Phase::Rebuilding, Reply::Rebuilt(Ok(Ok(rebuilt)))) => return Next::Done(Ok(rebuilt)),
            (Phase::Rebuilding, Reply::Rebuilt(Ok(Err(why)))) => Err(NotRecovered::Changed(why.to_string())),
            (Phase::Rebuilding, Reply::Rebuilt(Err(why))) => {
                Err(NotRecovered::Changed(format!("the leader: {why}")))
            }
            (phase, reply) => misplaced(&phase, &reply),
        };
        step.map_or_else(|why| Next::Done(Err(why)), Next::Step)
    }
}
