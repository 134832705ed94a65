//! Coming back: a replica that is not in sync asks who leads, fetches what it misses, and asks to be counted.

use std::rc::Rc;

use futures_util::future::join;

use super::replica::Replica;
use crate::bugs::order as bent;
use crate::domain::{Position, View};
use crate::messages::order::{FetchEntries, FetchReply, Join, Last, Status};
use crate::messages::view_service::GetView;
use crate::net::NodeId;
use crate::order::book::read;
use crate::order::rules::catch_up::{self, Next};
use crate::probe::{Limit, ReplicaEvent, ServiceEvent};

impl Replica {
    /// Runs as long as the replica does. Every step is repeated until it is answered (E4).
    pub async fn keep_in_sync(self: Rc<Self>) {
        let saved = self.writer.summary().view.clone();
        let led = saved.filter(|view| view.leader == self.config.id);
        if let Some(view) = bent::led_before_restart(led) {
            self.execute(self.decide(|rules, book| rules.take_over(view, None, book)));
        }
        self.ask_the_others().await;
        loop {
            if self.is_out() {
                let view = self.host.net.send(self.front_end(), &GetView {}, self.config.call_limit).await;
                if let Ok(Some(view)) = view {
                    self.adopt(view).await;
                }
                self.rejoin().await;
            }
            self.host.clock.sleep(self.config.retry_every).await;
        }
    }

    /// Asks the other replicas for the newest view that they know: the front-end may be down.
    async fn ask_the_others(self: &Rc<Self>) {
        for peer in self.config.replicas.iter().filter(|id| **id != self.config.id) {
            let status = self.host.net.send(NodeId::Order(*peer), &Status {}, self.config.drop_after).await;
            if let Ok(Some(view)) = status.map(|status| status.view) {
                self.adopt(view).await;
            }
        }
    }

    fn is_out(&self) -> bool {
        self.decide(|rules, book| rules.is_out(book))
    }

    async fn rejoin(self: &Rc<Self>) -> Option<()> {
        let view = self.writer.summary().view.clone()?;
        if !self.is_out() || view.leader == self.config.id {
            return None;
        }
        self.catch_up(&view).await?;
        let join = Join { replica: self.config.id, run: self.run, epoch: view.epoch };
        let joined = self.host.net.send(NodeId::Order(view.leader), &join, self.config.call_limit).await;
        joined.ok()?.ok()
    }

    /// Fetches what the leader has acknowledged, the next chunk while one is merged. `None` when that was not possible; it
    /// will be tried again.
    async fn catch_up(self: &Rc<Self>, view: &View) -> Option<()> {
        let leader = NodeId::Order(view.leader);
        let theirs = self.host.net.send(leader, &Last {}, self.config.call_limit).await.ok()?;
        let ours = self.writer.summary().last;
        if theirs == ours {
            return Some(());
        }
        let limit = self.config.limits.fetch_entries;
        let mut reply = self.fetch(view, ours).await?;
        loop {
            match catch_up::next(reply, limit) {
                Next::GiveUp => return None,
                Next::Done => return Some(()),
                Next::StepBack(after) => {
                    let agreed = self.writer.read(move |book| read::last_at_most(book, after)).await.ok()?;
                    reply = self.fetch(view, agreed).await?;
                }
                Next::Merge { message, end, more, full } => {
                    let next = async { if more { self.fetch(view, end).await } else { None } };
                    let (merged, next) = join(self.append_entries(message), next).await;
                    if !catch_up::is_merged(merged.ok()?, end.number) {
                        return None;
                    }
                    self.host.emit(ReplicaEvent::CaughtUp { last: end.number });
                    if full && more {
                        self.host.emit(ServiceEvent::LimitReached { limit: Limit::FetchedEntries });
                    }
                    if !more {
                        return Some(());
                    }
                    reply = next?;
                }
            }
        }
    }

    async fn fetch(&self, view: &View, after: Position) -> Option<FetchReply> {
        let ask = FetchEntries { epoch: view.epoch, after, limit: self.config.limits.fetch_entries };
        self.host.net.send(NodeId::Order(view.leader), &ask, self.config.call_limit).await.ok()
    }
}
