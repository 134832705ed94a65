//! Processes in a world: how nodes start, crash, stop, pause and go on.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use rand::RngExt;
use toystore_actors::domain::ReplicaId;
use toystore_actors::host::{Failure, Gauge, Host};
use toystore_actors::net::{Bridge, Identity, Net, NetError, NodeId};
use toystore_actors::probe::{Event, Limit, Probe};

use super::messages::SimTransport;
use super::{MILLI, World};
use crate::clock::{Due, NodeClock};
use crate::cluster::{self, Launched};
use crate::executor::Panicked;
use crate::files::durable_entry;
use crate::history::Rebuild;
use crate::network::{Endpoint, Packet};
use crate::process::ProcessId;
use crate::report::Violation;
use crate::storage::{NodeStorage, Queued};
use crate::{coverage, trace};

pub(super) enum Running {
    /// `_keep` is what has to live as long as the process does.
    Up {
        bridge: Arc<Bridge>,
        gauges: Vec<Gauge>,
        _keep: Box<dyn Any>,
    },
    Down {
        silent: bool,
    },
}

/// A process, or the lack of one.
pub(super) struct Process {
    pub(super) running: Running,
    /// Counts its starts alone.
    pub(super) starts: u32,
    /// Counts its starts and crashes; what was scheduled for an earlier one is void.
    pub(super) incarnation: u32,
    /// Held by everything that was handed to this incarnation; false once it crashed.
    pub(super) alive: Rc<Cell<bool>>,
    /// The replicas of the configuration that it started with.
    pub(super) replicas: Vec<ReplicaId>,
    pub(super) paused: bool,
    /// What arrived while it was paused.
    pub(super) inbox: Vec<Packet>,
    /// Calls that it has yet to answer.
    pub(super) under_way: BTreeMap<u64, Packet>,
    pub(super) jobs: BTreeMap<u64, Queued>,
    pub(super) disk_busy: bool,
    /// How many disk operations had failed when it started.
    pub(super) failed_at_start: u64,
    pub(super) next: u64,
}

impl Running {
    /// What it has of that of which it may have only so many: of what, how many, and how many it may.
    pub(super) fn gauges(&self) -> Vec<(Limit, usize, usize)> {
        let Running::Up { bridge, gauges, .. } = self else { return Vec::new() };
        let calls = (Limit::Calls, bridge.under_way(), bridge.limit());
        let gauges = gauges.iter().map(|gauge| (gauge.what, gauge.now(), gauge.limit));
        [calls].into_iter().chain(gauges).collect()
    }
}

impl Process {
    pub(super) fn down() -> Process {
        Process {
            running: Running::Down { silent: false },
            starts: 0,
            incarnation: 0,
            alive: Rc::default(),
            replicas: Vec::new(),
            paused: false,
            inbox: Vec::new(),
            under_way: BTreeMap::new(),
            jobs: BTreeMap::new(),
            disk_busy: false,
            failed_at_start: 0,
            next: 0,
        }
    }
}

impl World {
    pub(super) fn is_incarnation(&self, id: ProcessId, incarnation: u32) -> bool {
        self.processes.borrow().get(&id).is_some_and(|process| {
            process.incarnation == incarnation && matches!(process.running, Running::Up { .. })
        })
    }

    /// Whether a process runs.
    pub fn is_up(&self, id: ProcessId) -> bool {
        self.processes.borrow().get(&id).is_some_and(|process| matches!(process.running, Running::Up { .. }))
    }

    /// How often a node was started.
    pub(super) fn starts(&self, node: NodeId) -> u32 {
        self.processes.borrow().get(&node.into()).map_or(0, |process| process.starts)
    }

    /// Whether there is to be such a process now.
    fn may_run(&self, id: ProcessId) -> bool {
        if id.is_own() { self.dead.get() != Some(id.node) } else { self.is_doubled(id.node) }
    }

