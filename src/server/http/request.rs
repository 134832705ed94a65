//! What a request brings, read with suspicion: bodies of limited length and duration, names and numbers
//! from paths, headers, and the cluster's token.

use std::borrow::Cow;
use std::fmt;
use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, Unexpected, Visitor};
use toystore_actors::catalog::MAX_PAGE;
use toystore_actors::domain::{Product, ProductName, Quantity, RequestId};

use super::errors::ApiError;
use crate::config::Token;

/// The longest body that the public may send.
pub const PUBLIC_BODY: usize = 16 << 10;

/// The longest body that a service may send.
pub const INTERNAL_BODY: usize = 16 << 20;

/// How long a body may take to arrive.
const BODY_SECONDS: u64 = 5;

/// A whole body of at most `LIMIT` bytes.
pub struct Body<const LIMIT: usize>(pub Bytes);

impl<const LIMIT: usize> FromRequest for Body<LIMIT> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced =
            announced.and_then(|length| length.to_str().ok()).and_then(|length| length.parse().ok());
        let mut payload = payload.take();
        Box::pin(async move {
            if announced.is_some_and(|length: usize| length > LIMIT) {
                return Err(ApiError::body_too_large(LIMIT));
            }
            let read =
                tokio::time::timeout(Duration::from_secs(BODY_SECONDS), read(&mut payload, LIMIT)).await;
            read.unwrap_or_else(|_| Err(ApiError::body_too_slow(BODY_SECONDS))).map(Body)
        })
    }
}

/// A whole body of JSON, from one of the store's own services or from somebody who looks at what happens.
pub struct JsonBody(pub Bytes);

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    /// Of another kind of body nothing is read.
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if let Err(error) = demand_json(request) {
            return Box::pin(ready(Err(error)));
        }
        let body = Body::<INTERNAL_BODY>::from_request(request, payload);
        Box::pin(async move { Ok(JsonBody(body.await?.0)) })
    }
}

async fn read(payload: &mut Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken(&error))?;
        let before = first.as_ref().map_or(0, Bytes::len).max(all.len());
        if before + chunk.len() > limit {
            return Err(ApiError::body_too_large(limit));
        }
        // Most bodies come in one piece, which need not be copied.
        match first.take() {
            None if all.is_empty() => first = Some(chunk),
            None => all.extend_from_slice(&chunk),
            Some(piece) => {
                all.extend_from_slice(&piece);
                all.extend_from_slice(&chunk);
            }
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}

fn broken(error: &PayloadError) -> ApiError {
    ApiError::bad_request(format!("the body could not be read: {error}"))
}

/// Says that the caller is one of the cluster's services: it showed the token, or none is configured.
pub struct Peer;

/// The cluster's token as every application of this process knows it.
pub type Secret = Option<Token>;

impl FromRequest for Peer {
    type Error = ApiError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authorize(request))
    }
}

fn authorize(request: &HttpRequest) -> Result<Peer, ApiError> {
    // A service that was put together without the token's setting must not be open by that mistake.
    let secret = request.app_data::<Data<Secret>>().ok_or_else(ApiError::forbidden)?;
    let Some(token) = secret.get_ref() else { return Ok(Peer) };
    let shown = request.headers().get(header::AUTHORIZATION).ok_or_else(ApiError::unauthorized)?;
    let shown = shown.as_bytes().strip_prefix(b"Bearer ").ok_or_else(ApiError::unauthorized)?;
    if same(shown, token.secret().as_bytes()) { Ok(Peer) } else { Err(ApiError::forbidden()) }
}

/// Compares without telling by its duration how much was right.
fn same(shown: &[u8], secret: &[u8]) -> bool {
    let difference = shown.iter().zip(secret).fold(0, |difference, (a, b)| difference | (a ^ b));
    shown.len() == secret.len() && difference == 0
}

/// A path without the one slash that it may end in: `/products/Tux/` is `/products/Tux`.
pub fn plain(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The last part of a path after `prefix`, percent-decoded: a name may hold any character, `/` as `%2F`.
///
/// # Errors
/// 400 when it is not UTF-8.
pub fn segment<'a>(request: &'a HttpRequest, prefix: &str) -> Result<Cow<'a, str>, ApiError> {
    // The router's own decoding is not used: it leaves some characters as they are and replaces others.
    let encoded = plain(request.uri().path()).strip_prefix(prefix).unwrap_or_default();
    percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| ApiError::bad_request("the name in the path is not percent-encoded UTF-8"))
}

