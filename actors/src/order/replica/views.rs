//! Adopting views, and counting those who join.

use std::rc::Rc;

use super::replica::Replica;
use crate::domain::{ReplicaId, Run, View};
use crate::messages::order::{Announce, Join, JoinError, ReplicaStatus, Status};
use crate::net::NodeId;
use crate::order::book::{Write, Written};
use crate::order::rules::JoinStep;

impl Replica {
    /// A view from the front-end; answered with the status *after* it was adopted (B3: saved before that).
    pub async fn announced(self: &Rc<Self>, announce: Announce) -> ReplicaStatus {
        self.adopt(announce.view).await;
        self.status()
    }

    /// Takes note of a view, from whomever, if it is newer than the one on disk.
    pub(super) async fn adopt(self: &Rc<Self>, view: View) {
        self.rules.borrow_mut().hear(&view);
        let _turn = self.adoption.lock().await;
        let Some((commands, adoption)) = self.decide(|rules, book| rules.adopt(view, book)) else { return };
        self.execute(commands);
        let saved = self.writer.write(Write::SaveView(adoption.view.clone())).await == Ok(Written::Saved);
        self.execute(self.decide(|rules, book| rules.adopted(adoption, saved, book)));
    }

    /// A replica has caught up and asks to be counted.
    ///
    /// # Errors
    /// See [`JoinError`].
    pub async fn join(self: &Rc<Self>, join: &Join) -> Result<(), JoinError> {
        let Join { replica, run, .. } = *join;
        self.shows(replica, run);
        let now = self.host.clock.now();
        match self.decide(|rules, book| rules.join(join, now, book))? {
            JoinStep::Done => Ok(()),
            JoinStep::AskBack => {
                let reached = self.reaches(replica, run).await;
                let (joined, commands) =
                    self.decide(|rules, book| rules.join_asked_back(join, reached, book));
                self.execute(commands);
                joined
            }
        }
    }

    /// Whether that process answers where the configuration says that the replica is.
    async fn reaches(&self, replica: ReplicaId, run: Run) -> bool {
        let limit = self.config.drop_after;
        let status = self.host.net.send(NodeId::Order(replica), &Status {}, limit).await;
        status.is_ok_and(|status| status.run == run)
    }
}
