//! The world of one run: nodes, their network, disks and clocks.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::domain::ReplicaId;
use toystore_actors::front_end::Cache;
use toystore_actors::net::NodeId;
use toystore_actors::probe::Event;
use toystore_checks::data::{Promise, Violation};
use toystore_checks::time::{MILLI, Nanos};

use super::active_faults::ActiveFaults;
use super::conditions::usual_conditions;
use super::note::TraceNote;
use super::packet_text;
use super::process::Process;
use super::record::RunRecord;
use super::trace::Trace;
use crate::coverage::{Counts, Occurrence};
use crate::faults::Fault;
use crate::plan::Setup;
use crate::platform::disk::Disk;
use crate::platform::executor::{Executor, Panicked};
use crate::platform::network::Network;
use crate::platform::panics;
use crate::platform::process::ProcessId;
use crate::platform::timeline::{FaultDue, NodeDue, Timeline};

/// Looks on while the nodes do their work. It may crash them at the very point where they tell of an event.
pub trait Observer {
    /// A process tells of an event.
    fn event(&self, world: &World, from: ProcessId, event: &Event);

    /// A node's files are gone, or older than those that it wrote last.
    fn files_lost(&self, node: NodeId);
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
    pub disks: BTreeMap<ProcessId, Disk>,
    /// What is written down.
    pub record: RunRecord,
    /// What goes wrong at the moment.
    pub faults: RefCell<ActiveFaults>,
    /// What the world itself leaves to chance.
    pub rng: RefCell<SmallRng>,
    /// Nodes whose files are, or were, not those that they wrote last. They may refuse them.
    pub replaced_files: RefCell<BTreeSet<NodeId>>,
    pub(super) processes: RefCell<BTreeMap<ProcessId, Process>>,
    /// The caches of all front-ends that were started, for what they have counted.
    pub(super) caches: RefCell<Vec<Arc<Cache>>>,
    /// Does not start, whatever was scheduled.
    pub(super) dead: Cell<Option<NodeId>>,
    pub(super) me: Weak<World>,
    observer: Rc<dyn Observer>,
}

impl World {
    /// A world whose nodes are all down.
    #[must_use]
    pub fn new(setup: Setup, trace: Trace, observer: Rc<dyn Observer>) -> Rc<World> {
        let ids = processes_of(&setup);
        let disks = ids.iter().map(|id| (*id, Disk::new(setup.stream(&format!("disk {id}"))))).collect();
        let processes = ids.iter().map(|id| (*id, Process::down())).collect();
        let timeline = Arc::<Timeline>::default();
        let world = Rc::new_cyclic(|me| World {
            timeline: timeline.clone(),
            executor: Executor::default(),
            network: Network::new(setup.stream("network")),
            disks,
            record: RunRecord::new(timeline, trace),
            faults: RefCell::default(),
            rng: RefCell::new(SmallRng::seed_from_u64(setup.stream("world"))),
            replaced_files: RefCell::default(),
            processes: RefCell::new(processes),
            caches: RefCell::default(),
            dead: Cell::new(None),
            me: me.clone(),
            observer,
            setup,
        });
        world.network.set_conditions(usual_conditions(&world.setup));
        for (index, timed) in world.setup.schedule.iter().enumerate() {
            world.timeline.at(timed.at_ms * MILLI, FaultDue::Begins(index));
        }
        for node in world.setup.nodes() {
            let late = world.rng.borrow_mut().random_range(0..20 * MILLI);
            world.timeline.after(late, NodeDue::Restart(node.into()));
        }
        world
    }

    pub(super) fn rc(&self) -> Rc<World> {
        self.me.upgrade().expect("a world is only used through its Rc")
    }

    /// Virtual time now.
    pub fn now(&self) -> Nanos {
        self.timeline.now()
    }

    /// The replicas of a node's configuration.
    pub(super) fn configured(&self, node: NodeId) -> Vec<ReplicaId> {
        self.faults.borrow().configured(node, &self.setup.replicas)
    }

    /// A process tells of an event.
    pub(super) fn event(&self, from: ProcessId, event: &Event) {
        self.record.note(Some(from), &TraceNote::Event(event));
        self.record.count(event.kind());
        self.observer.event(self, from, event);
    }

    /// A node's files are gone, or older than those that it wrote last.
    pub fn files_lost(&self, node: NodeId) {
        self.observer.files_lost(node);
    }

    /// What was seen, how often, with what disks and network went through.
    pub fn counts(&self) -> Counts {
        let mut counts = self.record.counts();
        let network = self.network.counts();
        for (what, times) in [
            (Occurrence::MessageSent, network.sent),
            (Occurrence::MessageLost, network.lost),
            (Occurrence::MessageDoubled, network.duplicated),
            (Occurrence::MessageLate, network.delayed),
            (Occurrence::MessageOvertaken, network.overtaken),
            (Occurrence::MessageCut, network.cut),
            (Occurrence::MessageHeld, network.held),
        ] {
            counts.add(what.into(), times);
        }
        let hits = self.caches.borrow().iter().map(|cache| cache.counts().hits).sum();
        counts.add(Occurrence::CacheHit.into(), hits);
        for disk in self.disks.values() {
            let disk = disk.counts();
            for (what, times) in [
                (Occurrence::WriteKept, disk.kept),
                (Occurrence::WriteLost, disk.lost),
                (Occurrence::WriteTorn, disk.torn),
                (Occurrence::DiskOperationFailed, disk.failed),
            ] {
                counts.add(what.into(), times);
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
                packet_text::line(oldest)
            ))
        });
        stuck.collect()
    }

    /// A task panicked, which no code of the store may.
    pub fn panicked(&self, panicked: &Panicked) {
        let owner = panicked.owner.map_or("the simulator".to_owned(), |id| id.to_string());
        let fact = format!("{owner}: {}", panics::text(&*panicked.payload));
        self.record.broken(Violation::new(Promise::NoPanic, [fact]));
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
