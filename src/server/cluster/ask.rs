//! Asks the other services how they are.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use awc::Client;
use awc::error::{ConnectError, SendRequestError};
use futures_util::future::join_all;
use serde::Deserialize;
use toystore_actors::net::NodeId;

use super::shapes::{Observed, Reach};
use crate::wire::{answers, paths, whole_body};

/// How long one may take to say how it is. It is asked again soon.
const LIMIT: Duration = Duration::from_millis(800);

/// The longest answer that is taken: a thousand lines.
const ANSWER_LIMIT: usize = 1 << 20;

/// What came of asking one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// How it is.
    Observed(Observed),
    /// It answers, but does not say how it is, because of this.
    Refused(String),
    /// It takes calls and does not answer.
    Silent,
    /// Nobody is there.
    Down,
}

impl Answer {
    /// Whether it answers.
    pub fn reach(&self) -> Reach {
        match self {
            Answer::Observed(_) | Answer::Refused(_) => Reach::Up,
            Answer::Silent => Reach::Silent,
            Answer::Down => Reach::Down,
        }
    }
}

#[derive(Deserialize)]
struct Whole {
    data: Observed,
}

/// Asks all of them side by side; each for what it told after an id.
pub async fn ask_all(
    client: &Client,
    peers: &BTreeMap<NodeId, SocketAddr>,
    after: &BTreeMap<NodeId, u64>,
) -> Vec<(NodeId, Answer)> {
    let asked = peers.iter().map(|(node, address)| async move {
        let after = after.get(node).copied().unwrap_or(0);
        let answer = tokio::time::timeout(LIMIT, ask(client, *address, after)).await;
        (*node, answer.unwrap_or(Answer::Silent))
    });
    join_all(asked).await
}

async fn ask(client: &Client, address: SocketAddr, after: u64) -> Answer {
    let sent = client.get(format!("http://{address}{}?after={after}", paths::OBSERVE)).send().await;
    let mut response = match sent {
        Ok(response) => response,
        Err(SendRequestError::Connect(ConnectError::Timeout)) => return Answer::Silent,
        Err(_) => return Answer::Down,
    };
    let Ok(body) = whole_body::announced(&mut response, ANSWER_LIMIT).await else { return Answer::Down };
    match response.status() {
        StatusCode::OK => serde_json::from_slice(&body).map_or_else(
            |_| {
                Answer::Refused(
                    "it answers something else than how it is: is it of another version?".to_owned(),
                )
            },
            |Whole { data }| Answer::Observed(data),
        ),
        status => {
            let why = answers::error(status.as_u16(), &body).unwrap_or_default();
            Answer::Refused(if why.is_empty() { format!("it answers {status}") } else { why })
        }
    }
}
