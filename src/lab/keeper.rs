//! Takes nodes down and starts them again, one request at a time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use toystore_actors::net::NodeId;
use toystore_actors::{catalog, order};

use super::control::{Asked, Deed, Lab, NodeAction};
use super::disk::DiskState;
use super::node::{Condition, LabNode};
use super::refusal::Refusal;
use crate::advice::{self, NotStarted};
use crate::console::failure::Failure;
use crate::console::logging;
use crate::files::{Directory, LockOutcome, LockedFiles, label};
use crate::process::stop::stopped;
use crate::server::service::{self, BoundService, ServingService};
use crate::server::up::LocalStore;

/// Keeps the nodes of a store.
pub struct Keeper {
    pub lab: Arc<Lab>,
    pub store: LocalStore,
    /// Where each node listens, however often it is started.
    pub addresses: BTreeMap<NodeId, SocketAddr>,
    pub serving: BTreeMap<NodeId, ServingService>,
}

impl Keeper {
    /// Carries out what is asked for until the store is told to stop. `failed` names the nodes that ended by themselves.
    ///
    /// # Errors
    /// When the front-end has ended: nobody can ask for anything any more.
    pub async fn keep(
        &mut self,
        mut asked: mpsc::Receiver<Asked>,
        mut failed: mpsc::UnboundedReceiver<NodeId>,
    ) -> Result<(), Failure> {
        let draining = self.store.environment.draining.clone();
        let mut stop = pin!(stopped(self.store.config.http.drain, &draining));
        loop {
            // What was begun is carried out before the store stops: a node that was half started would not be stopped.
            tokio::select! {
                () = &mut stop => return Ok(()),
                Some(id) = failed.recv() => self.has_failed(id).await?,
                Some(Asked { deed, outcome }) = asked.recv() => {
                    let done = match deed {
                        Deed::Node(id, action) => self.act(id, action).await,
                        Deed::Heal => self.heal().await,
                    };
                    // Whoever asked has gone; it is done all the same.
                    let _ = outcome.send(done);
                }
            }
        }
    }

    /// Lets what is under way end, then takes everything down, the front-end first.
    pub async fn stop(mut self) {
        for (_, node) in self.lab.nodes.iter() {
            node.incarnation().resume();
        }
        let front_end = self.serving.extract_if(.., |id, _| matches!(id, NodeId::FrontEnd(_)));
        let mut services: Vec<_> = front_end.map(|(_, service)| service).collect();
        services.extend(self.serving.into_values());
        service::stop(services).await;
    }

    /// A service ended by itself. Here the store goes on without it, whichever it is.
    async fn has_failed(&mut self, id: NodeId) -> Result<(), Failure> {
        let Some(node) = self.lab.nodes.get(id) else {
            return Err(Failure::CouldNotRun(
                "the store stops: nothing is sold without its front-end".into(),
            ));
        };
        // It may have been started again since.
        if matches!(node.condition(), Condition::Stopped(_)) {
            self.take_down(id).await;
        }
        Ok(())
    }

    async fn act(&mut self, id: NodeId, action: NodeAction) -> Result<(), Refusal> {
        let lab = self.lab.clone();
        let node = lab.nodes.get(id).ok_or_else(|| Refusal::Unknown(format!("{id} cannot be broken")))?;
        let condition = node.condition();
        match (action, &condition) {
            (NodeAction::Crash, Condition::Running | Condition::Paused) => self.crash(id, node).await,
            (NodeAction::Restart, Condition::Crashed | Condition::Stopped(_)) => {
                return self.start(id, node).await;
            }
            (NodeAction::Pause, Condition::Running) => node.incarnation().pause(),
            (NodeAction::Resume, Condition::Paused) => node.incarnation().resume(),
            (NodeAction::Wipe, _) => return self.wipe(id, node).await,
            (NodeAction::SlowDisk(longer), _) => node.disk.set(DiskState::Slow(longer)),
            (NodeAction::FullDisk, _) => node.disk.set(DiskState::Full),
            (NodeAction::HealthyDisk, _) => node.disk.set(DiskState::Healthy),
            (NodeAction::Crash | NodeAction::Restart | NodeAction::Pause | NodeAction::Resume, _) => {
                return Err(senseless(id, action, &condition));
            }
        }
        Ok(())
    }

