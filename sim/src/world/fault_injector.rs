//! FaultInjector in a world: faults begin and end, and in the end all heals.

use std::collections::BTreeMap;

use rand::RngExt;
use toystore_actors::net::NodeId;

use super::{MILLI, World};
use crate::clock::Due;
use crate::disk::DiskFault;
use crate::faults::{Fault, Way};
use crate::network::{Endpoint, Weather};
use crate::process::ProcessId;

/// Crash nodes at some node's next such event.
struct Trigger {
    of: NodeId,
    event: String,
    nodes: Vec<NodeId>,
    down_ms: u64,
    what: String,
}

#[derive(Default)]
pub(super) struct FaultInjector {
    pub(super) active: BTreeMap<usize, Fault>,
    triggers: Vec<Trigger>,
    /// For how long a node stays down that crashes in the middle of a disk operation.
    pub(super) mid_write: BTreeMap<ProcessId, u64>,
    pub(super) loops: BTreeMap<usize, u32>,
    pub(super) healed: bool,
    /// Some call may have reached, or may yet reach, whom it was not meant for.
    pub(super) addresses_wrong: bool,
}

impl World {
    pub(super) fn trigger(&self, id: ProcessId, event: &str) {
        let hit = {
            let mut trouble = self.trouble.borrow_mut();
            let hit =
                trouble.triggers.iter().position(|trigger| id == trigger.of.into() && trigger.event == event);
            hit.map(|hit| trouble.triggers.swap_remove(hit))
        };
        if let Some(Trigger { nodes, down_ms, what, .. }) = hit {
            for (node, turn) in nodes.into_iter().zip(0..) {
                // The second one comes back at another time.
                let more = if turn == 0 { 0 } else { self.rng.borrow_mut().random_range(0..200) };
                self.crash_for(node, false, down_ms + more, &what);
            }
        }
    }

    pub(super) fn fault_begins(&self, index: usize) {
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
                self.timeline.after((down_ms + up_ms) * MILLI, Due::FaultGoesOn(index));
            }
            Fault::CrashMidWrite { node, operations, down_ms } => {
                self.trouble.borrow_mut().mid_write.insert((*node).into(), *down_ms);
                self.disks[&(*node).into()].trip_after(*operations);
            }
            Fault::CrashAt { node, of, event, down_ms } => {
                self.crash_when(of.unwrap_or(*node), event, vec![*node], *down_ms, counted(&fault));
            }
            Fault::CrashPair { node, of, event, both, down_ms } => {
                let nodes = if *both && node != of { vec![*node, *of] } else { vec![*node] };
                self.crash_when(*of, event, nodes, *down_ms, counted(&fault));
            }
            Fault::Stop { node, operations, down_ms } => {
                if self.stop((*node).into(), *operations) {
                    self.count(&counted(&fault));
                    self.timeline.after(down_ms * MILLI, Due::Restart((*node).into()));
                }
            }
            Fault::DiskSyncOnce { node } => {
                self.count(&counted(&fault));
                self.disks[&(*node).into()].fail_next_sync(true);
            }
            Fault::Pause { node, .. } => self.pause((*node).into()),
            Fault::LoseDisk { .. }
            | Fault::OldDisk { .. }
            | Fault::SwapDisks { .. }
            | Fault::SecondProcess { .. }
            | Fault::Reconfigure { .. } => self.memory_fault_begins(index, &fault),
            Fault::Misaddress { .. } => {
                self.trouble.borrow_mut().addresses_wrong = true;
                self.activate(index, &fault);
            }
            _ => self.activate(index, &fault),
        }
    }

    fn crash_when(&self, of: NodeId, event: &str, nodes: Vec<NodeId>, down_ms: u64, what: String) {
        let trigger = Trigger { of, event: event.to_owned(), nodes, down_ms, what };
        self.trouble.borrow_mut().triggers.push(trigger);
    }

    pub(super) fn activate(&self, index: usize, fault: &Fault) {
        self.count(&counted(fault));
        self.trouble.borrow_mut().active.insert(index, fault.clone());
        self.apply();
    }

    pub(super) fn fault_ends(&self, index: usize) {
        if let Some(Fault::Pause { node, .. }) = self.setup.schedule.get(index).map(|timed| &timed.fault) {
            self.resume((*node).into());
        }
        let ended = self.trouble.borrow_mut().active.remove(&index);
        if let Some(fault) = ended {
            self.note(None, || format!("ends: {fault}"));
            self.apply();
            match &fault {
                Fault::SecondProcess { node, .. } => self.crash(ProcessId::second(*node), false),
                Fault::Reconfigure { .. } => self.reload(&fault),
                _ => {}
            }
        }
    }

    /// Crashes a node that is up, to be started again, and counts why.
    pub(super) fn crash_for(&self, node: NodeId, silent: bool, down_ms: u64, what: &str) {
        let id = node.into();
        if self.is_up(id) {
            self.count(what);
            self.crash(id, silent);
            self.timeline.after(down_ms * MILLI, Due::Restart(id));
        }
    }

    pub(super) fn fault_goes_on(&self, index: usize) {
        if self.trouble.borrow().healed {
            return;
        }
        let Some(fault) = self.setup.schedule.get(index).map(|timed| &timed.fault) else { return };
        match fault {
            Fault::CrashLoop { .. } => self.crash_again(index),
            _ => self.memory_fault_goes_on(index, fault),
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
        self.timeline.after((down_ms + up_ms) * MILLI, Due::FaultGoesOn(index));
    }

    /// Brings network and disks in line with the faults that are active.
    fn apply(&self) {
        let active: Vec<Fault> = self.trouble.borrow().active.values().cloned().collect();
        let base = if self.trouble.borrow().healed { self.setup.calm() } else { self.setup.weather() };
        for packet in self.network.set_weather(weather(base, &active, &self.setup.nodes())) {
            self.deliver(packet);
        }
        for (id, disk) in self.disks.iter().filter(|(id, _)| id.is_own()) {
            let node = &id.node;
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
            let addresses_wrong = trouble.addresses_wrong;
            *trouble = FaultInjector { healed: true, addresses_wrong, ..FaultInjector::default() };
        }
        self.apply();
        self.stop_misconfigured();
        for (id, disk) in &self.disks {
            disk.do_not_trip();
            disk.fail_next_sync(false);
            self.resume(*id);
            if !id.is_own() {
                self.crash(*id, false);
            }
            let late = self.rng.borrow_mut().random_range(0..100 * MILLI);
            self.timeline.after(late, Due::Restart(*id));
        }
    }
}

/// Under which name a fault is counted.
pub(super) fn counted(fault: &Fault) -> String {
    format!("fault {}", fault.kind())
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
                weather.clogged.insert((endpoint(*from), endpoint(*to)));
            }
            Fault::Partition { side, way, .. } => {
                for inside in side {
                    for outside in nodes.iter().filter(|node| !side.contains(node)) {
                        let (inside, outside) = (endpoint(*inside), endpoint(*outside));
                        if *way != Way::In {
                            weather.cut.insert((inside, outside));
                        }
                        if *way != Way::Out {
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

fn endpoint(node: NodeId) -> Endpoint {
    Endpoint::Process(node.into())
}
