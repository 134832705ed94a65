//! Orders, read.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use toystore_actors::domain::{Order, OrderNumber};
use toystore_actors::messages::front_end::{FindOrder, ListOrders};
use toystore_checks::data::{Invocation, Response};

use super::super::shared::errors::ApiResult;
use super::super::shared::parameters::{check_limit, query};
use super::super::shared::paths::{no_such_order, order_number, segment};
use super::super::shared::shapes;
use super::state::FrontEndState;
use crate::server::front_door::Asked;

/// How many orders one page of `GET /orders` has when nobody says, and at most.
const PAGE: u32 = 100;
const MAX_PAGE: u32 = 1000;

pub async fn order(request: HttpRequest, state: &FrontEndState) -> ApiResult {
    let number = order_number(&segment(&request, "/orders/")?)?;
    let asked = Asked::at(state.front_door.as_ref(), || Invocation::Find { number });
    let found = state.actor.ask(FindOrder { number }).await??;
    asked.answered(|| Response::Found { order: found.clone() });
    found.map(shapes::data).ok_or_else(no_such_order)
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
    data: Vec<Order>,
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
    Ok(shapes::answer(StatusCode::OK).json(OrdersBody { data: orders, next }))
}
