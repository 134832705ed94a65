//! Which path asks for what.
//!
//! `/products/{name}` and `/orders/{number}` are no resources of the router, which would match them by a regular
//! expression: that costs more than all the rest of a hit. And so that a path may end in a slash, which many clients
//! send, all that shoppers ask for is looked up here.

use actix_web::http::Method;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::json;
use toystore_actors::clock::Clock;

use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::{paths, shapes};
use super::received::Received;
use super::state::FrontEndState;
use super::{orders, place, products, status};
use crate::server::metrics::RequestKind;

/// What there is for shoppers, to tell those who ask for something else.
const PATHS: &str = "GET /products, GET /products/{name}, POST /orders, GET /orders, GET /orders/{number}, \
                     GET /orders/{number}/receipt, GET /leader, GET /cache, GET /healthz, GET /readyz and \
                     GET /openapi.json, which says more of all of them";

/// Answers a shopper.
///
/// # Errors
/// What the shopper is told instead.
pub async fn answer(request: HttpRequest, state: Data<FrontEndState>, body: Payload) -> ApiResult {
    let mut received = Received { at: state.clock.now(), kind: RequestKind::Other };
    let answered = dispatch(request, &state, body, &mut received).await;
    let status = answered.as_ref().map_or_else(ResponseError::status_code, HttpResponse::status);
    state.requests.observe(received.kind, status, state.clock.now().since(received.at));
    answered
}

async fn dispatch(
    request: HttpRequest,
    state: &FrontEndState,
    body: Payload,
    received: &mut Received,
) -> ApiResult {
    let path = paths::plain(request.match_info().as_str());
    if matches!(path, "/orders" | "/order") && *request.method() == Method::POST {
        received.kind = RequestKind::Place;
        return place::place(request, state, body).await;
    }
    let wanted = wanted(&request)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = wanted.methods();
        if *request.method() == Method::OPTIONS {
            return Ok(shapes::options(allow));
        }
        return Err(ApiError::method_not_allowed(allow));
    }
    received.kind = wanted.kind();
    match wanted {
        Wanted::Product(below) => products::product(request, state, below, received).await,
        Wanted::Order => orders::order(request, state).await,
        Wanted::Receipt => orders::receipt(request, state).await,
        Wanted::Paths => Ok(shapes::data(json!({ "paths": PATHS }))),
        Wanted::Products => products::products(request, state).await,
        Wanted::Orders => orders::orders(request, state).await,
        Wanted::Leader => status::leader(state).await,
        Wanted::Cached => Ok(status::cached_names(state)),
        Wanted::Alive => status::alive(state).await,
        Wanted::Ready => status::ready(state).await,
        Wanted::Posted => Err(ApiError::method_not_allowed(wanted.methods())),
    }
}

/// What a path asks for that the router does not know.
enum Wanted {
    /// The product that is named after this.
    Product(&'static str),
    Order,
    /// The receipt of an order.
    Receipt,
    Paths,
    Products,
    Orders,
    Leader,
    Cached,
    Alive,
    Ready,
    /// What is only posted to.
    Posted,
}

impl Wanted {
    fn methods(&self) -> &'static str {
        match self {
            Wanted::Orders => "GET, HEAD, POST, OPTIONS",
            Wanted::Posted => "POST, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    fn kind(&self) -> RequestKind {
        match self {
            Wanted::Product(_) => RequestKind::Query,
            Wanted::Products => RequestKind::List,
            Wanted::Order | Wanted::Receipt => RequestKind::Find,
            Wanted::Orders => RequestKind::ListOrders,
            Wanted::Paths
            | Wanted::Leader
            | Wanted::Cached
            | Wanted::Alive
            | Wanted::Ready
            | Wanted::Posted => RequestKind::Other,
        }
    }
}

fn is_receipt(path: &str) -> bool {
    let number = path.strip_prefix("/orders/").and_then(|rest| rest.strip_suffix(orders::RECEIPT));
    number.is_some_and(|number| !number.contains('/'))
}

fn wanted(request: &HttpRequest) -> Result<Wanted, ApiError> {
    let (path, raw) = (paths::plain(request.match_info().as_str()), paths::plain(request.uri().path()));
    let below = |resource| raw.strip_prefix(resource).filter(|rest: &&str| !rest.contains('/')).is_some();
    Ok(match path {
        _ if below("/products/") => Wanted::Product("/products/"),
        _ if below("/product/") => Wanted::Product("/product/"),
        _ if below("/orders/") => Wanted::Order,
        _ if is_receipt(raw) => Wanted::Receipt,
        "" => Wanted::Paths,
        "/products" => Wanted::Products,
        "/orders" => Wanted::Orders,
        "/order" => Wanted::Posted,
        "/leader" => Wanted::Leader,
        "/cache" => Wanted::Cached,
        "/healthz" => Wanted::Alive,
        "/readyz" => Wanted::Ready,
        _ => return Err(paths::unknown_path(PATHS)),
    })
}
