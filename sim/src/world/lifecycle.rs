//! Processes in a world: how nodes start, crash, stop, pause and go on.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use rand::RngExt;
use toystore_actors::domain::ReplicaId;
use toystore_actors::host::Failure;
use toystore_actors::net::{NetError, NodeId};
use toystore_actors::storage::OpenError;
use toystore_checks::data::{Promise, Violation};
use toystore_checks::time::MILLI;

use super::launch::{Launched, launch};
use super::note::TraceNote;
use super::process::Running;
use super::state::World;
use crate::coverage::{Observation, Occurrence};
use crate::faults::FaultKind;
use crate::platform::executor::Panicked;
use crate::platform::network::Packet;
use crate::platform::process::ProcessId;
use crate::platform::timeline::{FaultDue, NodeDue};

/// How long it takes until somebody repairs the files that a process refuses.
const REPAIR_MS: u64 = 1_000;

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
    pub fn starts(&self, node: NodeId) -> u32 {
        self.processes.borrow().get(&node.into()).map_or(0, |process| process.starts)
    }

    /// Whether there is to be such a process now.
    fn may_run(&self, id: ProcessId) -> bool {
        if id.is_own() { self.dead.get() != Some(id.node) } else { self.faults.borrow().is_doubled(id.node) }
    }

    /// Starts a process, unless it runs or is not to run.
    pub fn start(&self, id: ProcessId) {
        if self.is_up(id) || !self.may_run(id) {
            return;
        }
        let alive = Rc::new(Cell::new(true));
        let replicas = self.configured(id.node);
        let Some(incarnation) = self.next_incarnation(id, &alive, &replicas) else { return };
        let disk = &self.disks[&id];
        let failed_before = disk.counts().failed;
        self.record.note(Some(id), &TraceNote::Starts);
        let host = self.host(id, incarnation, &alive);
        let started = catch_unwind(AssertUnwindSafe(|| launch(&self.setup, id.node, replicas, host)));
        disk.take_cost();
        if disk.crash_pending() || !alive.get() {
            alive.set(false);
            disk.crash();
            drop(started);
            self.crashed_at_start(id);
            return;
        }
        match started {
            Ok(Ok(Launched { bridge, run, gauges, cache, keep })) => {
                self.caches.borrow_mut().extend(cache);
                if let Some(process) = self.processes.borrow_mut().get_mut(&id) {
                    process.running = Running::Up { bridge, gauges, _keep: keep };
                }
                self.executor.spawn(Some(id), run);
            }
            Ok(Err(error)) => {
                alive.set(false);
                disk.crash();
                self.did_not_start(id, disk.counts().failed > failed_before, &error);
            }
            Err(payload) => self.panicked(&Panicked { owner: Some(id), payload }),
        }
    }

    /// Begins the next incarnation of a process, and numbers it; nothing if there is no such process.
    fn next_incarnation(&self, id: ProcessId, alive: &Rc<Cell<bool>>, replicas: &[ReplicaId]) -> Option<u32> {
        let mut processes = self.processes.borrow_mut();
        let process = processes.get_mut(&id)?;
        process.starts += 1;
        process.incarnation += 1;
        process.alive = alive.clone();
        process.replicas = replicas.to_vec();
        process.failed_at_start = self.disks[&id].counts().failed;
        Some(process.incarnation)
    }

    fn crashed_at_start(&self, id: ProcessId) {
        self.record.note(Some(id), &TraceNote::CrashesWhileStarting);
        self.record.count(Occurrence::CrashWhileStarting);
        if self.processes.borrow().get(&id).is_some_and(|process| process.starts == 1) {
            self.record.count(Occurrence::CrashWhileCreating);
        }
        let down_ms = self.faults.borrow_mut().take_down_ms(id);
        self.timeline.after(down_ms * MILLI, NodeDue::Restart(id));
    }

    /// A process could not open its files: because the disk fails, or because they are not those that it wrote last. For
    /// another reason it must not.
    fn did_not_start(&self, id: ProcessId, disk_fails: bool, error: &OpenError) {
        if disk_fails {
            self.record.note(Some(id), &TraceNote::CannotStart(error));
            self.timeline.after(500 * MILLI, NodeDue::Restart(id));
        } else if self.replaced_files.borrow().contains(&id.node) {
            self.record.count(Occurrence::FileRefused);
            self.timeline.after(REPAIR_MS * MILLI, FaultDue::Repair(id));
            self.record.note(Some(id), &TraceNote::DoesNotStart(error));
        } else {
            let fact = format!("{id} cannot open its own file: {error}");
            self.record.broken(Violation::new(Promise::Restarts, [fact]));
        }
    }

    /// A process says that it stops. Its process ends a little later, and is started again by whoever runs it.
    pub(super) fn failed(&self, id: ProcessId, incarnation: u32, failure: &Failure) {
        self.record.note(Some(id), &TraceNote::Stops(failure));
        self.record.count(Occurrence::NodeStopped);
        let disk = &self.disks[&id];
        let failed_at_start = self.processes.borrow().get(&id).map_or(0, |process| process.failed_at_start);
        if disk.counts().failed == failed_at_start && !disk.crash_pending() && !self.superseded(id.node) {
            let fact = format!("{id} stopped: {failure}");
            self.record.broken(Violation::new(Promise::NoFailureWithoutCause, [fact]));
        }
        let later = self.rng.borrow_mut().random_range(0..50 * MILLI);
        self.timeline.after(later, NodeDue::Exit(id, incarnation));
    }

    /// Whether a node may have to make way for another process under its name, or for what it was itself.
    fn superseded(&self, node: NodeId) -> bool {
        matches!(node, NodeId::FrontEnd(_)) && self.replaced_files.borrow().contains(&node)
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

    /// Crashes a node that is up, to be started again, and counts why.
    pub fn crash_for(&self, node: NodeId, silent: bool, down_ms: u64, why: impl Into<Observation>) {
        let id = node.into();
        if self.is_up(id) {
            self.record.count(why);
            self.crash(id, silent);
            self.timeline.after(down_ms * MILLI, NodeDue::Restart(id));
        }
    }

    /// Crashes the processes that do not have the configuration that they should have; they are started again.
    pub fn crash_misconfigured(&self) {
        let stale: Vec<ProcessId> = {
            let processes = self.processes.borrow();
            let stale = processes.iter().filter(|(id, process)| process.replicas != self.configured(id.node));
            stale.map(|(id, _)| *id).collect()
        };
        for id in stale {
            self.crash(id, false);
        }
    }

    /// Crashes a node that is not started again until [`World::revive`].
    pub fn kill(&self, node: NodeId, silent: bool) {
        self.record.note(None, &TraceNote::StaysDown(node));
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
        self.executor.drop_later(remains);
        self.record.note(Some(id), &TraceNote::Crashes);
        self.record.count(Occurrence::Crash);
        self.cut_off(cut_off, silent);
    }

    /// Stops a process in peace: it closes its files, or crashes while it does, after so many disk operations. Not to be
    /// called from the middle of an actor's code. False if it did not run.
    pub fn stop(&self, id: ProcessId, operations: Option<u64>) -> bool {
        let Some((remains, cut_off)) = self.detach(id, false) else { return false };
        self.record.note(Some(id), &TraceNote::IsStopped);
        let disk = &self.disks[&id];
        if let Some(operations) = operations {
            disk.crash_after(operations);
        }
        self.executor.kill(id);
        self.executor.drop_later(remains);
        self.executor.drop_killed();
        if disk.crash_pending() {
            self.record.note(Some(id), &TraceNote::CrashesWhileClosing);
            self.record.count(Occurrence::CrashWhileClosing);
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

    /// From now on a process does nothing, and does not know it.
    pub fn pause(&self, id: ProcessId) {
        let mut processes = self.processes.borrow_mut();
        if let Some(process) = processes.get_mut(&id)
            && !process.paused
            && matches!(process.running, Running::Up { .. })
        {
            process.paused = true;
            self.executor.pause(id);
            self.record.count(FaultKind::Pause);
        }
    }

    /// A paused process goes on.
    pub fn resume(&self, id: ProcessId) {
        let inbox = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&id).filter(|process| process.paused) else { return };
            process.paused = false;
            std::mem::take(&mut process.inbox)
        };
        self.record.note(Some(id), &TraceNote::GoesOn);
        self.executor.resume(id);
        for packet in inbox {
            self.deliver(packet);
        }
    }
}
