//! What the front-end gives to `toystore backup`: the book with its request ids, page by page, and the products with
//! their counts. Both come from whoever has them now, so that a backup need reach the front-end alone.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde_json::json;
use toystore_actors::domain::Position;
use toystore_actors::front_end::FrontEnd;
use toystore_actors::messages::catalog::MAX_PAGE as MOST_PRODUCTS;
use toystore_actors::messages::front_end::{Copied, CopyBook, CopyStock};

use super::super::shared::documented::{Answers, data_of, list_of, told};
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::parameters::{ListQuery, check_limit, list_query, query, too_many};
use super::super::shared::paths::no_such_product;
use super::super::shared::refusals::{AnyRequest, NoToken};
use super::super::shared::shapes;
use super::super::shared::token::Authorized;
use crate::server::actor_handle::ActorHandle;
use crate::wire::backup::{CopyQuery, MAX_PAGE, Page};
use crate::wire::operator::{BookPage, Stocked};

told! {
    /// What is told of the book.
    Book: Answers::default()
        .json(StatusCode::OK, "Acknowledged orders, with all that a replica keeps of them.", data_of::<BookPage>(), &[
            ("", json!({ "data": {
                "store": "5d1c0b5a3f0e7d21",
                "acknowledged": 2,
                "entries": [
                    {
                        "number": 1,
                        "epoch": 1,
                        "purchase": { "key": "a5d8", "name": "Tux", "quantity": 2 },
                        "receipt": { "price_cents": 1599, "sold_at": 1_795_857_615_107_u64 },
                    },
                    { "number": 2, "epoch": 1, "purchase": null, "receipt": null },
                ],
            } })),
        ])
        .refused(&[("a limit", too_many(MAX_PAGE)), ("another book", another_book())]);

    /// What is told of the products.
    Stock: Answers::default()
        .json(StatusCode::OK, "Products as the catalog keeps them.", list_of::<Stocked>(), &[
            ("", json!({ "data": [
                { "name": "Tux", "price_cents": 1599, "initial": 100, "restocked": 0, "sold": 2 },
            ] })),
        ])
        .refused(&[("a limit", too_many(MOST_PRODUCTS)), ("no product to go on after", no_such_product())]);
}

fn another_book() -> ApiError {
    ApiError::conflict("the book has another entry there; begin again with after=0")
}

#[utoipa::path(
    get,
    path = "/backup/orders",
    operation_id = "backUpOrders",
    tag = "The operator's",
    summary = "The book, a page at a time",
    description = "With its request ids. `toystore backup` asks for it.",
    params(
        ("after" = Option<u64>, Query, example = 0, description = "The number of the last entry that one has; 0, or nothing, for the whole book."),
        ("after_epoch" = Option<u64>, Query, example = 0, description = "The epoch of that entry."),
        ("limit" = u32, Query, minimum = 1, maximum = 4096, example = 100, description = "How many at most."),
    ),
    responses(AnyRequest, NoToken, Book),
    security(("token" = []))
)]
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
        Copied::Diverged => Err(another_book()),
    }
}

#[utoipa::path(
    get,
    path = "/backup/stock",
    operation_id = "backUpStock",
    tag = "The operator's",
    summary = "The products with their counts, a page at a time",
    description = "`toystore backup` asks for it.",
    params(
        (
            "after" = Option<String>, Query, min_length = 1, max_length = 128, example = "Fox",
            description = "Only the products that follow the one of this name.",
        ),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, example = 100, description = "How many at most; 1000 when nobody says."),
    ),
    responses(AnyRequest, NoToken, Stock),
    security(("token" = []))
)]
pub async fn stock(_: Authorized, request: HttpRequest, front_end: Data<ActorHandle<FrontEnd>>) -> ApiResult {
    let ListQuery { after, limit } = list_query(&request)?;
    let products = front_end.ask(CopyStock { after, limit }).await??.ok_or_else(no_such_product)?;
    Ok(shapes::data(products))
}
