//! Whether a service runs.

use actix::Actor;
use serde_json::json;
use toystore_actors::net::BridgeError;

use super::errors::ApiResult;
use super::shapes;
use crate::server::node::Door;

/// Whether the actor behind a door is running.
pub fn alive<A: Actor>(door: &Door<A>) -> ApiResult {
    if door.addr.connected() {
        Ok(shapes::data(json!({ "status": "alive" })))
    } else {
        Err(BridgeError::Stopped.into())
    }
}
