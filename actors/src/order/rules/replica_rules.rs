//! What one replica knows, follower or leader, beside its book on disk. What it does with it is in [`super::views`],
//! [`super::leading`], [`super::in_sync_set`] and [`super::following`].

use std::collections::BTreeSet;

use super::leader_state::LeaderState;
use crate::clock::Timestamp;
use crate::domain::{Epoch, OrderNumber, ReplicaId, Run, Term, View};
use crate::messages::catalog::Refusal;
use crate::messages::order::{ReplicaStatus, Role};
use crate::order::summary::BookSummary;

/// Which replica it is, and who the others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// Its id.
    pub id: ReplicaId,
    /// The run of this process.
    pub run: Run,
    /// All replicas of the configuration.
    pub replicas: Vec<ReplicaId>,
}

/// What one replica knows, beside its book on disk.
#[derive(Debug)]
pub struct ReplicaRules {
    pub(super) me: Me,
    pub(super) leader: Option<LeaderState>,
    /// The newest view heard of, saved or not: a takeover that a newer view has overtaken does not begin.
    pub(super) newest_heard: Option<View>,
    /// The epoch of a view that names this replica leader and is being adopted. Between its save and its adoption this
    /// replica looks like a follower of its own epoch, which would have it replaced (E2).
    pub(super) adopting: Option<Epoch>,
    /// The term in which this run was made leader and lacked what the catalog knew to be acknowledged (M4).
    pub(super) unfit: Option<Term>,
    /// Why the catalog does not sell to this leader, if only an operator can help.
    pub(super) catalog_refusal: Option<Refusal>,
    /// What some leader has said to be acknowledged, of what is on this disk.
    pub(super) known_acknowledged: OrderNumber,
    /// Until when no joiner is counted, because one was given up (E5).
    pub(super) counts_nobody_until: Timestamp,
    /// Those who asked to be counted and could not be reached.
    pub(super) unreached: BTreeSet<ReplicaId>,
}

impl ReplicaRules {
    /// A follower, to begin with: a replica that restarts never leads under an epoch saved before (D5).
    pub fn new(me: Me, book: &BookSummary) -> ReplicaRules {
        ReplicaRules {
            me,
            leader: None,
            newest_heard: book.view.clone(),
            adopting: None,
            unfit: None,
            catalog_refusal: None,
            known_acknowledged: OrderNumber::NONE,
            counts_nobody_until: Timestamp::default(),
            unreached: BTreeSet::new(),
        }
    }

    /// What this replica is doing.
    pub fn status(&self, book: &BookSummary) -> ReplicaStatus {
        let BookSummary { view, last, line } = book.clone();
        let epoch = book.epoch();
        let names_me = view.as_ref().is_some_and(|view| view.leader == self.me.id);
        let role = match &self.leader {
            None if self.adopting == Some(epoch) => Role::TakingOver,
            None if self.unfit.is_some() && names_me => Role::Unfit,
            None => Role::Follower,
            Some(leader) if leader.serves() => Role::Leader,
            Some(_) => Role::TakingOver,
        };
        let acknowledged = self.acknowledged();
        let hindered = self.catalog_refusal.filter(|_| self.leader.is_some());
        let Me { id, run, .. } = self.me;
        ReplicaStatus { id, run, line, role, epoch, last, acknowledged, view, hindered }
    }

    /// Up to where this replica knows its own book to be acknowledged.
    pub fn acknowledged(&self) -> OrderNumber {
        let led = self.leader.as_ref().map_or(OrderNumber::NONE, LeaderState::acknowledged);
        led.max(self.known_acknowledged)
    }

    /// Whether the process is no member of the newest view: the member is this very process, not what its file once stood
    /// for (M3).
    pub fn is_out(&self, book: &BookSummary) -> bool {
        let member = |view: &View| view.in_sync.run(self.me.id) == Some(self.me.run);
        self.leader.is_none() && !book.view.as_ref().is_some_and(member)
    }
}
