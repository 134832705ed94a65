//! How a front-end that starts comes to a view of its own run: it makes the run known to the catalog, and goes on from
//! the view in its file (M7); or, when the file is new or older than what others remember, from the newest view that
//! all replicas have told (M8); or it founds a store, when everybody's file is new.

use std::rc::Rc;

use futures_util::future;

use super::service::{ViewService, identify};
use super::views::{Answers, Heard, Recovery, Saved};
use super::waiting::Waiting;
use crate::domain::{Epoch, Members, OrderNumber, Run, StoreId, View};
use crate::messages::catalog::{Register, Registered};
use crate::messages::order::Status;
use crate::net::NetError;
use crate::net::NodeId;
use crate::probe::ViewEvent;

/// How there came to be a view of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Established {
    /// It goes on from an earlier view.
    Begun,
    /// It is a new store's first, whose leader was chosen just now.
    Founded,
}

/// What came of looking for a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recovered {
    /// The file has another's, to go on from.
    HasView,
    /// The store is new, and has its first.
    Founded,
}

impl ViewService {
    /// Ends when a view of this run is saved.
    pub(super) async fn establish(self: &Rc<Self>) -> Established {
        let mut before = None;
        loop {
            if self.current().is_some() {
                // An operator went on meanwhile.
                return Established::Founded;
            }
            let new = self.views.borrow().file().view.is_none();
            if new && self.recover(&mut before).await == Recovered::Founded {
                return Established::Founded;
            }
            self.hear_first().await;
            let Some(epoch) = self.views.borrow().epoch() else { continue };
            match self.register(epoch).await {
                Registered::Welcome => {}
                Registered::Older { term, superseded } => {
                    if new && superseded {
                        // All replicas have told what they know, and it is not what the catalog knows.
                        self.wait(Waiting::AnotherFrontEnd).await;
                    }
                    self.forget(term.first_epoch(), "the catalog knows a newer one").await;
                    continue;
                }
                Registered::NotNew => {
                    self.wait(Waiting::NotNew).await;
                    continue;
                }
            }
            // A replica may have told of a newer view meanwhile.
            if self.begin().await {
                return Established::Begun;
            }
        }
    }

    /// The first view of this run is saved; it changes nothing else, so a leader that serves goes on (D6).
    async fn begin(self: &Rc<Self>) -> bool {
        let _saving = self.saving.lock().await;
        if self.current().is_some() {
            return false;
        }
        let Some(view) = self.views.borrow().begin() else { return false };
        self.save(view, "a front-end starts").await;
        self.waiting.replace(None);
        let without = self.views.borrow().without_strangers();
        if let Some(view) = without {
            self.save(view, "a member is not configured any more").await;
        }
        self.chosen();
        true
    }

    /// Makes the run known to the catalog, however long that takes.
    async fn register(&self, epoch: Epoch) -> Registered {
        let (run, saved) = {
            let views = self.views.borrow();
            (views.run(), views.file().clone())
        };
        // A file without a store asks for nothing.
        let Some(store) = saved.store else { return Registered::NotNew };
        // A new store has no orders.
        let orders = if epoch == Epoch::NONE { Some(OrderNumber::NONE) } else { self.orders.get() };
        let ask = Register { store, run, line: saved.line, epoch, orders };
        loop {
            match self.host.net.send(NodeId::Catalog, &ask, self.config.call_limit).await {
                Ok(answer) => {
                    if matches!(answer, Registered::Welcome) {
                        self.host.emit(ViewEvent::FrontEndRegistered { run });
                    }
                    return answer;
                }
                Err(_) => self.wait(Waiting::Catalog).await,
            }
        }
    }

    /// Says what is waited for, and pauses.
    async fn wait(&self, waiting: Waiting) {
        if self.waiting.replace(Some(waiting.clone())).as_ref() != Some(&waiting) {
            log::warn!(node:% = self.host.id; "{} waits: {}", self.host.id, waiting.told().1);
        }
        self.host.clock.sleep(self.config.heartbeat / 4).await;
    }

    /// A replica that follows a newer view than the file has shows that the file is older. Only those that answer
    /// soon are asked: what the others know comes with their first heartbeat.
    async fn hear_first(self: &Rc<Self>) {
        let answers = self.ask_all(self.config.heartbeat).await;
        answers.values().for_each(|status| self.hear_of_book(status));
        let views: Vec<View> = answers.into_values().filter_map(|answer| answer.view).collect();
        for view in views {
            let heard = self.views.borrow().hear(&view);
            if heard == Heard::Lost {
                self.forget(view.epoch, "a replica follows a newer view").await;
            }
        }
    }

