//! Orders, read.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toystore_actors::domain::{Order, OrderNumber};
use toystore_actors::messages::front_end::{FindOrder, ListOrders};
use toystore_checks::data::{Invocation, Response};

use super::super::shared::documented::{Answers, data_of, schema, told};
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::parameters::{check_limit, query, too_many};
use super::super::shared::paths::{no_such_order, order_number, segment};
use super::super::shared::refusals::AnyRequest;
use super::super::shared::shapes::{self, ShortOrder};
use super::state::FrontEndState;
use crate::server::front_door::Asked;
use crate::wire::answers;

/// How many orders one page of `GET /orders` has when nobody says, and at most.
const PAGE: u32 = 100;
const MAX_PAGE: u32 = 1000;

told! {
    /// What is told of one order.
    OneOrder: Answers::default()
        .json(StatusCode::OK, "The order.", data_of::<answers::Order>(), &[("", json!({ "data": first() }))])
        .refused(&[
            ("a number", ApiError::bad_request("an order number is a whole number, such as 1")),
            ("no order", no_such_order()),
        ]);

    /// What is told of what an order cost.
    OneReceipt: Answers::default()
        .json(StatusCode::OK, "The order with its receipt.", data_of::<answers::Receipt>(), &[
            ("a receipt", json!({ "data": {
                "number": 1, "name": "Tux", "quantity": 2,
                "price": 15.99, "total": 31.98, "placed_at": "2026-11-28T09:20:15.107Z",
            } })),
            ("an order of before there were receipts", json!({ "data": {
                "number": 1, "name": "Tux", "quantity": 2, "price": null, "total": null, "placed_at": null,
            } })),
        ])
        .refused(&[
            ("a number", ApiError::bad_request("an order number is a whole number, such as 1")),
            ("no order", no_such_order()),
        ]);

    /// What is told of many.
    ManyOrders: Answers::default()
        .json(StatusCode::OK, "Orders, and what to go on after.", schema::<answers::OrderPage>(), &[
            ("a page", json!({ "data": [first()], "next": 1 })),
            ("the last page", json!({ "data": [first()], "next": null })),
        ])
        .refused(&[
            ("a limit", too_many(MAX_PAGE)),
            ("a parameter", ApiError::bad_request("the parameters after \"?\" are wrong: unknown field `colour`")),
        ]);
}

fn first() -> Value {
    json!({ "number": 1, "name": "Tux", "quantity": 2 })
}

#[utoipa::path(
    get,
    path = "/orders/{number}",
    operation_id = "getOrder",
    tag = "Orders",
    summary = "One order",
    params(("number" = u64, Path, minimum = 1, example = 1, description = "The order's number.")),
    responses(AnyRequest, OneOrder)
)]
pub async fn order(request: HttpRequest, state: &FrontEndState) -> ApiResult {
    let found = find(state, &segment(&request, "/orders/")?).await?;
    Ok(shapes::data(ShortOrder::from(found)))
}

/// What follows the number in the path of a receipt.
pub const RECEIPT: &str = "/receipt";

/// An order with its price and the time at which it was sold.
#[utoipa::path(
    get,
    path = "/orders/{number}/receipt",
    operation_id = "getReceipt",
    tag = "Orders",
    summary = "One order, with what it cost and when it was placed",
    description = "Price and time are those of the sale, by the catalog's clock, in UTC, and never change. All three are null for an order that was placed by a version that kept none of it.",
    params(("number" = u64, Path, minimum = 1, example = 1, description = "The order's number.")),
    responses(AnyRequest, OneReceipt)
)]
pub async fn receipt(request: HttpRequest, state: &FrontEndState) -> ApiResult {
    let below = segment(&request, "/orders/")?;
    let found = find(state, below.strip_suffix(RECEIPT).unwrap_or(&below)).await?;
    Ok(shapes::ready_made(shapes::receipt(&found)))
}

async fn find(state: &FrontEndState, number: &str) -> Result<Order, ApiError> {
    let number = order_number(number)?;
    let asked = Asked::at(state.front_door.as_ref(), || Invocation::Find { number });
    let found = state.actor.ask(FindOrder { number }).await??;
    asked.answered(|| Response::Found { order: found.clone() });
    found.ok_or_else(no_such_order)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrdersQuery {
    #[serde(default)]
    after: OrderNumber,
    #[serde(default = "default_page")]
    limit: u32,
}

fn default_page() -> u32 {
    PAGE
}

#[derive(Serialize)]
struct OrdersBody {
    data: Vec<ShortOrder>,
    next: Option<OrderNumber>,
}

/// `next` is what to give as `after` for the following page, and null when this one was the last.
#[utoipa::path(
    get,
    path = "/orders",
    operation_id = "listOrders",
    tag = "Orders",
    summary = "Orders, a page at a time",
    description = "By number. Give `next` as `after` to go on, until it is null.",
    params(
        ("after" = Option<u64>, Query, example = 0, description = "Only orders with higher numbers; all when nobody says."),
        (
            "limit" = Option<u32>, Query, minimum = 1, maximum = 1000, example = 10,
            description = "How many at most; 100 when nobody says.",
        ),
    ),
    responses(AnyRequest, ManyOrders)
)]
pub async fn orders(request: HttpRequest, state: &FrontEndState) -> ApiResult {
    let OrdersQuery { after, limit } = query(&request)?;
    check_limit(limit, MAX_PAGE)?;
    let asked = Asked::at(state.front_door.as_ref(), || Invocation::Page { after, limit });
    let orders = state.actor.ask(ListOrders { after, limit }).await??;
    asked.answered(|| Response::Orders { orders: orders.clone() });
    let full = orders.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = orders.last().filter(|_| full).map(|order| order.number);
    let data = orders.into_iter().map(ShortOrder::from).collect();
    Ok(shapes::answer(StatusCode::OK).json(OrdersBody { data, next }))
}
