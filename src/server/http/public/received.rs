//! A request that is being answered.

use toystore_actors::clock::Timestamp;

use crate::server::metrics::RequestKind;

/// A request whose head has come.
pub struct Received {
    /// After that.
    pub at: Timestamp,
    /// What it asks for, as far as is known.
    pub kind: RequestKind,
}
