//! Finds out how all services are, again and again, and tells who looks on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use awc::Client;
use futures_util::future::{join, join3};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};
use toystore_actors::domain::Product;
use toystore_actors::front_end::{Cache, FrontEnd};
use toystore_actors::messages::catalog::Changes;
use toystore_actors::messages::front_end::{GetReadiness, WatchProducts};
use toystore_actors::messages::view_service::GetView;
use toystore_actors::net::NodeId;

use super::ask::{Answer, ask_all};
use super::compose::Known;
use super::shapes::{CacheShown, FrontEndShown, Lines, Reach, Snapshot};
use super::shown::Cluster;
use super::views::shown;
use crate::config::Token;
use crate::console::price::Price;
use crate::console::utc;
use crate::process::stop::Draining;
use crate::server::actor_handle::ActorHandle;
use crate::server::host::{Addresses, EventLog};
use crate::server::live::{Hub, Topic};
use crate::wire::http_client;

/// How often who looks on is told of products that changed.
const PRODUCTS_EVERY: Duration = Duration::from_millis(250);

/// More products than that need not be told one by one: who looks on asks for what it shows.
const MOST_PRODUCTS: u32 = 200;

/// How long the front-end's own actor may take to say how it is.
const OWN_LIMIT: Duration = Duration::from_millis(800);

/// How often a line that says nothing is sent on the streams.
const ALIVE_EVERY: Duration = Duration::from_secs(10);

/// What is needed to find it out.
pub struct Watch {
    /// The front-end.
    pub me: NodeId,
    /// Its actor.
    pub actor: ActorHandle<FrontEnd>,
    /// Its cache.
    pub cache: Arc<Cache>,
    /// What this process's actors told.
    pub events: EventLog,
    /// Where all services listen.
    pub addresses: Addresses,
    /// The cluster's secret, which they are shown.
    pub token: Option<Token>,
    /// Where what was found out is kept.
    pub cluster: Arc<Cluster>,
    /// Who looks on.
    pub hub: Hub,
    /// Whether the process is about to stop.
    pub draining: Draining,
}

/// Ticks that were missed are not made up for.
async fn every(span: Duration, mut act: impl AsyncFnMut()) {
    let mut ticks = interval(span);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        act().await;
    }
}

impl Watch {
    /// Watches until it is dropped.
    pub async fn for_ever(self) {
        join3(self.services(), self.products(), self.keep_alive()).await;
    }

    async fn keep_alive(&self) {
        let mut since = Duration::ZERO;
        every(PRODUCTS_EVERY, async || {
            if self.draining.has_begun() {
                return self.hub.close();
            }
            since += PRODUCTS_EVERY;
            if since >= ALIVE_EVERY {
                since = Duration::ZERO;
                self.hub.keep_alive();
            }
        })
        .await;
    }

    async fn services(&self) {
        let (client, mut asked) = (http_client::new(self.token.as_ref()), Asked::default());
        every(Duration::from_secs(1), async || self.look(&client, &mut asked).await).await;
    }

    /// Asks all services once.
    async fn look(&self, client: &Client, asked: &mut Asked) {
        let addresses = self.addresses.all();
        let peers = addresses.iter().filter(|(node, _)| **node != self.me);
        let peers: BTreeMap<NodeId, SocketAddr> = peers.map(|(node, address)| (*node, *address)).collect();
        let own = async {
            let readiness = tokio::time::timeout(OWN_LIMIT, self.actor.ask(GetReadiness {})).await;
            let view = tokio::time::timeout(OWN_LIMIT, self.actor.ask(GetView {})).await;
            (readiness.ok().and_then(Result::ok), view.ok().and_then(Result::ok).flatten())
        };
        let all = ask_all(client, &peers, &asked.ids);
        let ((readiness, view), answers) = join(own, all).await;
        self.note_lines(asked, &answers);
        let answers: BTreeMap<_, _> = answers.into_iter().collect();
        let known = Known {
            me: self.me,
            addresses: &addresses,
            answers: &answers,
            readiness: readiness.as_ref(),
            view: view.as_ref(),
        };
        let nodes = known.nodes();
        let snapshot = Snapshot {
            at: utc::millis(SystemTime::now()),
            front_end: FrontEndShown {
                node: self.me.to_string(),
                ready: readiness.as_ref().is_some_and(|readiness| readiness.ready),
                waits: readiness
                    .map_or_else(|| "the front-end does not answer".into(), |readiness| readiness.why),
                cache: self.cache(),
            },
            view: view.as_ref().map(shown),
            nodes,
            views: Vec::new(),
        };
        self.tell(snapshot);
    }

