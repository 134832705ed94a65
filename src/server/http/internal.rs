//! The doors of the catalog and of the order replicas: bincode for the other services, JSON for people who
//! look at what happens. All but `/healthz` answers only to the cluster's token, when one is configured.

use actix::Actor;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, ResponseError, guard};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use toystore_actors::catalog::Catalog;
use toystore_actors::catalog::messages::{Buy, List, Query, Restock};
use toystore_actors::domain::{Epoch, Position, ProductName, Purchase};
use toystore_actors::net::{self, Bridge, BridgeError};
use toystore_actors::order::OrderReplica;
use toystore_actors::order::messages::{Announce, Chunk, Last, Lookup, Place, Status, Sync, SyncFrom};

use super::errors::ApiError;
use super::request::{self, Body, INTERNAL_BODY, JsonBody, ListQuery, Peer};
use super::server::{get, method_not_allowed};
use super::shape::Shared;
use super::together::Together;
use super::{BINCODE, shape};
use crate::server::node::Door;

type Answer = Result<HttpResponse, ApiError>;

/// How many entries one chunk has when nobody says, and at most.
const CHUNK: u32 = 100;
const MAX_CHUNK: u32 = 1000;

/// Calls from peers: any message of the service that the path names, in bincode.
pub fn peers(path: &str) -> impl HttpServiceFactory + 'static {
    web::resource(path).guard(guard::Post()).guard(guard::Header("content-type", BINCODE)).to(from_peer)
}

/// A message that a person may send as JSON.
pub fn people<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::post().to(handler)).default_service(method_not_allowed("POST"))
}

/// Whether a request is a call from a peer, where the router did not look at that.
pub fn is_from_peer(request: &HttpRequest) -> bool {
    let kind = || request.headers().get(header::CONTENT_TYPE);
    *request.method() == Method::POST && kind().is_some_and(|kind| kind == BINCODE)
}

/// Answers such a call.
///
/// # Errors
/// What the peer is told instead.
pub async fn answer_peer(request: HttpRequest, body: Payload) -> actix_web::Result<HttpResponse> {
    let peer = Peer::extract(&request).await?;
    let bridge = Data::<Bridge>::extract(&request).await?;
    let body = Body::from_request(&request, &mut body.into_inner()).await?;
    Ok(from_peer(peer, request, bridge, body).await)
}

async fn from_peer(
    _: Peer,
    request: HttpRequest,
    bridge: Data<Bridge>,
    body: Body<INTERNAL_BODY>,
) -> HttpResponse {
    let name = request.path().trim_start_matches('/');
    match bridge.dispatch(name, body.0).await {
        Ok(reply) => shape::answer(StatusCode::OK).content_type(BINCODE).body(reply),
        // 503 promises the peer that no notice was taken of its call; here that is not known.
        Err(error @ BridgeError::Stopped) => {
            shape::answer(StatusCode::INTERNAL_SERVER_ERROR).body(error.to_string())
        }
        // What this is, for the peer's own words.
        Err(BridgeError::Misdirected(answer)) => {
            shape::answer(StatusCode::MISDIRECTED_REQUEST).content_type(BINCODE).body(net::encode(&answer))
        }
        Err(error) => ApiError::from(error).error_response(),
    }
}

/// Whether the actor behind a door is running.
pub fn alive<A: Actor>(door: &Door<A>) -> Answer {
    if door.addr.connected() {
        Ok(shape::data(json!({ "status": "alive" })))
    } else {
        Err(BridgeError::Stopped.into())
    }
}

/// What there is at the catalog, and at a replica, for people.
const CATALOG_PATHS: &str = "GET /query/{name}, GET /products, POST /buy, POST /restock and GET /healthz";
const REPLICA_PATHS: &str = "GET /status, GET /last, GET /{number}, GET /syncfrom, POST /orders, POST /sync, POST /leader and GET /healthz";

/// The catalog's routes.
pub fn catalog(door: &Door<Catalog>, config: &mut ServiceConfig) {
    config
        .app_data(Data::new(Products::default()))
        .app_data(Data::from(door.bridge.clone()))
        .app_data(Data::new(door.clone()))
        .service(peers("/{message}"))
        .service(get("/healthz", catalog_alive))
        .service(get("/query/{name:[^/]*}", query))
        .service(get("/products", products))
        .service(people("/buy", buy))
        .service(people("/restock", restock))
        .default_service(web::to(|| async { request::unknown_path(CATALOG_PATHS) }));
}

async fn catalog_alive(door: Data<Door<Catalog>>) -> Answer {
    alive(&door)
}

async fn query(_: Peer, request: HttpRequest, door: Data<Door<Catalog>>) -> Answer {
    let name = ProductName::new(request::segment(&request, "/query/")?)?;
    let answer = door.ask(Query { name, front_end: None }).await??;
    let product = answer.product.ok_or_else(request::no_such_product)?;
    Ok(shape::ready_made(shape::product(&product)))
}

/// The usual list of products, as it is made for all who ask for it at the same time.
type Products = Together<Result<Shared, ApiError>>;

