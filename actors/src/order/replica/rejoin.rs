//! Coming back: a replica that is not in sync asks who leads, fetches what it misses, and asks to be counted.

use std::rc::Rc;

use futures_util::future::join;

use super::super::book::read;
use super::Replica;
use crate::bugs::{Bug, planted};
use crate::domain::{Position, View};
use crate::messages::order::{AppendReply, FetchEntries, FetchReply, Join, Last, Status};
use crate::messages::view_service::GetView;
use crate::net::NodeId;
use crate::probe::{Limit, ReplicaEvent, ServiceEvent};

impl Replica {
    /// Runs as long as the replica does. Every step is repeated until it is answered (E4).
    pub async fn keep_in_sync(self: Rc<Self>) {
        let saved = self.writer.summary().view.clone();
        if let Some(view) = saved.filter(|view| view.leader == self.config.id)
            && planted(Bug::RestartedLeaderGoesOn)
        {
            self.take_over(view, None);
        }
        self.ask_the_others().await;
        loop {
            if self.is_out() {
                if let Ok(Some(view)) =
                    self.host.net.send(self.front_end(), &GetView {}, self.config.call_limit).await
                {
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
        let (me, run) = (self.config.id, self.run);
        let known = self.writer.summary().view.clone();
        // The member is this very process, not what its file once stood for (M3).
        self.term.borrow().is_none() && known.is_none_or(|view| view.in_sync.run(me) != Some(run))
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

    /// Fetches what the leader has acknowledged, chunk by chunk, the next one while one is merged; each is
    /// merged like any message of that leader, in the epoch it names (B1). `None` when that was not possible;
    /// it will be tried again.
    async fn catch_up(self: &Rc<Self>, view: &View) -> Option<()> {
        let leader = NodeId::Order(view.leader);
        let (limit, entries) = (self.config.call_limit, self.config.limits.fetch_entries);
        let theirs = self.host.net.send(leader, &Last {}, limit).await.ok()?;
        let ours = self.writer.summary().last;
        if theirs == ours {
            return Some(());
        }
        let fetch = |after| async move {
            let ask = FetchEntries { epoch: view.epoch, after, limit: entries };
            self.host.net.send(leader, &ask, limit).await.ok()
        };
        let mut chunk = fetch(ours).await?;
        loop {
            let sync = match chunk {
                FetchReply::NotServing(_) => return None,
                FetchReply::Diverged { after: theirs } => {
                    let agreed = self.writer.read(move |book| read::last_at_most(book, theirs)).await.ok()?;
                    chunk = fetch(agreed).await?;
                    continue;
                }
                FetchReply::Entries(sync) => sync,
            };
            let Some(last) = sync.entries.last() else { return Some(()) };
            let end = Position { number: last.number, epoch: last.epoch };
            // The leader's replicator does the rest: under load there is always one more order to fetch. (That the leader gave
            // fewer entries than were asked for says nothing: it has a limit of its own.)
            let nearly = end.number >= sync.acknowledged;
            let full = sync.entries.len() == entries as usize;
            let next = async { if nearly { None } else { fetch(end).await } };
            let (merged, next) = join(self.synced(sync), next).await;
            match merged.ok()? {
                AppendReply::Confirmed { number, .. } if number == end.number => {}
                _ => return None,
            }
            self.host.emit(ReplicaEvent::CaughtUp { last: end.number });
            if full && !nearly {
                self.host.emit(ServiceEvent::LimitReached { limit: Limit::FetchedEntries });
            }
            if nearly {
                return Some(());
            }
            chunk = next?;
        }
    }
}
