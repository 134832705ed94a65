//! An actor's calls to its peers.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::codec::{decode, encode};
use super::complaints::Complaints;
use super::errors::NetError;
use super::names::{Envelope, Identity};
use super::node_id::NodeId;
use super::rpc::Rpc;
use super::transport::Transport;
use crate::clock::{Clock, within};

/// What an actor holds to call its peers.
#[derive(Clone)]
pub struct Net {
    me: Option<Arc<Identity>>,
    transport: Rc<dyn Transport>,
    clock: Arc<dyn Clock>,
    complaints: Rc<RefCell<Complaints>>,
}

impl Net {
    /// The calls of a node. They go through `transport`; their time limits run on `clock`.
    pub fn new(me: Arc<Identity>, transport: Rc<dyn Transport>, clock: Arc<dyn Clock>) -> Net {
        Net { me: Some(me), ..Net::of_a_stranger(transport, clock) }
    }

    /// The calls of who is no service of the store, such as a shopper.
    pub fn of_a_stranger(transport: Rc<dyn Transport>, clock: Arc<dyn Clock>) -> Net {
        Net { me: None, transport, clock, complaints: Rc::default() }
    }

    /// Sends a message to a peer and waits for the reply, at most `limit`.
    ///
    /// # Errors
    /// See [`NetError`]; unless the error says that the peer took no notice, it may have acted.
    pub async fn send<M: Rpc>(&self, to: NodeId, message: &M, limit: Duration) -> Result<M::Reply, NetError> {
        let stranger = Envelope { to, from: None, store: None };
        let envelope = self.me.as_ref().map_or(stranger, |me| me.envelope(to));
        // One buffer for both: a tuple is encoded as its parts, one after the other.
        let call = self.transport.call(to, M::NAME, encode(&(envelope, message)));
        let outcome = match within(&*self.clock, limit, call).await {
            Ok(Ok(reply)) => decode(&reply).map_err(|error| NetError::Malformed(error.to_string())),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(NetError::TimedOut),
        };
        self.note(to, M::NAME, outcome.as_ref().err());
        outcome
    }

    /// What keeps this node from that peer, as a sentence, if that is anything but silence.
    #[must_use]
    pub fn complaint(&self, peer: NodeId) -> Option<String> {
        self.complaints.borrow().about(peer).map(ToOwned::to_owned)
    }

    fn note(&self, to: NodeId, name: &'static str, error: Option<&NetError>) {
        let me = self.me.as_deref();
        let place = error.and_then(|_| self.transport.place(to));
        let mut complaints = self.complaints.borrow_mut();
        if let (Some(said), Some(me)) = (complaints.note(me, to, place, name, error), me) {
            log::warn!(node:% = me.id(); "{}: {said}", me.id());
        }
    }
}
