//! The two ways from an actor to its peers: over HTTP, and within one process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use awc::error::{ConnectError, SendRequestError};
use awc::{Client, Connector};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use parking_lot::RwLock;
use toystore_actors::net::{self, Bridge, Codec, Denied, NetError, NodeId, Transport};

use super::BINCODE;
use crate::config::Token;
use crate::host::Links;
use crate::shop::wire;

/// The longest reply that is taken.
const REPLY_LIMIT: usize = 16 << 20;

/// How long a connection may take to be made. A peer in the same data center needs a millisecond.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// How long an unused connection is kept. The servers keep theirs longer, so that one is not closed just
/// as a call is sent on it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Peers in other processes.
#[derive(Debug)]
pub struct Remote {
    /// Where each listens.
    pub addresses: BTreeMap<NodeId, SocketAddr>,
    /// The cluster's secret.
    pub token: Option<Token>,
}

/// A [`Remote`] that is shared by the nodes of a process.
#[derive(Debug, Clone)]
pub struct RemoteLinks(pub Arc<Remote>);

impl Links for RemoteLinks {
    fn transport(&self) -> Rc<dyn Transport> {
        Rc::new(Http { client: client(self.0.token.as_ref()), peers: self.0.clone() })
    }
}

/// What talks to the store's services: it shows them the cluster's secret, and leaves time to its caller.
pub fn client(token: Option<&Token>) -> Client {
    // As many connections as the callers have calls under way; they limit themselves.
    let connector = Connector::new().timeout(CONNECT_LIMIT).conn_keep_alive(KEEP_ALIVE).limit(0);
    let builder = Client::builder().connector(connector).disable_timeout().disable_redirects();
    match token {
        Some(token) => builder.bearer_auth(token.secret()).finish(),
        None => builder.finish(),
    }
}

struct Http {
    client: Client,
    peers: Arc<Remote>,
}

impl Transport for Http {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        let Some(address) = self.peers.addresses.get(&to) else {
            return Box::pin(async { Err(NetError::Refused) });
        };
        let request = self.client.post(format!("http://{address}/{name}")).content_type(BINCODE);
        let sent = request.send_body(body);
        Box::pin(async move {
            let mut response = sent.await.map_err(|error| classify(&error))?;
            let reply = response.body().limit(REPLY_LIMIT).await;
            match response.status() {
                StatusCode::OK => reply.map_err(|_| NetError::Lost),
                status => Err(refusal(status, &reply.unwrap_or_default())),
            }
        })
    }

    fn place(&self, node: NodeId) -> Option<String> {
        self.peers.addresses.get(&node).map(ToString::to_string)
    }
}

/// What an answer other than success means.
fn refusal(status: StatusCode, body: &[u8]) -> NetError {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => NetError::Overloaded,
        // The peer's actor stopped while, or before, it had the call.
        StatusCode::INTERNAL_SERVER_ERROR => NetError::Lost,
        StatusCode::UNAUTHORIZED => NetError::Denied(Denied::NoToken),
        StatusCode::FORBIDDEN => NetError::Denied(Denied::OtherToken),
        StatusCode::MISDIRECTED_REQUEST if let Ok(answer) = net::decode(body) => {
            NetError::Misdirected(answer)
        }
        status => NetError::Malformed(said(status, body)),
    }
}

/// What was said instead, in few words: whatever listens there may say a lot.
fn said(status: StatusCode, body: &[u8]) -> String {
    let why = wire::error(status.as_u16(), body).unwrap_or_default();
    if why.is_empty() { status.to_string() } else { format!("{status}: {why}") }
}

/// Whether the call certainly did not arrive, or may have.
fn classify(error: &SendRequestError) -> NetError {
    match error {
        // awc's word for a connection that ended before an answer came: the call may have arrived.
        SendRequestError::Connect(ConnectError::Disconnected) => NetError::Lost,
        SendRequestError::Connect(_) | SendRequestError::Url(_) => NetError::Refused,
        _ => NetError::Lost,
    }
}

/// The running nodes of this process. A node that is down is not in it.
#[derive(Debug, Clone, Default)]
pub struct Registry(Arc<RwLock<BTreeMap<NodeId, Arc<Bridge>>>>);

impl Registry {
    /// Lets the others reach a node.
    pub fn insert(&self, id: NodeId, bridge: Arc<Bridge>) {
        self.0.write().insert(id, bridge);
    }

    /// A node is down; calls to it are refused from now on.
    pub fn remove(&self, id: NodeId) {
        self.0.write().remove(&id);
    }
}

impl Links for Registry {
    fn transport(&self) -> Rc<dyn Transport> {
        Rc::new(Local(self.clone()))
    }
}

/// Calls into the other node's bridge directly.
struct Local(Registry);

impl Transport for Local {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        let bridge = self.0.0.read().get(&to).cloned();
        Box::pin(async move {
            let bridge = bridge.ok_or(NetError::Refused)?;
            Ok(bridge.dispatch(name, Codec::Bincode, body).await?)
        })
    }
}
