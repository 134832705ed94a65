//! Answers what shoppers ask about products that the cache does not hold.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::cache::{Cache, Filled, LOG};
use super::single_flight::{Joined, SingleFlight};
use super::store::{ProductStore, Silence, attempts};
use crate::clock::{Timestamp, within};
use crate::domain::{FrontEndId, Product, ProductName};
use crate::host::Host;
use crate::messages::catalog::{Changed, Imported, MAX_PAGE, Query, Search, Stocked};
use crate::messages::front_end::{
    CopyStock, ImportProducts, ListProducts, QueryProduct, SearchProducts, Unavailable, WatchProducts,
};
use crate::probe::{FrontEndEvent, plain};
use crate::tasks::Tasks;

/// What a query is answered with; no product is an answer too.
type Found = Result<Option<Product>, Unavailable>;

/// Misses of one product share one query, and fill the cache. An answer is only as new as the moment its query was
/// sent: a shopper who came later may already have been told something newer. So a fill answers only queries that came
/// before it was sent; later ones wait, then look again: in the cache, else by the next fill, which they share (rule
/// cache 8). This holds with the cache off as well.
pub struct Products<S> {
    host: Host,
    number: FrontEndId,
    deadline: Duration,
    tasks: Tasks,
    store: S,
    cache: Arc<Cache>,
    fills: RefCell<SingleFlight<ProductName, (), oneshot::Sender<Found>>>,
}

impl<S: ProductStore + 'static> Products<S> {
    /// Products that `store` keeps and that `cache` may hold, of the front-end of this number; each request may take so
    /// long, with all its retries.
    pub fn new(
        host: Host,
        (number, deadline): (FrontEndId, Duration),
        tasks: Tasks,
        store: S,
        cache: Arc<Cache>,
    ) -> Products<S> {
        Products { host, number, deadline, tasks, store, cache, fills: RefCell::default() }
    }

    /// Who keeps them.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The product from the catalog, together with everyone else who asks for it. The query counts as come
    /// when this is called, not when the future is first polled.
    pub fn fetch(
        self: Rc<Self>,
        QueryProduct { name }: QueryProduct,
    ) -> impl Future<Output = Found> + use<S> {
        let (tx, rx) = oneshot::channel();
        let until = self.until();
        let joined = self.fills.borrow_mut().join(&name, (), tx, until);
        if joined == Joined::First {
            self.tasks.spawn(self.clone().fill(name));
        }
        let (clock, deadline) = (self.host.clock.clone(), self.deadline);
        async move {
            match within(&*clock, deadline, rx).await {
                Ok(Ok(found)) => found,
                Ok(Err(_)) | Err(_) => Err(unavailable("the catalog has not answered in time")),
            }
        }
    }

    /// Asks the catalog until nobody waits for this product any more.
    async fn fill(self: Rc<Self>, name: ProductName) {
        let clock = self.host.clock.clone();
        let mut retry = attempts(&*clock);
        loop {
            let until = self.fills.borrow().until(&name);
            let Some(time) = until.and_then(|until| retry.left(until)) else {
                return self.end(&name, &Err(unavailable("the catalog has not answered in time")));
            };
            match self.attempt(&name, time).await {
                Ok(product) => {
                    let early = self.fills.borrow_mut().land(&name);
                    tell(early, &Ok(product));
                    if self.fills.borrow().until(&name).is_none() {
                        return;
                    }
                    // Those who came after this query was sent look again: in the cache, else by the next
                    // query, which is sent after they came.
                    if let Some(product) = self.cache.look_again(name.as_str(), clock.now()) {
                        return self.end(&name, &Ok(Some(product)));
                    }
                    retry = attempts(&*clock);
                }
                Err(Silence::Overloaded) => {
                    return self.end(&name, &Err(unavailable("the catalog has too much to do")));
                }
                Err(Silence::NotYet) => retry.pause(time).await,
            }
        }
    }

    /// Sends one query. The lease of its answer counts from before that.
    async fn attempt(&self, name: &ProductName, limit: Duration) -> Result<Option<Product>, Silence> {
        let front_end = if self.cache.is_off() { None } else { Some(self.number) };
        let query = Query { name: name.clone(), front_end };
        self.fills.borrow_mut().depart(name);
        log::debug!(target: LOG, node:% = self.host.id; "miss: {} is asked of the catalog", plain(name));
        let ticket = self.cache.begin(name, self.host.clock.now());
        match self.store.query(&query, limit).await {
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

    /// A part of the products.
    pub async fn list(self: Rc<Self>, ask: ListProducts) -> Result<Option<Vec<Product>>, Unavailable> {
        self.store.list(ask, self.until()).await
    }

    /// Those of the products whose name has a text in it. The catalog looks at some at a time, so that it is there for
    /// others in between.
    pub async fn search(self: Rc<Self>, ask: SearchProducts) -> Result<Option<Vec<Product>>, Unavailable> {
        let SearchProducts { text, after, limit } = ask;
        let (until, limit) = (self.until(), limit.min(MAX_PAGE));
        let mut ask = Search { text, after, limit };
        let mut found = Vec::new();
        loop {
            let Some(part) = self.store.search(&ask, until).await? else { return Ok(None) };
            ask.limit -= u32::try_from(part.products.len()).unwrap_or(ask.limit).min(ask.limit);
            found.extend(part.products);
            if ask.limit == 0 || part.looked_through.is_none() {
                return Ok(Some(found));
            }
            ask.after = part.looked_through;
        }
    }

    /// What has changed since somebody asked.
    pub async fn watch(self: Rc<Self>, ask: WatchProducts) -> Result<Changed, Unavailable> {
        self.store.changes(&ask.changes).await
    }

    /// A part of the products with all counts.
    pub async fn inventory(self: Rc<Self>, ask: CopyStock) -> Result<Option<Vec<Stocked>>, Unavailable> {
        self.store.inventory(ask, self.until()).await
    }

    /// Has products taken in.
    pub async fn import(self: Rc<Self>, ask: ImportProducts) -> Result<Imported, Unavailable> {
        self.store.import(&ask.import, self.until()).await
    }

    fn until(&self) -> Timestamp {
        self.host.clock.now() + self.deadline
    }
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
