//! The way of a peer's call into an actor's mailbox.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, MailboxError};
use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::codec::{decode, encode, open};
use super::errors::BridgeError;
use super::names::Identity;
use super::rpc::Rpc;

type Dispatch = Box<dyn Fn(Bytes) -> Result<Taken, BridgeError> + Send + Sync>;

/// What became of an encoded call.
enum Taken {
    /// It is answered already.
    Answered(Bytes),
    /// The actor is about to be asked.
    Asks(BoxFuture<'static, Result<Bytes, BridgeError>>),
}

/// The way from encoded calls into one actor's mailbox. It counts the calls under way and turns away what
/// exceeds its limit, so a slow actor has a short queue and its clients a quick refusal.
///
/// What keeps the store together (views, syncs, purchases) is never turned away: there are few such calls at a
/// time, one or two from each peer, and clients who wait for an order must not keep out the message that the
/// order waits for.
pub struct Bridge {
    me: Arc<Identity>,
    handlers: BTreeMap<&'static str, (Class, Dispatch)>,
    under_way: Arc<AtomicUsize>,
    limit: usize,
}

impl Bridge {
    /// The bridge of a node, which lets `limit` calls be under way at once.
    #[must_use]
    pub fn new(me: Arc<Identity>, limit: usize) -> Bridge {
        Bridge { me, handlers: BTreeMap::new(), under_way: Arc::default(), limit }
    }

    /// Lets messages of type `M` pass to `addr`, as far as the limit allows.
    #[must_use]
    pub fn route<M, A>(self, addr: &Addr<A>) -> Bridge
    where
        M: Rpc,
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.add::<M, A>(addr, Class::Limited, |_| None)
    }

    /// The same, but for messages that `look` has an answer to: they do not come to the actor, and need no place under
    /// the limit.
    #[must_use]
    pub fn route_unless<M, A>(
        self,
        addr: &Addr<A>,
        look: impl Fn(&M) -> Option<M::Reply> + Send + Sync + 'static,
    ) -> Bridge
    where
        M: Rpc,
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.add::<M, A>(addr, Class::Limited, look)
    }

    /// Lets messages of type `M` pass to `addr` always: those that the store's working depends on.
    #[must_use]
    pub fn control<M, A>(self, addr: &Addr<A>) -> Bridge
    where
        M: Rpc,
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.add::<M, A>(addr, Class::Control, |_| None)
    }

    fn add<M, A>(
        mut self,
        addr: &Addr<A>,
        class: Class,
        look: impl Fn(&M) -> Option<M::Reply> + Send + Sync + 'static,
    ) -> Bridge
    where
        M: Rpc,
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        let addr = addr.clone();
        let handler = move |body: Bytes| -> Result<Taken, BridgeError> {
            let message = decode::<M>(&body).map_err(malformed)?;
            if let Some(answer) = look(&message) {
                return Ok(Taken::Answered(encode(&answer)));
            }
            let addr = addr.clone();
            Ok(Taken::Asks(Box::pin(async move { Ok(encode(&post(&addr, message).await?)) })))
        };
        self.handlers.insert(M::NAME, (class, Box::new(handler)));
        self
    }

    /// Hands one encoded call to the actor and waits for the encoded reply. A call begins with its envelope, which is
    /// looked at before the message's name: another service has other messages.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub async fn dispatch(&self, name: &str, call: Bytes) -> Result<Bytes, BridgeError> {
        let (envelope, message) = open(&call).map_err(malformed)?;
        self.me.check(&envelope)?;
        let found = self.handlers.get(name);
        let (class, handler) = found.ok_or_else(|| BridgeError::UnknownMessage(name.to_owned()))?;
        match handler(message)? {
            Taken::Answered(answer) => Ok(answer),
            Taken::Asks(answer) => {
                let _pass = self.pass(*class)?;
                answer.await
            }
        }
    }

    /// Sends one typed message to the actor, under the same limit as [`Bridge::dispatch`].
    ///
    /// # Errors
    /// [`BridgeError::Overloaded`] or [`BridgeError::Stopped`].
    pub async fn send<M, A>(&self, addr: &Addr<A>, message: M) -> Result<M::Reply, BridgeError>
    where
        M: Rpc,
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        let _pass = self.pass(self.handlers.get(M::NAME).map_or(Class::Limited, |(class, _)| *class))?;
        post(addr, message).await
    }

    /// A place under the limit, for a call that needs one.
    fn pass(&self, class: Class) -> Result<Option<Pass>, BridgeError> {
        match class {
            Class::Limited => self.admit().map(Some),
            Class::Control => Ok(None),
        }
    }

    /// How many calls are under way, of those whose number is limited.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// How many may be.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    fn admit(&self) -> Result<Pass, BridgeError> {
        let pass = Pass(self.under_way.clone());
        if self.under_way.fetch_add(1, Ordering::Relaxed) < self.limit {
            Ok(pass)
        } else {
            Err(BridgeError::Overloaded)
        }
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").field("messages", &self.handlers.keys()).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Limited,
    Control,
}