    /// What the file holds is older than what others remember: begins again as if it were lost.
    pub(super) fn lose(self: &Rc<Self>, highest: Epoch, why: &'static str) {
        if self.selecting.replace(true) {
            return;
        }
        let service = self.clone();
        self.tasks.spawn(async move {
            service.forget(highest, why).await;
            // Who leads by the view that it goes on from is found out by the next heartbeat.
            let _ = service.establish().await;
            service.selecting.set(false);
        });
    }

    async fn forget(&self, highest: Epoch, why: &'static str) {
        {
            let _saving = self.saving.lock().await;
            if self.current().is_some() {
                return;
            }
            self.views.borrow_mut().lose(highest);
            self.peers.borrow_mut().chosen(self.host.clock.now());
        }
        if self.waiting.borrow().is_none() {
            self.host.emit(ViewEvent::ViewLost { why });
        }
        self.abandoned.notify_waiters();
    }

    /// Finds a view to go on from when the file has none that counts, or founds a store.
    /// `before` is what it went on from the last time: no run is drawn twice for one view.
    async fn recover(self: &Rc<Self>, before: &mut Option<(Run, Saved)>) -> Recovered {
        let mut quiet = false;
        loop {
            let answers = self.ask_all(self.config.call_limit).await;
            if self.current().is_some() {
                return Recovered::Founded;
            }
            let recovery = self.views.borrow().recover(&answers);
            match recovery {
                Recovery::First(members) => {
                    if self.found(members).await {
                        return Recovered::Founded;
                    }
                    self.wait(Waiting::NotNew).await;
                }
                Recovery::Newest(view) if quiet => {
                    self.go_on_from(&view, before).await;
                    return Recovered::HasView;
                }
                // A change that an earlier life of this service granted may still be on its way to the
                // leader. No caller waits longer than this; then what is newest is told.
                Recovery::Newest(_) => {
                    quiet = true;
                    self.host.clock.sleep(self.config.call_limit).await;
                }
                Recovery::Wait(missing) => self.wait(Waiting::Answers(missing)).await,
                Recovery::Blank(blank) => self.wait(Waiting::Blank(blank)).await,
            }
        }
    }

    /// Takes another's view for the file's, with a new run: a copy of this file may be doing the same (M8).
    async fn go_on_from(&self, view: &View, before: &mut Option<(Run, Saved)>) {
        let _saving = self.saving.lock().await;
        if self.current().is_some() {
            return;
        }
        let disowned = self.disowned.get();
        if let Some((run, saved)) = before
            && saved.view.as_ref().is_some_and(|before| before.is(view))
            && disowned.is_none_or(|run| saved.line.has(run))
        {
            return self.views.borrow_mut().adopt_file(*run, saved.clone());
        }
        let run = match self.file.draw() {
            Ok(drawn) => Run::new(drawn),
            Err(error) => {
                self.end(&error.to_string());
                return future::pending().await;
            }
        };
        let mut saved = self.views.borrow().recovered(view, run);
        disowned.into_iter().for_each(|run| saved.line.add(run));
        self.write(saved.clone()).await;
        identify(&self.host, &saved);
        *before = Some((run, saved.clone()));
        self.views.borrow_mut().adopt_file(run, saved);
    }

    /// Founds a store: everybody's file is new. Its number is on this disk, and then the catalog's, before there is a
    /// view; a start that is cut short is repeated under the same number.
    async fn found(self: &Rc<Self>, members: Members) -> bool {
        let saved = self.views.borrow().file().clone();
        let store = match saved.store.map_or_else(|| self.file.draw().map(StoreId::new), Ok) {
            Ok(store) => store,
            Err(error) => {
                self.end(&error.to_string());
                return future::pending().await;
            }
        };
        let saved = Saved { store: Some(store), ..saved };
        {
            let _saving = self.saving.lock().await;
            if self.current().is_some() {
                return true;
            }
            self.write(saved.clone()).await;
            let run = self.views.borrow().run();
            self.views.borrow_mut().adopt_file(run, saved);
        }
        match self.register(Epoch::NONE).await {
            Registered::Welcome => {}
            Registered::Older { .. } | Registered::NotNew => return false,
        }
        let _saving = self.saving.lock().await;
        if self.current().is_some() {
            return true;
        }
        let Some(view) = self.views.borrow().first(store, members) else { return false };
        self.save(view, "the first").await;
        self.waiting.replace(None);
        self.chosen();
        true
    }

    pub(super) async fn ask_all(&self, limit: std::time::Duration) -> Answers {
        let replicas = self.views.borrow().replicas().to_vec();
        let calls = replicas.into_iter().map(|replica| async move {
            let answer: Result<_, NetError> =
                self.host.net.send(NodeId::Order(replica), &Status {}, limit).await;
            answer.ok().filter(|status| status.id == replica)
        });
        let said = future::join_all(calls).await;
        said.into_iter().flatten().map(|status| (status.id, status)).collect()
    }
}
