//! What each kind of service is asked when its metrics are. Who does not answer soon is told nothing of.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, join};
use tokio::time::timeout;
use toystore_actors::catalog::Catalog;
use toystore_actors::domain::{Members, ReplicaId};
use toystore_actors::front_end::{Cache, FrontEnd};
use toystore_actors::messages::catalog::Recall;
use toystore_actors::messages::front_end::GetReadiness;
use toystore_actors::messages::order::{Role, Status};
use toystore_actors::messages::view_service::GetView;
use toystore_actors::net::BridgeError;
use toystore_actors::order::OrderReplica;

use super::requests::RequestDurations;
use super::samples::Samples;
use crate::server::actor_handle::ActorHandle;

/// How long an answer may take: less than Prometheus waits for all of them.
pub const LIMIT: Duration = Duration::from_secs(2);

/// Asks a service.
pub type Ask = Box<dyn Fn() -> LocalBoxFuture<'static, Samples> + Send + Sync>;

async fn answered<T>(answer: impl Future<Output = Result<T, BridgeError>>) -> Option<T> {
    timeout(LIMIT, answer).await.ok()?.ok()
}

/// Asks a front-end, whose view is of these replicas.
pub fn of_front_end(
    actor: ActorHandle<FrontEnd>,
    cache: Arc<Cache>,
    requests: RequestDurations,
    replicas: Vec<ReplicaId>,
) -> Ask {
    Box::new(move || {
        let (actor, cache, requests, replicas) =
            (actor.clone(), cache.clone(), requests.clone(), replicas.clone());
        Box::pin(async move {
            let mut samples = Samples::default();
            let help = "How long shoppers waited for an answer, by what they asked for";
            samples.register("toystore_request_duration_seconds", help, requests);
            add_cache(&cache, &mut samples);
            let (view, readiness) =
                join(answered(actor.ask(GetView {})), answered(actor.ask(GetReadiness {}))).await;
            if let Some(readiness) = readiness {
                let help = "Whether a leader serves and the catalog answers";
                samples.gauge("toystore_ready", help, u64::from(readiness.ready));
            }
            if let Some(view) = view {
                let epoch = view.as_ref().map_or(0, |view| view.epoch.get());
                samples.gauge("toystore_epoch", EPOCH, epoch);
                let leads = |id: &ReplicaId| view.as_ref().is_some_and(|view| view.leader == *id);
                let leaders = replicas.iter().map(|id| (id.to_string(), u64::from(leads(id))));
                let help = "Whether the view names a replica as the leader";
                samples.gauges("toystore_view_leader", help, "replica", leaders);
                add_in_sync(view.as_ref().map(|view| &view.in_sync), &replicas, &mut samples);
            }
            samples
        })
    })
}

const EPOCH: &str = "The number of the newest view; 0 while there is none";

fn add_in_sync(members: Option<&Members>, replicas: &[ReplicaId], samples: &mut Samples) {
    let is_in_sync = |id: &ReplicaId| members.is_some_and(|members| members.contains(*id));
    let values = replicas.iter().map(|id| (id.to_string(), u64::from(is_in_sync(id))));
    samples.gauges("toystore_in_sync", "Whether a replica is in sync", "replica", values);
}

fn add_cache(cache: &Cache, samples: &mut Samples) {
    let counts = cache.counts();
    samples.counter("toystore_cache_hits", "Queries that the cache answered", counts.hits);
    let help = "Queries of products that the cache did not hold, or held for too long";
    samples.counter("toystore_cache_misses", help, counts.misses);
    let help = "Products that made room for others";
    samples.counter("toystore_cache_evictions", help, counts.evictions);
    let help = "Products that were cached and dropped because they were about to change";
    samples.counter("toystore_cache_invalidations", help, counts.invalidations);
    let help = "Products in the cache, those included whose lease ran out since they were asked for";
    samples.gauge("toystore_cache_products", help, cache.size());
    samples.gauge(
        "toystore_cache_capacity_products",
        "How many products may be in the cache",
        cache.capacity(),
    );
}

/// Asks the catalog.
pub fn of_catalog(actor: ActorHandle<Catalog>) -> Ask {
    Box::new(move || {
        let actor = actor.clone();
        Box::pin(async move {
            let mut samples = Samples::default();
            if let Some(recalled) = answered(actor.ask(Recall {})).await {
                let help = "The number of the last purchase";
                samples.gauge("toystore_last_purchase", help, recalled.purchases.get());
                let help = "Orders up to this number are known to be acknowledged";
                samples.gauge("toystore_settled_order", help, recalled.settled.get());
            }
            samples
        })
    })
}

/// Asks a replica; these are all.
pub fn of_replica(actor: ActorHandle<OrderReplica>, replicas: Vec<ReplicaId>) -> Ask {
    Box::new(move || {
        let (actor, replicas) = (actor.clone(), replicas.clone());
        Box::pin(async move {
            let mut samples = Samples::default();
            let Some(status) = answered(actor.ask(Status {})).await else { return samples };
            let leads = status.role == Role::Leader;
            let help = "Whether this replica leads and serves";
            samples.gauge("toystore_leader", help, u64::from(leads));
            samples.gauge("toystore_epoch", EPOCH, status.epoch.get());
            let (last, acknowledged) = (status.last.number.get(), status.acknowledged.get());
            samples.gauge("toystore_last_order", "The number of the last order on this replica's disk", last);
            let help = "Orders up to this number are known here to be acknowledged";
            samples.gauge("toystore_acknowledged_order", help, acknowledged);
            let help = "Orders on this replica's disk that are not known here to be acknowledged";
            samples.gauge("toystore_unacknowledged_orders", help, last.saturating_sub(acknowledged));
            // A follower may have an older view.
            if let Some(view) = status.view.filter(|_| leads) {
                add_in_sync(Some(&view.in_sync), &replicas, &mut samples);
            }
            samples
        })
    })
}
