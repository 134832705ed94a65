//! The configuration as the program uses it: checked.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toystore_actors::domain::{FrontEndId, ReplicaId};
use toystore_actors::net::NodeId;

use super::token::Token;
use crate::console::failure::Failure;
use crate::console::logging::LogFormat;

/// The longest time that may be set for draining, in seconds.
pub const MAX_DRAIN_S: u64 = 3600;

/// Where the products of a first start come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductsFile {
    /// The one that is compiled in.
    BuiltIn,
    /// A file of comma-separated values.
    File(PathBuf),
    /// The configuration names none.
    Nowhere,
}

/// A checked configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file it was read from, for messages.
    pub origin: String,
    /// Where the data files are.
    pub data: PathBuf,
    /// The cluster's secret.
    pub token: Option<Token>,
    /// Every service and where its peers reach it.
    pub addresses: BTreeMap<NodeId, SocketAddr>,
    /// The one front-end: it is the view service.
    pub front_end: FrontEndId,
    /// Where that one is reached.
    pub front_end_address: SocketAddr,
    /// Where the products of a first start come from.
    pub products_file: ProductsFile,
    /// How the front-end caches.
    pub cache: CacheSettings,
    /// How the catalog restocks.
    pub restock: Restock,
    /// How long anything waits for anything.
    pub timing: Timing,
    /// How the services answer.
    pub http: Http,
    /// How many requests may be under way in one service.
    pub max_calls: usize,
    /// How the log is written.
    pub log_format: LogFormat,
}

/// How the front-ends cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Products kept at most; 0 is no cache.
    pub capacity: usize,
    /// How long an answer may be used.
    pub lease: Duration,
    /// By how much clocks may differ in speed.
    pub drift_percent: u32,
}

/// How the catalog restocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restock {
    /// How often; zero is never.
    pub every: Duration,
    /// Up to how many pieces of a product that is sold out.
    pub to: u64,
}

/// How an order that was placed is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacedStatus {
    /// 201, with the place of the order.
    Created,
    /// 200, for clients that take nothing else for success.
    Ok,
}

/// What is a matter of taste in HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http {
    /// The status of an order that was placed.
    pub placed: PlacedStatus,
    /// How long a connection may be idle between requests.
    pub keep_alive: Duration,
    /// How long everything is still served once the process is told to stop, so that a balancer can notice.
    pub drain: Duration,
}

/// Spans of time; see `configs/local.toml` for what each is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How often the front-end looks at the leader.
    pub heartbeat: Duration,
    /// After how long a silence another leader is chosen.
    pub suspect_after: Duration,
    /// How long a service waits for the reply of another.
    pub call_limit: Duration,
    /// After how long a silence a leader lets a follower out of the in-sync set.
    pub drop_after: Duration,
    /// How long until something is tried again.
    pub retry_every: Duration,
    /// How long a shopper waits for the answer to an order, with all tries.
    pub order_deadline: Duration,
}

/// What a command line or the environment puts over a file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--token`, not checked yet.
    pub token: Option<String>,
    /// `--log-format`.
    pub log_format: Option<LogFormat>,
    /// Seconds of draining, at most [`MAX_DRAIN_S`].
    pub drain_s: Option<u64>,
}

impl Config {
    /// The ids of all order replicas, ascending.
    pub fn replicas(&self) -> Vec<ReplicaId> {
        let ids = self.addresses.keys().filter_map(|node| match node {
            NodeId::Order(id) => Some(*id),
            _ => None,
        });
        ids.collect()
    }

    /// Finds an order replica.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the ids that there are.
    pub fn replica(&self, id: u8) -> Result<ReplicaId, Failure> {
        let (id, replicas) = (ReplicaId::new(id), self.replicas());
        if replicas.contains(&id) {
            return Ok(id);
        }
        Err(self.not_listed("order", id, &list(&replicas)))
    }

    /// The front-end, if this is its number.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the number that it has.
    pub fn front_end(&self, id: u8) -> Result<FrontEndId, Failure> {
        let id = FrontEndId::new(id);
        if id == self.front_end {
            return Ok(id);
        }
        Err(self.not_listed("front_end", id, &self.front_end))
    }

    fn not_listed(&self, table: &str, id: impl Display, there: &impl Display) -> Failure {
        Failure::Usage(format!("{} has no [[{table}]] with id {id}; it has {there}", self.origin))
    }

    /// Refuses addresses at which nobody could be found: a port that the system picks is known to nobody else.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the address and what to do.
    pub fn findable(&self) -> Result<(), Failure> {
        let any = self.addresses.iter().find(|(_, address)| address.port() == 0);
        any.map_or(Ok(()), |(id, address)| {
            let what = format!(
                "{}: {id} has the address {address}, and the other services could not find it on a port that the system \
                 picks; give it a port, or run the whole store in one process with `toystore up`",
                self.origin
            );
            Err(Failure::Usage(what))
        })
    }

    /// Refuses addresses that other machines can reach, for what nobody there may do; `flag` is what asks for it.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the address and what to do.
    pub fn only_here(&self, flag: &str) -> Result<(), Failure> {
        let all = self.addresses.iter().map(|(id, address)| (*id, *address));
        let mut all = all.chain([(NodeId::FrontEnd(self.front_end), self.front_end_address)]);
        all.find(|(_, address)| !address.ip().is_loopback()).map_or(Ok(()), |(id, address)| {
            Err(Failure::Usage(format!(
                "{flag} lets whoever reaches the store break it, and {id} would listen on {address}, which other machines can \
                 reach; give every service in {} an address such as 127.0.0.1, or leave {flag} out",
                self.origin
            )))
        })
    }

    /// Refuses to let strangers at a service: whoever listens where other machines can reach needs a token.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the address and what to do.
    pub fn guard(&self, label: &str, listen: SocketAddr) -> Result<(), Failure> {
        if listen.ip().is_loopback() || self.token.is_some() {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "{label} would listen on {listen}, which other machines can reach, and there is no cluster token; \
             set TOYSTORE_TOKEN (or token in {}) to a secret that all services share, or listen on 127.0.0.1",
            self.origin
        )))
    }
}

/// Ids as a person reads them.
pub fn list(ids: &[ReplicaId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
