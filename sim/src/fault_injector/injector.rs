//! Injects the faults of a schedule into a world: each begins and ends, and in the end all heals.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rand::RngExt;
use toystore_actors::net::NodeId;
use toystore_actors::probe::{Event, EventKind};
use toystore_checks::data::Losses;
use toystore_checks::time::MILLI;

use super::effects::{activate, apply};
use super::memory::{MemoryFaults, reload};
use crate::coverage::Occurrence;
use crate::faults::{CopyTime, Fault, FaultKind};
use crate::platform::process::ProcessId;
use crate::platform::timeline::{FaultDue, NodeDue};
use crate::world::{TraceNote, World};

/// For how long a node is stopped that reads its configuration anew.
const RELOADING_MS: u64 = 30;

/// Crash nodes at some node's next such event.
#[derive(Debug)]
struct CrashTrigger {
    of: NodeId,
    event: EventKind,
    nodes: Vec<NodeId>,
    down_ms: u64,
    kind: FaultKind,
}

/// Injects faults into a world.
#[derive(Debug, Default)]
pub struct FaultInjector {
    triggers: RefCell<Vec<CrashTrigger>>,
    /// How often a node has yet to crash, by the place of the crash loop in the schedule.
    crashes_left: RefCell<BTreeMap<usize, u32>>,
    memory: MemoryFaults,
}

impl FaultInjector {
    /// Looks at an event: memories may be whole again by it.
    pub fn event(&self, event: &Event) {
        self.memory.event(event);
    }

    /// What was lost so far.
    #[must_use]
    pub fn losses(&self) -> Losses {
        self.memory.losses()
    }

    /// Crashes the nodes that were to crash at this very event.
    pub fn crash_at(&self, world: &World, id: ProcessId, event: EventKind) {
        let hit = {
            let mut triggers = self.triggers.borrow_mut();
            let hit = triggers.iter().position(|trigger| id == trigger.of.into() && trigger.event == event);
            hit.map(|hit| triggers.swap_remove(hit))
        };
        if let Some(CrashTrigger { nodes, down_ms, kind, .. }) = hit {
            for (node, turn) in nodes.into_iter().zip(0..) {
                // The second one comes back at another time.
                let more = if turn == 0 { 0 } else { world.rng.borrow_mut().random_range(0..200) };
                world.crash_for(node, false, down_ms + more, kind);
            }
        }
    }

    /// Does what has come due.
    pub fn handle(&self, world: &World, due: FaultDue) {
        match due {
            FaultDue::Begins(index) => self.begin(world, index),
            FaultDue::GoesOn(index) => self.go_on(world, index),
            FaultDue::Ends(index) => end(world, index),
            FaultDue::Reload(node) => {
                if !world.faults.borrow().healed() {
                    world.crash_for(node, false, RELOADING_MS, Occurrence::Reconfigured);
                }
            }
            FaultDue::Repair(id) => self.memory.repair(world, id),
        }
    }

