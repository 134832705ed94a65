//! What an operator's commands do where the view is kept. The operator has made sure that what is gone on without is
//! dead; each command says before what it would do, and changes nothing that somebody alive may depend on.

use std::rc::Rc;

use super::service::ViewService;
use super::views::{Answers, Saved};
use super::waiting::Waiting;
use crate::domain::{Line, Members, OrderNumber, ReplicaId, StoreId, View};
use crate::messages::catalog::{GoOn, Rebuilt, Recall, Recalled};
use crate::messages::order::{Fill, RebuildCatalog, ReplicaStatus, Role};
use crate::messages::view_service::{NotRecovered, Recover, RecoverCatalog, Recovery, Without};
use crate::net::NodeId;
use crate::probe::ViewEvent;

impl ViewService {
    /// Goes on without replicas that do not answer: the best book of those that do leads alone.
    ///
    /// # Errors
    /// See [`NotRecovered`].
    pub async fn recover_without(self: Rc<Self>, ask: Recover) -> Result<Recovery, NotRecovered> {
        let answers = self.ask_all(self.config.call_limit).await;
        if *self.waiting.borrow() == Some(Waiting::AnotherFrontEnd) {
            return self.recover_without_front_end(ask, &answers).await;
        }
        if let Some(leader) = answers.values().find(|answer| answer.role == Role::Leader) {
            return Err(NotRecovered::Serves(leader.id));
        }
        self.check_silent(&answers, &ask.without)?;
        let recalled = self.recall().await?;
        let best = answers.values().max_by_key(|answer| (answer.last.epoch, answer.last.number, answer.id));
        let Some(chosen) = best else { return Err(NotRecovered::Silent("all replicas".into())) };
        let settled = recalled.store.map(|_| recalled.settled);
        let (leader, last, without) = (chosen.id, chosen.last.number, Without::Replicas(ask.without));
        let mut recovery = Recovery { leader, last, settled, without, done: false };
        if ask.confirmed {
            self.go_on_with(chosen, &answers, &recalled).await?;
            recovery.done = true;
        }
        Ok(recovery)
    }

    /// Goes on without the front-end that registered last, which is gone: its run counts as one of this file's, so that
    /// this one takes the newest view that all replicas have told, and nothing that a replica acted on is forgotten.
    async fn recover_without_front_end(
        &self,
        ask: Recover,
        answers: &Answers,
    ) -> Result<Recovery, NotRecovered> {
        self.check_silent(answers, &ask.without)?;
        let recalled = self.recall().await?;
        let told = answers.values().filter_map(|answer| answer.view.as_ref());
        let newest = told.max_by_key(|view| view.epoch);
        let (Some((_, run)), Some(view)) = (recalled.store, newest) else {
            return Err(NotRecovered::Changed("the catalog's memory is gone".into()));
        };
        if ask.confirmed {
            self.disowned.set(Some(run));
        }
        let last = answers.values().map(|answer| answer.last.number).max().unwrap_or_default();
        let (leader, without) = (view.leader, Without::FrontEnd);
        Ok(Recovery { leader, last, settled: Some(recalled.settled), without, done: ask.confirmed })
    }

    /// Every configured replica has answered, or is named; and nobody is named who answers.
    fn check_silent(&self, answers: &Answers, without: &[ReplicaId]) -> Result<(), NotRecovered> {
        let views = self.views.borrow();
        let replicas = views.replicas().iter();
        let silent: Vec<_> =
            replicas.filter(|id| !answers.contains_key(id) && !without.contains(id)).collect();
        if !silent.is_empty() {
            return Err(NotRecovered::Silent(names(silent)));
        }
        let alive: Vec<_> = without.iter().filter(|id| answers.contains_key(id)).collect();
        if alive.is_empty() { Ok(()) } else { Err(NotRecovered::Alive(names(alive))) }
    }

    async fn recall(&self) -> Result<Recalled, NotRecovered> {
        let recalled = self.host.net.send(NodeId::Catalog, &Recall {}, self.config.call_limit).await;
        recalled.map_err(|_| NotRecovered::NoCatalog)
    }