/// Holds a call's place under the limit until it is answered or given up.
struct Pass(Arc<AtomicUsize>);

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn post<M, A>(addr: &Addr<A>, message: M) -> Result<M::Reply, BridgeError>
where
    M: Rpc,
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
{
    addr.send(message).await.map_err(|error| match error {
        MailboxError::Closed | MailboxError::Timeout => BridgeError::Stopped,
    })
}

fn malformed(error: bincode::error::DecodeError) -> BridgeError {
    BridgeError::Malformed(error.to_string())
}

#[cfg(test)]
mod tests {
    use actix::Context;
    use actix::prelude::{ActorContext, AsyncContext, WrapFuture};
    use futures_util::FutureExt;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::domain::ReplicaId;
    use crate::net::names::{Envelope, Misdirected, Mismatch};
    use crate::net::node_id::NodeId;
    use crate::net::rpcs;
    use crate::tasks::{Deferred, Tasks};
    use crate::test_doubles::on_virtual_time;

    const ME: NodeId = NodeId::Catalog;

    /// Never answered.
    #[derive(Serialize, Deserialize)]
    struct Wait {}
    /// Answered at once.
    #[derive(Serialize, Deserialize)]
    struct Double(u32);
    /// Ends the service.
    #[derive(Serialize, Deserialize)]
    struct Stop {}

    rpcs! {
        Wait, "wait" => ();
        Double, "double" => u32;
        Stop, "stop" => ();
    }

    struct Service(Tasks);

    impl Actor for Service {
        type Context = Context<Service>;

        fn started(&mut self, context: &mut Context<Service>) {
            context.spawn(self.0.driver().into_actor(self));
        }
    }

    impl Handler<Wait> for Service {
        type Result = Deferred<()>;

        fn handle(&mut self, _: Wait, _: &mut Context<Service>) -> Deferred<()> {
            self.0.reply(std::future::pending())
        }
    }

    impl Handler<Double> for Service {
        type Result = u32;

        fn handle(&mut self, Double(number): Double, _: &mut Context<Service>) -> u32 {
            2 * number
        }
    }

    impl Handler<Stop> for Service {
        type Result = ();

        fn handle(&mut self, _: Stop, context: &mut Context<Service>) {
            context.stop();
        }
    }

    /// A bridge that lets one call wait at a time.
    fn bridge() -> Bridge {
        let addr = Service(Tasks::default()).start();
        Bridge::new(Arc::new(Identity::new(ME, [])), 1)
            .route::<Wait, _>(&addr)
            .control::<Double, _>(&addr)
            .control::<Stop, _>(&addr)
    }

    fn call(to: NodeId, message: &impl serde::Serialize) -> Bytes {
        encode(&(Envelope { to, from: None, store: None }, message))
    }

    #[test]
    fn what_exceeds_the_limit_is_turned_away_and_what_keeps_the_store_together_is_not() {
        on_virtual_time(async || {
            let bridge = bridge();
            let wait = || bridge.dispatch(Wait::NAME, call(ME, &Wait {}));
            let mut first = Box::pin(wait());
            assert!(first.as_mut().now_or_never().is_none());
            assert_eq!((bridge.under_way(), wait().await), (1, Err(BridgeError::Overloaded)));
            let doubled = bridge.dispatch(Double::NAME, call(ME, &Double(4))).await;
            assert_eq!(doubled, Ok(encode(&8u32)));
            drop(first);
            assert_eq!(bridge.under_way(), 0, "who gives up leaves a place");
        });
    }

    /// Rule M11.
    #[test]
    fn only_a_known_message_for_this_node_reaches_the_actor() {
        on_virtual_time(async || {
            let bridge = bridge();
            let elsewhere = NodeId::Order(ReplicaId::new(1));
            let misdirected = Misdirected { why: Mismatch::Receiver, node: ME, store: None };
            for (case, name, call, expected) in [
                ("for another", Double::NAME, call(elsewhere, &Double(1)), misdirected.into()),
                ("for another, and unknown", "gnu", call(elsewhere, &Double(1)), misdirected.into()),
                ("unknown", "gnu", call(ME, &Double(1)), BridgeError::UnknownMessage("gnu".into())),
            ] {
                assert_eq!(bridge.dispatch(name, call).await, Err(expected), "{case}");
            }
            for (case, body) in [
                ("no envelope", Bytes::from_static(&[0xFF])),
                ("another message", call(ME, &Wait {})),
                ("more than a message", call(ME, &(Double(1), 7u8))),
            ] {
                let answer = bridge.dispatch(Double::NAME, body).await;
                assert!(matches!(answer, Err(BridgeError::Malformed(_))), "{case}: {answer:?}");
            }
        });
    }

    #[test]
    fn a_service_that_has_stopped_is_told_so() {
        on_virtual_time(async || {
            let bridge = bridge();
            assert_eq!(bridge.dispatch(Stop::NAME, call(ME, &Stop {})).await, Ok(encode(&())));
            let answer = bridge.dispatch(Double::NAME, call(ME, &Double(1))).await;
            assert_eq!(answer, Err(BridgeError::Stopped));
        });
    }
}
