//! Losses of memory.

use std::collections::BTreeSet;

use toystore_actors::net::NodeId;

/// What happens to a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// A replica's file is not there any more.
    ReplicaGone,
    /// A replica's file is that of an earlier run.
    ReplicaOlder,
    /// A replica's file is a copy made during its last run, which the view may name.
    ReplicaCopied,
    /// A replica's file is another's.
    ReplicaExchanged,
    /// A second process runs under a replica's number.
    ReplicaTwice,
    /// A replica is not in everyone's configuration.
    ReplicaOutside,
    /// The front-end's file is not there any more.
    FrontEndGone,
    /// The front-end's file is a copy made earlier.
    FrontEndOlder,
    /// A second process runs under the front-end's number.
    FrontEndTwice,
    /// The catalog's file is not there any more.
    CatalogGone,
    /// The catalog's file is a copy made earlier.
    CatalogOlder,
}

impl Loss {
    /// What it is for a node that its files are gone.
    #[must_use]
    pub fn gone(node: NodeId) -> Loss {
        match node {
            NodeId::Order(_) => Loss::ReplicaGone,
            NodeId::FrontEnd(_) => Loss::FrontEndGone,
            NodeId::Catalog => Loss::CatalogGone,
        }
    }

    /// What it is for a node that its files are of an earlier moment, of its last run or of one before.
    #[must_use]
    pub fn older(node: NodeId, of_last_run: bool) -> Loss {
        match node {
            NodeId::Order(_) if of_last_run => Loss::ReplicaCopied,
            NodeId::Order(_) => Loss::ReplicaOlder,
            NodeId::FrontEnd(_) => Loss::FrontEndOlder,
            NodeId::Catalog => Loss::CatalogOlder,
        }
    }

    /// What it is for a node that two processes run under its name.
    #[must_use]
    pub fn twice(node: NodeId) -> Option<Loss> {
        match node {
            NodeId::Order(_) => Some(Loss::ReplicaTwice),
            NodeId::FrontEnd(_) => Some(Loss::FrontEndTwice),
            NodeId::Catalog => None,
        }
    }

    /// Whether a replica's book may lack what it had.
    fn is_of_a_book(self) -> bool {
        match self {
            Loss::ReplicaGone
            | Loss::ReplicaOlder
            | Loss::ReplicaCopied
            | Loss::ReplicaExchanged
            | Loss::ReplicaTwice => true,
            Loss::ReplicaOutside
            | Loss::FrontEndGone
            | Loss::FrontEndOlder
            | Loss::FrontEndTwice
            | Loss::CatalogGone
            | Loss::CatalogOlder => false,
        }
    }
}

/// What was lost so far in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses(BTreeSet<Loss>);

impl Losses {
    /// This was lost, too.
    pub fn add(&mut self, loss: Loss) {
        self.0.insert(loss);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Loss> {
        self.0.iter().copied()
    }

    /// Whether anything was lost yet.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether one of these was.
    #[must_use]
    pub fn any_of(&self, losses: &[Loss]) -> bool {
        losses.iter().any(|loss| self.0.contains(loss))
    }

    /// Whether a replica's book may lack what it had.
    #[must_use]
    pub fn of_books(&self) -> bool {
        self.iter().any(Loss::is_of_a_book)
    }
}
