//! What a replica answers to a leader, and to replicas that catch up.

use std::rc::Rc;

use super::super::book::{Write, Written, read};
use super::super::replication::Replication;
use super::super::writer::Stopped;
use super::{Replica, ReplicaHandle};
use crate::bugs::{Bug, planted};
use crate::messages::order::{AppendEntries, AppendReply, FetchEntries, FetchReply};
use crate::probe::{Limit, ReplicaEvent, ServiceEvent};

impl Replica {
    /// Entries from a leader. A leader that hears of a newer epoch steps down at once; what is written and
    /// what is refused is decided in the transaction, where the newest view on disk is known
    /// ([`Write::Merge`]).
    ///
    /// # Errors
    /// [`Stopped`] when the disk failed.
    pub async fn synced(&self, sync: AppendEntries) -> Result<AppendReply, Stopped> {
        let (epoch, current) = (sync.view.epoch, self.writer.summary().epoch());
        let leads = self.term.borrow().as_ref().map(|term| term.view().clone());
        let follows = match (&leads, &self.writer.summary().view) {
            (Some(led), _) => sync.view.may_follow(Some(led)),
            (None, Some(followed)) => sync.view.is(followed) || sync.view.may_follow(Some(followed)),
            (None, None) => true,
        };
        let bug = || epoch < current && planted(Bug::OldEpochAccepted);
        let refused = !follows && (leads.is_some() || !bug());
        if refused || !self.is_configured(sync.view.leader) {
            self.host.emit(ReplicaEvent::OldEpochRefused { message: "sync", epoch, current });
            return Ok(AppendReply::Refused { epoch: current });
        }
        self.hear(&sync.view);
        self.depose();
        let (told, acknowledged) = (sync.acknowledged, self.known_acknowledged.get());
        let merge = Write::Merge { sync, me: self.config.id, run: self.run, acknowledged };
        let Written::Merged(answer, cut) = self.writer.write(merge).await? else { return Err(Stopped) };
        if let Some((after, entries)) = cut {
            self.host.emit(ReplicaEvent::TailCut { after, entries });
        }
        if let AppendReply::Confirmed { number, .. } = answer {
            self.known_acknowledged.set(self.known_acknowledged.get().max(told.min(number)));
        }
        Ok(answer)
    }

    /// A chunk of acknowledged orders for a replica that catches up.
    ///
    /// # Errors
    /// [`Stopped`] when the disk failed.
    pub async fn chunk(self: &Rc<Self>, ask: FetchEntries) -> Result<FetchReply, Stopped> {
        let replication = ReplicaHandle(self.clone());
        let named = self.term.borrow().as_ref().map_or(ask.epoch, |term| term.view().epoch);
        let standing = match replication.standing(named.max(ask.epoch)) {
            Ok(standing) => standing,
            Err(not_serving) => return Ok(FetchReply::NotServing(not_serving)),
        };
        let (after, limit) = (ask.after, ask.limit.min(self.config.limits.chunk_entries) as usize);
        let found = self.writer.read(move |book| read::entries_from(book, after, limit)).await?;
        if limit < ask.limit as usize && found.as_ref().is_ok_and(|entries| entries.len() == limit) {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::ChunkEntries });
        }
        let Some(view) = self.within_term(standing.term, |term| term.view().clone()) else {
            let current = self.writer.summary().epoch();
            return Ok(FetchReply::NotServing(super::NotServing::NotLeader { named: ask.epoch, current }));
        };
        Ok(match found {
            Err(after) => FetchReply::Diverged { after },
            Ok(mut entries) => {
                entries.retain(|entry| entry.number <= standing.acknowledged);
                FetchReply::Entries(AppendEntries {
                    view,
                    after,
                    entries,
                    acknowledged: standing.acknowledged,
                })
            }
        })
    }
}
