//! What the services are called.

use toystore_actors::net::NodeId;

/// A service's name as a person reads it, and its directory's. There is one front-end, so it needs no number.
pub fn label(id: NodeId) -> String {
    match id {
        NodeId::FrontEnd(_) => "front-end".to_owned(),
        NodeId::Catalog | NodeId::Order(_) => id.to_string(),
    }
}
