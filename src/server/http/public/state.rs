//! What the front-end's HTTP workers share.

use std::fmt;
use std::sync::Arc;

use actix_web::http::StatusCode;
use toystore_actors::front_end::{Cache, FrontEnd};
use toystore_actors::net::NodeId;

use super::super::shared::product_list::ProductList;
use crate::process::stop::Leaving;
use crate::server::host::SystemClock;
use crate::server::node::Door;

/// What the front-end's HTTP workers share.
pub struct Front {
    pub(in crate::server::http) door: Door<FrontEnd>,
    pub(in crate::server::http) cache: Arc<Cache>,
    pub(in crate::server::http) clock: Arc<SystemClock>,
    pub(in crate::server::http) leaving: Leaving,
    pub(in crate::server::http) placed: StatusCode,
    /// The services of this process that do not run.
    pub(in crate::server::http) stopped: Stopped,
    pub(in crate::server::http) products: ProductList,
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
        Front { door, cache, clock, leaving, placed, stopped, products: ProductList::default() }
    }
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}
