//! The world of one run: nodes, their network, disks and clocks, and what goes wrong with them.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{self, LocalBoxFuture};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::host::{Failure, Host};
use toystore_actors::net::{Bridge, Codec, Net, NetError, NodeId, Transport};
use toystore_actors::probe::{Event, Probe};

use crate::checks::Watch;
use crate::clock::{Due, Nanos, NodeClock, Timeline};
use crate::cluster::{self, Launched};
use crate::describe;
use crate::disk::{Disk, DiskFault};
use crate::executor::{Executor, Panicked};
use crate::faults::Fault;
use crate::history::History;
use crate::network::{Content, Endpoint, Network, Packet, Weather};
use crate::report::Violation;
use crate::scenario::Setup;
use crate::sometimes;
use crate::storage::{NodeStorage, Queued};
use crate::trace::{self, Trace};

const MILLI: Nanos = 1_000_000;

enum Running {
    /// `_keep` is what has to live as long as the process does.
    Up {
        bridge: Arc<Bridge>,
        _keep: Box<dyn Any>,
    },
    Down {
        silent: bool,
    },
}

/// One node's process, or the lack of one.
struct Process {
    running: Running,
    /// Counts its starts and crashes; what was scheduled for an earlier one is void.
    incarnation: u32,
    /// Held by everything that was handed to this incarnation; false once it crashed.
    alive: Rc<Cell<bool>>,
    paused: bool,
    /// What arrived while it was paused.
    inbox: Vec<Packet>,
    /// Calls that it has yet to answer.
    under_way: BTreeMap<u64, Packet>,
    jobs: BTreeMap<u64, Queued>,
    disk_busy: bool,
    /// How many disk operations had failed when it started.
    failed_at_start: u64,
    next: u64,
}

/// Crash a node at some node's next such event.
struct Trigger {
    of: NodeId,
    event: String,
    node: NodeId,
    down_ms: u64,
}

#[derive(Default)]
struct Trouble {
    active: BTreeMap<usize, Fault>,
    triggers: Vec<Trigger>,
    /// For how long a node stays down that crashes in the middle of a disk operation.
    mid_write: BTreeMap<NodeId, u64>,
    loops: BTreeMap<usize, u32>,
    healed: bool,
}

/// The world of one run.
pub struct World {
    /// What the run is.
    pub setup: Setup,
    /// What will happen.
    pub timeline: Arc<Timeline>,
    /// All futures.
    pub executor: Executor,
    /// All messages.
    pub network: Network,
    /// All files.
    pub disks: BTreeMap<NodeId, Disk>,
    /// What happened.
    pub trace: RefCell<Trace>,
    /// What the shoppers saw.
    pub history: RefCell<History>,
    /// The checks that look on.
    pub watch: RefCell<Watch>,
    processes: RefCell<BTreeMap<NodeId, Process>>,
    trouble: RefCell<Trouble>,
    counts: RefCell<BTreeMap<String, u64>>,
    violations: RefCell<Vec<Violation>>,
    rng: RefCell<SmallRng>,
    /// How many replicas each view had in sync.
    view_sizes: RefCell<BTreeMap<u64, usize>>,
    finished: Cell<bool>,
    me: Weak<World>,
}

impl World {
    /// A world whose nodes are all down.
    #[must_use]
    pub fn new(setup: Setup, trace: Trace) -> Rc<World> {
        let nodes = setup.nodes();
        let disks =
            nodes.iter().map(|node| (*node, Disk::new(setup.stream(&format!("disk {node}"))))).collect();
        let processes = nodes.iter().map(|node| (*node, Process::down())).collect();
        let world = Rc::new_cyclic(|me| World {
            timeline: Arc::default(),
            executor: Executor::default(),
            network: Network::new(setup.stream("network")),
            disks,
            trace: RefCell::new(trace),
            history: RefCell::default(),
            watch: RefCell::new(Watch::new(&setup)),
            processes: RefCell::new(processes),
            trouble: RefCell::default(),
            counts: RefCell::default(),
            violations: RefCell::default(),
            rng: RefCell::new(SmallRng::seed_from_u64(setup.stream("world"))),
            view_sizes: RefCell::default(),
            finished: Cell::new(false),
            me: me.clone(),
            setup,
        });
        world.network.set_weather(world.setup.weather());
        for (index, timed) in world.setup.schedule.iter().enumerate() {
            world.timeline.at(timed.at_ms * MILLI, Due::FaultBegins(index));
        }
        for node in nodes {
            let late = world.rng.borrow_mut().random_range(0..20 * MILLI);
            world.timeline.after(late, Due::Restart(node));
        }
        world
    }

