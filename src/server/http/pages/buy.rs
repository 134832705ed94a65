//! An order from a form, without script.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload, Query};
use actix_web::{FromRequest as _, HttpRequest, ResponseError as _};
use askama::Template;
use serde::Deserialize;
use toystore_actors::domain::{ProductName, Quantity, RequestId};

use super::super::public::{FrontEndState, OrderBody, order};
use super::super::shared::bodies::{Body, PUBLIC_BODY};
use super::super::shared::errors::{ApiError, ApiResult};
use super::html::page;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    key: String,
    quantity: String,
}

#[derive(Template)]
#[template(path = "result.html")]
struct ResultPage {
    lab: bool,
    outcome: &'static str,
    number: Option<u64>,
    name: String,
    quantity: String,
    key: String,
    message: String,
}

pub async fn buy(request: HttpRequest, state: Data<FrontEndState>, body: Payload) -> ApiResult {
    from_here(&request)?;
    demand_form(&request)?;
    let body = Body::<PUBLIC_BODY>::from_request(&request, &mut body.into_inner()).await?;
    let text = std::str::from_utf8(&body.0).map_err(|_| ApiError::bad_request("the form is not UTF-8"))?;
    let form = Query::<Form>::from_query(text)
        .map_err(|error| ApiError::bad_request(format!("the form is not that of an order: {error}")))?;
    let Form { name, key, quantity } = form.into_inner();
    let placed = match read(&name, &key, &quantity) {
        Ok((key, body)) => order(&state, key, body).await,
        Err(error) => Err(error),
    };
    let (status, outcome, number, message) = match placed {
        Ok(number) => (StatusCode::OK, "placed", Some(number.get()), String::new()),
        Err(error) => (error.status_code(), outcome(error.status_code()), None, format!("{error}.")),
    };
    page(status, &ResultPage { lab: state.has_lab(), outcome, number, name, quantity, key, message })
}

fn outcome(status: StatusCode) -> &'static str {
    match status {
        StatusCode::CONFLICT => "not-enough",
        StatusCode::SERVICE_UNAVAILABLE => "unknown",
        _ => "refused",
    }
}

fn read(name: &str, key: &str, quantity: &str) -> Result<(RequestId, OrderBody), ApiError> {
    let pieces: u64 = quantity
        .trim()
        .parse()
        .map_err(|_| ApiError::bad_request("a quantity is a whole number from 1 to 1,000,000"))?;
    let body = OrderBody { name: ProductName::new(name)?, quantity: Quantity::new(pieces)? };
    Ok((RequestId::new(key)?, body))
}

/// Refuses a form of another site: a browser says so.
fn from_here(request: &HttpRequest) -> Result<(), ApiError> {
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if site.is_some_and(|site| matches!(site, "cross-site" | "same-site")) {
        return Err(ApiError::refused("this form is on another site's page; order from the shop's own"));
    }
    Ok(())
}

fn demand_form(request: &HttpRequest) -> Result<(), ApiError> {
    let kind =
        request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    Err(ApiError::not_a_form())
}
