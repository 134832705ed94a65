//! The nodes that every run has.

use toystore_actors::domain::FrontEndId;
use toystore_actors::net::NodeId;

/// The number of the front-end, of which there is one in each run.
pub const FRONT_END_ID: FrontEndId = FrontEndId::new(1);

/// The front-end.
pub const FRONT_END: NodeId = NodeId::FrontEnd(FRONT_END_ID);