    fn note_lines(&self, asked: &mut Asked, answers: &[(NodeId, Answer)]) {
        let told = self.events.after(self.me, asked.own);
        asked.own = told.last().map_or(asked.own, |last| last.id);
        self.cluster.told(&told);
        for (node, answer) in answers {
            let reach = answer.reach();
            let before = asked.reach.insert(*node, reach);
            self.cluster.happened(|happened| happened.reached(*node, before, reach));
            if let Answer::Observed(observed) = answer {
                if let Some(last) = observed.lines.last() {
                    asked.ids.insert(*node, last.id);
                }
                self.cluster.happened(|happened| happened.observed(*node, observed.lines.clone()));
            }
        }
    }

    fn tell(&self, snapshot: Snapshot) {
        let snapshot = self.cluster.keep(snapshot);
        self.hub.tell(Topic::Cluster, "cluster", &snapshot);
        let lines = self.cluster.take_fresh();
        if !lines.is_empty() {
            self.hub.tell(Topic::Cluster, "log", &Lines { lines });
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if let Some(second) = self.cluster.end_second(now, self.cache.counts().hits) {
            self.hub.tell(Topic::Cluster, "second", &second);
        }
    }

    fn cache(&self) -> CacheShown {
        let counts = self.cache.counts();
        CacheShown {
            hits: counts.hits,
            misses: counts.misses,
            evictions: counts.evictions,
            invalidations: counts.invalidations,
            products: self.cache.size(),
            capacity: self.cache.capacity(),
        }
    }

    /// Tells what changed of the products, as long as anybody looks.
    async fn products(&self) {
        let mut since = None;
        every(PRODUCTS_EVERY, async || {
            if !self.hub.is_watched(Topic::Products) {
                since = None;
                return;
            }
            let changes = Changes { since, limit: MOST_PRODUCTS };
            // When the catalog is silent, the next time comes soon.
            let Ok(Ok(changed)) = self.actor.ask(WatchProducts { changes }).await else { return };
            let first = since.replace(changed.revision).is_none();
            match changed.products {
                // What changed between the page and the first question is not known.
                _ if first => self.hub.tell(Topic::Products, "reload", &Nothing {}),
                Some(products) if products.is_empty() => {}
                Some(products) => self.hub.tell(Topic::Products, "products", &ProductsShown::of(&products)),
                None => self.hub.tell(Topic::Products, "reload", &Nothing {}),
            }
        })
        .await;
    }
}

/// What was heard of the services so far.
#[derive(Debug, Default)]
struct Asked {
    own: u64,
    ids: BTreeMap<NodeId, u64>,
    reach: BTreeMap<NodeId, Reach>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct ProductsShown {
    products: Vec<ProductShown>,
}

#[derive(Serialize)]
struct ProductShown {
    name: String,
    price: String,
    quantity: u64,
}

impl ProductsShown {
    fn of(products: &[Product]) -> ProductsShown {
        let products = products.iter().map(|product| ProductShown {
            name: product.name.to_string(),
            price: Price(product.price_cents.into()).to_string(),
            quantity: product.quantity,
        });
        ProductsShown { products: products.collect() }
    }
}
