//! The cluster's token, which the services and the operator show.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::errors::ApiError;
use crate::config::Token;

/// Says that the caller is one of the cluster's services: it showed the token, or none is configured.
pub struct Authorized;

/// The cluster's token as every application of this process knows it.
pub type ClusterToken = Option<Token>;

impl FromRequest for Authorized {
    type Error = ApiError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authorize(request))
    }
}

fn authorize(request: &HttpRequest) -> Result<Authorized, ApiError> {
    // A service that was put together without the token's setting must not be open by that mistake.
    let secret = request.app_data::<Data<ClusterToken>>().ok_or_else(ApiError::forbidden)?;
    let Some(token) = secret.get_ref() else { return Ok(Authorized) };
    let shown = request.headers().get(header::AUTHORIZATION).ok_or_else(ApiError::unauthorized)?;
    let shown = shown.as_bytes().strip_prefix(b"Bearer ").ok_or_else(ApiError::unauthorized)?;
    if same(shown, token.secret().as_bytes()) { Ok(Authorized) } else { Err(ApiError::forbidden()) }
}

/// Compares without telling by its duration how much was right.
fn same(shown: &[u8], secret: &[u8]) -> bool {
    let difference = shown.iter().zip(secret).fold(0, |difference, (a, b)| difference | (a ^ b));
    shown.len() == secret.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_compared_whole() {
        for (shown, same_as_secret) in [("secret", true), ("secre", false), ("secrets", false), ("", false)] {
            assert_eq!(same(shown.as_bytes(), b"secret"), same_as_secret, "{shown:?}");
        }
    }
}
