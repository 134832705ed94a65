//! What an operator has the front-end do.

use actix_web::web::Data;
use serde_json::json;
use toystore_actors::front_end::FrontEnd;
use toystore_actors::messages::catalog::Import;
use toystore_actors::messages::front_end::{ImportProducts, Invalidate};
use toystore_actors::messages::view_service::{ChangeView, NotRecovered, Recover, RecoverCatalog};

use super::super::shared::bodies::JsonMessage;
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::shapes;
use super::super::shared::token::Authorized;
use crate::server::actor_handle::ActorHandle;

type Actor = Data<ActorHandle<FrontEnd>>;

pub async fn invalidate(_: Authorized, front_end: Actor, message: JsonMessage<Invalidate>) -> ApiResult {
    front_end.ask(message.0).await?;
    Ok(shapes::data(json!({})))
}

pub async fn change_view(_: Authorized, front_end: Actor, message: JsonMessage<ChangeView>) -> ApiResult {
    Ok(shapes::data(front_end.ask(message.0).await?))
}

pub async fn import(_: Authorized, front_end: Actor, message: JsonMessage<Import>) -> ApiResult {
    Ok(shapes::data(front_end.ask(ImportProducts { import: message.0 }).await??))
}

pub async fn recover(_: Authorized, front_end: Actor, message: JsonMessage<Recover>) -> ApiResult {
    Ok(shapes::data(front_end.ask(message.0).await??))
}

pub async fn recover_catalog(
    _: Authorized,
    front_end: Actor,
    message: JsonMessage<RecoverCatalog>,
) -> ApiResult {
    Ok(shapes::data(front_end.ask(message.0).await??))
}

impl From<NotRecovered> for ApiError {
    fn from(error: NotRecovered) -> ApiError {
        ApiError::conflict(error.to_string())
    }
}