    pub(super) fn start(&self, id: ProcessId) {
        if self.is_up(id) || !self.may_run(id) {
            return;
        }
        let alive = Rc::new(Cell::new(true));
        let replicas = self.configured(id.node);
        let incarnation = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&id) else { return };
            process.starts += 1;
            process.incarnation += 1;
            process.alive = alive.clone();
            process.replicas = replicas.clone();
            process.failed_at_start = self.disks[&id].counts().failed;
            process.incarnation
        };
        let failed_before = self.disks[&id].counts().failed;
        self.note(Some(id), || "starts".to_owned());
        let host = self.host(id, incarnation, &alive);
        let disk = &self.disks[&id];
        let started = catch_unwind(AssertUnwindSafe(|| cluster::start(&self.setup, id.node, replicas, host)));
        disk.take_cost();
        if disk.tripped() || !alive.get() {
            alive.set(false);
            disk.crash();
            drop(started);
            self.note(Some(id), || "crashes while it starts".to_owned());
            self.count("crash while starting");
            if self.processes.borrow().get(&id).is_some_and(|process| process.starts == 1) {
                self.count("crash while files are created");
            }
            let down = self.trouble.borrow_mut().mid_write.remove(&id).unwrap_or(100);
            self.timeline.after(down * MILLI, Due::Restart(id));
            return;
        }
        match started {
            Ok(Ok(Launched { bridge, run, gauges, keep })) => {
                if let Some(process) = self.processes.borrow_mut().get_mut(&id) {
                    process.running = Running::Up { bridge, gauges, _keep: keep };
                }
                self.executor.spawn(Some(id), run);
            }
            Ok(Err(error)) => {
                alive.set(false);
                disk.crash();
                if disk.counts().failed > failed_before {
                    self.note(Some(id), || format!("cannot start: {error}"));
                    self.timeline.after(500 * MILLI, Due::Restart(id));
                } else if self.refuses_files(id) {
                    self.note(Some(id), || format!("does not start: {error}"));
                } else {
                    self.broken(Violation::new(
                        "restart",
                        [format!("{id} cannot open its own file: {error}")],
                    ));
                }
            }
            Err(payload) => self.panicked(Panicked { owner: Some(id), payload }),
        }
    }

    fn host(&self, id: ProcessId, incarnation: u32, alive: &Rc<Cell<bool>>) -> Host {
        let (origin, drift_ppm) = self.setup.clock(id.node);
        let clock = Arc::new(NodeClock::new(self.timeline.clone(), origin, drift_ppm));
        let transport =
            SimTransport { world: self.me.clone(), from: Endpoint::Process(id), alive: alive.clone() };
        let replicas = self.configured(id.node).into_iter().map(NodeId::Order);
        let others = replicas.chain([NodeId::FrontEnd(1), NodeId::Catalog]);
        let identity = Arc::new(Identity::new(id.node, others));
        let world = self.me.clone();
        let still = alive.clone();
        Host {
            id: id.node,
            identity: identity.clone(),
            net: Net::new(identity, Rc::new(transport), clock.clone()),
            storage: Rc::new(NodeStorage::new(self.me.clone(), id, self.disks[&id].clone(), alive.clone())),
            clock,
            probe: Rc::new(NodeProbe { id, world: self.me.clone(), alive: alive.clone() }),
            on_failure: Rc::new(move |_, failure| {
                if let Some(world) = world.upgrade()
                    && still.get()
                {
                    world.failed(id, incarnation, &failure);
                }
            }),
        }
    }

    /// A process says that it stops. Its process ends a little later, and is started again by whoever runs it.
    fn failed(&self, id: ProcessId, incarnation: u32, failure: &Failure) {
        self.note(Some(id), || format!("stops: {failure}"));
        self.count("node stopped of itself");
        let disk = &self.disks[&id];
        let failed_at_start = self.processes.borrow().get(&id).map_or(0, |process| process.failed_at_start);
        if disk.counts().failed == failed_at_start && !disk.tripped() && !self.superseded(id.node) {
            self.broken(Violation::new("no failure without cause", [format!("{id} stopped: {failure}")]));
        }
        let later = self.rng.borrow_mut().random_range(0..50 * MILLI);
        self.timeline.after(later, Due::Exit(id, incarnation));
    }

    /// Whether no node has anything under way that is counted.
    ///
    /// # Errors
    /// What it is.
    pub fn idle(&self) -> Result<(), String> {
        let processes = self.processes.borrow();
        let gauges = processes
            .iter()
            .flat_map(|(node, process)| process.running.gauges().into_iter().map(move |gauge| (node, gauge)));
        let mut busy = gauges.filter(|(_, (_, now, _))| *now > 0);
        busy.next().map_or(Ok(()), |(node, (what, now, _))| {
            Err(format!("nobody asks for anything, and {node} has under way, of {what:?}: {now}"))
        })
    }

    /// Crashes a node that is not started again until [`World::revive`].
    pub fn kill(&self, node: NodeId, silent: bool) {
        self.note(None, || format!("FAULT: {node} dies and stays dead"));
        self.dead.set(Some(node));
        self.crash(node.into(), silent);
    }

    /// Starts what was killed.
    pub fn revive(&self) {
        if let Some(node) = self.dead.take() {
            self.start(node.into());
        }
    }

    /// Crashes a process at this very point: nothing it does from here on reaches anybody.
    pub fn crash(&self, id: ProcessId, silent: bool) {
        let Some((remains, cut_off)) = self.detach(id, silent) else { return };
        self.disks[&id].crash();
        self.executor.kill(id);
        // Dropping these runs code of the actor; this may be called from the middle of such code.
        self.executor.bury_later(remains);
        self.note(Some(id), || "crashes".to_owned());
        self.count("crash");
        self.cut_off(cut_off, silent);
    }

    /// Stops a process in peace: it closes its files, or crashes while it does, after so many disk operations. Not to be
    /// called from the middle of an actor's code. False if it did not run.
    pub(super) fn stop(&self, id: ProcessId, operations: Option<u64>) -> bool {
        let Some((remains, cut_off)) = self.detach(id, false) else { return false };
        self.note(Some(id), || "is stopped".to_owned());
        let disk = &self.disks[&id];
        if let Some(operations) = operations {
            disk.trip_after(operations);
        }
        self.executor.kill(id);
        self.executor.bury_later(remains);
        self.executor.bury();
        if disk.tripped() {
            self.note(Some(id), || "crashes while it closes its files".to_owned());
            self.count("crash while closing");
        }
        disk.crash();
        self.cut_off(cut_off, false);
        true
    }

    /// Takes a process off the network. Returns what has to be dropped, and the calls that it did not answer; nothing if
    /// it does not run.
    fn detach(&self, id: ProcessId, silent: bool) -> Option<(Box<dyn Any>, Vec<Packet>)> {
        let mut processes = self.processes.borrow_mut();
        let process = processes.get_mut(&id)?;
        let Running::Up { .. } = process.running else { return None };
        let ended = std::mem::replace(&mut process.running, Running::Down { silent });
        process.alive.set(false);
        process.incarnation += 1;
        process.paused = false;
        process.disk_busy = false;
        let mut cut_off: Vec<Packet> = std::mem::take(&mut process.under_way).into_values().collect();
        cut_off.append(&mut process.inbox);
        let jobs = std::mem::take(&mut process.jobs);
        Some((Box::new((ended, jobs)), cut_off))
    }

    fn cut_off(&self, calls: Vec<Packet>, silent: bool) {
        for packet in calls {
            // A process that dies resets its connections; a machine that dies says nothing.
            if !silent && self.rng.borrow_mut().random_bool(0.7) {
                self.reply(&packet, Err(NetError::Lost));
            }
        }
    }

    pub(super) fn pause(&self, id: ProcessId) {
        let mut processes = self.processes.borrow_mut();
        if let Some(process) = processes.get_mut(&id)
            && !process.paused
            && matches!(process.running, Running::Up { .. })
        {
            process.paused = true;
            self.executor.pause(id);
            self.count("fault pause");
        }
    }

    pub(super) fn resume(&self, id: ProcessId) {
        let inbox = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&id).filter(|process| process.paused) else { return };
            process.paused = false;
            std::mem::take(&mut process.inbox)
        };
        self.note(Some(id), || "goes on".to_owned());
        self.executor.resume(id);
        for packet in inbox {
            self.deliver(packet);
        }
    }

    fn event(&self, id: ProcessId, event: &Event) {
        let now = self.now();
        self.trace.borrow_mut().event(now, id, event);
        let name = trace::name(event);
        self.count(&name);
        let rare = coverage::rare(event, &mut self.view_sizes.borrow_mut());
        if let Some(rare) = rare {
            self.count(rare);
        }
        self.memories.borrow_mut().losses.event(event);
        if let Event::CatalogRebuilt { orders, stock } = event {
            let stock = stock.iter().cloned().collect();
            self.history.borrow_mut().rebuilds.push(Rebuild { at: now, through: *orders, stock });
        }
        let found = {
            let memories = self.memories.borrow();
            self.watch.borrow_mut().event(now, id.node, event, &memories.losses)
        };
        let claim =
            self.watch.borrow_mut().claim(event).filter(|_| !self.memories.borrow().losses.of_books());
        let held = claim.map_or(Ok(()), |claim| {
            claim.check(now, |id, number| durable_entry(&self.disks[&NodeId::Order(id).into()], id, number))
        });
        for violation in [found, held].into_iter().filter_map(Result::err) {
            self.broken(violation);
        }
        self.trigger(id, &name);
    }
}

struct NodeProbe {
    id: ProcessId,
    world: Weak<World>,
    alive: Rc<Cell<bool>>,
}

impl Probe for NodeProbe {
    fn record(&self, _: NodeId, event: &Event) {
        if let Some(world) = self.world.upgrade()
            && self.alive.get()
        {
            world.event(self.id, event);
        }
    }
}
