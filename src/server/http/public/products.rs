//! Products, from the cache and from the catalog.

use actix_web::HttpRequest;
use actix_web::web::Data;
use toystore_actors::clock::Clock;
use toystore_actors::domain::ProductName;
use toystore_actors::front_end::cache;
use toystore_actors::messages::front_end::{ListProducts, QueryProduct};
use toystore_actors::probe::plain;

use super::super::shared::errors::ApiResult;
use super::super::shared::parameters::ListQuery;
use super::super::shared::paths::{no_such_product, segment};
use super::super::shared::shapes;
use super::state::FrontEndState;

/// A hit is answered here and now, by whichever worker has the request.
pub async fn product(request: HttpRequest, state: Data<FrontEndState>, below: &'static str) -> ApiResult {
    let name = segment(&request, below)?;
    if let Some(body) = state.cache.get(&name, state.clock.now()) {
        log::debug!(target: cache::LOG, "hit: {} is answered from the cache", plain(&name));
        return Ok(shapes::ready_made(body));
    }
    let name = ProductName::new(name)?;
    let found = state.actor.ask(QueryProduct { name }).await??;
    found.map(|product| shapes::ready_made(shapes::product(&product))).ok_or_else(no_such_product)
}

pub async fn products(request: HttpRequest, state: Data<FrontEndState>) -> ApiResult {
    let list =
        async |ListQuery { after, limit }| Ok(state.actor.ask(ListProducts { after, limit }).await??);
    state.products.answer(&request, list).await
}
