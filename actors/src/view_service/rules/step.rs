//! What a procedure waits for, and what comes of it.

use std::time::Duration;

use crate::domain::ReplicaId;
use crate::messages::catalog::{GoOn, Rebuilt, Recalled, Register, Registered};
use crate::messages::order::{Fill, RebuildCatalog, RebuildError, ReplicaStatus};
use crate::net::NetError;
use crate::view_service::saved::Saved;
use crate::view_service::views::Answers;

/// Something that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The turn to decide on a view and to save it, one after the other; kept until
    /// [`EndTurn`](super::Command::EndTurn).
    Turn,
    /// A random number from the storage.
    Draw,
    /// The file holds this. It never goes on if the disk fails.
    Write(Saved),
    /// All replicas are asked side by side, each for so long, where their books end and which view they know.
    AskAll { limit: Duration },
    /// These replicas are sent the current view side by side, each for so long, until all have answered or, if that is
    /// enough, until [`ViewRules::is_decided`](super::ViewRules::is_decided). They are asked without it if it is not
    /// to be named.
    Ping { to: Vec<ReplicaId>, limit: Duration, all: bool, names_view: bool },
    /// One replica is sent the current view; [`ViewRules::announced`](super::ViewRules::announced) takes note of its
    /// answer.
    Announce { to: ReplicaId, limit: Duration },
    /// The catalog is told of this run.
    Register(Register),
    /// The catalog is asked what it remembers.
    Recall,
    /// A replica fills its book up.
    Fill(ReplicaId, Fill),
    /// The catalog goes on with this front-end's leaders only.
    GoOn(GoOn),
    /// A leader fills the catalog's memory.
    Rebuild(ReplicaId, RebuildCatalog),
    /// Time passes.
    Sleep(Duration),
    /// Time passes, or a replica answers that was missing ([`EndPauses`](super::Command::EndPauses)).
    Pause(Duration),
}

/// What came of a step; `None` where nobody answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The procedure begins: there was no step.
    Begun,
    /// To [`Step::Turn`], [`Step::Write`], [`Step::Announce`], [`Step::Sleep`] and [`Step::Pause`]: it is so.
    Done,
    /// To [`Step::Draw`].
    Drawn(u64),
    /// To [`Step::AskAll`].
    Answers(Answers),
    /// To [`Step::Ping`].
    Pinged(Pinged),
    /// To [`Step::Register`].
    Registered(Option<Registered>),
    /// To [`Step::Recall`].
    Recalled(Option<Recalled>),
    /// To [`Step::Fill`] and [`Step::GoOn`]: whether it was done.
    Agreed(bool),
    /// To [`Step::Rebuild`].
    Rebuilt(Result<Result<Rebuilt, RebuildError>, NetError>),
}

/// What came of pinging the replicas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pinged {
    /// What they answered.
    pub answers: Answers,
    /// Alive, but with too much to do to say more.
    pub busy: Vec<ReplicaId>,
    /// All that are heard of, or not going to be.
    pub settled: Vec<ReplicaId>,
}

impl Pinged {
    /// What came of pinging one replica.
    pub fn take(&mut self, replica: ReplicaId, outcome: Result<ReplicaStatus, NetError>) {
        self.settled.push(replica);
        match outcome {
            Ok(status) => drop(self.answers.insert(replica, status)),
            Err(NetError::Overloaded) => self.busy.push(replica),
            Err(_) => {}
        }
    }
}
