//! The world of one run: nodes, their network, disks and clocks, and what goes wrong with them.

mod addresses;
mod fault_injector;
mod jobs;
mod memories;
mod messages;
mod processes;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::net::NodeId;

use self::fault_injector::FaultInjector;
use self::memories::Memories;
use self::processes::{Process, Running};
use crate::checks::Watch;
use crate::clock::{Due, Nanos, Timeline};
use crate::describe;
use crate::disk::Disk;
use crate::executor::{Executor, Panicked};
use crate::faults::Fault;
use crate::history::History;
use crate::network::Network;
use crate::process::ProcessId;
use crate::report::Violation;
use crate::scenario::Setup;
use crate::trace::Trace;

const MILLI: Nanos = 1_000_000;

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
    pub disks: BTreeMap<ProcessId, Disk>,
    /// What happened.
    pub trace: RefCell<Trace>,
    /// What the shoppers saw.
    pub history: RefCell<History>,
    /// The checks that look on.
    pub watch: RefCell<Watch>,
    processes: RefCell<BTreeMap<ProcessId, Process>>,
    trouble: RefCell<FaultInjector>,
    memories: RefCell<Memories>,
    counts: RefCell<BTreeMap<String, u64>>,
    violations: RefCell<Vec<Violation>>,
    rng: RefCell<SmallRng>,
    /// How many replicas each view had in sync.
    view_sizes: RefCell<BTreeMap<u64, usize>>,
    finished: Cell<bool>,
    /// Does not start, whatever was scheduled.
    dead: Cell<Option<NodeId>>,
    recovery: Cell<Nanos>,
    me: Weak<World>,
}

impl World {
    /// A world whose nodes are all down.
    #[must_use]
    pub fn new(setup: Setup, trace: Trace) -> Rc<World> {
        let ids = processes_of(&setup);
        let disks = ids.iter().map(|id| (*id, Disk::new(setup.stream(&format!("disk {id}"))))).collect();
        let processes = ids.iter().map(|id| (*id, Process::down())).collect();
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
            memories: RefCell::default(),
            counts: RefCell::default(),
            violations: RefCell::default(),
            rng: RefCell::new(SmallRng::seed_from_u64(setup.stream("world"))),
            view_sizes: RefCell::default(),
            finished: Cell::new(false),
            dead: Cell::new(None),
            recovery: Cell::new(0),
            me: me.clone(),
            setup,
        });
        world.network.set_weather(world.setup.weather());
        for (index, timed) in world.setup.schedule.iter().enumerate() {
            world.timeline.at(timed.at_ms * MILLI, Due::FaultBegins(index));
        }
        for node in world.setup.nodes() {
            let late = world.rng.borrow_mut().random_range(0..20 * MILLI);
            world.timeline.after(late, Due::Restart(node.into()));
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

    /// The store has recovered from all that happened to it, this long after all healed.
    pub fn recovered(&self, after: Nanos) {
        self.recovery.set(after);
    }

    /// See [`World::recovered`].
    pub fn recovery(&self) -> Nanos {
        self.recovery.get()
    }

    /// Adds facts to the first promise that broke, if one did.
    pub fn explain(&self, facts: Vec<String>) {
        if let Some(first) = self.violations.borrow_mut().first_mut() {
            first.facts.extend(facts);
        }
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
        let stuck = processes.iter().filter_map(|(id, process)| {
            let (_, oldest) = process.under_way.first_key_value()?;
            Some(format!(
                "{id} has {} calls to answer, the oldest: {}",
                process.under_way.len(),
                describe::line(oldest)
            ))
        });
        stuck.collect()
    }

    /// Notes something in the trace.
    pub fn note(&self, id: Option<ProcessId>, text: impl FnOnce() -> String) {
        self.trace.borrow_mut().note(self.now(), id, &[], text);
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
            Due::DiskStart(id, incarnation) => self.disk_start(id, incarnation),
            Due::DiskDone(id, incarnation, job) => self.disk_done(id, incarnation, job),
            Due::FaultBegins(index) => self.fault_begins(index),
            Due::FaultEnds(index) => self.fault_ends(index),
            Due::FaultGoesOn(index) => self.fault_goes_on(index),
            Due::Restart(id) => self.start(id),
            Due::Reload(node) => self.reload_one(node),
            Due::SeenTo(id) => self.see_to(id),
            Due::Exit(id, incarnation) => {
                if self.is_incarnation(id, incarnation) {
                    self.crash(id, false);
                    self.timeline.after(300 * MILLI, Due::Restart(id));
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
        let owner = panicked.owner.map_or("the simulator".to_owned(), |id| id.to_string());
        self.broken(Violation::new(
            "no panic",
            [format!("{owner}: {}", crate::run::panic_text(&*panicked.payload))],
        ));
    }

    /// Drops everything; the world ends.
    pub fn end(&self) {
        for (id, disk) in &self.disks {
            let jobs = {
                let mut processes = self.processes.borrow_mut();
                let Some(process) = processes.get_mut(id) else { continue };
                process.alive.set(false);
                (
                    std::mem::replace(&mut process.running, Running::Down { silent: true }),
                    std::mem::take(&mut process.jobs),
                )
            };
            disk.crash();
            self.executor.kill(*id);
            drop(jobs);
        }
        self.executor.clear();
        self.timeline.clear();
    }
}

/// All processes that there will be in a run: the nodes' own, and the second ones.
fn processes_of(setup: &Setup) -> Vec<ProcessId> {
    let mut ids: BTreeSet<ProcessId> = setup.nodes().into_iter().map(ProcessId::from).collect();
    ids.extend(setup.schedule.iter().filter_map(|timed| match &timed.fault {
        Fault::SecondProcess { node, .. } => Some(ProcessId::second(*node)),
        _ => None,
    }));
    ids.into_iter().collect()
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("now", &self.now()).finish_non_exhaustive()
    }
}
