//! What every node of a process is made from.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use toystore_actors::clock::Clock;
use toystore_actors::host::{Failure, Host};
use toystore_actors::net::{Identity, Net, NodeId};
use toystore_actors::storage::Storage;

use super::addresses::Addresses;
use super::clock::SystemClock;
use super::event_log::EventLog;
use super::interposer::Interposer;
use super::links::Links;
use super::log::LogProbe;
use crate::files::{Directory, label};
use crate::process::stop::Draining;
use crate::server::front_door::FrontDoor;
use crate::server::metrics::NodeMetrics;

/// What is done when a node can no longer keep its promises.
pub type OnFailure = Arc<dyn Fn(NodeId, &Failure) + Send + Sync>;

/// What every node of this process is made from; it can be sent to the node's thread.
#[derive(Clone)]
pub struct Environment {
    /// Where each node has its own directory.
    pub data: PathBuf,
    /// All nodes of the configuration.
    pub configured: BTreeSet<NodeId>,
    /// The ways to the peers.
    pub links: Arc<dyn Links>,
    /// The machine's clock.
    pub clock: Arc<SystemClock>,
    /// Whether the process is about to stop.
    pub draining: Draining,
    /// Where all services listen.
    pub addresses: Addresses,
    /// What its nodes told lately.
    pub events: EventLog,
    /// What to do when a node fails.
    pub on_failure: OnFailure,
    /// Where it is written down what shoppers are told, if anybody judges that.
    pub front_door: Option<FrontDoor>,
    /// What stands between the nodes and all of that.
    pub interposer: Option<Arc<dyn Interposer>>,
}

impl Environment {
    /// The host of one node, on the thread that the node will run on; what it does is counted in `metrics`. `stop` is
    /// called after the environment was told of a failure: the node must then be taken down.
    ///
    /// # Errors
    /// When its directory cannot be made.
    pub fn host(&self, id: NodeId, metrics: &NodeMetrics, stop: impl Fn() + 'static) -> Result<Host, String> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let on_failure = self.on_failure.clone();
        let identity = Arc::new(Identity::new(id, self.configured.iter().copied()));
        let mut transport = metrics.transport(self.links.transport(), clock.clone());
        let mut storage: Rc<dyn Storage> = Rc::new(Directory::new(self.data.join(label(id)))?);
        if let Some(between) = &self.interposer {
            transport = between.transport(id, transport);
            storage = between.storage(id, storage);
        }
        Ok(Host {
            id,
            identity: identity.clone(),
            net: Net::new(identity, transport, clock.clone()),
            storage,
            clock,
            probe: metrics.probe(LogProbe(self.events.clone())),
            on_failure: Rc::new(move |id, failure| {
                on_failure(id, &failure);
                stop();
            }),
        })
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("data", &self.data).finish_non_exhaustive()
    }
}
