//! Names on messages: for whom a message is, from whom, and of which store (rule M11).
//!
//! A wrong address in a configuration, or a second store's, leads a message to whom it was not meant for. Whoever it
//! is not for takes no notice of it and says what it is; silence would name no cause.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::node_id::NodeId;
use crate::bugs::net as bent;
use crate::domain::StoreId;

/// What is in front of every message between services, encoded like the message itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub to: NodeId,
    /// Who sent it; `None` for who is no service of a store.
    pub from: Option<NodeId>,
    /// The sender's store; `None` while its file is new.
    pub store: Option<StoreId>,
}

/// Who a node is, to its peers: what it writes on its messages, and by what it judges those that arrive.
#[derive(Debug)]
pub struct Identity {
    id: NodeId,
    configured: BTreeSet<NodeId>,
    /// The number of the store that its file belongs to; 0 while its file is new. (A store that draws 0 goes unchecked.)
    store: AtomicU64,
}

impl Identity {
    /// The node `id`, whose configuration has these nodes. Its file is new as far as is known.
    #[must_use]
    pub fn new(id: NodeId, configured: impl IntoIterator<Item = NodeId>) -> Identity {
        let configured = configured.into_iter().chain([id]).collect();
        Identity { id, configured, store: AtomicU64::new(0) }
    }

    /// Which node it is.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Which store it belongs to; `None` while its file is new.
    #[must_use]
    pub fn store(&self) -> Option<StoreId> {
        // It stands for nothing else in memory.
        let number = self.store.load(Ordering::Relaxed);
        (number != 0).then(|| StoreId::new(number))
    }

    /// Its file is known to belong to this store.
    pub fn belongs_to(&self, store: StoreId) {
        self.store.store(store.get(), Ordering::Relaxed);
    }

    /// What it writes on a message.
    #[must_use]
    pub fn envelope(&self, to: NodeId) -> Envelope {
        Envelope { to, from: Some(self.id), store: self.store() }
    }

    /// Whether a message is for this node.
    ///
    /// # Errors
    /// What this node is, if it is not.
    pub fn check(&self, envelope: &Envelope) -> Result<(), Misdirected> {
        let own = self.store();
        let stores = envelope.store.zip(own);
        let stranger = envelope.from.is_some_and(|from| !self.configured.contains(&from));
        let why = if bent::is_for_another(envelope.to != self.id) {
            Mismatch::Receiver
        } else if stores.is_some_and(|(theirs, ours)| theirs != ours) {
            Mismatch::Store
        } else if bent::is_stranger(stranger) {
            Mismatch::Sender
        } else {
            return Ok(());
        };
        Err(Misdirected { why, node: self.id, store: own })
    }
}

/// A message was not for whom it reached, who took no notice of it, and is this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("this is {node}: {why}")]
pub struct Misdirected {
    pub why: Mismatch,
    pub node: NodeId,
    /// Its store; `None` while its file is new.
    pub store: Option<StoreId>,
}

/// Why a message is not for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Mismatch {
    /// It is meant for another.
    #[error("the message is for another service")]
    Receiver,
    /// It is of another store.
    #[error("the message is of another store")]
    Store,
    /// Its sender is not in this node's configuration (rule M10).
    #[error("the sender is not in its configuration")]
    Sender,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FrontEndId, ReplicaId};

    const ME: NodeId = order(2);
    const PEERS: [NodeId; 4] = [NodeId::FrontEnd(FrontEndId::new(1)), NodeId::Catalog, order(1), order(3)];

    const fn order(id: u8) -> NodeId {
        NodeId::Order(ReplicaId::new(id))
    }

    #[test]
    fn a_message_is_taken_by_whom_it_is_for() {
        let ours = Some(StoreId::new(1));
        let other = Some(StoreId::new(2));
        let leader = Some(order(3));
        let stranger = Some(order(9));
        for (case, own, to, from, store, expected) in [
            ("a peer's", ours, ME, leader, ours, None),
            ("for another replica", ours, order(3), leader, ours, Some(Mismatch::Receiver)),
            ("for another service", ours, NodeId::Catalog, leader, ours, Some(Mismatch::Receiver)),
            ("for another, of another store", ours, order(1), leader, other, Some(Mismatch::Receiver)),
            ("of another store", ours, ME, leader, other, Some(Mismatch::Store)),
            ("to a new file", None, ME, leader, other, None),
            ("from a new file", ours, ME, leader, None, None),
            ("both are new", None, ME, leader, None, None),
            ("from who is not configured", ours, ME, stranger, ours, Some(Mismatch::Sender)),
            ("the same, to a new file", None, ME, stranger, None, Some(Mismatch::Sender)),
            ("from itself", ours, ME, Some(ME), ours, None),
            ("from a shopper", ours, ME, None, None, None),
            ("from a shopper, for another", ours, NodeId::Catalog, None, None, Some(Mismatch::Receiver)),
        ] {
            let me = Identity::new(ME, PEERS);
            own.iter().for_each(|store| me.belongs_to(*store));
            let expected = expected.map_or(Ok(()), |why| Err(Misdirected { why, node: ME, store: own }));
            assert_eq!(me.check(&Envelope { to, from, store }), expected, "{case}");
        }
    }

    #[test]
    fn an_envelope_says_who_and_of_which_store() {
        let me = Identity::new(ME, PEERS);
        let to = NodeId::Catalog;
        assert_eq!(me.envelope(to), Envelope { to, from: Some(ME), store: None });
        let store = StoreId::new(u64::MAX);
        me.belongs_to(store);
        assert_eq!(me.envelope(to), Envelope { to, from: Some(ME), store: Some(store) });
        assert!(crate::net::encode(&me.envelope(order(1))).len() <= 15);
    }
}
