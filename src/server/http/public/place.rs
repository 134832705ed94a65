//! Orders, placed.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, LOCATION};
use actix_web::web::Payload;
use actix_web::{FromRequest, HttpRequest, ResponseError};
use serde_json::json;
use toystore_actors::domain::{Invalid, OrderNumber, RequestId};
use toystore_actors::messages::front_end::{OrderError, PlaceOrder, Unavailable};
use toystore_actors::net::BridgeError;
use toystore_checks::data::{Invocation, Response};

use super::super::shared::bodies::{Body, PUBLIC_BODY, accept_json};
use super::super::shared::documented::{Answers, data_of, header, told};
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::refusals::{AnyBody, AnyRequest};
use super::super::shared::shapes::{self, Wrapped};
use super::idempotency_key::{self, KeyHeader};
use super::order_body::{OrderBody, order_body};
use super::state::FrontEndState;
use crate::server::front_door::Asked;
use crate::wire::answers::{NewOrder, Placed};

told! {
    /// What is told of an order that was to be placed.
    AnOrder: Answers::default()
        .json(
            StatusCode::CREATED,
            "It is placed: on the disk of every replica in sync. Each time that it is asked for under the same key, the answer is the same.",
            data_of::<Placed>(),
            &[("", json!({ "data": { "order_number": 1 } }))],
        )
        .json(
            StatusCode::OK,
            "It is placed, at a store that is configured with `placed_status = 200`.",
            data_of::<Placed>(),
            &[("", json!({ "data": { "order_number": 1 } }))],
        )
        .refused(&refusals())
        .with(&[StatusCode::OK, StatusCode::CREATED], "Location", &header("where the order is", "/orders/1"))
        .with(&KEYED, "Idempotency-Key", &header("the key, sent or made by the store", "a5d8"));
}

/// The answers to who sent something that can be understood.
const KEYED: [StatusCode; 6] = [
    StatusCode::OK,
    StatusCode::CREATED,
    StatusCode::NOT_FOUND,
    StatusCode::CONFLICT,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::SERVICE_UNAVAILABLE,
];

fn refusals() -> Vec<(&'static str, ApiError)> {
    let unavailable =
        |asked| OrderError::Unavailable(Unavailable { why: "no leader has been chosen yet".into(), asked });
    let mut refusals = vec![
        ("a key", Invalid::RequestId.into()),
        ("no such product", not_placed(OrderError::UnknownProduct)),
        ("not enough in stock", not_placed(OrderError::NotEnough { left: 3 })),
        ("a key used before", not_placed(OrderError::KeyReused)),
        ("not passed on", not_placed(unavailable(false))),
        ("not known", not_placed(unavailable(true))),
    ];
    refusals.extend(order_body(br#"{"name":"Tux"}"#).err().map(|error| ("a body", error)));
    refusals
}

/// Whatever the answer, it names the request id, so that also a shopper who sent none can ask again. The body is read when
/// the head is well: a shopper who waits with it is spared from sending it for nothing.
#[utoipa::path(
    post,
    path = "/orders",
    operation_id = "placeOrder",
    tag = "Orders",
    summary = "Place an order",
    description = "Send a key with every order: where the outcome is not known (503, or no answer at all), ask again with the same key and the same body, as often as you like. It is placed once. A key is kept with its order for ever.",
    params(KeyHeader),
    request_body(content = NewOrder, content_type = "application/json", description = "What to order.", example = json!({ "name": "Tux", "quantity": 2 })),
    responses(AnyRequest, AnyBody, AnOrder)
)]
pub async fn place(request: HttpRequest, state: &FrontEndState, body: Payload) -> ApiResult {
    accept_json(&request)?;
    let key = match idempotency_key::sent(&request)? {
        Some(key) => key,
        None => idempotency_key::new()?,
    };
    let body = Body::<PUBLIC_BODY>::from_request(&request, &mut body.into_inner()).await?;
    let order = order_body(&body.0)?;
    let mut response = match place_order(state, key.clone(), order).await {
        Ok(response) => response,
        Err(error) => error.error_response(),
    };
    if let Ok(value) = HeaderValue::from_str(key.as_str()) {
        response.headers_mut().insert(HeaderName::from_static("idempotency-key"), value);
    }
    Ok(response)
}

