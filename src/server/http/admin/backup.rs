//! What the front-end gives to `toystore backup`: the book with its request ids, page by page, and the products with
//! their counts. Both come from whoever has them now, so that a backup need reach the front-end alone.

use actix_web::HttpRequest;
use actix_web::web::Data;
use toystore_actors::domain::Position;
use toystore_actors::front_end::FrontEnd;
use toystore_actors::messages::front_end::{Copied, CopyBook, CopyStock};

use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::parameters::{ListQuery, check_limit, list_query, query};
use super::super::shared::paths::no_such_product;
use super::super::shared::shapes;
use super::super::shared::token::Authorized;
use crate::server::actor_handle::ActorHandle;
use crate::wire::backup::{CopyQuery, MAX_PAGE, Page};

pub async fn orders(
    _: Authorized,
    request: HttpRequest,
    front_end: Data<ActorHandle<FrontEnd>>,
) -> ApiResult {
    let CopyQuery { after, after_epoch, limit } = query(&request)?;
    check_limit(limit, MAX_PAGE)?;
    let after = Position { number: after, epoch: after_epoch };
    match front_end.ask(CopyBook { after, limit }).await?? {
        Copied::Entries { store, acknowledged, entries } => {
            Ok(shapes::data(Page { store, acknowledged, entries }))
        }
        Copied::Diverged => {
            Err(ApiError::conflict("the book has another entry there; begin again with after=0"))
        }
    }
}

pub async fn stock(_: Authorized, request: HttpRequest, front_end: Data<ActorHandle<FrontEnd>>) -> ApiResult {
    let ListQuery { after, limit } = list_query(&request)?;
    let products = front_end.ask(CopyStock { after, limit }).await??.ok_or_else(no_such_product)?;
    Ok(shapes::data(products))
}
