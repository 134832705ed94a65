//! What an operator asks the catalog, and has it do.

use actix_web::HttpRequest;
use actix_web::web::Data;
use toystore_actors::catalog::Catalog;
use toystore_actors::domain::ProductName;
use toystore_actors::messages::catalog::{Buy, List, Query, Refusal, Restock};

use super::super::shared::bodies::JsonMessage;
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::health;
use super::super::shared::parameters::{ListQuery, list_query};
use super::super::shared::paths::{no_such_product, segment};
use super::super::shared::product_list::ProductList;
use super::super::shared::shapes;
use super::super::shared::token::Authorized;
use crate::server::actor_handle::ActorHandle;

pub async fn alive(actor: Data<ActorHandle<Catalog>>) -> ApiResult {
    health::alive(&actor)
}

pub async fn product(_: Authorized, request: HttpRequest, actor: Data<ActorHandle<Catalog>>) -> ApiResult {
    let name = ProductName::new(segment(&request, "/query/")?)?;
    let answer = actor.ask(Query { name, front_end: None }).await??;
    let product = answer.product.ok_or_else(no_such_product)?;
    Ok(shapes::ready_made(shapes::product(&product)))
}

pub async fn products(
    _: Authorized,
    request: HttpRequest,
    actor: Data<ActorHandle<Catalog>>,
    products: Data<ProductList>,
) -> ApiResult {
    let list = async |ListQuery { after, limit }| Ok(actor.ask(List { after, limit }).await??);
    products.answer(list_query(&request)?, list).await
}

pub async fn buy(_: Authorized, actor: Data<ActorHandle<Catalog>>, message: JsonMessage<Buy>) -> ApiResult {
    Ok(shapes::data(actor.ask(message.0).await??))
}

/// There is nothing to say in the body; it may be empty.
pub async fn restock(_: Authorized, actor: Data<ActorHandle<Catalog>>) -> ApiResult {
    Ok(shapes::data(actor.ask(Restock {}).await??))
}

impl From<Refusal> for ApiError {
    fn from(error: Refusal) -> ApiError {
        match error {
            Refusal::Superseded { .. } | Refusal::OutdatedView | Refusal::Whole => {
                ApiError::conflict(error.to_string())
            }
            Refusal::Starting | Refusal::Behind { .. } | Refusal::Lost => {
                ApiError::unavailable(error.to_string())
            }
        }
    }
}
