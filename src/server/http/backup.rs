//! What the front-end gives to `toystore backup`: the book with its request ids, page by page, and the products with
//! their counts. Both come from whoever has them now, so that a backup need reach the front-end alone.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use toystore_actors::domain::{Entry, Epoch, OrderNumber, Position, StoreId};
use toystore_actors::front_end::messages::{Copied, CopyBook, CopyStock};

use super::errors::ApiError;
use super::front_end::Front;
use super::request::{self, ListQuery, Peer};
use super::shape;

/// Where the book is.
pub const ORDERS: &str = "/backup/orders";

/// Where the products are.
pub const STOCK: &str = "/backup/stock";

/// Entries in one page, at most.
pub const MAX_PAGE: u32 = 4096;

/// After which entry the page begins: its number, and its epoch, by which the book is known to be the same still.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// 0 for the whole book.
    #[serde(default)]
    pub after: OrderNumber,
    /// 0 for the whole book.
    #[serde(default)]
    pub after_epoch: Epoch,
    /// How many entries at most.
    pub limit: u32,
}

/// Acknowledged orders, with all that a replica keeps of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Whose they are.
    pub store: StoreId,
    /// All orders up to this number are acknowledged; the page may end before, or not have been able to reach it.
    pub acknowledged: OrderNumber,
    /// Without gaps.
    pub entries: Vec<Entry>,
}

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
