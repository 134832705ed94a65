//! The network as an actor sees it: typed calls to peers known by [`NodeId`], never by address.
//!
//! A restarted actor is a new `Addr` under the same `NodeId`, so nobody may keep an `Addr` of a peer. On
//! the calling side a [`Net`] encodes a message and hands it to a [`Transport`]; on the answering side a
//! [`Bridge`] decodes it, sends it to the actor's mailbox and encodes the reply. HTTP and the simulated
//! network both connect a `Transport` to a `Bridge`; the actors cannot tell which.
//!
//! In front of each message is an [`Envelope`]: for whom it is, from whom, of which store. A bridge refuses what is
//! not for its node, and a net says so once, by name (rule M11).

mod complaints;
mod names;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, MailboxError};
use bytes::Bytes;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::complaints::Complaints;
pub use self::names::{Envelope, Identity, Misdirected, Mismatch};
use crate::clock::{Clock, within};
use crate::domain::{FrontEndId, ReplicaId};

/// Names a service or an order replica, wherever it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NodeId {
    /// A front-end, by its number.
    FrontEnd(FrontEndId),
    /// The catalog.
    Catalog,
    /// An order replica, by its id.
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

/// A message that one service sends to another and that has one reply.
pub trait Rpc:
    actix::Message<Result = <Self as Rpc>::Reply> + Serialize + DeserializeOwned + Send + 'static
{
    /// The message's name on the wire; also the last part of its path over HTTP.
    const NAME: &'static str;
    /// What it is answered with.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
}

/// Declares message types with their wire names and replies: `Type, "name" => Reply;`.
macro_rules! rpcs {
    ($($message:ty, $name:literal => $reply:ty;)*) => {$(
        impl actix::Message for $message {
            type Result = $reply;
        }
        impl $crate::net::Rpc for $message {
            const NAME: &'static str = $name;
            type Reply = $reply;
        }
    )*};
}
pub(crate) use rpcs;

/// Why a call has no reply. In every case but [`NetError::Overloaded`], [`NetError::Refused`],
/// [`NetError::Misdirected`] and [`NetError::Denied`] the peer may have acted on the call all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Nobody listens there: the call was certainly not received.
    #[error("refused")]
    Refused,
    /// The connection broke, or the peer stopped before it answered.
    #[error("connection lost")]
    Lost,
    /// The peer has too many calls under way and took no notice of this one.
    #[error("overloaded")]
    Overloaded,
    /// No reply within the time given.
    #[error("no answer in time")]
    TimedOut,
    /// The peer answered something that is not a reply to this message.
    #[error("malformed reply: {0}")]
    Malformed(String),
    /// The message was not for who got it, and it took no notice. Whom it was for is as silent as ever: it may well run,
    /// so this is no reason to give it up any sooner than another's silence.
    #[error("not for whom it reached: {0}")]
    Misdirected(#[from] Misdirected),
    /// The peer's door did not let the call in.
    #[error("{0}")]
    Denied(Denied),
}

/// Why a peer's door did not let a call in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It demands a token, and none was shown.
    #[error("the peer demands the cluster's token")]
    NoToken,
    /// It demands another token.
    #[error("the peer refuses the token")]
    OtherToken,
}

/// Carries encoded calls to a node and brings back the encoded reply to *that very call*.
///
/// Dropping the returned future does not recall a message that is already on its way.
pub trait Transport {
    /// Sends `body`, a message of the name `name`, to `to`.
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>>;

    /// Where a node is, by the configuration, as a person would look for it there.
    fn place(&self, _: NodeId) -> Option<String> {
        None
    }
}

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

const CODEC: bincode::config::Configuration = bincode::config::standard();

/// Encodes a message or reply as peers exchange it (bincode 2, standard configuration).
pub fn encode<T: Serialize>(value: &T) -> Bytes {
    // Encoding into memory fails only for types that serde cannot describe; none of ours is one.
    Bytes::from(bincode::serde::encode_to_vec(value, CODEC).expect("the message types are plain data"))
}

/// Decodes what [`encode`] made.
///
/// # Errors
/// When the bytes are not such a value, or are followed by more.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, bincode::error::DecodeError> {
    let (value, read) = bincode::serde::decode_from_slice(bytes, CODEC)?;
    if read == bytes.len() {
        Ok(value)
    } else {
        Err(bincode::error::DecodeError::OtherString(format!("{} bytes after the end", bytes.len() - read)))
    }
}

