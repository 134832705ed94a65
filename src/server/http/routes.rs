//! Which service has which routes.

use actix_web::http::ConnectionType;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use toystore_actors::catalog::Catalog;
use toystore_actors::order::OrderReplica;

use super::public::FrontEndState;
use super::shared::paths::unknown_path;
use super::shared::product_list::ProductList;
use super::shared::routing::{get, method_not_allowed, options, post};
use super::{admin, document, metrics, pages, peers, public};
use crate::server::actor_handle::ActorHandle;
use crate::server::host::EventLog;
use crate::server::metrics::Exposition;
use crate::wire::{backup, paths};

/// What there is at the catalog, and at a replica, for people.
const CATALOG_PATHS: &str =
    "GET /query/{name}, GET /products, POST /buy, POST /restock, GET /metrics and GET /healthz";
const REPLICA_PATHS: &str = "GET /status, GET /last, GET /{number}, GET /syncfrom, POST /orders, POST /sync, POST /leader, GET /metrics and GET /healthz";

/// The route that all services have, for a monitoring system.
pub fn metrics(exposition: &Data<Exposition>, config: &mut ServiceConfig) {
    config.app_data(exposition.clone()).service(get("/metrics", metrics::expose));
}

/// The routes of the front-end.
pub fn front_end(state: &Data<FrontEndState>, config: &mut ServiceConfig) {
    config
        .app_data(state.clone())
        .app_data(Data::new(state.actor.clone()))
        .app_data(Data::new(state.front_door.clone()))
        .app_data(Data::from(state.actor.bridge.clone()))
        .service(get(backup::ORDERS, admin::backup::orders))
        .service(get(backup::STOCK, admin::backup::stock))
        .service(peers::resource("/cache"))
        .service(
            web::resource("/cache")
                .route(web::post().to(admin::front_end::invalidate))
                .route(web::get().to(public::cached))
                .route(web::head().to(public::cached))
                .route(options("GET, HEAD, POST, OPTIONS"))
                .default_service(method_not_allowed("GET, HEAD, POST, OPTIONS")),
        )
        .service(peers::resource("/change-view"))
        .service(post("/change-view", admin::front_end::change_view))
        .service(post(paths::IMPORT, admin::front_end::import))
        .service(post(paths::RECOVER, admin::front_end::recover))
        .service(post(paths::RECOVER_CATALOG, admin::front_end::recover_catalog))
        .service(get("/openapi.json", document::openapi))
        .service(get("/docs", document::page))
        .default_service(web::to(peer_or_shopper));
}

/// The messages of peers are under any path: those that are meant for another service are told so.
async fn peer_or_shopper(
    request: HttpRequest,
    state: Data<FrontEndState>,
    body: Payload,
) -> actix_web::Result<HttpResponse> {
    if peers::is_call(&request) {
        return peers::answer(request, body).await;
    }
    let draining = state.draining.has_begun();
    let answered = match pages::wanted(&request) {
        Some(page) => pages::answer(page, request, state, body).await,
        None => public::answer(request, state, body).await,
    };
    let mut response = answered.unwrap_or_else(|error| error.error_response());
    if draining {
        // So that the connection ends between two requests and not, when the listener closes, with one on its way.
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// The routes of the catalog.
pub fn catalog(actor: &ActorHandle<Catalog>, events: &EventLog, config: &mut ServiceConfig) {
    config
        .app_data(Data::new(ProductList::default()))
        .app_data(Data::from(actor.bridge.clone()))
        .app_data(Data::new(actor.clone()))
        .service(peers::resource("/{message}"))
        .service(get("/healthz", admin::catalog::alive))
        .app_data(Data::new(events.clone()))
        .service(get(paths::OBSERVE, admin::observe::catalog))
        .service(get("/query/{name:[^/]*}", admin::catalog::product))
        .service(get("/products", admin::catalog::products))
        .service(post("/buy", admin::catalog::buy))
        .service(post("/restock", admin::catalog::restock))
        .default_service(web::to(|| async { Err::<HttpResponse, _>(unknown_path(CATALOG_PATHS)) }));
}

/// The routes of an order replica.
pub fn replica(actor: &ActorHandle<OrderReplica>, events: &EventLog, config: &mut ServiceConfig) {
    config
        .app_data(Data::from(actor.bridge.clone()))
        .app_data(Data::new(actor.clone()))
        .service(peers::resource("/{message}"))
        .service(get("/healthz", admin::replica::alive))
        .app_data(Data::new(events.clone()))
        .service(get(paths::OBSERVE, admin::observe::replica))
        .service(get("/status", admin::replica::status))
        .service(get("/last", admin::replica::last))
        .service(get("/syncfrom", admin::replica::sync_from))
        .service(post("/orders", admin::replica::place))
        .service(post("/sync", admin::replica::sync))
        .service(post("/leader", admin::replica::announce))
        .service(get("/{number:[0-9]+}", admin::replica::order))
        .default_service(web::to(|| async { Err::<HttpResponse, _>(unknown_path(REPLICA_PATHS)) }));
}
