//! What an operator has the front-end do.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde_json::{Value, json};
use toystore_actors::domain::{ProductSeed, ReplicaId};
use toystore_actors::front_end::FrontEnd;
use toystore_actors::messages::catalog::Import;
use toystore_actors::messages::front_end::{ImportProducts, Invalidate};
use toystore_actors::messages::view_service::{ChangeView, NotRecovered, Recover, RecoverCatalog};
use utoipa::openapi::Object;
use utoipa::openapi::schema::{OneOfBuilder, Type};

use toystore_checks::data::Repricing;
use toystore_checks::time::Nanos;

use super::super::shared::bodies::JsonMessage;
use super::super::shared::documented::{Answers, around, data_of, schema, told};
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::refusals::{AnyBody, AnyRequest, NoToken};
use super::super::shared::shapes;
use super::super::shared::token::Authorized;
use crate::server::actor_handle::ActorHandle;
use crate::server::front_door::FrontDoor;
use crate::wire::operator;

told! {
    /// What is told of a cache.
    Dropped: Answers::default()
        .json(StatusCode::OK, "They are dropped.", data_of::<operator::Nothing>(), &[("", json!({ "data": {} }))]);

    /// What is told of a change of the view.
    CurrentView: Answers::default()
        .json(StatusCode::OK, "The view that counts now, changed or not; null before the first.", view_or_none(), &[
            ("a view", json!({ "data": view() })),
            ("none yet", json!({ "data": null })),
        ]);

    /// What is told of an import.
    ProductsTakenIn: Answers::default()
        .json(StatusCode::OK, "They are taken in.", data_of::<operator::Imported>(), &[
            ("", json!({ "data": { "added": 1, "repriced": 0, "unchanged": 0, "recounted": 0 } })),
        ]);

    /// What is told of who goes on.
    GoneOn: Answers::default()
        .json(StatusCode::OK, "What that means, and whether it was done.", data_of::<operator::Recovery>(), &[
            ("without a replica", json!({ "data": {
                "leader": 2, "last": 1367, "settled": 1368, "without": { "Replicas": [3] }, "done": false
            } })),
            ("without a front-end", json!({ "data": {
                "leader": 3, "last": 1367, "settled": null, "without": "FrontEnd", "done": true
            } })),
        ])
        .refused(&[
            ("nothing is lost", NotRecovered::Serves(ReplicaId::new(3)).into()),
            ("somebody may be alive", NotRecovered::Silent("order-1, order-2".into()).into()),
            ("somebody is alive", NotRecovered::Alive("order-1".into()).into()),
        ]);

    /// What is told of a catalog.
    CatalogRebuilt: Answers::default()
        .json(StatusCode::OK, "What it knows again.", data_of::<operator::Rebuilt>(), &[
            ("", json!({ "data": { "orders": 1367, "restocked": [["Tux", 20]], "unknown": ["Unicorn"] } })),
        ])
        .refused(&[
            ("no catalog", NotRecovered::NoCatalog.into()),
            ("something changed", NotRecovered::Changed("the catalog's memory is whole".into()).into()),
        ]);
}

fn view_or_none() -> Object {
    around(OneOfBuilder::new().item(schema::<operator::View>()).item(Object::with_type(Type::Null)))
}

fn view() -> Value {
    json!({
        "store": "5d1c0b5a3f0e7d21",
        "by": "84f3033dacd956a9",
        "line": ["84f3033dacd956a9"],
        "epoch": 2,
        "leader": 3,
        "in_sync": { "1": "1f0c53a1b2d3e4f5", "3": "c4a2d97e6b108f33" },
    })
}

type Actor = Data<ActorHandle<FrontEnd>>;

#[utoipa::path(
    post,
    path = "/cache",
    operation_id = "dropCached",
    tag = "The operator's",
    summary = "Drop products from the cache",
    description = "As the catalog has it done before a change is visible.",
    request_body(content = operator::Invalidate, content_type = "application/json", description = "Which products.", example = json!({ "products": ["Tux"] })),
    responses(AnyRequest, AnyBody, NoToken, Dropped),
    security(("token" = []))
)]
pub async fn invalidate(_: Authorized, front_end: Actor, message: JsonMessage<Invalidate>) -> ApiResult {
    front_end.ask(message.0).await?;
    Ok(shapes::data(json!({})))
}

