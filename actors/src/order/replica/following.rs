//! What a replica answers to a leader, and to replicas that catch up.

use std::rc::Rc;

use super::replica::Replica;
use crate::messages::order::{AppendEntries, AppendReply, FetchEntries, FetchReply, NotServing};
use crate::order::book::{Write, Written, read};
use crate::order::writer::Stopped;
use crate::probe::{Limit, ServiceEvent};

impl Replica {
    /// Entries from a leader.
    ///
    /// # Errors
    /// [`Stopped`] when the disk failed.
    pub async fn append_entries(self: &Rc<Self>, message: AppendEntries) -> Result<AppendReply, Stopped> {
        match self.decide(|rules, book| rules.follow(&message.view, book)) {
            Ok(commands) => self.execute(commands),
            Err((refused, commands)) => {
                self.execute(commands);
                return Ok(refused);
            }
        }
        let (told, follower) = (message.acknowledged, self.rules().follower());
        let merge = Write::Merge { message, follower };
        let Written::Merged(reply, cut) = self.writer.write(merge).await? else { return Err(Stopped) };
        self.execute(self.decide(|rules, _| rules.merged(told, reply, cut)));
        Ok(reply)
    }

    /// A chunk of acknowledged orders for a replica that catches up.
    ///
    /// # Errors
    /// [`Stopped`] when the disk failed.
    pub async fn fetch_entries(&self, ask: FetchEntries) -> Result<FetchReply, Stopped> {
        let serving = match self.decide(|rules, book| rules.serving_fetch(ask.epoch, book)) {
            Ok(serving) => serving,
            Err(not_serving) => return Ok(FetchReply::NotServing(not_serving)),
        };
        let (after, limit) = (ask.after, ask.limit.min(self.config.limits.chunk_entries) as usize);
        let found = self.writer.read(move |book| read::entries_from(book, after, limit)).await?;
        if limit < ask.limit as usize && found.as_ref().is_ok_and(|entries| entries.len() == limit) {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::ChunkEntries });
        }
        let Some(view) = self.leader_of(serving.term, |leader| leader.view().clone()) else {
            let current = self.writer.summary().epoch();
            return Ok(FetchReply::NotServing(NotServing::NotLeader { named: ask.epoch, current }));
        };
        let acknowledged = serving.acknowledged;
        Ok(match found {
            Err(after) => FetchReply::Diverged { after },
            Ok(mut entries) => {
                entries.retain(|entry| entry.number <= acknowledged);
                FetchReply::Entries(AppendEntries { view, after, entries, acknowledged })
            }
        })
    }
}
