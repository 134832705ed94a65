//! The way into a running actor, from any thread.

use std::sync::Arc;

use actix::{Actor, Addr};
use toystore_actors::net::{Bridge, BridgeError, Rpc};

/// Asks an actor of this process.
pub struct ActorHandle<A: Actor> {
    /// The mailbox, past which nothing limits who asks.
    pub addr: Addr<A>,
    /// Its encoded messages, and its limit of calls under way.
    pub bridge: Arc<Bridge>,
}

impl<A: Actor> Clone for ActorHandle<A> {
    fn clone(&self) -> Self {
        ActorHandle { addr: self.addr.clone(), bridge: self.bridge.clone() }
    }
}

impl<A: Actor> ActorHandle<A> {
    /// Asks the actor, under its limit of calls under way.
    ///
    /// # Errors
    /// When it has too much to do, or has stopped.
    pub async fn ask<M>(&self, message: M) -> Result<M::Reply, BridgeError>
    where
        M: Rpc,
        A: actix::Handler<M>,
        A::Context: actix::dev::ToEnvelope<A, M>,
    {
        self.bridge.send(&self.addr, message).await
    }
}