#[utoipa::path(
    post,
    path = "/change-view",
    operation_id = "changeView",
    tag = "The operator's",
    summary = "Change who is in sync",
    description = "As a leader has it done. It counts if it names the view that is current.",
    request_body(content = operator::ChangeView, content_type = "application/json", description = "The view, and the change.", example = json!({ "by": "84f3033dacd956a9", "epoch": 1, "leader": 3, "change": { "Drop": 2 } })),
    responses(AnyRequest, AnyBody, NoToken, CurrentView),
    security(("token" = []))
)]
pub async fn change_view(_: Authorized, front_end: Actor, message: JsonMessage<ChangeView>) -> ApiResult {
    Ok(shapes::data(front_end.ask(message.0).await?))
}

#[utoipa::path(
    post,
    path = "/import",
    operation_id = "importProducts",
    tag = "The operator's",
    summary = "Take in products",
    description = "Adds those that are new and changes the prices of those that are there, and no count. `toystore catalog import` sends this, a part of the file at a time.",
    request_body(content = operator::Import, content_type = "application/json", description = "At most 16 MiB.", example = json!({ "products": [{ "name": "Unicorn", "price_cents": 4200, "quantity": 10 }], "digest": null })),
    responses(AnyRequest, AnyBody, NoToken, ProductsTakenIn),
    security(("token" = []))
)]
pub async fn import(
    _: Authorized,
    front_end: Actor,
    door: Data<Option<FrontDoor>>,
    message: JsonMessage<Import>,
) -> ApiResult {
    let import = message.0;
    let judged = door.as_ref().as_ref().map(|door| (door, import.products.clone(), door.now()));
    if let Some((door, products, invoked)) = &judged {
        reprice(door, products, *invoked, None);
    }
    let imported = front_end.ask(ImportProducts { import }).await??;
    if let Some((door, products, invoked)) = &judged {
        reprice(door, products, *invoked, Some(door.now()));
    }
    Ok(shapes::data(imported))
}

fn reprice(door: &FrontDoor, products: &[ProductSeed], invoked: Nanos, imported: Option<Nanos>) {
    for ProductSeed { name, price_cents, .. } in products {
        let (name, price_cents) = (name.clone(), *price_cents);
        door.repriced(Repricing { name, price_cents, invoked, imported });
    }
}

#[utoipa::path(
    post,
    path = "/recover",
    operation_id = "recover",
    tag = "The operator's",
    summary = "Go on without what is gone for good",
    description = "Says which orders would be lost; does it when `confirmed`. Use `toystore recover`, which asks first.",
    request_body(content = operator::Recover, content_type = "application/json", description = "Which replicas are gone.", example = json!({ "without": [3], "confirmed": false })),
    responses(AnyRequest, AnyBody, NoToken, GoneOn),
    security(("token" = []))
)]
pub async fn recover(_: Authorized, front_end: Actor, message: JsonMessage<Recover>) -> ApiResult {
    Ok(shapes::data(front_end.ask(message.0).await??))
}

#[utoipa::path(
    post,
    path = "/recover-catalog",
    operation_id = "recoverCatalog",
    tag = "The operator's",
    summary = "Rebuild the catalog's memory",
    description = "From the leader's book. Use `toystore recover catalog`.",
    request_body(content = operator::RecoverCatalog, content_type = "application/json", description = "Which replicas are gone.", example = json!({ "without": [] })),
    responses(AnyRequest, AnyBody, NoToken, CatalogRebuilt),
    security(("token" = []))
)]
pub async fn recover_catalog(
    _: Authorized,
    front_end: Actor,
    message: JsonMessage<RecoverCatalog>,
) -> ApiResult {
    Ok(shapes::data(front_end.ask(message.0).await??))
}

impl From<NotRecovered> for ApiError {
    fn from(error: NotRecovered) -> ApiError {
        ApiError::conflict(error.to_string())
    }
}
