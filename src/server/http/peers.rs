//! Calls between the services: any message of the service that the path names, in bincode.

use actix_web::dev::HttpServiceFactory;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{self, Data, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse, guard};
use toystore_actors::net::{self, Bridge, BridgeError};

use super::shared::bodies::{Body, INTERNAL_BODY};
use super::shared::errors::ApiResult;
use super::shared::shapes;
use super::shared::token::Authorized;
use crate::wire::peer_calls::BINCODE;

/// The resource of the peers under a path that others have, too.
pub fn resource(path: &str) -> impl HttpServiceFactory + 'static {
    web::resource(path).guard(guard::Post()).guard(guard::Header("content-type", BINCODE)).to(call)
}

/// Whether a request is a call from a peer, where the router did not look at that.
pub fn is_call(request: &HttpRequest) -> bool {
    let kind = || request.headers().get(header::CONTENT_TYPE);
    *request.method() == Method::POST && kind().is_some_and(|kind| kind == BINCODE)
}

/// Answers such a call.
///
/// # Errors
/// What the peer is told instead.
pub async fn answer(request: HttpRequest, body: Payload) -> actix_web::Result<HttpResponse> {
    let token = Authorized::extract(&request).await?;
    let bridge = Data::<Bridge>::extract(&request).await?;
    let body = Body::from_request(&request, &mut body.into_inner()).await?;
    Ok(call(token, request, bridge, body).await?)
}

async fn call(
    _: Authorized,
    request: HttpRequest,
    bridge: Data<Bridge>,
    body: Body<INTERNAL_BODY>,
) -> ApiResult {
    let name = request.path().trim_start_matches('/');
    match bridge.dispatch(name, body.0).await {
        Ok(reply) => Ok(shapes::answer(StatusCode::OK).content_type(BINCODE).body(reply)),
        // 503 promises the peer that no notice was taken of its call; here that is not known.
        Err(error @ BridgeError::Stopped) => {
            Ok(shapes::answer(StatusCode::INTERNAL_SERVER_ERROR).body(error.to_string()))
        }
        // What this is, for the peer's own words.
        Err(BridgeError::Misdirected(answer)) => {
            let misdirected = shapes::answer(StatusCode::MISDIRECTED_REQUEST)
                .content_type(BINCODE)
                .body(net::encode(&answer));
            Ok(misdirected)
        }
        Err(error) => Err(error.into()),
    }
}