    fn rc(&self) -> Rc<World> {
        self.me.upgrade().expect("a world is only used through its Rc")
    }

    /// Virtual time now.
    pub fn now(&self) -> Nanos {
        self.timeline.now()
    }

    /// Whether the run is over: the director said so, or a promise broke.
    pub fn finished(&self) -> bool {
        self.finished.get()
    }

    /// Ends the run.
    pub fn finish(&self) {
        self.finished.set(true);
    }

    /// Notes that a promise broke; the run ends.
    pub fn broken(&self, violation: Violation) {
        self.note(None, || format!("BROKEN: {violation}"));
        self.violations.borrow_mut().push(violation);
        self.finish();
    }

    /// What broke.
    pub fn violations(&self) -> Vec<Violation> {
        self.violations.borrow().clone()
    }

    /// Counts something worth having seen.
    pub fn count(&self, what: &str) {
        let mut counts = self.counts.borrow_mut();
        match counts.get_mut(what) {
            Some(count) => *count += 1,
            None => {
                counts.insert(what.to_owned(), 1);
            }
        }
    }

    /// What was seen, how often.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.borrow().clone()
    }

    /// What was seen, how often, with what disks and network went through.
    pub fn all_counts(&self) -> BTreeMap<String, u64> {
        let mut counts = self.counts();
        let network = self.network.counts();
        for (what, count) in [
            ("messages", network.sent),
            ("message lost", network.lost),
            ("message doubled", network.duplicated),
            ("message late", network.delayed),
            ("message overtaken", network.overtaken),
            ("message lost to a partition", network.cut),
            ("message held", network.held),
        ] {
            *counts.entry(what.to_owned()).or_default() += count;
        }
        for disk in self.disks.values() {
            let disk = disk.counts();
            for (what, count) in [
                ("unsynced write kept", disk.kept),
                ("unsynced write lost", disk.lost),
                ("unsynced write torn", disk.torn),
                ("disk operation failed", disk.failed),
            ] {
                *counts.entry(what.to_owned()).or_default() += count;
            }
        }
        counts
    }

    /// The calls that nodes have yet to answer, for a person.
    pub fn unanswered(&self) -> Vec<String> {
        let processes = self.processes.borrow();
        let stuck = processes.iter().filter_map(|(node, process)| {
            let (_, oldest) = process.under_way.first_key_value()?;
            Some(format!(
                "{node} has {} calls to answer, the oldest: {}",
                process.under_way.len(),
                describe::line(oldest)
            ))
        });
        stuck.collect()
    }

    /// Notes something in the trace.
    pub fn note(&self, node: Option<NodeId>, text: impl FnOnce() -> String) {
        self.trace.borrow_mut().note(self.now(), node, &[], text);
    }

    /// Calls a node on behalf of an endpoint.
    pub fn call(
        &self,
        from: Endpoint,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        let (call, reply) = self.network.open_call();
        self.send(Packet { call, from, to: Endpoint::Node(to), name, content: Content::Request(body) });
        reply
    }

    /// The way into the store for a shopper, and its clock, which does not drift.
    pub fn client_net(&self, number: u8) -> (Net, Arc<NodeClock>) {
        let clock = Arc::new(NodeClock::new(self.timeline.clone(), 0, 0));
        let transport = SimTransport {
            world: self.me.clone(),
            from: Endpoint::Client(number),
            alive: Rc::new(Cell::new(true)),
        };
        (Net::new(Rc::new(transport), clock.clone()), clock)
    }

    fn send(&self, packet: Packet) {
        let arrivals = self.network.send(self.now(), &packet);
        if arrivals.len() != 1 {
            let fate = if arrivals.is_empty() { "LOST" } else { "DOUBLED" };
            self.note(None, || format!("{fate}: {}", describe::line(&packet)));
        }
        for (arrival, number) in arrivals {
            self.timeline.at(arrival, Due::Packet(number));
        }
    }

    fn deliver(&self, packet: Packet) {
        self.trace.borrow_mut().note(
            self.now(),
            match packet.to {
                Endpoint::Node(node) => Some(node),
                Endpoint::Client(_) => None,
            },
            &describe::fingerprint(&packet).to_le_bytes(),
            || describe::line(&packet),
        );
        match (packet.content, packet.to) {
            (Content::Reply(reply), _) => {
                if let Err(NetError::Malformed(why)) = &reply {
                    self.broken(Violation::new(
                        "well-formed",
                        [format!("{} {}: {why}", packet.to, packet.name)],
                    ));
                }
                self.network.answer(packet.call, reply);
            }
            (Content::Request(_), Endpoint::Client(_)) => {}
            (Content::Request(body), Endpoint::Node(node)) => {
                let packet = Packet { content: Content::Request(body.clone()), ..packet };
                self.receive(node, packet, body);
            }
        }
    }

    fn receive(&self, node: NodeId, packet: Packet, body: Bytes) {
        let mut processes = self.processes.borrow_mut();
        let Some(process) = processes.get_mut(&node) else { return };
        if process.paused {
            process.inbox.push(packet);
            return;
        }
        let bridge = match &process.running {
            Running::Up { bridge, .. } => bridge.clone(),
            Running::Down { silent } => {
                let silent = *silent;
                drop(processes);
                if !silent {
                    self.reply(&packet, Err(NetError::Refused));
                }
                return;
            }
        };
        let number = process.next;
        process.next += 1;
        let name = packet.name;
        process.under_way.insert(number, packet);
        drop(processes);
        let world = self.rc();
        let dispatch = async move {
            let reply = bridge.dispatch(name, Codec::Bincode, body).await;
            let packet = {
                let mut processes = world.processes.borrow_mut();
                processes.get_mut(&node).and_then(|process| process.under_way.remove(&number))
            };
            if let Some(packet) = packet {
                world.reply(&packet, reply.map_err(NetError::from));
            }
        };
        self.executor.spawn(Some(node), Box::pin(dispatch));
    }

    fn reply(&self, request: &Packet, reply: Result<Bytes, NetError>) {
        let Packet { call, from, to, name, .. } = *request;
        self.send(Packet { call, from: to, to: from, name, content: Content::Reply(reply) });
    }

    /// Does what has come due.
    pub fn handle(&self, due: Due) {
        match due {
            Due::Wake(waker) => waker.wake(),
            Due::Packet(number) => {
                if let Some(packet) = self.network.arrive(number) {
                    self.deliver(packet);
                }
            }
            Due::DiskStart(node, incarnation) => self.disk_start(node, incarnation),
            Due::DiskDone(node, incarnation, job) => self.disk_done(node, incarnation, job),
            Due::FaultBegins(index) => self.fault_begins(index),
            Due::FaultEnds(index) => self.fault_ends(index),
            Due::CrashAgain(index) => self.crash_again(index),
            Due::Restart(node) => self.start(node),
            Due::Exit(node, incarnation) => {
                if self.is_incarnation(node, incarnation) {
                    self.crash(node, false);
                    self.timeline.after(300 * MILLI, Due::Restart(node));
                }
            }
        }
    }

    /// Cleans up after a task was polled or something came due.
    pub fn settle(&self) {
        self.executor.bury();
    }

    /// A task panicked, which no code of the store may.
    pub fn panicked(&self, panicked: Panicked) {
        let owner = panicked.owner.map_or("the simulator".to_owned(), |node| node.to_string());
        self.broken(Violation::new(
            "no panic",
            [format!("{owner}: {}", crate::run::panic_text(&*panicked.payload))],
        ));
    }

    fn is_incarnation(&self, node: NodeId, incarnation: u32) -> bool {
        self.processes.borrow().get(&node).is_some_and(|process| {
            process.incarnation == incarnation && matches!(process.running, Running::Up { .. })
        })
    }

    /// Whether a node runs.
    pub fn is_up(&self, node: NodeId) -> bool {
        self.processes
            .borrow()
            .get(&node)
            .is_some_and(|process| matches!(process.running, Running::Up { .. }))
    }

    fn start(&self, node: NodeId) {
        if self.is_up(node) {
            return;
        }
        let alive = Rc::new(Cell::new(true));
        let incarnation = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&node) else { return };
            process.incarnation += 1;
            process.alive = alive.clone();
            process.failed_at_start = self.disks[&node].counts().failed;
            process.incarnation
        };
        self.note(Some(node), || "starts".to_owned());
        let host = self.host(node, incarnation, &alive);
        let disk = &self.disks[&node];
        let started = catch_unwind(AssertUnwindSafe(|| cluster::start(&self.setup, node, host)));
        disk.take_cost();
        if disk.tripped() || !alive.get() {
            alive.set(false);
            disk.crash();
            drop(started);
            self.note(Some(node), || "crashes while it starts".to_owned());
            self.count("crash while starting");
            let down = self.trouble.borrow_mut().mid_write.remove(&node).unwrap_or(100);
            self.timeline.after(down * MILLI, Due::Restart(node));
            return;
        }
        match started {
            Ok(Ok(Launched { bridge, run, keep })) => {
                if let Some(process) = self.processes.borrow_mut().get_mut(&node) {
                    process.running = Running::Up { bridge, _keep: keep };
                }
                self.executor.spawn(Some(node), run);
            }
            Ok(Err(error)) => {
                alive.set(false);
                disk.crash();
                if disk.fault().is_some() {
                    self.note(Some(node), || format!("cannot start: {error}"));
                    self.timeline.after(500 * MILLI, Due::Restart(node));
                } else {
                    self.broken(Violation::new(
                        "restart",
                        [format!("{node} cannot open its own file: {error}")],
                    ));
                }
            }
            Err(payload) => self.panicked(Panicked { owner: Some(node), payload }),
        }
    }

    fn host(&self, node: NodeId, incarnation: u32, alive: &Rc<Cell<bool>>) -> Host {
        let (origin, drift_ppm) = self.setup.clock(node);
        let clock = Arc::new(NodeClock::new(self.timeline.clone(), origin, drift_ppm));
        let transport =
            SimTransport { world: self.me.clone(), from: Endpoint::Node(node), alive: alive.clone() };
        let world = self.me.clone();
        let still = alive.clone();
        Host {
            id: node,
            net: Net::new(Rc::new(transport), clock.clone()),
            storage: Rc::new(NodeStorage::new(
                self.me.clone(),
                node,
                self.disks[&node].clone(),
                alive.clone(),
            )),
            clock,
            seed: self.setup.stream(&format!("{node} {incarnation}")),
            probe: Rc::new(NodeProbe { world: self.me.clone(), alive: alive.clone() }),
            on_failure: Rc::new(move |node, failure| {
                if let Some(world) = world.upgrade()
                    && still.get()
                {
                    world.failed(node, incarnation, &failure);
                }
            }),
        }
    }

    /// A node says that it stops. Its process ends a little later, and is started again by whoever runs it.
    fn failed(&self, node: NodeId, incarnation: u32, failure: &Failure) {
        self.note(Some(node), || format!("stops: {failure}"));
        self.count("node stopped of itself");
        let disk = &self.disks[&node];
        let failed_at_start = self.processes.borrow().get(&node).map_or(0, |process| process.failed_at_start);
        if disk.counts().failed == failed_at_start && !disk.tripped() {
            self.broken(Violation::new("no failure without cause", [format!("{node} stopped: {failure}")]));
        }
        let later = self.rng.borrow_mut().random_range(0..50 * MILLI);
        self.timeline.after(later, Due::Exit(node, incarnation));
    }

    /// Crashes a node at this very point: nothing it does from here on reaches anybody.
    pub fn crash(&self, node: NodeId, silent: bool) {
        let mut processes = self.processes.borrow_mut();
        let Some(process) = processes.get_mut(&node) else { return };
        let Running::Up { .. } = process.running else { return };
        let crashed = std::mem::replace(&mut process.running, Running::Down { silent });
        process.alive.set(false);
        process.incarnation += 1;
        process.paused = false;
        process.disk_busy = false;
        let mut cut_off: Vec<Packet> = std::mem::take(&mut process.under_way).into_values().collect();
        cut_off.append(&mut process.inbox);
        let jobs = std::mem::take(&mut process.jobs);
        drop(processes);
        self.disks[&node].crash();
        self.executor.kill(node);
        // Dropping these runs code of the actor; this may be called from the middle of such code.
        self.executor.bury_later(Box::new((crashed, jobs)));
        self.note(Some(node), || "crashes".to_owned());
        self.count("crash");
        for packet in cut_off {
            // A process that dies resets its connections; a machine that dies says nothing.
            if !silent && self.rng.borrow_mut().random_bool(0.7) {
                self.reply(&packet, Err(NetError::Lost));
            }
        }
    }

    fn event(&self, node: NodeId, event: &Event) {
        let now = self.now();
        self.trace.borrow_mut().event(now, node, event);
        let name = trace::name(event);
        self.count(&name);
        let rare = sometimes::rare(event, &mut self.view_sizes.borrow_mut());
        if let Some(rare) = rare {
            self.count(rare);
        }
        let found = self.watch.borrow_mut().event(now, node, event);
        if let Err(violation) = found {
            self.broken(violation);
        }
        self.trigger(node, &name);
    }

    fn trigger(&self, node: NodeId, event: &str) {
        let hit = {
            let mut trouble = self.trouble.borrow_mut();
            let hit =
                trouble.triggers.iter().position(|trigger| trigger.of == node && trigger.event == event);
            hit.map(|hit| trouble.triggers.swap_remove(hit))
        };
        if let Some(Trigger { node, down_ms, .. }) = hit {
            self.crash_for(node, false, down_ms, "fault crash-at");
        }
    }

    // ---- disks ----

    /// Queues a job of a node's disk.
    pub(crate) fn queue_job(&self, node: NodeId, queued: Queued) {
        let mut processes = self.processes.borrow_mut();
        let Some(process) = processes.get_mut(&node) else { return };
        let number = process.next;
        process.next += 1;
        process.jobs.insert(number, queued);
        if !process.disk_busy {
            process.disk_busy = true;
            let wait = self.rng.borrow_mut().random_range(1_000..40_000);
            self.timeline.after(wait, Due::DiskStart(node, process.incarnation));
        }
    }

    fn disk_start(&self, node: NodeId, incarnation: u32) {
        let (number, job) = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&node).filter(|process| process.incarnation == incarnation)
            else {
                return;
            };
            let waiting: Vec<u64> = process
                .jobs
                .iter()
                .filter(|(_, queued)| queued.job.is_some())
                .map(|(number, _)| *number)
                .collect();
            if waiting.is_empty() {
                process.disk_busy = false;
                return;
            }
            // Jobs may run in any order.
            let pick = waiting[self.rng.borrow_mut().random_range(0..waiting.len())];
            let job = process.jobs.get_mut(&pick).and_then(|queued| queued.job.take());
            (pick, job)
        };
        let disk = &self.disks[&node];
        if let Some(job) = job {
            job();
        }
        let cost = disk.take_cost();
        if disk.tripped() {
            self.count("fault crash-mid-write");
            let down = self.trouble.borrow_mut().mid_write.remove(&node).unwrap_or(100);
            self.crash(node, false);
            self.timeline.after(down * MILLI, Due::Restart(node));
            return;
        }
        self.timeline.after(cost.max(1), Due::DiskDone(node, incarnation, number));
    }

    fn disk_done(&self, node: NodeId, incarnation: u32, number: u64) {
        let done = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&node).filter(|process| process.incarnation == incarnation)
            else {
                return;
            };
            process.jobs.remove(&number)
        };
        if let Some(done) = done {
            done.signal.finish();
        }
        self.disk_start(node, incarnation);
    }

    // ---- faults ----

    fn fault_begins(&self, index: usize) {
        if self.trouble.borrow().healed {
            return;
        }
        let Some(timed) = self.setup.schedule.get(index) else { return };
        let fault = timed.fault.clone();
        self.note(None, || format!("FAULT: {fault}"));
        if let Some(lasts_ms) = fault.lasts_ms() {
            self.timeline.after(lasts_ms * MILLI, Due::FaultEnds(index));
        }
        match &fault {
            Fault::Crash { node, down_ms, silent } => self.crash_for(*node, *silent, *down_ms, "fault crash"),
            Fault::CrashAll { down_ms } => {
                for node in self.setup.nodes() {
                    let more = self.rng.borrow_mut().random_range(0..200);
                    self.crash_for(node, false, down_ms + more, "fault crash-all");
                }
            }
            Fault::CrashLoop { node, times, up_ms, down_ms } => {
                self.trouble.borrow_mut().loops.insert(index, times.saturating_sub(1));
                self.crash_for(*node, false, *down_ms, "fault crash-loop");
                self.timeline.after((down_ms + up_ms) * MILLI, Due::CrashAgain(index));
            }
            Fault::CrashMidWrite { node, operations, down_ms } => {
                self.trouble.borrow_mut().mid_write.insert(*node, *down_ms);
                self.disks[node].trip_after(*operations);
            }
            Fault::CrashAt { node, of, event, down_ms } => {
                let trigger =
                    Trigger { of: of.unwrap_or(*node), event: event.clone(), node: *node, down_ms: *down_ms };
                self.trouble.borrow_mut().triggers.push(trigger);
            }
            Fault::Pause { node, .. } => self.pause(*node),
            _ => {
                self.count(&format!("fault {}", fault.kind()));
                self.trouble.borrow_mut().active.insert(index, fault);
                self.apply();
            }
        }
    }

    fn fault_ends(&self, index: usize) {
        if let Some(Fault::Pause { node, .. }) = self.setup.schedule.get(index).map(|timed| &timed.fault) {
            self.resume(*node);
        }
        let ended = self.trouble.borrow_mut().active.remove(&index);
        if let Some(fault) = ended {
            self.note(None, || format!("ends: {fault}"));
            self.apply();
        }
    }

    fn crash_for(&self, node: NodeId, silent: bool, down_ms: u64, what: &str) {
        if self.is_up(node) {
            self.count(what);
            self.crash(node, silent);
            self.timeline.after(down_ms * MILLI, Due::Restart(node));
        }
    }

    fn crash_again(&self, index: usize) {
        let Some(Fault::CrashLoop { node, up_ms, down_ms, .. }) =
            self.setup.schedule.get(index).map(|timed| &timed.fault)
        else {
            return;
        };
        {
            let mut trouble = self.trouble.borrow_mut();
            match trouble.loops.get_mut(&index) {
                Some(left) if *left > 0 => *left -= 1,
                _ => return,
            }
        }
        self.crash_for(*node, false, *down_ms, "fault crash-loop");
        self.timeline.after((down_ms + up_ms) * MILLI, Due::CrashAgain(index));
    }

    fn pause(&self, node: NodeId) {
        let mut processes = self.processes.borrow_mut();
        if let Some(process) = processes.get_mut(&node)
            && !process.paused
            && matches!(process.running, Running::Up { .. })
        {
            process.paused = true;
            self.executor.pause(node);
            self.count("fault pause");
        }
    }

    fn resume(&self, node: NodeId) {
        let inbox = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&node).filter(|process| process.paused) else { return };
            process.paused = false;
            std::mem::take(&mut process.inbox)
        };
        self.note(Some(node), || "goes on".to_owned());
        self.executor.resume(node);
        for packet in inbox {
            self.deliver(packet);
        }
    }

    /// Brings network and disks in line with the faults that are active.
    fn apply(&self) {
        let active: Vec<Fault> = self.trouble.borrow().active.values().cloned().collect();
        let base = if self.trouble.borrow().healed { self.setup.calm() } else { self.setup.weather() };
        for packet in self.network.set_weather(weather(base, &active, &self.setup.nodes())) {
            self.deliver(packet);
        }
        for (node, disk) in &self.disks {
            let mut slow = 1;
            let mut broken = None;
            for fault in &active {
                match fault {
                    Fault::DiskBroken { node: of, .. } if of == node => broken = Some(DiskFault::Broken),
                    Fault::DiskFull { node: of, .. } if of == node => {
                        broken = broken.or(Some(DiskFault::Full));
                    }
                    Fault::DiskSlow { node: of, factor, .. } if of == node => slow = slow.max(*factor),
                    _ => {}
                }
            }
            disk.set_fault(broken);
            disk.set_slow(slow);
        }
    }

    /// Ends every fault for good, and starts what is down.
    pub fn heal(&self) {
        self.note(None, || "ALL HEALS".to_owned());
        {
            let mut trouble = self.trouble.borrow_mut();
            *trouble = Trouble { healed: true, ..Trouble::default() };
        }
        self.apply();
        for (node, disk) in &self.disks {
            disk.do_not_trip();
            self.resume(*node);
            let late = self.rng.borrow_mut().random_range(0..100 * MILLI);
            self.timeline.after(late, Due::Restart(*node));
        }
    }

    /// Drops everything; the world ends.
    pub fn end(&self) {
        for node in self.setup.nodes() {
            let jobs = {
                let mut processes = self.processes.borrow_mut();
                let Some(process) = processes.get_mut(&node) else { continue };
                process.alive.set(false);
                (
                    std::mem::replace(&mut process.running, Running::Down { silent: true }),
                    std::mem::take(&mut process.jobs),
                )
            };
            self.disks[&node].crash();
            self.executor.kill(node);
            drop(jobs);
        }
        self.executor.clear();
        self.timeline.clear();
    }
}

