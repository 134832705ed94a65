//! The front-end's routes: the public's, and those of the store's own services.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use toystore_actors::catalog::messages::Import;
use toystore_actors::clock::Clock;
use toystore_actors::domain::{Epoch, Order, OrderNumber, Product, ProductName, ReplicaId, RequestId, View};
use toystore_actors::front_end::messages::{
    ChangeView, FindOrder, GetReadiness, GetView, ImportProducts, Invalidate, ListOrders, ListProducts,
    OrderError, PlaceOrder, QueryProduct, Recover, RecoverCatalog, Unavailable,
};
use toystore_actors::front_end::{Cache, FrontEnd, cache};
use toystore_actors::net::{BridgeError, NodeId};
use toystore_actors::probe::plain;
use uuid::{NoContext, Timestamp, Uuid};

use super::errors::ApiError;
use super::request::{self, Body, JsonBody, ListQuery, PUBLIC_BODY, Peer};
use super::server::{get, method_not_allowed};
use super::shape::Shared;
use super::together::Together;
use super::{backup, internal, shape};
use crate::files::label;
use crate::process::stop::Leaving;
use crate::server::host::SystemClock;
use crate::server::node::Door;
use crate::wire::{self, paths};

type Answer = Result<HttpResponse, ApiError>;

/// How many orders one page of `GET /orders` has when nobody says, and at most.
const PAGE: u32 = 100;
const MAX_PAGE: u32 = 1000;

/// What there is for shoppers, to tell those who ask for something else.
const PATHS: &str = "GET /products, GET /products/{name}, POST /orders, GET /orders, GET /orders/{number}, GET /leader, \
                     GET /cache, GET /healthz and GET /readyz";

/// What the front-end's HTTP workers share.
pub struct Front {
    pub(super) door: Door<FrontEnd>,
    cache: Arc<Cache>,
    clock: Arc<SystemClock>,
    leaving: Leaving,
    placed: StatusCode,
    /// The services of this process that do not run.
    stopped: Stopped,
    list: Together<Result<Shared, ApiError>>,
}

/// Which services of this process do not run.
pub type Stopped = Box<dyn Fn() -> Vec<NodeId> + Send + Sync>;

impl Front {
    /// The actor's door, and what a hit needs: the cache and the clock that its leases run on. `leaving` is told to whoever
    /// sends shoppers here, `placed` is the status of an order that was placed, `stopped` is for whoever asks how it is.
    pub fn new(
        door: Door<FrontEnd>,
        cache: Arc<Cache>,
        clock: Arc<SystemClock>,
        leaving: Leaving,
        placed: StatusCode,
        stopped: Stopped,
    ) -> Front {
        Front { door, cache, clock, leaving, placed, stopped, list: Together::default() }
    }
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}

/// The routes.
pub fn routes(front: &Data<Front>, config: &mut ServiceConfig) {
    let bridge = Data::from(front.door.bridge.clone());
    config
        .app_data(front.clone())
        .app_data(bridge)
        .service(get(wire::backup::ORDERS, backup::orders))
        .service(get(wire::backup::STOCK, backup::stock))
        .service(internal::peers("/cache"))
        .service(
            web::resource("/cache")
                .route(web::post().to(invalidate))
                .route(web::get().to(cached))
                .route(web::head().to(cached))
                .default_service(method_not_allowed("GET, HEAD, POST")),
        )
        .service(internal::peers("/change-view"))
        .service(internal::people("/change-view", change_view))
        .service(internal::people(paths::IMPORT, import))
        .service(internal::people(paths::RECOVER, recover))
        .service(internal::people(paths::RECOVER_CATALOG, recover_catalog))
        .default_service(web::to(by_name));
}

