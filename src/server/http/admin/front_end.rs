//! What an operator has the front-end do.

use actix_web::web::Data;
use serde_json::json;
use toystore_actors::domain::ProductSeed;
use toystore_actors::front_end::FrontEnd;
use toystore_actors::messages::catalog::Import;
use toystore_actors::messages::front_end::{ImportProducts, Invalidate};
use toystore_actors::messages::view_service::{ChangeView, NotRecovered, Recover, RecoverCatalog};

use toystore_checks::data::Repricing;
use toystore_checks::time::Nanos;

use super::super::shared::bodies::JsonMessage;
use super::super::shared::errors::{ApiError, ApiResult};
use super::super::shared::shapes;
use super::super::shared::token::Authorized;
use crate::server::actor_handle::ActorHandle;
use crate::server::front_door::FrontDoor;

type Actor = Data<ActorHandle<FrontEnd>>;

pub async fn invalidate(_: Authorized, front_end: Actor, message: JsonMessage<Invalidate>) -> ApiResult {
    front_end.ask(message.0).await?;
    Ok(shapes::data(json!({})))
}

pub async fn change_view(_: Authorized, front_end: Actor, message: JsonMessage<ChangeView>) -> ApiResult {
    Ok(shapes::data(front_end.ask(message.0).await?))
}

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

pub async fn recover(_: Authorized, front_end: Actor, message: JsonMessage<Recover>) -> ApiResult {
    Ok(shapes::data(front_end.ask(message.0).await??))
}

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
