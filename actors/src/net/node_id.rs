//! The names of nodes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{FrontEndId, ReplicaId};

/// Names a service or an order replica, wherever it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NodeId {
    FrontEnd(FrontEndId),
    Catalog,
    Order(ReplicaId),
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeId::FrontEnd(number) => write!(f, "front-end-{number}"),
            NodeId::Catalog => f.write_str("catalog"),
            NodeId::Order(id) => write!(f, "order-{id}"),
        }
    }
}