    async fn crash(&mut self, id: NodeId, node: &LabNode) {
        self.store.registry.remove(id);
        node.crash();
        self.take_down(id).await;
    }

    /// What is left of a node that writes and sends nothing any more.
    async fn take_down(&mut self, id: NodeId) {
        self.store.registry.remove(id);
        if let Some(service) = self.serving.remove(&id) {
            service.crash().await;
        }
    }

    async fn start(&mut self, id: NodeId, node: &LabNode) -> Result<(), Refusal> {
        // One that ended by itself a moment ago may still have its address.
        self.take_down(id).await;
        node.begin();
        match self.open(id).await {
            Ok(service) => {
                self.serving.insert(id, service);
                Ok(())
            }
            Err(why) => {
                let why = advice::sentence(id, &why, &self.store.named);
                self.store.registry.remove(id);
                node.stop(why.clone());
                Err(Refusal::NotNow(format!("{} does not start: {why}", label(id))))
            }
        }
    }

    async fn open(&self, id: NodeId) -> Result<ServingService, NotStarted> {
        let config = &self.store.config;
        if id == NodeId::Catalog {
            advice::catalog_is_gone(config, &self.store.named, Duration::ZERO)
                .iter()
                .for_each(|gone| logging::tell(id, gone));
        }
        let directory = config.data.join(label(id));
        let opening = Directory::prepare_now(&directory).map_err(NotStarted::Directory)?;
        if opening.is_none() {
            let why = format!("another process is opening the files in {}; try again", directory.display());
            return Err(NotStarted::Directory(why));
        }
        let bound = BoundService::new(config, id, self.addresses[&id])?;
        let opened = self.store.open(bound, None).await?;
        Ok(opened.serve(config)?)
    }

    async fn wipe(&mut self, id: NodeId, node: &LabNode) -> Result<(), Refusal> {
        self.crash(id, node).await;
        let directory = self.store.config.data.join(label(id));
        let cannot =
            |why: &dyn std::fmt::Display| Refusal::NotNow(format!("{} is not wiped: {why}", label(id)));
        match LockedFiles::take(directory, data_file(id)).map_err(|error| cannot(&error))? {
            LockOutcome::Locked(files) => {
                let kept = files.set_aside().map_err(|why| cannot(&why))?;
                logging::tell(id, &format!("the files of {} are kept as {}", label(id), kept.display()));
            }
            LockOutcome::InUse => return Err(cannot(&"another store uses its files")),
            LockOutcome::NoDirectory => {}
        }
        self.start(id, node).await
    }

    async fn heal(&mut self) -> Result<(), Refusal> {
        let lab = self.lab.clone();
        lab.network.heal();
        lab.plant(None)?;
        let mut refused = Vec::new();
        for (id, node) in lab.nodes.iter() {
            node.disk.set(DiskState::Healthy);
            match node.condition() {
                Condition::Running => {}
                Condition::Paused => node.incarnation().resume(),
                Condition::Crashed | Condition::Stopped(_) => {
                    refused.extend(self.start(id, node).await.err().map(|why| why.to_string()));
                }
            }
        }
        if refused.is_empty() { Ok(()) } else { Err(Refusal::NotNow(refused.join("; "))) }
    }
}

/// The action makes no sense as the node is.
fn senseless(id: NodeId, action: NodeAction, condition: &Condition) -> Refusal {
    let is = match condition {
        Condition::Running => "runs",
        Condition::Paused => "is paused",
        Condition::Crashed => "has crashed",
        Condition::Stopped(_) => "has stopped by itself",
    };
    let can = match action {
        NodeAction::Restart => "only one that has crashed or stopped can be restarted",
        NodeAction::Resume => "only one that is paused can be resumed",
        NodeAction::Pause => "only one that runs can be paused",
        _ => "only one that runs or is paused can be crashed",
    };
    Refusal::NotNow(format!("{id} {is}; {can}"))
}

fn data_file(id: NodeId) -> &'static str {
    match id {
        NodeId::Order(_) => order::BOOK_FILE,
        NodeId::Catalog | NodeId::FrontEnd(_) => catalog::FILE,
    }
}
