//! What a person can do in the lab, from any thread.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};
use toystore_actors::net::NodeId;

use super::bugs;
use super::network::{LinkFault, Network};
use super::node::Nodes;
use super::refusal::Refusal;
use super::shoppers::{ShopperPlan, ShopperTally};
use super::state::{LabState, LinkState, NodeState, ShoppersState};
use super::verdict::SharedVerdict;

/// How many requests may wait for the one that is being carried out.
const WAITING: usize = 16;

/// What is done to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeAction {
    /// As `kill -9` of its process.
    Crash,
    /// Opens it anew, from its files.
    Restart,
    /// As SIGSTOP.
    Pause,
    /// As SIGCONT.
    Resume,
    /// Crashes it, sets its files aside, and starts it with none.
    Wipe,
    /// Each of its syncs takes so much longer.
    SlowDisk(Duration),
    /// Its disk has no room left.
    FullDisk,
    /// Its disk is as it should be.
    HealthyDisk,
}

/// What the keeper is asked for.
#[derive(Debug)]
pub enum Deed {
    /// To do that to a node.
    Node(NodeId, NodeAction),
    /// To mend everything.
    Heal,
}

/// A request, and where its outcome goes.
#[derive(Debug)]
pub struct Asked {
    pub deed: Deed,
    pub outcome: oneshot::Sender<Result<(), Refusal>>,
}

/// What is broken, and who shops: shared by whoever looks at it.
pub struct Lab {
    pub nodes: Arc<Nodes>,
    pub network: Arc<Network>,
    pub shoppers: watch::Sender<ShopperPlan>,
    pub tally: Arc<ShopperTally>,
    pub verdict: SharedVerdict,
    bug: Mutex<Option<&'static str>>,
    configured: Vec<NodeId>,
}

impl Lab {
    /// A lab of these nodes in which all is well and nobody shops.
    pub fn new(nodes: impl IntoIterator<Item = NodeId>, seed: u64) -> Lab {
        let configured: Vec<_> = nodes.into_iter().collect();
        Lab {
            nodes: Arc::new(Nodes::new(configured.iter().copied())),
            network: Arc::new(Network::new(seed)),
            shoppers: watch::Sender::new(ShopperPlan::default()),
            tally: Arc::default(),
            verdict: Arc::default(),
            bug: Mutex::default(),
            configured,
        }
    }

    /// Plants a bug on all nodes, or none.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn plant(&self, name: Option<&str>) -> Result<(), Refusal> {
        let mut planted = self.bug.lock();
        *planted = bugs::plant(name)?;
        Ok(())
    }
}

/// The lab in a person's hands; clones are the same lab.
#[derive(Clone)]
pub struct LabControl {
    lab: Arc<Lab>,
    keeper: mpsc::Sender<Asked>,
}

impl LabControl {
    /// The control of a lab, and what its keeper hears.
    pub fn new(lab: Arc<Lab>) -> (LabControl, mpsc::Receiver<Asked>) {
        let (keeper, asked) = mpsc::channel(WAITING);
        (LabControl { lab, keeper }, asked)
    }

    /// All that is broken now.
    pub fn snapshot(&self) -> LabState {
        let Lab { nodes, network, shoppers, tally, verdict, bug, .. } = &*self.lab;
        LabState {
            nodes: nodes.iter().map(|(id, node)| NodeState::of(id, node)).collect(),
            links: network.faults().into_iter().map(|((a, b), fault)| LinkState::of(a, b, fault)).collect(),
            shoppers: ShoppersState { plan: *shoppers.borrow(), counts: tally.counts() },
            bugs: bugs::all(),
            bug: *bug.lock(),
            verdict: verdict.lock().clone(),
        }
    }

    /// Finds a node that can be broken.
    ///
    /// # Errors
    /// With the names that there are.
    pub fn breakable(&self, name: &str) -> Result<NodeId, Refusal> {
        let found = self.lab.nodes.iter().map(|(id, _)| id).find(|id| id.to_string() == name);
        found.ok_or_else(|| {
            let names: Vec<_> = self.lab.nodes.iter().map(|(id, _)| id.to_string()).collect();
            Refusal::Unknown(format!(
                "there is no node {name:?} to break; there are {} (the front-end's server is the way into the lab)",
                names.join(", ")
            ))
        })
    }

    /// Finds an end of a link.
    ///
    /// # Errors
    /// With the names that there are.
    pub fn linked(&self, name: &str) -> Result<NodeId, Refusal> {
        let configured = &self.lab.configured;
        let is_named = |id: &NodeId| {
            id.to_string() == name || (name == "front-end" && matches!(id, NodeId::FrontEnd(_)))
        };
        configured.iter().copied().find(is_named).ok_or_else(|| {
            let names: Vec<_> = configured.iter().map(ToString::to_string).collect();
            Refusal::Wrong(format!("there is no node {name:?}; there are {}", names.join(", ")))
        })
    }

    /// Does something to a node, and waits until it is done.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn node(&self, id: NodeId, action: NodeAction) -> Result<(), Refusal> {
        self.ask(Deed::Node(id, action)).await
    }

    /// Breaks a link, or mends it.
    ///
    /// # Errors
    /// When both ends are one node.
    pub fn link(&self, a: NodeId, b: NodeId, fault: Option<LinkFault>) -> Result<(), Refusal> {
        if a == b {
            return Err(Refusal::Wrong(format!("a link has two ends, and {a} is one node")));
        }
        self.lab.network.set(a, b, fault);
        Ok(())
    }

    /// Says who shops from now on.
    pub fn shoppers(&self, plan: ShopperPlan) {
        self.lab.shoppers.send_replace(plan);
    }

    /// Plants a bug on all nodes, or none.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn plant(&self, name: Option<&str>) -> Result<(), Refusal> {
        self.lab.plant(name)
    }

    /// Mends everything, and waits until all nodes run. Who shops goes on.
    ///
    /// # Errors
    /// When a node does not start; the others are mended all the same.
    pub async fn heal(&self) -> Result<(), Refusal> {
        self.ask(Deed::Heal).await
    }

    async fn ask(&self, deed: Deed) -> Result<(), Refusal> {
        let (outcome, done) = oneshot::channel();
        self.keeper.try_send(Asked { deed, outcome }).map_err(|_| Refusal::Busy)?;
        done.await.unwrap_or(Err(Refusal::Busy))
    }
}

impl fmt::Debug for LabControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabControl").finish_non_exhaustive()
    }
}