/// An order number from a path. What is no number at all is a mistake; a number that no order can have is
/// merely not found.
///
/// # Errors
/// 400 or 404.
pub fn order_number(text: &str) -> Result<u64, ApiError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::bad_request("an order number is a whole number, such as 1"));
    }
    match text.parse() {
        Ok(0) | Err(_) => Err(no_such_order()),
        Ok(number) => Ok(number),
    }
}

/// 404 for an order.
pub fn no_such_order() -> ApiError {
    ApiError::not_found("there is no such order")
}

/// 404 for a product.
pub fn no_such_product() -> ApiError {
    ApiError::not_found("there is no such product")
}

/// Demands a JSON body that is not packed; parameters such as a charset are not looked at.
///
/// # Errors
/// 415.
fn demand_json(request: &HttpRequest) -> Result<(), ApiError> {
    let coding = request.headers().get(header::CONTENT_ENCODING).and_then(|coding| coding.to_str().ok());
    if let Some(coding) = coding.filter(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
        return Err(ApiError::packed(coding));
    }
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(ApiError::not_json()) }
}

/// The same for shoppers, whose simplest clients do not say of what kind the body is. (Those of the store's own services
/// do: a page in a browser can send a body of no kind to any address without being asked.)
///
/// # Errors
/// 415.
pub fn accept_json(request: &HttpRequest) -> Result<(), ApiError> {
    let said = request.headers().contains_key(header::CONTENT_TYPE);
    match demand_json(request) {
        Err(error) if said || error != ApiError::not_json() => Err(error),
        _ => Ok(()),
    }
}

/// The request id that a shopper sent, if any. The IETF's draft of the header has it in quotes; with them it is the same key.
///
/// # Errors
/// 400 when it is sent twice, or is not 1 to 64 visible ASCII characters.
pub fn idempotency_key(request: &HttpRequest) -> Result<Option<RequestId>, ApiError> {
    let mut given = request.headers().get_all("idempotency-key");
    let Some(key) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(ApiError::bad_request("there are two Idempotency-Key headers; send one"));
    }
    // A value that is not ASCII cannot be a key; the empty text stands for it in the message.
    let key = key.to_str().unwrap_or_default();
    let bare = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(key);
    Ok(Some(RequestId::new(bare)?))
}

/// The parameters after the `?`, each known and at most once.
///
/// # Errors
/// 400.
pub fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    actix_web::web::Query::from_query(request.query_string())
        .map(actix_web::web::Query::into_inner)
        .map_err(|error| ApiError::bad_request(format!("the parameters after \"?\" are wrong: {error}")))
}

/// Which products a list is to have.
#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only those that follow this one, in the catalog's order.
    pub after: Option<ProductName>,
    /// How many at most.
    #[serde(default = "most_products")]
    pub limit: u32,
}

impl ListQuery {
    /// Whether it is the list that one has without parameters.
    pub fn is_usual(&self) -> bool {
        self.after.is_none() && self.limit == most_products()
    }
}

fn most_products() -> u32 {
    MAX_PAGE
}

/// Reads which products a list is to have: without parameters, as many as there can be in one.
///
/// # Errors
/// 400, saying what is expected.
pub fn list_query(request: &HttpRequest) -> Result<ListQuery, ApiError> {
    let asked: ListQuery = query(request)?;
    if !(1..=MAX_PAGE).contains(&asked.limit) {
        return Err(ApiError::bad_request(format!("limit must be a whole number from 1 to {MAX_PAGE}")));
    }
    Ok(asked)
}

/// What to give as `after` for what follows a list; nothing, when it was the last.
pub fn next_product(products: &[Product], limit: u32) -> Option<&ProductName> {
    let full = products.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    products.last().filter(|_| full).map(|product| &product.name)
}

/// What a shopper sends to order something.
#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with \"name\" and \"quantity\"")]
pub struct OrderBody {
    /// The product.
    pub name: ProductName,
    /// How many.
    #[serde(deserialize_with = "whole_quantity")]
    pub quantity: Quantity,
}

