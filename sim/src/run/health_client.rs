//! Asks the store, as any client can, whether its replicas are in sync and whether an order succeeds.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use toystore_actors::domain::{OrderNumber, Quantity, ReplicaId, RequestId, View};
use toystore_actors::messages::front_end::PlaceOrder;
use toystore_actors::messages::order::{ReplicaStatus, Role, Status};
use toystore_actors::messages::view_service::GetView;
use toystore_actors::net::{Net, NodeId};
use toystore_checks::data::{Invocation, Operation, Response};
use toystore_checks::time::MILLI;

use crate::nodes::FRONT_END;
use crate::plan::products::spare_toy;
use crate::world::World;

/// The client under whose number it asks.
const HEALTH_CLIENT: u8 = 255;

const CALL: Duration = Duration::from_secs(2);

/// Asks the store how it is, from outside.
pub(super) struct HealthClient {
    pub(super) net: Net,
    world: Rc<World>,
    tries: Cell<u32>,
}

impl HealthClient {
    pub(super) fn new(world: &Rc<World>) -> HealthClient {
        HealthClient { net: world.client_net(HEALTH_CLIENT).0, world: world.clone(), tries: Cell::new(0) }
    }

    /// The view, if all are in sync and no change of that is under way: of two replicas, the one that is about
    /// to drop the other must not die for good.
    pub(super) async fn settled(&self) -> Result<View, String> {
        let setup = &self.world.setup;
        self.in_sync(&setup.replicas).await?;
        let before = self.view().await?;
        self.world.timeline.sleep((setup.call_limit_ms + 2 * setup.drop_after_ms) * MILLI).await;
        let view = self.view().await?;
        if view == before { Ok(view) } else { Err(format!("the view still changes: {before}, {view}")) }
    }

    async fn view(&self) -> Result<View, String> {
        let view = self.net.send(FRONT_END, &GetView {}, CALL).await;
        view.map_err(|error| format!("view: {error}"))?.ok_or("the front-end has no view".to_owned())
    }

    /// Whether these replicas are in sync, and no others.
    pub(super) async fn in_sync(&self, expected: &[ReplicaId]) -> Result<(), String> {
        let view = self.view().await?;
        if !view.in_sync.ids().eq(expected.iter().copied()) {
            return Err(format!("not {expected:?} are in sync: {view}"));
        }
        let mut statuses: Vec<ReplicaStatus> = Vec::new();
        for id in expected {
            let status = self.net.send(NodeId::Order(*id), &Status {}, CALL).await;
            statuses.push(status.map_err(|error| format!("order-{id}: {error}"))?);
        }
        for status in &statuses {
            let follows = status.view.as_ref().is_some_and(|followed| followed.is(&view));
            let is_member = view.in_sync.run(status.id) == Some(status.run);
            if (status.role == Role::Leader) != (status.id == view.leader) || !follows || !is_member {
                return Err(format!("{view}, but {status:?}"));
            }
        }
        Ok(())
    }

    /// Whether an order succeeds; its number.
    pub(super) async fn order(&self) -> Result<OrderNumber, String> {
        self.tries.set(self.tries.get() + 1);
        let key = RequestId::new(format!("probe-{}", self.tries.get())).map_err(|error| error.to_string())?;
        let quantity = Quantity::new(1).map_err(|error| error.to_string())?;
        let place = PlaceOrder { key: key.clone(), name: spare_toy(), quantity };
        let invoked = self.world.now();
        let placed = self.net.send(FRONT_END, &place, self.world.setup.patience()).await;
        let response = match placed {
            Ok(Ok(number)) => Response::Placed { number },
            _ => Response::Unknown,
        };
        let invocation = Invocation::Place { key, name: spare_toy(), quantity };
        let returned = self.world.now();
        let operation = Operation { client: HEALTH_CLIENT, invocation, invoked, returned, response };
        self.world.record.history.borrow_mut().operations.push(operation);
        let placed = placed.map_err(|error| format!("no order succeeds: {error}"))?;
        placed.map_err(|error| format!("no order succeeds: {error}"))
    }
}
