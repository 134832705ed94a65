//! What the front-end's HTTP workers share.

use std::fmt;
use std::sync::Arc;

use actix_web::http::StatusCode;
use toystore_actors::front_end::{Cache, FrontEnd};
use toystore_actors::net::NodeId;

use super::super::shared::product_list::ProductList;
use crate::process::stop::Draining;
use crate::server::actor_handle::ActorHandle;
use crate::server::cluster::Cluster;
use crate::server::front_door::FrontDoor;
use crate::server::host::SystemClock;
use crate::server::live::Hub;
use crate::server::metrics::RequestDurations;

/// What the front-end's HTTP workers share.
pub struct FrontEndState {
    pub(in crate::server::http) actor: ActorHandle<FrontEnd>,
    pub(in crate::server::http) cache: Arc<Cache>,
    pub(in crate::server::http) clock: Arc<SystemClock>,
    pub(in crate::server::http) draining: Draining,
    pub(in crate::server::http) placed: StatusCode,
    /// The services of this process that do not run.
    pub(in crate::server::http) stopped: Stopped,
    pub(in crate::server::http) products: ProductList,
    /// What is known of all services.
    pub(in crate::server::http) cluster: Arc<Cluster>,
    /// Who looks on.
    pub(in crate::server::http) hub: Hub,
    /// Where it is written down what shoppers are told, in a store that is broken on purpose and judged.
    pub(in crate::server::http) front_door: Option<FrontDoor>,
    pub(in crate::server::http) requests: RequestDurations,
}

/// Which services of this process do not run.
pub type Stopped = Box<dyn Fn() -> Vec<NodeId> + Send + Sync>;

impl FrontEndState {
    /// The actor, and what a hit needs: the cache and the clock that its leases run on. `draining` is told to whoever
    /// sends shoppers here, `placed` is the status of an order that was placed, `stopped` is for whoever asks how it is, and
    /// the last two are for who looks on.
    pub fn new(
        actor: ActorHandle<FrontEnd>,
        cache: Arc<Cache>,
        clock: Arc<SystemClock>,
        draining: Draining,
        placed: StatusCode,
        stopped: Stopped,
        (cluster, hub): (Arc<Cluster>, Hub),
    ) -> FrontEndState {
        let (products, requests) = (ProductList::default(), RequestDurations::default());
        let front_door = None;
        FrontEndState {
            actor,
            cache,
            clock,
            draining,
            placed,
            stopped,
            products,
            cluster,
            hub,
            front_door,
            requests,
        }
    }

    /// How long shoppers waited for their answers.
    pub fn requests(&self) -> &RequestDurations {
        &self.requests
    }

    /// The same, of a store that is judged, or is not.
    #[must_use]
    pub fn judged_by(self, front_door: Option<FrontDoor>) -> FrontEndState {
        FrontEndState { front_door, ..self }
    }

    /// Whether the store can be broken on purpose.
    pub(in crate::server::http) fn has_lab(&self) -> bool {
        self.front_door.is_some()
    }
}

impl fmt::Debug for FrontEndState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrontEndState").finish_non_exhaustive()
    }
}
