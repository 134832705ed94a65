//! How the store is: for shoppers, and for whoever sends them here.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use serde_json::json;
use toystore_actors::clock::Clock;
use toystore_actors::domain::{Epoch, ReplicaId, View};
use toystore_actors::messages::front_end::GetReadiness;
use toystore_actors::messages::view_service::GetView;

use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::{health, shapes};
use super::state::FrontEndState;
use crate::files::label;

pub async fn alive(state: &FrontEndState) -> ApiResult {
    let alive = health::alive(&state.actor)?;
    let stopped: Vec<_> = (state.stopped)().into_iter().map(label).collect();
    if stopped.is_empty() {
        return Ok(alive);
    }
    Ok(shapes::data(json!({ "status": "alive", "stopped": stopped })))
}

pub async fn ready(state: &FrontEndState) -> ApiResult {
    if state.draining.has_begun() {
        return Err(ApiError::unavailable(
            "the store is about to stop: it still serves whoever asks, and nobody should be sent to it any more",
        ));
    }
    let readiness = state.actor.ask(GetReadiness {}).await?;
    if readiness.ready {
        return Ok(shapes::data(json!({ "status": "ready" })));
    }
    let names: Vec<_> = readiness.waiting_for.iter().map(ToString::to_string).collect();
    let mut message = readiness.why;
    if message.is_empty() {
        message.push_str("not ready");
    }
    if !names.is_empty() {
        message = format!("{message}; waiting for {}", names.join(", "));
    }
    Err(ApiError::unavailable(message))
}

#[derive(Serialize)]
struct LeaderBody {
    leader: ReplicaId,
    epoch: Epoch,
    in_sync: Vec<ReplicaId>,
}

pub async fn leader(state: &FrontEndState) -> ApiResult {
    match state.actor.ask(GetView {}).await? {
        Some(view) => {
            let View { leader, epoch, in_sync, .. } = view;
            Ok(shapes::data(LeaderBody { leader, epoch, in_sync: in_sync.ids().collect() }))
        }
        None => Err(ApiError::unavailable("no leader has been chosen yet")),
    }
}

/// The products that are cached, the one that was used last first.
pub async fn cached(state: Data<FrontEndState>) -> ApiResult {
    Ok(cached_names(&state))
}

/// The same, where the router does not know the path.
pub fn cached_names(state: &FrontEndState) -> HttpResponse {
    shapes::data(state.cache.names(state.clock.now()))
}