async fn products(
    _: Peer,
    request: HttpRequest,
    door: Data<Door<Catalog>>,
    products: Data<Products>,
) -> Answer {
    let asked = request::list_query(&request)?;
    if asked.is_usual() {
        return products.ask(async || list(&door, asked).await.map(Shared::new)).await.map(shape::shared);
    }
    list(&door, asked).await.map(shape::ready_made)
}

async fn list(door: &Door<Catalog>, asked: ListQuery) -> Result<Bytes, ApiError> {
    let ListQuery { after, limit } = asked;
    let products = door.ask(List { after, limit }).await??.ok_or_else(request::no_such_product)?;
    Ok(shape::products(&products, request::next_product(&products, limit)))
}

async fn buy(_: Peer, door: Data<Door<Catalog>>, body: JsonBody) -> Answer {
    let sales = door.ask(request::message::<Buy>(&body.0)?).await??;
    Ok(shape::data(sales))
}

/// There is nothing to say in the body; it may be empty.
async fn restock(_: Peer, door: Data<Door<Catalog>>) -> Answer {
    let names = door.ask(Restock {}).await??;
    Ok(shape::data(names))
}

/// An order replica's routes.
pub fn replica(door: &Door<OrderReplica>, config: &mut ServiceConfig) {
    config
        .app_data(Data::from(door.bridge.clone()))
        .app_data(Data::new(door.clone()))
        .service(peers("/{message}"))
        .service(get("/healthz", replica_alive))
        .service(get("/status", status))
        .service(get("/last", last))
        .service(
            web::resource("/syncfrom")
                .route(web::get().to(sync_from))
                .route(web::head().to(sync_from))
                .default_service(method_not_allowed("GET, HEAD")),
        )
        .service(people("/orders", place))
        .service(people("/sync", sync))
        .service(people("/leader", announce))
        .service(get("/{number:[0-9]+}", order))
        .default_service(web::to(|| async { request::unknown_path(REPLICA_PATHS) }));
}

async fn replica_alive(door: Data<Door<OrderReplica>>) -> Answer {
    alive(&door)
}

async fn status(_: Peer, door: Data<Door<OrderReplica>>) -> Answer {
    Ok(shape::data(door.ask(Status {}).await?))
}

async fn last(_: Peer, door: Data<Door<OrderReplica>>) -> Answer {
    Ok(shape::data(door.ask(Last {}).await?))
}

/// From what this replica holds and knows to be acknowledged; it may lag behind the leader.
async fn order(_: Peer, request: HttpRequest, door: Data<Door<OrderReplica>>) -> Answer {
    let number = request::order_number(&request::segment(&request, "/")?)?;
    let found = door.ask(Lookup { epoch: None, number }).await??;
    found.map(shape::data).ok_or_else(request::no_such_order)
}

/// `after` and `after_epoch` are the end of the asker's book, `epoch` is the asker's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SyncFromQuery {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    after_epoch: u64,
    epoch: u64,
    #[serde(default = "default_chunk")]
    limit: u32,
}

fn default_chunk() -> u32 {
    CHUNK
}

async fn sync_from(_: Peer, request: HttpRequest, door: Data<Door<OrderReplica>>) -> Answer {
    let asked: SyncFromQuery = request::query(&request)?;
    if !(1..=MAX_CHUNK).contains(&asked.limit) {
        return Err(ApiError::bad_request(format!("limit must be a whole number from 1 to {MAX_CHUNK}")));
    }
    let after = Position { number: asked.after, epoch: asked.after_epoch };
    match door.ask(SyncFrom { epoch: asked.epoch, after, limit: asked.limit }).await? {
        Chunk::Entries(entries) => Ok(shape::data(entries)),
        Chunk::Diverged { after } => Err(ApiError::conflict(format!(
            "the book has another entry there; ask again with after={}&after_epoch={}",
            after.number, after.epoch
        ))),
        Chunk::NotServing(why) => Err(why.into()),
    }
}

/// What a person sends; the front-end sends many at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceOne {
    epoch: Epoch,
    purchase: Purchase,
}

async fn place(_: Peer, door: Data<Door<OrderReplica>>, body: JsonBody) -> Answer {
    let PlaceOne { epoch, purchase } = request::message(&body.0)?;
    let answers = door.ask(Place { epoch, purchases: vec![purchase] }).await?;
    let placed = answers.into_iter().next().ok_or(BridgeError::Stopped)??;
    Ok(shape::answer(StatusCode::CREATED).json(json!({ "data": { "order_number": placed.number } })))
}

async fn sync(_: Peer, door: Data<Door<OrderReplica>>, body: JsonBody) -> Answer {
    Ok(shape::data(door.ask(request::message::<Sync>(&body.0)?).await?))
}

async fn announce(_: Peer, door: Data<Door<OrderReplica>>, body: JsonBody) -> Answer {
    Ok(shape::data(door.ask(request::message::<Announce>(&body.0)?).await?))
}
