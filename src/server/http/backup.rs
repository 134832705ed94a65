//! What the front-end gives to `toystore backup`: the book with its request ids, page by page, and the products with
//! their counts. Both come from whoever has them now, so that a backup need reach the front-end alone.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use toystore_actors::domain::Position;
use toystore_actors::front_end::messages::{Copied, CopyBook, CopyStock};

use super::errors::ApiError;
use super::front_end::Front;
use super::request::{self, ListQuery, Peer};
use super::shape;
use crate::wire::backup::{MAX_PAGE, Page, PageQuery};

pub(super) async fn orders(
    _: Peer,
    request: HttpRequest,
    front: Data<Front>,
) -> Result<HttpResponse, ApiError> {
    let PageQuery { after, after_epoch, limit } = request::query(&request)?;
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::bad_request(format!("limit must be a whole number from 1 to {MAX_PAGE}")));
    }
    let after = Position { number: after, epoch: after_epoch };
    match front.door.ask(CopyBook { after, limit }).await?? {
        Copied::Entries { store, acknowledged, entries } => {
            Ok(shape::data(Page { store, acknowledged, entries }))
        }
        Copied::Diverged => {
            Err(ApiError::conflict("the book has another entry there; begin again with after=0"))
        }
    }
}

pub(super) async fn stock(
    _: Peer,
    request: HttpRequest,
    front: Data<Front>,
) -> Result<HttpResponse, ApiError> {
    let ListQuery { after, limit } = request::list_query(&request)?;
    let products = front.door.ask(CopyStock { after, limit }).await??.ok_or_else(request::no_such_product)?;
    Ok(shape::data(products))
}
