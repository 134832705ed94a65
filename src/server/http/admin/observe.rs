//! How a service is, for the front-end that shows all of them.

use actix_web::HttpRequest;
use actix_web::web::Data;
use log::Level;
use serde::Deserialize;
use toystore_actors::catalog::Catalog;
use toystore_actors::messages::catalog::Recall;
use toystore_actors::messages::order::{ReplicaStatus, Role, Status};
use toystore_actors::net::NodeId;
use toystore_actors::order::OrderReplica;

use super::super::shared::errors::ApiResult;
use super::super::shared::parameters::query;
use super::super::shared::shapes;
use super::super::shared::token::Authorized;
use crate::console::utc;
use crate::server::actor_handle::ActorHandle;
use crate::server::cluster::{Observed, ObservedLine};
use crate::server::host::EventLog;

/// `after` is the number of the last line that whoever asks has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObserveQuery {
    #[serde(default)]
    after: u64,
}

pub async fn replica(
    _: Authorized,
    request: HttpRequest,
    actor: Data<ActorHandle<OrderReplica>>,
    events: Data<EventLog>,
) -> ApiResult {
    let ObserveQuery { after } = query(&request)?;
    let ReplicaStatus { id, run, role, epoch, last, acknowledged, hindered, .. } =
        actor.ask(Status {}).await?;
    let node = NodeId::Order(id);
    let waits = match (hindered, role) {
        (Some(why), _) => why.to_string(),
        (None, Role::TakingOver) => "takes over: it brings everyone in sync to its own book first".into(),
        (None, Role::Unfit) => "lacks orders that were acknowledged, so another has to lead".into(),
        (None, Role::Follower | Role::Leader) => String::new(),
    };
    Ok(shapes::data(Observed {
        node: node.to_string(),
        role: match role {
            Role::Follower => "follower",
            Role::TakingOver => "taking over",
            Role::Leader => "leader",
            Role::Unfit => "unfit",
        }
        .into(),
        run: Some(run),
        epoch: epoch.get(),
        last: last.number.get(),
        acknowledged: acknowledged.get(),
        waits,
        lines: lines(&events, node, after),
    }))
}

pub async fn catalog(
    _: Authorized,
    request: HttpRequest,
    actor: Data<ActorHandle<Catalog>>,
    events: Data<EventLog>,
) -> ApiResult {
    let ObserveQuery { after } = query(&request)?;
    let recalled = actor.ask(Recall {}).await?;
    Ok(shapes::data(Observed {
        node: NodeId::Catalog.to_string(),
        role: "catalog".into(),
        run: None,
        epoch: recalled.term.first_epoch().get(),
        last: recalled.purchases.get(),
        acknowledged: recalled.settled.get(),
        waits: String::new(),
        lines: lines(&events, NodeId::Catalog, after),
    }))
}

fn lines(events: &EventLog, node: NodeId, after: u64) -> Vec<ObservedLine> {
    let told = events.after(node, after);
    let line = |level: Level| level.as_str().to_lowercase();
    let lines = told.into_iter().map(|told| ObservedLine {
        id: told.id,
        at: utc::millis(told.at),
        level: line(told.level),
        text: told.event.to_string(),
    });
    lines.collect()
}
