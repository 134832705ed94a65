//! What the front-end of the running store says: who leads, and whether it serves.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use awc::Client;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;

use crate::config::Config;
use crate::http::transport;
use crate::shop::wire;

/// How long a store that does not serve may take to do so: a takeover is over long before.
const PATIENCE: Duration = Duration::from_secs(5);

/// How soon it is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Why nobody is known who has every order. Sentences without their end.
#[derive(Debug, thiserror::Error)]
pub enum NoLeader {
    /// Nobody listens there, or something else does.
    #[error(
        "the front-end at http://{address} does not answer ({why}); start the store without it, or give the front-end's address with --front-end"
    )]
    Silent { address: SocketAddr, why: String },
    /// The token.
    #[error(
        "the front-end at http://{address} refuses to answer: {why}; give the cluster's with TOYSTORE_TOKEN"
    )]
    Refused { address: SocketAddr, why: String },
    /// It answers, and waits itself.
    #[error("the store does not serve: {why}")]
    NotServing { why: String },
    /// It says why it does not do what was asked.
    #[error("{why}")]
    Declined { why: String },
    /// It is the very one.
    #[error(
        "it leads itself, by the front-end's view; stop it first, and another takes over if one is in sync"
    )]
    Itself,
}

impl NoLeader {
    /// Whether it may be otherwise in a moment.
    fn may_change(&self) -> bool {
        !matches!(self, NoLeader::Refused { .. } | NoLeader::Declined { .. })
    }
}

/// How long a command may take: it asks all replicas, and reads the leader's whole book.
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// The part of `GET /leader` that matters here.
#[derive(Debug, Deserialize)]
struct Leader {
    leader: ReplicaId,
}

/// A front-end to ask.
pub struct FrontEnd {
    client: Client,
    address: SocketAddr,
}

impl FrontEnd {
    /// The one that is configured, or the one at that address.
    pub fn new(config: &Config, at: Option<SocketAddr>) -> FrontEnd {
        let configured =
            config.addresses.iter().find_map(|(id, at)| matches!(id, NodeId::FrontEnd(_)).then_some(*at));
        // A configuration without a front-end does not load.
        let address = at.or(configured).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
        FrontEnd { client: transport::client(config.token.as_ref()), address }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who other than `replica` leads and serves. A takeover is waited for.
    ///
    /// # Errors
    /// When there is nobody.
    pub async fn leader_other_than(&self, replica: ReplicaId) -> Result<ReplicaId, NoLeader> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.look(replica).await {
                Err(why) if why.may_change() && Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
                outcome => return outcome,
            }
        }
    }

    async fn look(&self, replica: ReplicaId) -> Result<ReplicaId, NoLeader> {
        let Leader { leader } = self.get("/leader").await?;
        if leader == replica {
            return Err(NoLeader::Itself);
        }
        // After the leader was named: what is ready is ready under that leader, or under a later one.
        let _: serde_json::Value = self.get("/readyz").await?;
        Ok(leader)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, NoLeader> {
        let address = self.address;
        let silent = |why| NoLeader::Silent { address, why };
        let asked = tokio::time::timeout(ANSWER_LIMIT, self.send(path)).await;
        let (status, body) = asked.unwrap_or_else(|_| Err("no answer in time".into())).map_err(silent)?;
        self.read(&format!("GET {path}"), status, &body)
    }

    /// Has the front-end do something, or say why not.
    ///
    /// # Errors
    /// Why it was not done; nothing was changed.
    pub async fn command<T: DeserializeOwned>(
        &self,
        path: &str,
        what: &impl Serialize,
    ) -> Result<T, NoLeader> {
        let address = self.address;
        let silent = |why| NoLeader::Silent { address, why };
        let request = self.client.post(format!("http://{address}{path}")).timeout(COMMAND_LIMIT);
        let mut response = request.send_json(what).await.map_err(|error| silent(error.to_string()))?;
        let body = response.body().await.map_err(|error| silent(format!("the answer broke off: {error}")))?;
        self.read(&format!("POST {path}"), response.status(), &body)
    }

    async fn send(&self, path: &str) -> Result<(StatusCode, Bytes), String> {
        let url = format!("http://{}{path}", self.address);
        let mut response = self.client.get(url).send().await.map_err(|error| error.to_string())?;
        let body = response.body().await.map_err(|error| format!("the answer broke off: {error}"))?;
        Ok((response.status(), body))
    }

    fn read<T: DeserializeOwned>(&self, what: &str, status: StatusCode, body: &[u8]) -> Result<T, NoLeader> {
        let address = self.address;
        let silent = |why| NoLeader::Silent { address, why };
        if status == StatusCode::OK {
            return wire::data(body).map_err(silent);
        }
        let why = wire::error(status.as_u16(), body).map_err(silent)?;
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => NoLeader::Refused { address, why },
            StatusCode::SERVICE_UNAVAILABLE => NoLeader::NotServing { why },
            StatusCode::CONFLICT => NoLeader::Declined { why },
            status => silent(format!("{what}: {status}: {why}")),
        })
    }
}