    // One arm for each kind of fault: longer than other functions, so that it is seen that none is missing.
    fn begin(&self, world: &World, index: usize) {
        if world.faults.borrow().healed() {
            return;
        }
        let Some(timed) = world.setup.schedule.get(index) else { return };
        let fault = &timed.fault;
        let kind = fault.kind();
        world.record.note(None, &TraceNote::FaultBegins(fault));
        if let Some(lasts_ms) = fault.lasts_ms() {
            world.timeline.after(lasts_ms * MILLI, FaultDue::Ends(index));
        }
        match fault {
            Fault::Crash { node, down_ms, silent } => world.crash_for(*node, *silent, *down_ms, kind),
            Fault::CrashAll { down_ms } => {
                for node in world.setup.nodes() {
                    let more = world.rng.borrow_mut().random_range(0..200);
                    world.crash_for(node, false, down_ms + more, kind);
                }
            }
            Fault::CrashLoop { node, times, up_ms, down_ms } => {
                self.crashes_left.borrow_mut().insert(index, times.saturating_sub(1));
                world.crash_for(*node, false, *down_ms, kind);
                world.timeline.after((down_ms + up_ms) * MILLI, FaultDue::GoesOn(index));
            }
            Fault::CrashMidWrite { node, operations, down_ms } => {
                world.faults.borrow_mut().stay_down((*node).into(), *down_ms);
                world.disks[&(*node).into()].crash_after(*operations);
            }
            Fault::CrashAt { node, of, event, down_ms } => {
                let (of, nodes) = (of.unwrap_or(*node), vec![*node]);
                self.crash_when(CrashTrigger { of, event: *event, nodes, down_ms: *down_ms, kind });
            }
            Fault::CrashPair { node, of, event, both, down_ms } => {
                let nodes = if *both && node != of { vec![*node, *of] } else { vec![*node] };
                self.crash_when(CrashTrigger { of: *of, event: *event, nodes, down_ms: *down_ms, kind });
            }
            Fault::Stop { node, operations, down_ms } => {
                if world.stop((*node).into(), *operations) {
                    world.record.count(kind);
                    world.timeline.after(down_ms * MILLI, NodeDue::Restart((*node).into()));
                }
            }
            Fault::DiskSyncOnce { node } => {
                world.record.count(kind);
                world.disks[&(*node).into()].fail_next_sync(true);
            }
            Fault::Pause { node, .. } => world.pause((*node).into()),
            Fault::LoseDisk { node, down_ms, files } => {
                self.memory.lose_disk(world, *node, *files, *down_ms, kind);
            }
            Fault::OldDisk { node, copied, after_ms, .. } => {
                self.memory.copy_disk(world, index, *node, *copied);
                world.timeline.after(after_ms * MILLI, FaultDue::GoesOn(index));
            }
            Fault::SecondProcess { node, after_ms, .. } => {
                self.memory.copy_disk(world, index, *node, CopyTime::Moment);
                world.timeline.after(after_ms * MILLI, FaultDue::GoesOn(index));
            }
            Fault::SwapDisks { one, other, down_ms } => {
                self.memory.swap_disks(world, [*one, *other], *down_ms, kind);
            }
            Fault::Reconfigure { without, .. } => self.memory.reconfigure(world, index, fault, *without),
            Fault::Misaddress { .. }
            | Fault::Partition { .. }
            | Fault::Clog { .. }
            | Fault::Loss { .. }
            | Fault::Duplicate { .. }
            | Fault::Delay { .. }
            | Fault::Reorder { .. }
            | Fault::DiskBroken { .. }
            | Fault::DiskFull { .. }
            | Fault::DiskSlow { .. } => activate(world, index, fault),
        }
    }

    fn crash_when(&self, trigger: CrashTrigger) {
        self.triggers.borrow_mut().push(trigger);
    }

    /// A fault of several steps takes its next one.
    fn go_on(&self, world: &World, index: usize) {
        if world.faults.borrow().healed() {
            return;
        }
        let Some(fault) = world.setup.schedule.get(index).map(|timed| &timed.fault) else { return };
        match fault {
            Fault::CrashLoop { node, up_ms, down_ms, .. } => {
                self.crash_again(world, index, *node, *up_ms, *down_ms);
            }
            Fault::OldDisk { node, down_ms, .. } => {
                self.memory.put_back(world, index, *node, *down_ms, fault.kind());
            }
            Fault::SecondProcess { node, empty, .. } => {
                self.memory.start_second(world, index, fault, *node, *empty);
            }
            _ => {}
        }
    }

    fn crash_again(&self, world: &World, index: usize, node: NodeId, up_ms: u64, down_ms: u64) {
        match self.crashes_left.borrow_mut().get_mut(&index) {
            Some(left) if *left > 0 => *left -= 1,
            _ => return,
        }
        world.crash_for(node, false, down_ms, FaultKind::CrashLoop);
        world.timeline.after((down_ms + up_ms) * MILLI, FaultDue::GoesOn(index));
    }

    /// Ends every fault for good, and starts what is down.
    pub fn heal(&self, world: &World) {
        world.record.note(None, &TraceNote::AllHeals);
        self.triggers.borrow_mut().clear();
        self.crashes_left.borrow_mut().clear();
        world.faults.borrow_mut().heal();
        apply(world);
        world.crash_misconfigured();
        for (id, disk) in &world.disks {
            disk.cancel_crash();
            disk.fail_next_sync(false);
            world.resume(*id);
            if !id.is_own() {
                world.crash(*id, false);
            }
            let late = world.rng.borrow_mut().random_range(0..100 * MILLI);
            world.timeline.after(late, NodeDue::Restart(*id));
        }
    }
}

/// A fault is over.
fn end(world: &World, index: usize) {
    if let Some(Fault::Pause { node, .. }) = world.setup.schedule.get(index).map(|timed| &timed.fault) {
        world.resume((*node).into());
    }
    let ended = world.faults.borrow_mut().end(index);
    if let Some(fault) = ended {
        world.record.note(None, &TraceNote::FaultEnds(&fault));
        apply(world);
        match &fault {
            Fault::SecondProcess { node, .. } => world.crash(ProcessId::second(*node), false),
            Fault::Reconfigure { .. } => reload(world, &fault),
            _ => {}
        }
    }
}
