//! One order, looked up by its number.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, ResponseError as _};
use askama::Template;
use serde::Deserialize;
use toystore_actors::domain::Order;
use toystore_actors::messages::front_end::FindOrder;

use super::super::public::FrontEndState;
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::parameters::query;
use super::super::shared::paths::{no_such_order, order_number};
use super::html::page;
use crate::console::price::Price;
use crate::console::utc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderQuery {
    #[serde(default)]
    number: String,
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    lab: bool,
    asked: String,
    found: bool,
    number: u64,
    name: String,
    quantity: u32,
    price: Option<String>,
    total: Option<String>,
    placed_at: Option<String>,
    problem: Option<String>,
}

pub async fn order(request: HttpRequest, state: Data<FrontEndState>) -> ApiResult {
    let OrderQuery { number } = query(&request)?;
    let asked = number.trim().to_owned();
    let found = if asked.is_empty() { Ok(None) } else { find(&state, &asked).await.map(Some) };
    let (status, found, problem) = match found {
        Ok(found) => (StatusCode::OK, found, None),
        Err(error) => (error.status_code(), None, Some(format!("{error}."))),
    };
    let empty = OrderPage {
        lab: state.has_lab(),
        asked,
        found: found.is_some(),
        number: 0,
        name: String::new(),
        quantity: 0,
        price: None,
        total: None,
        placed_at: None,
        problem,
    };
    let shown = match found {
        Some(Order { number, name, quantity, receipt }) => OrderPage {
            number: number.get(),
            name: name.to_string(),
            quantity: quantity.get(),
            price: receipt.map(|receipt| Price(receipt.price_cents.into()).to_string()),
            total: receipt.map(|receipt| Price(receipt.total_cents(quantity)).to_string()),
            placed_at: receipt.map(|receipt| when(receipt.sold_at.get())),
            ..empty
        },
        None => empty,
    };
    page(status, &shown)
}

/// A time as people read it: 2026-11-28 12:00:00 UTC.
fn when(unix_millis: u64) -> String {
    let time = utc::of_unix_millis(unix_millis);
    let to_the_second = time.split('.').next().unwrap_or_default();
    format!("{} UTC", to_the_second.replace('T', " "))
}

async fn find(state: &FrontEndState, asked: &str) -> Result<Order, ApiError> {
    let number = order_number(asked)?;
    state.actor.ask(FindOrder { number }).await??.ok_or_else(no_such_order)
}
