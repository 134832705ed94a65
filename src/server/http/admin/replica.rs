//! What an operator asks an order replica, and has it do.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde::Deserialize;
use serde_json::json;
use toystore_actors::domain::{Epoch, OrderNumber, Position, Purchase};
use toystore_actors::messages::order::{
    Announce, AppendEntries, FetchEntries, FetchReply, Last, Lookup, NotServing, Place, PlaceError, Status,
};
use toystore_actors::net::BridgeError;
use toystore_actors::order::OrderReplica;

use super::super::shared::bodies::JsonMessage;
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::health;
use super::super::shared::parameters::{check_limit, query};
use super::super::shared::paths::{no_such_order, order_number, segment};
use super::super::shared::shapes::{self, ShortOrder};
use super::super::shared::token::Authorized;
use crate::server::actor_handle::ActorHandle;

/// How many entries one chunk has when nobody says, and at most.
const CHUNK: u32 = 100;
const MAX_CHUNK: u32 = 1000;

pub async fn alive(actor: Data<ActorHandle<OrderReplica>>) -> ApiResult {
    health::alive(&actor)
}

pub async fn status(_: Authorized, actor: Data<ActorHandle<OrderReplica>>) -> ApiResult {
    Ok(shapes::data(actor.ask(Status {}).await?))
}

pub async fn last(_: Authorized, actor: Data<ActorHandle<OrderReplica>>) -> ApiResult {
    Ok(shapes::data(actor.ask(Last {}).await?))
}

/// From what this replica holds and knows to be acknowledged; it may lag behind the leader.
pub async fn order(_: Authorized, request: HttpRequest, actor: Data<ActorHandle<OrderReplica>>) -> ApiResult {
    let number = order_number(&segment(&request, "/")?)?;
    let found = actor.ask(Lookup { epoch: None, number }).await??;
    found.map(|order| shapes::data(ShortOrder::from(order))).ok_or_else(no_such_order)
}

/// `after` and `after_epoch` are the end of the asker's book, `epoch` is the asker's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SyncFromQuery {
    #[serde(default)]
    after: OrderNumber,
    #[serde(default)]
    after_epoch: Epoch,
    epoch: Epoch,
    #[serde(default = "default_chunk")]
    limit: u32,
}

fn default_chunk() -> u32 {
    CHUNK
}

pub async fn sync_from(
    _: Authorized,
    request: HttpRequest,
    actor: Data<ActorHandle<OrderReplica>>,
) -> ApiResult {
    let SyncFromQuery { after, after_epoch, epoch, limit } = query(&request)?;
    check_limit(limit, MAX_CHUNK)?;
    let after = Position { number: after, epoch: after_epoch };
    match actor.ask(FetchEntries { epoch, after, limit }).await? {
        FetchReply::Entries(entries) => Ok(shapes::data(entries)),
        FetchReply::Diverged { after } => Err(ApiError::conflict(format!(
            "the book has another entry there; ask again with after={}&after_epoch={}",
            after.number, after.epoch
        ))),
        FetchReply::NotServing(why) => Err(why.into()),
    }
}

/// One order; the front-end sends many at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOne {
    epoch: Epoch,
    purchase: Purchase,
}

pub async fn place(
    _: Authorized,
    actor: Data<ActorHandle<OrderReplica>>,
    message: JsonMessage<PlaceOne>,
) -> ApiResult {
    let PlaceOne { epoch, purchase } = message.0;
    let answers = actor.ask(Place { epoch, purchases: vec![purchase] }).await?;
    let placed = answers.into_iter().next().ok_or(BridgeError::Stopped)??;
    Ok(shapes::answer(StatusCode::CREATED).json(json!({ "data": { "order_number": placed.number } })))
}

pub async fn sync(
    _: Authorized,
    actor: Data<ActorHandle<OrderReplica>>,
    message: JsonMessage<AppendEntries>,
) -> ApiResult {
    Ok(shapes::data(actor.ask(message.0).await?))
}

pub async fn announce(
    _: Authorized,
    actor: Data<ActorHandle<OrderReplica>>,
    message: JsonMessage<Announce>,
) -> ApiResult {
    Ok(shapes::data(actor.ask(message.0).await?))
}

impl From<NotServing> for ApiError {
    fn from(error: NotServing) -> ApiError {
        ApiError::unavailable(error.to_string())
    }
}

impl From<PlaceError> for ApiError {
    fn from(error: PlaceError) -> ApiError {
        let message = error.to_string();
        match error {
            PlaceError::UnknownProduct => ApiError::not_found(message),
            PlaceError::NotEnough { .. } => ApiError::conflict(message),
            PlaceError::KeyReused => ApiError::unprocessable(message),
            PlaceError::NotServing(why) => why.into(),
        }
    }
}
