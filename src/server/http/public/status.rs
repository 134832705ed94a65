//! How the store is: for shoppers, and for whoever sends them here.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde_json::json;
use toystore_actors::clock::Clock;
use toystore_actors::domain::{ReplicaId, View};
use toystore_actors::messages::front_end::GetReadiness;
use toystore_actors::messages::view_service::GetView;
use toystore_actors::net::BridgeError;

use super::super::shared::documented::{Answers, data_of, list_of_texts, told};
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::refusals::AnyRequest;
use super::super::shared::{health, shapes};
use super::state::FrontEndState;
use crate::files::label;
use crate::wire::answers::{Alive, Leader, Ready};

told! {
    /// What is told of a process.
    AliveOrNot: Answers::default()
        .json(StatusCode::OK, "It is alive.", data_of::<Alive>(), &[
            ("all of it", json!({ "data": { "status": "alive" } })),
            ("without a replica", json!({ "data": { "status": "alive", "stopped": ["order-2"] } })),
        ])
        .refused(&[("stopped", BridgeError::Stopped.into())]);

    /// What is told of a store.
    ReadyOrNot: Answers::default()
        .json(StatusCode::OK, "Orders can be placed.", data_of::<Ready>(), &[("", json!({ "data": { "status": "ready" } }))])
        .refused(&[
            ("about to stop", about_to_stop()),
            ("waiting", ApiError::unavailable("no leader has been chosen yet; waiting for order-2, order-3")),
        ]);

    /// What is told of the leader.
    LeaderOrNone: Answers::default()
        .json(StatusCode::OK, "The view that counts now.", data_of::<Leader>(), &[
            ("", json!({ "data": { "leader": 3, "epoch": 1, "in_sync": [1, 2, 3] } })),
        ])
        .refused(&[("none yet", no_leader())]);

    /// What is told of the cache.
    Names: Answers::default()
        .json(StatusCode::OK, "Names, the one that was used last first.", list_of_texts(), &[
            ("", json!({ "data": ["Tux", "Fox"] })),
        ]);
}

#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getHealth",
    tag = "The store",
    summary = "Whether the process is alive",
    description = "And which of its services are stopped, if any. For whoever restarts processes.",
    responses(AnyRequest, AliveOrNot)
)]
pub async fn alive(state: &FrontEndState) -> ApiResult {
    let alive = health::alive(&state.actor)?;
    let stopped: Vec<_> = (state.stopped)().into_iter().map(label).collect();
    if stopped.is_empty() {
        return Ok(alive);
    }
    Ok(shapes::data(Alive { status: "alive".into(), stopped }))
}

#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "The store",
    summary = "Whether orders can be placed",
    description = "Or what is waited for. For whoever sends shoppers here: before the store stops it says so here for `drain_s` seconds, and serves on meanwhile.",
    responses(AnyRequest, ReadyOrNot)
)]
pub async fn ready(state: &FrontEndState) -> ApiResult {
    if state.draining.has_begun() {
        return Err(about_to_stop());
    }
    let readiness = state.actor.ask(GetReadiness {}).await?;
    if readiness.ready {
        return Ok(shapes::data(Ready { status: "ready".into() }));
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

fn about_to_stop() -> ApiError {
    ApiError::unavailable(
        "the store is about to stop: it still serves whoever asks, and nobody should be sent to it any more",
    )
}

fn no_leader() -> ApiError {
    ApiError::unavailable("no leader has been chosen yet")
}

#[utoipa::path(
    get,
    path = "/leader",
    operation_id = "getLeader",
    tag = "The store",
    summary = "Who leads the order service",
    description = "Since which epoch, and which replicas are in sync.",
    responses(AnyRequest, LeaderOrNone)
)]
pub async fn leader(state: &FrontEndState) -> ApiResult {
    match state.actor.ask(GetView {}).await? {
        Some(view) => {
            let View { leader, epoch, in_sync, .. } = view;
            let in_sync = in_sync.ids().map(ReplicaId::get).collect();
            Ok(shapes::data(Leader { leader: leader.get(), epoch: epoch.get(), in_sync }))
        }
        None => Err(no_leader()),
    }
}

/// The products that are cached, the one that was used last first.
#[utoipa::path(
    get,
    path = "/cache",
    operation_id = "listCached",
    tag = "The store",
    summary = "Which products are cached",
    responses(AnyRequest, Names)
)]
pub async fn cached(state: Data<FrontEndState>) -> ApiResult {
    Ok(cached_names(&state))
}

/// The same, where the router does not know the path.
pub fn cached_names(state: &FrontEndState) -> HttpResponse {
    shapes::data(state.cache.names(state.clock.now()))
}
