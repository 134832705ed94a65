//! Orders, read.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use toystore_actors::domain::{Order, OrderNumber};
use toystore_actors::messages::front_end::{FindOrder, ListOrders};
use toystore_checks::data::{Invocation, Response};

use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::parameters::{check_limit, query};
use super::super::shared::paths::{no_such_order, order_number, segment};
use super::super::shared::shapes::{self, ShortOrder};
use super::state::FrontEndState;
use crate::server::front_door::Asked;

/// How many orders one page of `GET /orders` has when nobody says, and at most.
const PAGE: u32 = 100;
const MAX_PAGE: u32 = 1000;

pub async fn order(request: HttpRequest, state: &FrontEndState) -> ApiResult {
    let found = find(state, &segment(&request, "/orders/")?).await?;
    Ok(shapes::data(ShortOrder::from(found)))
}

/// What follows the number in the path of a receipt.
pub const RECEIPT: &str = "/receipt";

/// An order with its price and the time at which it was sold.
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
