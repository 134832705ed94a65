//! A view to go on from when the own file has none that counts: another's (M8), a new store's first, or, for an
//! operator, one replica's alone.

use super::history::{Answers, Views};
use crate::bugs::view_service as bent;
use crate::domain::{Line, Members, OrderNumber, ReplicaId, Run, StoreId, View};
use crate::messages::catalog::Recalled;
use crate::messages::order::ReplicaStatus;
use crate::messages::view_service::NotRecovered;
use crate::view_service::saved::Saved;

/// What the replicas tell to a front-end without a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// Nobody ever had a view and there are no orders: a store can be founded, of these members.
    First(Members),
    /// The newest view that a replica has saved, to go on from.
    Newest(View),
    /// These must answer first.
    Missing(Vec<ReplicaId>),
    /// These answered with new files although the store is not new: as good as no answer (M8).
    Blank(Vec<ReplicaId>),
}

impl Views {
    /// Finds a view when there is none: a first start, or a file that is new or older. Only when every configured
    /// replica has answered, because any of them may be the only one to know the newest view (M8).
    #[must_use]
    pub fn recover(&self, answers: &Answers) -> Recovered {
        let (mut missing, mut blank) = (Vec::new(), Vec::new());
        for id in &self.replicas {
            match answers.get(id) {
                None => missing.push(*id),
                Some(answer) if answer.view.is_none() => blank.push(*id),
                Some(_) => {}
            }
        }
        if bent::waits_for_all(!missing.is_empty(), answers.is_empty()) {
            return Recovered::Missing(missing);
        }
        let told = answers.values().filter_map(|answer| answer.view.as_ref());
        let newest = told.chain(&self.outdated).fold(None, |newest: Option<&View>, view| match newest {
            Some(newest) if !view.is_newer_than(newest) => Some(newest),
            _ => Some(view),
        });
        match newest {
            Some(_) if !blank.is_empty() => Recovered::Blank(blank),
            Some(newest) => Recovered::Newest(newest.clone()),
            None if answers.values().all(|answer| answer.last.number == OrderNumber::NONE) => {
                Recovered::First(answers.values().map(|answer| (answer.id, answer.run)).collect())
            }
            // A book with orders but without a view was not written by this store's rules; guess nothing.
            None => Recovered::Blank(blank),
        }
    }

    /// What a file holds that goes on from another's view: its line has that one's too (M8), and a new run.
    #[must_use]
    pub fn going_on_from(&self, newest: &View, run: Run) -> Saved {
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

    /// The view of one replica's run alone, with which an operator goes on: above every epoch heard of, and after every
    /// view, because its line has all of theirs.
    ///
    /// # Errors
    /// When nobody knows of a store, or not all of the same one.
    pub fn of_one(
        &self,
        chosen: &ReplicaStatus,
        answers: &Answers,
        recalled: &Recalled,
    ) -> Result<View, NotRecovered> {
        let file = &self.saved;
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
        line.add(self.run);
        let highest = told().map(|view| view.epoch).chain(self.epoch()).max().unwrap_or_default();
        let epoch = highest.max(recalled.term.first_epoch()).max(chosen.last.epoch).next();
        let in_sync: Members = [(chosen.id, chosen.run)].into_iter().collect();
        Ok(View { store, by: self.run, line, epoch, leader: chosen.id, in_sync })
    }
}
