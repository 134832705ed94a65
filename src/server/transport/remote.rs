//! Over HTTP, to peers in other processes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::StatusCode;
use awc::Client;
use awc::error::{ConnectError, SendRequestError};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use toystore_actors::net::{self, Denied, NetError, NodeId, Transport};

use crate::config::Token;
use crate::server::host::Links;
use crate::wire::peer_calls::BINCODE;
use crate::wire::{answers, http_client, whole_body};

/// The longest reply that is taken.
const REPLY_LIMIT: usize = 16 << 20;

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
        Rc::new(HttpTransport { client: http_client::new(self.0.token.as_ref()), peers: self.0.clone() })
    }
}

struct HttpTransport {
    client: Client,
    peers: Arc<Remote>,
}

impl Transport for HttpTransport {
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
            let reply = whole_body::announced(&mut response, REPLY_LIMIT).await;
            match response.status() {
                StatusCode::OK => reply.map_err(|_| NetError::Lost),
                status => Err(refusal(status, reply.ok().as_deref())),
            }
        })
    }

    fn place(&self, node: NodeId) -> Option<String> {
        self.peers.addresses.get(&node).map(ToString::to_string)
    }
}

/// What an answer other than success means. Some statuses say it all; of the others the body has to be whole.
fn refusal(status: StatusCode, body: Option<&[u8]>) -> NetError {
    match (status, body) {
        (StatusCode::SERVICE_UNAVAILABLE, _) => NetError::Overloaded,
        // The peer's actor stopped while, or before, it had the call.
        (StatusCode::INTERNAL_SERVER_ERROR, _) => NetError::Lost,
        (StatusCode::UNAUTHORIZED, _) => NetError::Denied(Denied::NoToken),
        (StatusCode::FORBIDDEN, _) => NetError::Denied(Denied::OtherToken),
        (_, None) => NetError::Lost,
        (StatusCode::MISDIRECTED_REQUEST, Some(body)) if let Ok(answer) = net::decode(body) => {
            NetError::Misdirected(answer)
        }
        (status, Some(body)) => NetError::Malformed(said(status, body)),
    }
}

/// What was said instead, in few words: whatever listens there may say a lot.
fn said(status: StatusCode, body: &[u8]) -> String {
    let why = answers::error(status.as_u16(), body).unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use toystore_actors::domain::ReplicaId;

    use super::*;
    use crate::wire::whole_body::doubles::{answer, saying};

    /// An answer that did not arrive whole is as good as none: the peer may have acted.
    #[test]
    fn an_answer_that_was_cut_is_lost() {
        let megabyte = "x".repeat(1_000_000);
        let cut = &megabyte[..300_000];
        let malformed = |what: &str| Err(NetError::Malformed(what.to_owned()));
        let refused = r#"{"error":{"code":404,"message":"no message"}}"#;
        let not_found =
            |length: usize| answer(&format!("404 Not Found\r\nContent-Length: {length}"), refused);
        let rows: Vec<(&str, Vec<u8>, Result<usize, NetError>)> = vec![
            ("whole", answer("200 OK\r\nContent-Length: 1000000", &megabyte), Ok(1_000_000)),
            ("empty", answer("200 OK\r\nContent-Length: 0", ""), Ok(0)),
            ("a body that was cut", answer("200 OK\r\nContent-Length: 1000000", cut), Err(NetError::Lost)),
            ("no body", answer("200 OK\r\nContent-Length: 1000000", ""), Err(NetError::Lost)),
            ("a head that was cut", b"HTTP/1.1 200 OK\r\nContent-Le".to_vec(), Err(NetError::Lost)),
            ("nothing", Vec::new(), Err(NetError::Lost)),
            ("no length", answer("200 OK", "abc"), Err(NetError::Lost)),
            ("no length, as of old", b"HTTP/1.0 200 OK\r\n\r\nabc".to_vec(), Err(NetError::Lost)),
            (
                "chunks",
                answer("200 OK\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"),
                Err(NetError::Lost),
            ),
            (
                "chunks that were cut",
                answer("200 OK\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n"),
                Err(NetError::Lost),
            ),
            ("another's refusal", not_found(refused.len()), malformed("404 Not Found: no message")),
            ("another's refusal that was cut", not_found(refused.len() + 1), Err(NetError::Lost)),
            (
                "a receiver's words that were cut",
                answer("421 Misdirected Request\r\nContent-Length: 100", [1, 0, 0]),
                Err(NetError::Lost),
            ),
            // The status alone promises that no notice was taken.
            (
                "too much to do, and cut",
                answer("503 Service Unavailable\r\nContent-Length: 100", "{"),
                Err(NetError::Overloaded),
            ),
        ];
        actix::System::new().block_on(async {
            for (label, answer, expected) in rows {
                let peer = NodeId::Order(ReplicaId::new(1));
                let addresses = BTreeMap::from([(peer, saying([answer]))]);
                let links = RemoteLinks(Arc::new(Remote { addresses, token: None }));
                let called = links.transport().call(peer, "sync", Bytes::from_static(b"message")).await;
                assert_eq!(called.map(|reply| reply.len()), expected, "{label}");
            }
        });
    }
}