    /// First the book has every number that was given, then the catalog sells to nobody else, then there is a view.
    async fn go_on_with(
        self: &Rc<Self>,
        chosen: &ReplicaStatus,
        answers: &Answers,
        recalled: &Recalled,
    ) -> Result<(), NotRecovered> {
        let _saving = self.saving.lock().await;
        let (view, saved) = self.view_of_one(chosen, answers, recalled)?;
        let through = if recalled.store.is_some() { recalled.settled } else { OrderNumber::NONE };
        let fill = Fill { run: chosen.run, last: chosen.last, epoch: view.epoch, through };
        let filled = self.host.net.send(NodeId::Order(chosen.id), &fill, self.config.call_limit).await;
        if filled != Ok(true) {
            let why = format!("order-{} has changed meanwhile, or does not answer any more", chosen.id);
            return Err(NotRecovered::Changed(why));
        }
        let go_on = GoOn { store: view.store, run: view.by, epoch: view.epoch };
        if self.host.net.send(NodeId::Catalog, &go_on, self.config.call_limit).await != Ok(true) {
            return Err(NotRecovered::Changed("the catalog does not answer any more".into()));
        }
        self.write(saved.clone()).await;
        self.host.emit(ViewEvent::ViewSaved { view: view.clone(), why: "an operator goes on" });
        self.views.borrow_mut().adopt_file(view.by, saved);
        self.views.borrow_mut().install(view);
        self.waiting.replace(None);
        self.failed_choices.set(0);
        self.chosen();
        Ok(())
    }

    /// The view of this run alone, above every epoch heard of, and after every view: its line has all of theirs.
    fn view_of_one(
        &self,
        chosen: &ReplicaStatus,
        answers: &Answers,
        recalled: &Recalled,
    ) -> Result<(View, Saved), NotRecovered> {
        let views = self.views.borrow();
        let file = views.file();
        let told = || answers.values().filter_map(|answer| answer.view.as_ref()).chain(&file.view);
        let stores =
            told().map(|view| view.store).chain(file.store).chain(recalled.store.map(|(store, _)| store));
        let mut stores: Vec<StoreId> = stores.collect();
        stores.dedup();
        let store = match stores[..] {
            [store] => store,
            [] => return Err(NotRecovered::Changed("nobody knows of a store: it is new".into())),
            [one, other, ..] => return Err(NotRecovered::AnotherStore(format!("{one}, {other}"))),
        };
        let mut line = Line::default();
        told().for_each(|view| line.add_all(&view.line));
        line.add_all(&file.line);
        recalled.store.iter().for_each(|(_, newest)| line.add(*newest));
        let run = views.run();
        line.add(run);
        let highest = told().map(|view| view.epoch).chain(views.epoch()).max().unwrap_or_default();
        let epoch = highest.max(recalled.term.first_epoch()).max(chosen.last.epoch).next();
        let in_sync: Members = [(chosen.id, chosen.run)].into_iter().collect();
        let view = View { store, by: run, line: line.clone(), epoch, leader: chosen.id, in_sync };
        let saved = Saved { line, store: Some(store), view: Some(view.clone()) };
        Ok((view, saved))
    }

    /// Has the catalog's memory rebuilt from the leader's book, when it is the best of all that answer.
    ///
    /// # Errors
    /// See [`NotRecovered`].
    pub async fn recover_catalog(self: Rc<Self>, ask: RecoverCatalog) -> Result<Rebuilt, NotRecovered> {
        let Some(view) = self.current() else {
            let why = self.waits_for().map_or_else(String::new, |(_, why)| why);
            return Err(NotRecovered::Changed(format!("there is no leader: {why}")));
        };
        self.recall().await?;
        let answers = self.ask_all(self.config.call_limit).await;
        self.check_silent(&answers, &ask.without)?;
        let follows =
            |answer: &&ReplicaStatus| answer.view.as_ref().is_some_and(|followed| followed.is(&view));
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
            self.views.borrow_mut().found_unfit(leader.run);
            self.suspect(view.epoch, "has a shorter book than another, and the catalog's memory is gone");
            return Err(NotRecovered::Shorter { better: better.id, leader: leader.id });
        }
        let rebuild = RebuildCatalog { epoch: view.epoch };
        let rebuilt = self.host.net.send(NodeId::Order(view.leader), &rebuild, self.config.call_limit).await;
        match rebuilt {
            Ok(Ok(rebuilt)) => Ok(rebuilt),
            Ok(Err(why)) => Err(NotRecovered::Changed(why.to_string())),
            Err(why) => Err(NotRecovered::Changed(format!("the leader: {why}"))),
        }
    }
}

fn names<'a>(replicas: impl IntoIterator<Item = &'a ReplicaId>) -> String {
    let names: Vec<_> = replicas.into_iter().map(|id| NodeId::Order(*id).to_string()).collect();
    names.join(", ")
}
