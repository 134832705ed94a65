//! Answers what shoppers ask about products: from the cache, else from the catalog.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::FrontEndConfig;
use super::cache::{Cache, Filled, LOG};
use super::fills::{Fills, Joined};
use crate::clock::{Timestamp, within};
use crate::domain::{Product, ProductName};
use crate::host::Host;
use crate::messages::catalog::{Answer, Import, Imported, Inventory, List, Query, Refusal, Stocked};
use crate::messages::front_end::{CopyStock, ListProducts, Unavailable};
use crate::net::{NetError, NodeId, Rpc};
use crate::probe::{FrontEndEvent, plain};
use crate::retry::{Backoff, left};
use crate::tasks::Tasks;

/// What a query is answered with; no product is an answer too.
type Found = Result<Option<Product>, Unavailable>;

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The shell around [`Cache`] and [`Fills`].
pub struct Products {
    host: Host,
    config: FrontEndConfig,
    tasks: Tasks,
    cache: Arc<Cache>,
    fills: RefCell<Fills<oneshot::Sender<Found>>>,
    /// When the catalog last answered.
    heard: Cell<Option<Timestamp>>,
    /// What it last said instead.
    refused: Cell<Option<Refusal>>,
}

impl Products {
    /// Queries go through `cache`.
    pub fn new(host: Host, config: FrontEndConfig, tasks: Tasks, cache: Arc<Cache>) -> Products {
        Products {
            host,
            config,
            tasks,
            cache,
            fills: RefCell::default(),
            heard: Cell::new(None),
            refused: Cell::new(None),
        }
    }

    /// The product, if the cache holds it.
    pub fn cached(&self, name: &ProductName) -> Option<Product> {
        let product = self.cache.product(name.as_str(), self.host.clock.now())?;
        self.host.emit(FrontEndEvent::CacheHit { name: name.clone() });
        Some(product)
    }

    /// The product from the catalog, together with everyone else who asks for it. The query counts as come
    /// when this is called, not when the future is first polled.
    pub fn fetch(self: &Rc<Self>, name: ProductName) -> impl Future<Output = Found> + use<> {
        let (tx, rx) = oneshot::channel();
        let until = self.host.clock.now() + self.config.deadline;
        let joined = self.fills.borrow_mut().join(&name, tx, until);
        if joined == Joined::First {
            self.tasks.spawn(self.clone().fill(name));
        }
        let (clock, deadline) = (self.host.clock.clone(), self.config.deadline);
        async move {
            match within(&*clock, deadline, rx).await {
                Ok(Ok(found)) => found,
                Ok(Err(_)) | Err(_) => Err(unavailable("the catalog has not answered in time")),
            }
        }
    }

    /// Asks the catalog until nobody waits for this product any more.
    async fn fill(self: Rc<Self>, name: ProductName) {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let until = self.fills.borrow().until(&name);
            let Some(time) = until.and_then(|until| left(until, self.host.clock.now())) else {
                return self.end(&name, &Err(unavailable("the catalog has not answered in time")));
            };
            match self.attempt(&name, time.min(self.config.call_limit)).await {
                Ok(product) => {
                    let early = self.fills.borrow_mut().answer(&name);
                    tell(early, &Ok(product));
                    if self.fills.borrow().until(&name).is_none() {
                        return;
                    }
                    // Those who came after this query was sent look again: in the cache, else by the next
                    // query, which is sent after they came.
                    if let Some(product) = self.cached(&name) {
                        return self.end(&name, &Ok(Some(product)));
                    }
                    backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
                }
                Err(Silence::Overloaded) => {
                    return self.end(&name, &Err(unavailable("the catalog has too much to do")));
                }
                Err(Silence::NotYet) => self.host.clock.sleep(backoff.pause().min(time)).await,
            }
        }
    }

    /// Sends one query. The lease of its answer counts from before that.
    async fn attempt(&self, name: &ProductName, limit: Duration) -> Result<Option<Product>, Silence> {
        let front_end = if self.cache.is_off() { None } else { Some(self.config.number) };
        let query = Query { name: name.clone(), front_end };
        self.fills.borrow_mut().send(name);
        log::debug!(target: LOG, node:% = self.host.id; "miss: {} is asked of the catalog", plain(name));
        let ticket = self.cache.begin(name, self.host.clock.now());
        match self.ask(&query, limit).await {
            Ok(answer) => {
                let filled = self.cache.finish(name, ticket, &answer, self.host.clock.now());
                if filled == Filled::Stale {
                    self.host.emit(FrontEndEvent::StaleFillDropped { name: name.clone() });
                }
                Ok(answer.product)
            }
            Err(silence) => {
                self.cache.abandon(name, ticket);
                Err(silence)
            }
        }
    }

    fn end(&self, name: &ProductName, found: &Found) {
        let waiting = self.fills.borrow_mut().end(name);
        tell(waiting, found);
    }

    /// A part of the catalog, from the catalog.
    pub async fn list(self: Rc<Self>, list: ListProducts) -> Result<Option<Vec<Product>>, Unavailable> {
        let ListProducts { after, limit } = list;
        self.patiently(&List { after, limit }).await
    }

    /// Has the catalog take products in.
    pub async fn import(self: Rc<Self>, import: &Import) -> Result<Imported, Unavailable> {
        self.patiently(import).await
    }

    /// A part of the catalog with all counts, from the catalog.
    pub async fn inventory(self: Rc<Self>, copy: CopyStock) -> Result<Option<Vec<Stocked>>, Unavailable> {
        let CopyStock { after, limit } = copy;
        self.patiently(&Inventory { after, limit }).await
    }

    async fn patiently<M, T>(&self, message: &M) -> Result<T, Unavailable>
    where
        M: Rpc<Reply = Result<T, Refusal>>,
    {
        let until = self.host.clock.now() + self.config.deadline;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        while let Some(time) = left(until, self.host.clock.now()) {
            match self.ask(message, time.min(self.config.call_limit)).await {
                Ok(answer) => return Ok(answer),
                Err(Silence::Overloaded) => return Err(unavailable("the catalog has too much to do")),
                Err(Silence::NotYet) => self.host.clock.sleep(backoff.pause().min(time)).await,
            }
        }
        Err(unavailable(&format!("no answer in time ({})", self.silence())))
    }

    /// Whether the catalog answered lately, or does so now.
    pub async fn reachable(&self) -> bool {
        let recently = self.config.suspect_after;
        if self.heard.get().is_some_and(|heard| self.host.clock.now().since(heard) < recently) {
            return true;
        }
        // Any name will do: to learn that there is no such product is cheap, and nothing is leased.
        let name = ProductName::new("?").expect("one character is a name");
        let asked: Result<Answer, _> =
            self.ask(&Query { name, front_end: None }, self.config.call_limit).await;
        asked.is_ok()
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

    /// Why the catalog does not answer what it is asked, for a person.
    pub fn silence(&self) -> String {
        match self.refused.get() {
            Some(refusal) if refusal.needs_operator() => format!("{refusal}; see `toystore recover catalog`"),
            Some(refusal) => refusal.to_string(),
            None => "the catalog does not answer".into(),
        }
    }
}

/// Why there is no answer from the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// It has too much to do: asking again at once would only make that worse.
    Overloaded,
    /// It is not reachable, or is just starting.
    NotYet,
}

fn tell(waiting: Vec<oneshot::Sender<Found>>, found: &Found) {
    for waiter in waiting {
        // Whoever gave up needs no answer.
        let _ = waiter.send(found.clone());
    }
}

fn unavailable(why: &str) -> Unavailable {
    Unavailable { why: why.into(), asked: true }
}
