//! The HTTP client for the store's own services.

use std::time::Duration;

use awc::{Client, Connector};

use crate::config::Token;

/// How long a connection may take to be made. A peer in the same data center needs a millisecond.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// How long an unused connection is kept. The servers keep theirs longer, so that one is not closed just
/// as a call is sent on it.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// What talks to the store's services: it shows them the cluster's secret, and leaves time to its caller.
pub fn new(token: Option<&Token>) -> Client {
    // As many connections as the callers have calls under way; they limit themselves.
    let connector = Connector::new().timeout(CONNECT_LIMIT).conn_keep_alive(KEEP_ALIVE).limit(0);
    let builder = Client::builder().connector(connector).disable_timeout().disable_redirects();
    match token {
        Some(token) => builder.bearer_auth(token.secret()).finish(),
        None => builder.finish(),
    }
}
