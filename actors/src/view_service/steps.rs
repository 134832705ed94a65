//! What the steps of a procedure wait for.

use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future;
use futures_util::stream::FuturesUnordered;

use super::file::store;
use super::rules::{Pinged, Reply, Step};
use super::saved::Saved;
use super::service::ViewService;
use super::views::Answers;
use crate::clock::within;
use crate::domain::ReplicaId;
use crate::messages::catalog::Recall;
use crate::messages::order::{ReplicaStatus, Status};
use crate::net::{NetError, NodeId, Rpc};

impl ViewService {
    /// Takes a step of a procedure.
    pub(super) async fn take(self: &Rc<Self>, step: Step) -> Reply {
        match step {
            Step::Turn => {
                let turn = self.turns.clone().lock_owned().await;
                self.turn.replace(Some(turn));
                Reply::Done
            }
            Step::Draw => Reply::Drawn(self.draw().await),
            Step::Write(saved) => self.write(saved).await,
            Step::AskAll { limit } => Reply::Answers(self.ask_all(limit).await),
            Step::Ping { to, limit, all, names_view } => {
                Reply::Pinged(self.ping(to, limit, all, names_view).await)
            }
            Step::Announce { to, limit } => {
                // The rules were told of the outcome.
                let _ = self.announce(to, limit).await;
                Reply::Done
            }
            Step::Register(register) => Reply::Registered(self.ask(NodeId::Catalog, &register).await.ok()),
            Step::Recall => Reply::Recalled(self.ask(NodeId::Catalog, &Recall {}).await.ok()),
            Step::Fill(replica, fill) => {
                Reply::Agreed(self.ask(NodeId::Order(replica), &fill).await == Ok(true))
            }
            Step::GoOn(go_on) => Reply::Agreed(self.ask(NodeId::Catalog, &go_on).await == Ok(true)),
            Step::Rebuild(replica, rebuild) => {
                Reply::Rebuilt(self.ask(NodeId::Order(replica), &rebuild).await)
            }
            Step::Sleep(span) => {
                self.host.clock.sleep(span).await;
                Reply::Done
            }
            Step::Pause(span) => {
                // Either way it is over.
                let _ = within(&*self.host.clock, span, self.missing_answers.notified()).await;
                Reply::Done
            }
        }
    }

    async fn ask<M: Rpc>(&self, to: NodeId, message: &M) -> Result<M::Reply, NetError> {
        self.host.net.send(to, message, self.call_limit).await
    }

    /// Never returns if the disk fails.
    async fn draw(&self) -> u64 {
        match self.file.draw() {
            Ok(number) => number,
            Err(error) => {
                self.lifecycle.end(error);
                future::pending().await
            }
        }
    }

    /// Writes the file; never returns if that fails: whether the view is saved is not known then, so it must neither be
    /// announced nor denied.
    async fn write(&self, saved: Saved) -> Reply {
        match self.file.run(move |database| store(database, &saved)).await {
            Ok(()) => Reply::Done,
            Err(error) => {
                let why = format!("{}: {error}", self.file.name());
                self.lifecycle.fail(&why, &why);
                future::pending().await
            }
        }
    }

    async fn ask_all(&self, limit: Duration) -> Answers {
        let replicas = self.rules.borrow().replicas().to_vec();
        let calls = replicas.into_iter().map(|replica| async move {
            let answer = self.status(replica, limit).await;
            answer.ok().filter(|status| status.id == replica)
        });
        let said = future::join_all(calls).await;
        said.into_iter().flatten().map(|status| (status.id, status)).collect()
    }

    async fn status(&self, replica: ReplicaId, limit: Duration) -> Result<ReplicaStatus, NetError> {
        self.host.net.send(NodeId::Order(replica), &Status {}, limit).await
    }

    /// Asks replicas side by side.
    async fn ping(
        self: &Rc<Self>,
        to: Vec<ReplicaId>,
        limit: Duration,
        all: bool,
        names_view: bool,
    ) -> Pinged {
        let ping = async |replica| match names_view {
            true => self.announce(replica, limit).await,
            false => self.status(replica, limit).await,
        };
        let mut calls: FuturesUnordered<_> =
            to.into_iter().map(|replica| async move { (replica, ping(replica).await) }).collect();
        let mut pinged = Pinged::default();
        while let Some((replica, outcome)) = calls.next().await {
            pinged.take(replica, outcome);
            if !all && self.rules.borrow().is_decided(&pinged) {
                break;
            }
        }
        pinged
    }
}
