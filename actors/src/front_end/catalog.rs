//! Asks the catalog for what a front-end needs of the products.

use std::cell::Cell;
use std::time::Duration;

use super::config::FrontEndConfig;
use super::store::{ProductStore, Silence, attempts};
use crate::clock::Timestamp;
use crate::domain::{Product, ProductName};
use crate::host::Host;
use crate::messages::catalog::{
    Changed, Changes, Found, Import, Imported, Inventory, List, Query, QueryReply, Refusal, Search, Stocked,
};
use crate::messages::front_end::{CopyStock, ListProducts, Unavailable};
use crate::net::{NetError, NodeId, Rpc};

/// The catalog, as a front-end sees it.
pub struct CatalogClient {
    host: Host,
    call_limit: Duration,
    /// An answer that is not older says that the catalog is reachable.
    recent: Duration,
    /// When the catalog last answered.
    heard: Cell<Option<Timestamp>>,
    /// What it last said instead.
    refused: Cell<Option<Refusal>>,
}

impl CatalogClient {
    /// Nothing is known of the catalog yet.
    pub fn new(host: Host, config: &FrontEndConfig) -> CatalogClient {
        let (call_limit, recent) = (config.call_limit, config.suspect_after);
        CatalogClient { host, call_limit, recent, heard: Cell::new(None), refused: Cell::new(None) }
    }

    async fn ask_until<M, T>(&self, message: &M, until: Timestamp) -> Result<T, Unavailable>
    where
        M: Rpc<Reply = Result<T, Refusal>>,
    {
        let mut retry = attempts(&*self.host.clock);
        while let Some(time) = retry.left(until) {
            match self.ask(message, time.min(self.call_limit)).await {
                Ok(answer) => return Ok(answer),
                Err(Silence::Overloaded) => {
                    return Err(Unavailable { why: "the catalog has too much to do".into(), asked: true });
                }
                Err(Silence::NotYet) => retry.pause(time).await,
            }
        }
        Err(Unavailable { why: format!("no answer in time ({})", self.why_silent()), asked: true })
    }

    async fn ask<M, T>(&self, message: &M, limit: Duration) -> Result<T, Silence>
    where
        M: Rpc<Reply = Result<T, Refusal>>,
    {
        match self.host.net.send(NodeId::Catalog, message, limit).await {
            Ok(Ok(answer)) => {
                self.heard.set(Some(self.host.clock.now()));
                self.refused.set(None);
                Ok(answer)
            }
            Err(NetError::Overloaded) => Err(Silence::Overloaded),
            Ok(Err(refusal)) => {
                self.refused.set(Some(refusal));
                self.heard.set(None);
                Err(Silence::NotYet)
            }
            Err(_) => {
                self.refused.set(None);
                Err(Silence::NotYet)
            }
        }
    }
}

impl ProductStore for CatalogClient {
    async fn query(&self, query: &Query, limit: Duration) -> Result<QueryReply, Silence> {
        self.ask(query, limit.min(self.call_limit)).await
    }

    async fn list(&self, ask: ListProducts, until: Timestamp) -> Result<Option<Vec<Product>>, Unavailable> {
        let ListProducts { after, limit } = ask;
        self.ask_until(&List { after, limit }, until).await
    }

    async fn search(&self, ask: &Search, until: Timestamp) -> Result<Option<Found>, Unavailable> {
        self.ask_until(ask, until).await
    }

    async fn changes(&self, ask: &Changes) -> Result<Changed, Unavailable> {
        let answer = self.ask(ask, self.call_limit).await;
        answer.map_err(|_| Unavailable { why: self.why_silent(), asked: true })
    }

    async fn inventory(&self, ask: CopyStock, until: Timestamp) -> Result<Option<Vec<Stocked>>, Unavailable> {
        let CopyStock { after, limit } = ask;
        self.ask_until(&Inventory { after, limit }, until).await
    }

    async fn import(&self, import: &Import, until: Timestamp) -> Result<Imported, Unavailable> {
        self.ask_until(import, until).await
    }

    async fn is_reachable(&self) -> bool {
        if self.heard.get().is_some_and(|heard| self.host.clock.now().since(heard) < self.recent) {
            return true;
        }
        // Any name will do: to learn that there is no such product is cheap, and nothing is leased.
        let name = ProductName::new("?").expect("one character is a name");
        self.ask(&Query { name, front_end: None }, self.call_limit).await.is_ok()
    }

    fn why_silent(&self) -> String {
        match self.refused.get() {
            Some(refusal) if refusal.needs_operator() => format!("{refusal}; see `toystore recover catalog`"),
            Some(refusal) => refusal.to_string(),
            None => "the catalog does not answer".into(),
        }
    }
}
