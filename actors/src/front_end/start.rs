//! A front-end starts.

use std::sync::Arc;

use super::actor::FrontEnd;
use super::cache::Cache;
use super::config::FrontEndConfig;
use super::file::{FILE, owner};
use crate::domain::Run;
use crate::host::{Host, Node};
use crate::messages::front_end::{
    CopyBook, CopyStock, FindOrder, GetReadiness, ImportProducts, Invalidate, ListOrders, ListProducts,
    PlaceOrder, QueryProduct, SearchProducts, WatchProducts,
};
use crate::messages::view_service::{ChangeView, GetView, Recover, RecoverCatalog, Vouch};
use crate::net::Bridge;
use crate::storage::{DataFile, OpenError, same_tables};
use crate::view_service;

/// A front-end ready to run.
pub struct Started {
    /// The actor.
    pub node: Node<FrontEnd>,
    /// What a query is answered from first, as the node's bridge does it; only what it does not hold, the actor is asked.
    pub cache: Arc<Cache>,
}

/// Opens the front-end's file and makes the actor ready to run.
///
/// # Errors
/// See [`OpenError`].
pub fn start(host: Host, config: FrontEndConfig) -> Result<Started, OpenError> {
    let file = DataFile::open(host.storage.clone(), FILE, &owner(config.number), same_tables)?;
    let run = Run::new(file.draw()?);
    let saved = file.load(|database| {
        let mut saved = view_service::load(database)?;
        saved.line.add(run);
        // Before anything is said (M1).
        view_service::store(database, &saved)?;
        Ok(saved)
    })?;
    let cache = Cache::new(config.cache_capacity, config.limits.exact_cache, config.lease, config.render);
    let (cache, identity, max_calls) = (Arc::new(cache), host.identity.clone(), config.max_calls);
    let (looks, clock) = (cache.clone(), host.clock.clone());
    let look = move |query: &QueryProduct| {
        let held = looks.product(query.name.as_str(), clock.now());
        held.map(|product| Ok(Some(product)))
    };
    let actor = FrontEnd::new(host, config, file, (run, saved), cache.clone());
    let gauges = actor.gauges();
    let node = Node::new(actor, max_calls, |addr| {
        Bridge::new(identity, max_calls)
            .route_unless::<QueryProduct, _>(addr, look)
            .route::<ListProducts, _>(addr)
            .route::<SearchProducts, _>(addr)
            .route::<WatchProducts, _>(addr)
            .route::<ImportProducts, _>(addr)
            .route::<PlaceOrder, _>(addr)
            .route::<FindOrder, _>(addr)
            .route::<ListOrders, _>(addr)
            .control::<GetView, _>(addr)
            .control::<GetReadiness, _>(addr)
            .route::<CopyBook, _>(addr)
            .route::<CopyStock, _>(addr)
            .control::<ChangeView, _>(addr)
            .control::<Vouch, _>(addr)
            .control::<Recover, _>(addr)
            .control::<RecoverCatalog, _>(addr)
            .control::<Invalidate, _>(addr)
    });
    Ok(Started { node: node.with(gauges), cache })
}