/// `/products/{name}` and `/orders/{number}`. They are no resources of the router, which would match them by a
/// regular expression: that costs more than all the rest of a hit. Nor are the messages of peers, which are under any
/// path: those that are meant for another service are told so. And so that a path may end in a slash, which many clients send,
/// all that shoppers ask for is looked up here.
async fn by_name(request: HttpRequest, front: Data<Front>, body: Payload) -> actix_web::Result<HttpResponse> {
    if internal::is_from_peer(&request) {
        return internal::answer_peer(request, body).await;
    }
    let leaving = front.leaving.has_begun();
    let answered = for_shopper(request, front, body).await;
    let mut response = answered.unwrap_or_else(HttpResponse::from_error);
    if leaving {
        // So that the connection ends between two requests and not, when the listener closes, with one on its way.
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

async fn for_shopper(
    request: HttpRequest,
    front: Data<Front>,
    body: Payload,
) -> actix_web::Result<HttpResponse> {
    let path = request::plain(request.match_info().as_str());
    if matches!(path, "/orders" | "/order") && *request.method() == Method::POST {
        return Ok(place(request, front, body).await?);
    }
    Ok(read_by_name(request, front).await?)
}

async fn read_by_name(request: HttpRequest, front: Data<Front>) -> Answer {
    let (path, raw) = (request::plain(request.match_info().as_str()), request::plain(request.uri().path()));
    let below = |resource| raw.strip_prefix(resource).filter(|rest: &&str| !rest.contains('/')).is_some();
    let wanted = match path {
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
        _ => return Ok(request::unknown_path(PATHS)),
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::method_not_allowed(if path == "/orders" {
            "GET, HEAD, POST"
        } else {
            "GET, HEAD"
        }));
    }
    match wanted {
        Wanted::Product(below) => product(request, front, below).await,
        Wanted::Order => order(request, front).await,
        Wanted::Paths => Ok(shape::data(json!({ "paths": PATHS }))),
        Wanted::Products => products(request, front).await,
        Wanted::Orders => orders(request, front).await,
        Wanted::Leader => leader(front).await,
        Wanted::Cached => cached(front).await,
        Wanted::Alive => alive(front).await,
        Wanted::Ready => ready(front).await,
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

async fn alive(front: Data<Front>) -> Answer {
    let alive = internal::alive(&front.door)?;
    let stopped: Vec<_> = (front.stopped)().into_iter().map(label).collect();
    if stopped.is_empty() {
        return Ok(alive);
    }
    Ok(shape::data(json!({ "status": "alive", "stopped": stopped })))
}

async fn ready(front: Data<Front>) -> Answer {
    if front.leaving.has_begun() {
        return Err(ApiError::unavailable(
            "the store is about to stop: it still serves whoever asks, and nobody should be sent to it any more",
        ));
    }
    let readiness = front.door.ask(GetReadiness {}).await?;
    if readiness.ready {
        return Ok(shape::data(json!({ "status": "ready" })));
    }
    let names: Vec<_> = readiness.waiting_for.iter().map(ToString::to_string).collect();
    let mut message = readiness.why;
    if message.is_empty() {
        message.push_str("not ready");
    }
    if !names.is_empty() {
        message = format!("{message}; waiting for {}", names.join(", "));
    }
    Err(ApiError::unavailable(message))
}

/// A hit is answered here and now, by whichever worker has the request.
async fn product(request: HttpRequest, front: Data<Front>, below: &'static str) -> Answer {
    let name = request::segment(&request, below)?;
    if let Some(body) = front.cache.get(&name, front.clock.now()) {
        log::debug!(target: cache::LOG, "hit: {} is answered from the cache", plain(&name));
        return Ok(shape::ready_made(body));
    }
    let name = ProductName::new(name)?;
    let found = front.door.ask(QueryProduct { name }).await??;
    found.map(|product| shape::ready_made(shape::product(&product))).ok_or_else(request::no_such_product)
}

async fn products(request: HttpRequest, front: Data<Front>) -> Answer {
    let asked = request::list_query(&request)?;
    if asked.is_usual() {
        return front.list.ask(async || list(&front, asked).await.map(Shared::new)).await.map(shape::shared);
    }
    list(&front, asked).await.map(shape::ready_made)
}

async fn list(front: &Front, asked: ListQuery) -> Result<Bytes, ApiError> {
    let ListQuery { after, limit } = asked;
    let found = front.door.ask(ListProducts { after, limit }).await??;
    let products = found.ok_or_else(request::no_such_product)?;
    Ok(shape::products(&products, request::next_product(&products, limit)))
}

/// Whatever the answer, it names the request id, so that also a shopper who sent none can ask again. The body is read when
/// the head is well: a shopper who waits with it is spared from sending it for nothing.
async fn place(request: HttpRequest, front: Data<Front>, body: Payload) -> Answer {
    request::accept_json(&request)?;
    let key = match request::idempotency_key(&request)? {
        Some(key) => key,
        None => new_key()?,
    };
    let body = Body::<PUBLIC_BODY>::from_request(&request, &mut body.into_inner()).await?;
    let order = request::order_body(&body.0)?;
    let mut response = match place_order(&front, key.clone(), order).await {
        Ok(response) => response,
        Err(error) => error.error_response(),
    };
    if let Ok(value) = HeaderValue::from_str(key.as_str()) {
        response.headers_mut().insert(HeaderName::from_static("idempotency-key"), value);
    }
    Ok(response)
}

async fn place_order(front: &Front, key: RequestId, order: request::OrderBody) -> Answer {
    let message = PlaceOrder { key, name: order.name, quantity: order.quantity };
    let number = front.door.ask(message).await.map_err(|error| match error {
        // It may have stopped after it took the order on.
        BridgeError::Stopped => {
            OrderError::Unavailable(Unavailable { why: error.to_string(), asked: true }).into()
        }
        error => ApiError::from(error),
    })??;
    Ok(shape::answer(front.placed)
        .insert_header((header::LOCATION, format!("/orders/{number}")))
        .json(json!({ "data": { "order_number": number } })))
}

/// A request id that nobody else has. It begins with the time (UUID version 7), so that the ids of a batch
/// stand side by side in every index of request ids, and a commit writes one page for them instead of one for
/// each.
fn new_key() -> Result<RequestId, ApiError> {
    // Uuid::now_v7 panics where the clock is before 1970.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = Timestamp::from_unix(NoContext, since.as_secs(), since.subsec_nanos());
    Ok(RequestId::new(Uuid::new_v7(time).as_simple().to_string())?)
}

async fn order(request: HttpRequest, front: Data<Front>) -> Answer {
    let number = request::order_number(&request::segment(&request, "/orders/")?)?;
    let found = front.door.ask(FindOrder { number }).await??;
    found.map(shape::data).ok_or_else(request::no_such_order)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    #[serde(default)]
    after: u64,
    #[serde(default = "default_page")]
    limit: u32,
}

fn default_page() -> u32 {
    PAGE
}

#[derive(Serialize)]
struct OrderPage {
    data: Vec<Order>,
    next: Option<OrderNumber>,
}

/// `next` is what to give as `after` for the following page, and null when this one was the last.
async fn orders(request: HttpRequest, front: Data<Front>) -> Answer {
    let PageQuery { after, limit } = request::query(&request)?;
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::bad_request(format!("limit must be a whole number from 1 to {MAX_PAGE}")));
    }
    let orders = front.door.ask(ListOrders { after, limit }).await??;
    let full = orders.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = orders.last().filter(|_| full).map(|order| order.number);
    Ok(shape::answer(StatusCode::OK).json(OrderPage { data: orders, next }))
}

#[derive(Serialize)]
struct Leader {
    leader: ReplicaId,
    epoch: Epoch,
    in_sync: Vec<ReplicaId>,
}

async fn leader(front: Data<Front>) -> Answer {
    match front.door.ask(GetView {}).await? {
        Some(view) => {
            let View { leader, epoch, in_sync, .. } = view;
            Ok(shape::data(Leader { leader, epoch, in_sync: in_sync.ids().collect() }))
        }
        None => Err(ApiError::unavailable("no leader has been chosen yet")),
    }
}

/// The products that are cached, the one that was used last first.
async fn cached(front: Data<Front>) -> Answer {
    Ok(shape::data(front.cache.names(front.clock.now())))
}

async fn invalidate(_: Peer, front: Data<Front>, body: JsonBody) -> Answer {
    front.door.ask(request::message::<Invalidate>(&body.0)?).await?;
    Ok(shape::data(json!({})))
}

async fn change_view(_: Peer, front: Data<Front>, body: JsonBody) -> Answer {
    let view = front.door.ask(request::message::<ChangeView>(&body.0)?).await?;
    Ok(shape::data(view))
}

async fn import(_: Peer, front: Data<Front>, body: JsonBody) -> Answer {
    let import = request::message::<Import>(&body.0)?;
    Ok(shape::data(front.door.ask(ImportProducts { import }).await??))
}

async fn recover(_: Peer, front: Data<Front>, body: JsonBody) -> Answer {
    Ok(shape::data(front.door.ask(request::message::<Recover>(&body.0)?).await??))
}

async fn recover_catalog(_: Peer, front: Data<Front>, body: JsonBody) -> Answer {
    Ok(shape::data(front.door.ask(request::message::<RecoverCatalog>(&body.0)?).await??))
}

/// The body of a product's answer, as the cache keeps it.
pub fn render(product: &Product) -> Bytes {
    shape::product(product)
}
