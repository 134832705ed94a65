//! Whether a service runs.

use actix::Actor;
use serde_json::json;
use toystore_actors::net::BridgeError;

use super::errors::ApiResult;
use super::shapes;
use crate::server::actor_handle::ActorHandle;

/// Whether an actor is running.
pub fn alive<A: Actor>(actor: &ActorHandle<A>) -> ApiResult {
    if actor.addr.connected() {
        Ok(shapes::data(json!({ "status": "alive" })))
    } else {
        Err(BridgeError::Stopped.into())
    }
}
