//! Which path asks for what.
//!
//! `/products/{name}` and `/orders/{number}` are no resources of the router, which would match them by a regular
//! expression: that costs more than all the rest of a hit. And so that a path may end in a slash, which many clients
//! send, all that shoppers ask for is looked up here.

use actix_web::http::{ConnectionType, Method};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::json;

use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::{paths, shapes};
use super::state::FrontEndState;
use super::{orders, place, products, status};

/// What there is for shoppers, to tell those who ask for something else.
const PATHS: &str = "GET /products, GET /products/{name}, POST /orders, GET /orders, GET /orders/{number}, GET /leader, \
                     GET /cache, GET /healthz and GET /readyz";

/// Answers a shopper.
pub async fn answer(request: HttpRequest, state: Data<FrontEndState>, body: Payload) -> HttpResponse {
    let draining = state.draining.has_begun();
    let answered = dispatch(request, state, body).await;
    let mut response = answered.unwrap_or_else(|error| error.error_response());
    if draining {
        // So that the connection ends between two requests and not, when the listener closes, with one on its way.
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

async fn dispatch(request: HttpRequest, state: Data<FrontEndState>, body: Payload) -> ApiResult {
    let path = paths::plain(request.match_info().as_str());
    if matches!(path, "/orders" | "/order") && *request.method() == Method::POST {
        return place::place(request, state, body).await;
    }
    let wanted = wanted(&request)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::method_not_allowed(if matches!(wanted, Wanted::Orders) {
            "GET, HEAD, POST"
        } else {
            "GET, HEAD"
        }));
    }
    match wanted {
        Wanted::Product(below) => products::product(request, state, below).await,
        Wanted::Order => orders::order(request, state).await,
        Wanted::Paths => Ok(shapes::data(json!({ "paths": PATHS }))),
        Wanted::Products => products::products(request, state).await,
        Wanted::Orders => orders::orders(request, state).await,
        Wanted::Leader => status::leader(state).await,
        Wanted::Cached => status::cached(state).await,
        Wanted::Alive => status::alive(state).await,
        Wanted::Ready => status::ready(state).await,
    }
}

/// What a path asks for that the router does not know.
enum Wanted {
    /// The product that is named after this.
    Product(&'static str),
    Order,
    Paths,
    Products,
    Orders,
    Leader,
    Cached,
    Alive,
    Ready,
}

fn wanted(request: &HttpRequest) -> Result<Wanted, ApiError> {
    let (path, raw) = (paths::plain(request.match_info().as_str()), paths::plain(request.uri().path()));
    let below = |resource| raw.strip_prefix(resource).filter(|rest: &&str| !rest.contains('/')).is_some();
    Ok(match path {
        _ if below("/products/") => Wanted::Product("/products/"),
        _ if below("/product/") => Wanted::Product("/product/"),
        _ if below("/orders/") => Wanted::Order,
        "" => Wanted::Paths,
        "/products" => Wanted::Products,
        "/orders" => Wanted::Orders,
        "/order" => return Err(ApiError::method_not_allowed("POST")),
        "/leader" => Wanted::Leader,
        "/cache" => Wanted::Cached,
        "/healthz" => Wanted::Alive,
        "/readyz" => Wanted::Ready,
        _ => return Err(paths::unknown_path(PATHS)),
    })
}
