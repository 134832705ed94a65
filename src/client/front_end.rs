//! Asks the front-end of a running store, as an operator's commands do.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use awc::Client;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{Config, StoreFlags};
use crate::console::failure::Failure;
use crate::wire::{answers, http_client, whole_body};

/// The longest answer that is taken.
const ANSWER_BYTES: usize = 16 << 20;

/// How long a command may take: it asks all replicas, and reads the leader's whole book.
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// Why a front-end has not answered as it should. Sentences without their end.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Nobody listens there, or something else does.
    #[error(
        "the front-end at http://{address} does not answer ({why}); start it, or give its address with --front-end"
    )]
    Silent { address: SocketAddr, why: String },
    /// The token is missing, or another than the cluster's.
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
}

impl NoAnswer {
    /// Whether it may be otherwise in a moment.
    pub fn may_change(&self) -> bool {
        matches!(self, NoAnswer::Silent { .. } | NoAnswer::NotServing { .. })
    }
}

/// Where the front-end is asked.
#[derive(Debug, clap::Args)]
pub struct FrontEndFlag {
    /// Where the front-end answers, if not where the configuration says
    #[arg(long, value_name = "IP:PORT")]
    pub front_end: Option<SocketAddr>,
}

/// A store, and where its front-end is asked.
#[derive(Debug, clap::Args)]
pub struct RunningStoreFlags {
    #[command(flatten)]
    store: StoreFlags,

    #[command(flatten)]
    front_end: FrontEndFlag,
}

impl RunningStoreFlags {
    /// The store as it is configured, and its front-end.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn load(&self) -> Result<(Config, FrontEndClient), Failure> {
        let config = self.store.load()?;
        let front_end = FrontEndClient::new(&config, &self.front_end);
        Ok((config, front_end))
    }
}

/// A front-end to ask.
pub struct FrontEndClient {
    client: Client,
    address: SocketAddr,
}

impl FrontEndClient {
    /// The one that is configured, or the one at that address.
    pub fn new(config: &Config, flag: &FrontEndFlag) -> FrontEndClient {
        let address = flag.front_end.unwrap_or(config.front_end_address);
        FrontEndClient { client: http_client::new(config.token.as_ref()), address }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has under that path, within so much time.
    ///
    /// # Errors
    /// See [`NoAnswer`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str, limit: Duration) -> Result<T, NoAnswer> {
        let address = self.address;
        let silent = |why| NoAnswer::Silent { address, why };
        let asked = tokio::time::timeout(limit, self.send(path)).await;
        let (status, body) = asked.unwrap_or_else(|_| Err("no answer in time".into())).map_err(silent)?;
        self.read(&format!("GET {path}"), status, &body)
    }

    /// Has the front-end do something, or say why not.
    ///
    /// # Errors
    /// See [`NoAnswer`].
    pub async fn command<T: DeserializeOwned>(
        &self,
        path: &str,
        what: &impl Serialize,
    ) -> Result<T, NoAnswer> {
        let address = self.address;
        let silent = |why| NoAnswer::Silent { address, why };
        let request = self.client.post(format!("http://{address}{path}")).timeout(COMMAND_LIMIT);
        let mut response = request.send_json(what).await.map_err(|error| silent(error.to_string()))?;
        let body =
            whole_body::json(&mut response, ANSWER_BYTES).await.map_err(|error| silent(error.to_string()))?;
        self.read(&format!("POST {path}"), response.status(), &body)
    }

    fn read<T: DeserializeOwned>(&self, what: &str, status: StatusCode, body: &[u8]) -> Result<T, NoAnswer> {
        let address = self.address;
        let silent = |why| NoAnswer::Silent { address, why };
        if status == StatusCode::OK {
            return answers::data(body).map_err(silent);
        }
        let why = answers::error(status.as_u16(), body).map_err(silent)?;
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => NoAnswer::Refused { address, why },
            StatusCode::SERVICE_UNAVAILABLE => NoAnswer::NotServing { why },
            StatusCode::CONFLICT => NoAnswer::Declined { why },
            status => silent(format!("{what}: {status}: {why}")),
        })
    }

    async fn send(&self, path: &str) -> Result<(StatusCode, Bytes), String> {
        let url = format!("http://{}{path}", self.address);
        let mut response = self.client.get(url).send().await.map_err(|error| error.to_string())?;
        let body = whole_body::json(&mut response, ANSWER_BYTES).await.map_err(|error| error.to_string())?;
        Ok((response.status(), body))
    }
}
