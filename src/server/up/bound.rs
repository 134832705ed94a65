//! The addresses of all services, taken before any of them does anything.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use toystore_actors::net::NodeId;

use crate::config::Config;
use crate::console::failure::Failure;
use crate::server::service::BoundService;

/// All services of a store, whose addresses are taken.
#[derive(Debug)]
pub struct BoundServices {
    /// The one that asks the others.
    pub front_end: BoundService,
    /// The others, which must be there before it is.
    pub others: Vec<BoundService>,
}

impl BoundServices {
    /// Takes an address for each service: the one in `listen`, or else the configured one.
    ///
    /// # Errors
    /// See [`BoundService::new`].
    pub fn new(config: &Config, listen: &BTreeMap<NodeId, SocketAddr>) -> Result<BoundServices, Failure> {
        let at = |id, configured| listen.get(&id).copied().unwrap_or(configured);
        let id = NodeId::FrontEnd(config.front_end);
        let front_end = BoundService::new(config, id, at(id, config.front_end_address))?;
        let others = config.addresses.iter().filter(|(other, _)| **other != id);
        let others = others.map(|(id, configured)| BoundService::new(config, *id, at(*id, *configured)));
        Ok(BoundServices { front_end, others: others.collect::<Result<_, _>>()? })
    }

    /// The line of each that tells where it listens.
    pub fn lines(&self) -> Vec<(NodeId, String)> {
        self.all().map(|service| (service.id(), service.line())).collect()
    }

    /// All of them, the front-end first.
    pub fn all(&self) -> impl Iterator<Item = &BoundService> {
        [&self.front_end].into_iter().chain(&self.others)
    }
}