/// Places an order, and takes note of how long that took.
///
/// # Errors
/// What the shopper is told instead; whatever came of it if that is 503.
pub async fn order(state: &FrontEndState, key: RequestId, body: OrderBody) -> Result<OrderNumber, ApiError> {
    let began = Instant::now();
    let asked = Asked::at(state.front_door.as_ref(), || {
        let (key, name, quantity) = (key.clone(), body.name.clone(), body.quantity);
        Invocation::Place { key, name, quantity }
    });
    let message = PlaceOrder { key, name: body.name, quantity: body.quantity };
    let placed = state.actor.ask(message).await.map_err(not_asked)?;
    asked.answered(|| told(&placed));
    let number = placed.map_err(not_placed)?;
    state.cluster.orders.placed(began.elapsed());
    Ok(number)
}

/// What the shopper is told, for whoever judges it.
fn told(placed: &Result<OrderNumber, OrderError>) -> Response {
    match placed {
        Ok(number) => Response::Placed { number: *number },
        Err(OrderError::NotEnough { left }) => Response::NotEnough { left: *left },
        Err(OrderError::KeyReused) => Response::KeyReused,
        Err(OrderError::UnknownProduct) => Response::UnknownProduct,
        Err(OrderError::Unavailable(_)) => Response::Unknown,
    }
}

async fn place_order(state: &FrontEndState, key: RequestId, body: OrderBody) -> ApiResult {
    let number = order(state, key, body).await?;
    Ok(shapes::answer(state.placed)
        .insert_header((LOCATION, format!("/orders/{number}")))
        .json(Wrapped { data: Placed { order_number: number.get() } }))
}

fn not_asked(error: BridgeError) -> ApiError {
    match error {
        // It may have stopped after it took the order on.
        BridgeError::Stopped => not_known(&error.to_string(), true),
        BridgeError::Overloaded => not_known(&error.to_string(), false),
        error => error.into(),
    }
}

/// Why an order was not placed. What the domain calls a request id is an Idempotency-Key to shoppers.
fn not_placed(error: OrderError) -> ApiError {
    match error {
        OrderError::UnknownProduct => ApiError::not_found(error.to_string()),
        OrderError::NotEnough { .. } => ApiError::conflict(error.to_string()),
        OrderError::KeyReused => ApiError::unprocessable("the Idempotency-Key was used for another order"),
        OrderError::Unavailable(Unavailable { why, asked }) => not_known(&why, asked),
    }
}

/// What only an order is answered: `asked` says whether somebody has it who may place it.
fn not_known(why: &str, asked: bool) -> ApiError {
    let what =
        if asked { "whether the order is placed is not known" } else { "the order was passed on to nobody" };
    ApiError::unavailable(format!("{why}; {what}: retry with the same Idempotency-Key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_retry_is_told_once_how() {
        let unavailable = |asked| OrderError::Unavailable(Unavailable { why: "no leader".into(), asked });
        for (error, status, message) in [
            (
                not_placed(unavailable(true)),
                503,
                "no leader; whether the order is placed is not known: retry with the same Idempotency-Key",
            ),
            (
                not_placed(unavailable(false)),
                503,
                "no leader; the order was passed on to nobody: retry with the same Idempotency-Key",
            ),
            (
                not_asked(BridgeError::Overloaded),
                503,
                "too many requests are under way; the order was passed on to nobody: retry with the same \
                 Idempotency-Key",
            ),
            (
                not_asked(BridgeError::Stopped),
                503,
                "the service has stopped; whether the order is placed is not known: retry with the same \
                 Idempotency-Key",
            ),
            (not_placed(OrderError::KeyReused), 422, "the Idempotency-Key was used for another order"),
            (not_placed(OrderError::NotEnough { left: 3 }), 409, "not enough in stock: 3 left"),
            (not_placed(OrderError::UnknownProduct), 404, "there is no such product"),
        ] {
            assert_eq!((error.status_code().as_u16(), &*error.to_string()), (status, message));
        }
    }
}