impl Process {
    fn down() -> Process {
        Process {
            running: Running::Down { silent: false },
            incarnation: 0,
            alive: Rc::default(),
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

/// What the network does while these faults are active.
fn weather(base: Weather, active: &[Fault], nodes: &[NodeId]) -> Weather {
    let mut weather = base;
    let share = |percent: &u32| f64::from(*percent.min(&100)) / 100.0;
    for fault in active {
        match fault {
            Fault::Loss { percent, .. } => weather.loss = weather.loss.max(share(percent)),
            Fault::Duplicate { percent, .. } => weather.duplicate = weather.duplicate.max(share(percent)),
            Fault::Delay { percent, up_to_ms, .. } => {
                weather.delay = weather.delay.max(share(percent));
                weather.delay_nanos = weather.delay_nanos.max(up_to_ms * MILLI);
            }
            Fault::Reorder { .. } => weather.shuffle = true,
            Fault::Clog { from, to, .. } => {
                weather.clogged.insert((Endpoint::Node(*from), Endpoint::Node(*to)));
            }
            Fault::Partition { side, way, .. } => {
                for inside in side {
                    for outside in nodes.iter().filter(|node| !side.contains(node)) {
                        let (inside, outside) = (Endpoint::Node(*inside), Endpoint::Node(*outside));
                        if *way != crate::faults::Way::In {
                            weather.cut.insert((inside, outside));
                        }
                        if *way != crate::faults::Way::Out {
                            weather.cut.insert((outside, inside));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    weather
}

struct SimTransport {
    world: Weak<World>,
    from: Endpoint,
    alive: Rc<Cell<bool>>,
}

impl Transport for SimTransport {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        match self.world.upgrade() {
            Some(world) if self.alive.get() => world.call(self.from, to, name, body),
            _ => Box::pin(future::pending()),
        }
    }
}

struct NodeProbe {
    world: Weak<World>,
    alive: Rc<Cell<bool>>,
}

impl Probe for NodeProbe {
    fn record(&self, node: NodeId, event: &Event) {
        if let Some(world) = self.world.upgrade()
            && self.alive.get()
        {
            world.event(node, event);
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("now", &self.now()).finish_non_exhaustive()
    }
}