/// Takes a call between services apart: its envelope, and the message as [`encode`] made it.
///
/// # Errors
/// When it does not begin with an envelope.
pub fn open(call: &Bytes) -> Result<(Envelope, Bytes), bincode::error::DecodeError> {
    let (envelope, read) = bincode::serde::decode_from_slice(call, CODEC)?;
    Ok((envelope, call.slice(read..)))
}

/// How the body of a call that arrives at a [`Bridge`] is written; the reply is written the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Between peers.
    Bincode,
    /// For people: the same message as JSON.
    Json,
}

impl Codec {
    fn read<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, BridgeError> {
        match self {
            Codec::Bincode => decode(body).map_err(|error| BridgeError::Malformed(error.to_string())),
            Codec::Json => {
                serde_json::from_slice(body).map_err(|error| BridgeError::Malformed(error.to_string()))
            }
        }
    }

    fn write<T: Serialize>(self, value: &T) -> Bytes {
        match self {
            Codec::Bincode => encode(value),
            Codec::Json => Bytes::from(serde_json::to_vec(value).expect("the message types are plain data")),
        }
    }
}

/// Why a call that arrived has no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    /// The service has no message of that name.
    #[error("this service has no message {0:?}")]
    UnknownMessage(String),
    /// The body is not that message.
    #[error("not a well-formed message: {0}")]
    Malformed(String),
    /// Too many calls are under way; this one was not taken.
    #[error("too many requests are under way")]
    Overloaded,
    /// The actor has stopped, perhaps after it acted on this call.
    #[error("the service has stopped")]
    Stopped,
    /// It is not for this node.
    #[error(transparent)]
    Misdirected(#[from] Misdirected),
}

impl From<BridgeError> for NetError {
    fn from(error: BridgeError) -> NetError {
        match error {
            BridgeError::Overloaded => NetError::Overloaded,
            BridgeError::Stopped => NetError::Lost,
            BridgeError::Misdirected(answer) => NetError::Misdirected(answer),
            BridgeError::UnknownMessage(_) | BridgeError::Malformed(_) => {
                NetError::Malformed(error.to_string())
            }
        }
    }
}

type Dispatch = Box<dyn Fn(Codec, Bytes) -> BoxFuture<'static, Result<Bytes, BridgeError>> + Send + Sync>;

/// The way from encoded calls into one actor's mailbox. It counts the calls under way and turns away what
/// exceeds its limit, so a slow actor has a short queue and its clients a quick 503.
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
        self.add::<M, A>(addr, Class::Limited)
    }

    /// Lets messages of type `M` pass to `addr` always: those that the store's working depends on.
    #[must_use]
    pub fn control<M, A>(self, addr: &Addr<A>) -> Bridge
    where
        M: Rpc,
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.add::<M, A>(addr, Class::Control)
    }

    fn add<M, A>(mut self, addr: &Addr<A>, class: Class) -> Bridge
    where
        M: Rpc,
        A: Actor + Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        let addr = addr.clone();
        let handler = move |codec: Codec, body: Bytes| -> BoxFuture<'static, Result<Bytes, BridgeError>> {
            let message = codec.read::<M>(&body);
            let addr = addr.clone();
            Box::pin(async move { Ok(codec.write(&post(&addr, message?).await?)) })
        };
        self.handlers.insert(M::NAME, (class, Box::new(handler)));
        self
    }

    /// Hands one encoded call to the actor and waits for the encoded reply. A call between peers begins with its
    /// envelope, which is looked at before the message's name: another service has other messages.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub async fn dispatch(&self, name: &str, codec: Codec, body: Bytes) -> Result<Bytes, BridgeError> {
        let body = match codec {
            Codec::Json => body,
            Codec::Bincode => {
                let opened = open(&body).map_err(|error| BridgeError::Malformed(error.to_string()));
                let (envelope, message) = opened?;
                self.me.check(&envelope)?;
                message
            }
        };
        let found = self.handlers.get(name);
        let (class, handler) = found.ok_or_else(|| BridgeError::UnknownMessage(name.to_owned()))?;
        let _pass = self.pass(*class)?;
        handler(codec, body).await
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