/// Reads the body of an order.
///
/// # Errors
/// 400, saying where the body is wrong and what is expected.
pub fn order_body(bytes: &[u8]) -> Result<OrderBody, ApiError> {
    let expected = r#"expected {"name":"Tux","quantity":2}"#;
    // serde would take a list of the fields' values for the object.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        return Err(ApiError::bad_request(format!("the body is a list; {expected}")));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| ApiError::bad_request(format!("the body is not an order: {error}; {expected}")))
}

fn whole_quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
    struct Whole;

    impl Visitor<'_> for Whole {
        type Value = Quantity;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number from 1 to 1,000,000")
        }

        fn visit_u64<E: de::Error>(self, pieces: u64) -> Result<Quantity, E> {
            Quantity::new(pieces).map_err(|_| E::invalid_value(Unexpected::Unsigned(pieces), &self))
        }
    }

    deserializer.deserialize_any(Whole)
}

/// A typed message as JSON, for people at the services' own doors.
///
/// # Errors
/// 400.
pub fn message<'de, M: Deserialize<'de>>(bytes: &'de [u8]) -> Result<M, ApiError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ApiError::bad_request(format!("the body is not such a message: {error}")))
}

/// Answers a request that no route takes, with the paths that there are.
pub fn unknown_path(paths: &str) -> HttpResponse {
    ApiError::not_found(format!("there is no such path; there are {paths}")).error_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_bodies_are_read_strictly() {
        for (text, expected) in [
            (r#"{"name":"Tux","quantity":2}"#, None),
            (r#" { "quantity" : 1000000, "name" : "T\u00fcx" } "#, None),
            (
                r#"{"name":"Tux","quantity":0}"#,
                Some("integer `0`, expected a whole number from 1 to 1,000,000"),
            ),
            (r#"{"name":"Tux","quantity":1000001}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":-1}"#, Some("integer `-1`, expected a whole number")),
            (r#"{"name":"Tux","quantity":+50}"#, Some("line 1 column 26")),
            (r#"{"name":"Tux","quantity":1e3}"#, Some("floating point `1000.0`, expected a whole number")),
            (r#"{"name":"Tux","quantity":2.0}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":"2"}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":null}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":true}"#, Some("expected a whole number")),
            (r#"{"name":"Tux","quantity":99999999999999999999999}"#, Some("expected a whole number")),
            (r#"{"name":"Tux"}"#, Some("missing field `quantity`")),
            (r#"{"quantity":1}"#, Some("missing field `name`")),
            (r#"{"name":"Tux","quantity":1,"gift":true}"#, Some("unknown field `gift`")),
            (r#"{"name":"Tux","quantity":1,"quantity":1}"#, Some("duplicate field `quantity`")),
            (r#"{"name":"Tux","name":"Tux","quantity":1}"#, Some("duplicate field `name`")),
            (r#"{"name":"","quantity":1}"#, Some("the product name is empty")),
            (r#"{"name":5,"quantity":1}"#, Some("expected a string")),
            (r#"{"name":"\ud800","quantity":1}"#, Some("the body is not an order")),
            (r#"["Tux",1]"#, Some("the body is a list")),
            (r#""Tux""#, Some("expected an object with \"name\" and \"quantity\"")),
            (r#"{"name":"Tux","quantity":1}}"#, Some("trailing characters")),
            (r#"{"name":"Tux","quantity":1"#, Some("EOF")),
            ("", Some("EOF")),
        ] {
            match (order_body(text.as_bytes()), expected) {
                (Ok(_), None) => {}
                (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                (outcome, _) => panic!("{text}: {outcome:?}"),
            }
        }
    }

    #[test]
    fn order_numbers_are_digits() {
        for (text, status) in [
            ("1", None),
            ("18446744073709551615", None),
            ("0", Some(404)),
            ("18446744073709551616", Some(404)),
            ("99999999999999999999999999", Some(404)),
            ("abc", Some(400)),
            ("-1", Some(400)),
            ("+1", Some(400)),
            ("1.0", Some(400)),
            ("", Some(400)),
        ] {
            let found = order_number(text).err().map(|error| error.status_code().as_u16());
            assert_eq!(found, status, "{text:?}");
        }
    }

    #[test]
    fn a_token_is_compared_whole() {
        for (shown, same_as_secret) in [("secret", true), ("secre", false), ("secrets", false), ("", false)] {
            assert_eq!(same(shown.as_bytes(), b"secret"), same_as_secret, "{shown:?}");
        }
    }
}
