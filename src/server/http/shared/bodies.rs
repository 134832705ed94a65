//! The bodies of requests: of limited length and duration, and of the kind that is expected.

use std::future::ready;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::errors::ApiError;
use super::whole_numbers;

/// The longest body that the public may send.
pub const PUBLIC_BODY: usize = 16 << 10;

/// The longest body that a service may send.
pub const INTERNAL_BODY: usize = 16 << 20;

/// How long a body may take to arrive.
pub const BODY_SECONDS: u64 = 5;

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

/// A message as JSON, from somebody who shows the cluster's token.
pub struct JsonMessage<M>(pub M);

impl<M: DeserializeOwned + 'static> FromRequest for JsonMessage<M> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    /// Of another kind of body nothing is read.
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if let Err(error) = demand_json(request) {
            return Box::pin(ready(Err(error)));
        }
        let body = Body::<INTERNAL_BODY>::from_request(request, payload);
        Box::pin(async move {
            let body = body.await?;
            // serde would take a list of the fields' values for the object.
            if body.0.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
                return Err(ApiError::bad_request(
                    "the body is not such a message: it is a list, and an object is expected",
                ));
            }
            whole_numbers::from_slice(&body.0)
                .map(JsonMessage)
                .map_err(|error| ApiError::bad_request(format!("the body is not such a message: {error}")))
        })
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
