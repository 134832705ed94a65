//! Memories that are lost, older, or another's, and the person who repairs what does not start.

use std::cell::RefCell;
use std::collections::BTreeMap;

use toystore_actors::catalog::stock;
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;
use toystore_actors::probe::Event;
use toystore_actors::storage::JOURNAL;
use toystore_checks::data::{CatalogRebuild, Loss, Losses};
use toystore_checks::time::MILLI;

use super::admission::LossAdmission;
use super::effects::activate;
use crate::coverage::Occurrence;
use crate::faults::{CopyTime, Fault, FaultKind, LostFiles};
use crate::platform::disk::DiskSnapshot;
use crate::platform::process::ProcessId;
use crate::platform::timeline::{FaultDue, NodeDue};
use crate::world::{TraceNote, World, catalog_audit};

/// For how long a node is stopped while its files are copied.
const COPYING_MS: u64 = 50;

/// A copy of a node's files.
#[derive(Debug)]
struct Copied {
    files: DiskSnapshot,
    /// How often the node had been started.
    starts: u32,
}

/// The faults in which a memory is lost.
#[derive(Debug, Default)]
pub(super) struct MemoryFaults {
    admission: RefCell<LossAdmission>,
    /// By the place of the fault in the schedule.
    copies: RefCell<BTreeMap<usize, Copied>>,
    /// Nodes that have each other's files.
    exchanged: RefCell<Vec<[NodeId; 2]>>,
}

impl MemoryFaults {
    /// Takes note of what a node tells.
    pub(super) fn event(&self, event: &Event) {
        self.admission.borrow_mut().event(event);
    }

    /// What was lost so far.
    pub(super) fn losses(&self) -> Losses {
        self.admission.borrow().losses().clone()
    }

    /// A node's files are lost, or some of them.
    pub(super) fn lose_disk(
        &self,
        world: &World,
        node: NodeId,
        files: LostFiles,
        down_ms: u64,
        kind: FaultKind,
    ) {
        if !self.admit(world, Loss::gone(node), &[node]) {
            return;
        }
        world.crash_for(node, false, down_ms, kind);
        let is_journal = |name: &str| name.ends_with(&format!(".{JOURNAL}"));
        world.disks[&node.into()].keep(|name| match files {
            LostFiles::All => false,
            LostFiles::Data => is_journal(name),
            LostFiles::Journal => !is_journal(name),
        });
        world.files_lost(node);
    }

    /// Copies a node's files, to be put back later.
    pub(super) fn copy_disk(&self, world: &World, index: usize, node: NodeId, copied: CopyTime) {
        if copied == CopyTime::Run && world.is_up(node.into()) {
            world.crash(node.into(), false);
            world.timeline.after(COPYING_MS * MILLI, NodeDue::Restart(node.into()));
        }
        let copied = Copied { files: world.disks[&node.into()].snapshot(), starts: world.starts(node) };
        self.copies.borrow_mut().insert(index, copied);
    }

    /// Puts a copied file back.
    pub(super) fn put_back(&self, world: &World, index: usize, node: NodeId, down_ms: u64, kind: FaultKind) {
        let Some(copied) = self.copies.borrow_mut().remove(&index) else { return };
        let of_last_run = copied.starts == world.starts(node);
        if !self.admit(world, Loss::older(node, of_last_run), &[node]) {
            return;
        }
        world.crash_for(node, false, down_ms, kind);
        let newer = &world.disks[&node.into()];
        let before = (node == NodeId::Catalog).then(|| catalog_audit(newer));
        newer.restore(&copied.files);
        if let Some(Ok(before)) = before {
            restocks_forgotten(world, &before);
        }
        world.files_lost(node);
    }

    /// Two nodes get each other's files.
    pub(super) fn swap_disks(&self, world: &World, nodes: [NodeId; 2], down_ms: u64, kind: FaultKind) {
        if !self.admit(world, Loss::ReplicaExchanged, &nodes) {
            return;
        }
        for node in nodes {
            world.crash_for(node, false, down_ms, kind);
        }
        exchange(world, nodes);
        self.exchanged.borrow_mut().push(nodes);
    }

    /// Gives the copy of a node's files, or none, to a second process, and runs it under the node's name.
    pub(super) fn start_second(&self, world: &World, index: usize, fault: &Fault, node: NodeId, empty: bool) {
        let Some(copied) = self.copies.borrow_mut().remove(&index) else { return };
        let second = ProcessId::second(node);
        let admitted =
            !world.is_up(second) && Loss::twice(node).is_some_and(|loss| self.admit(world, loss, &[node]));
        if admitted {
            world.disks[&second].restore(&if empty { DiskSnapshot::default() } else { copied.files });
            activate(world, index, fault);
            world.start(second);
        }
    }

    /// A replica is taken out of configurations. False if that is not to be.
    pub(super) fn reconfigure(&self, world: &World, index: usize, fault: &Fault, without: NodeId) {
        if self.admit(world, Loss::ReplicaOutside, &[without]) {
            activate(world, index, fault);
            reload(world, fault);
        }
    }

    /// Whether a loss may take place; see [`LossAdmission`].
    fn admit(&self, world: &World, loss: Loss, nodes: &[NodeId]) -> bool {
        let replicas: Vec<ReplicaId> = nodes.iter().filter_map(replica).collect();
        let mut admission = self.admission.borrow_mut();
        if let Err(why) = admission.admit(loss, &replicas) {
            if !world.setup.unlimited_losses {
                world.record.note(None, &TraceNote::NotAdmitted(why));
                world.record.count(Occurrence::MemoryFaultNotAdmitted);
                return false;
            }
            admission.take_note(loss);
        }
        world.replaced_files.borrow_mut().extend(nodes);
        true
    }

    /// Somebody repairs the files that a process refuses: what was exchanged is put right, anything else is set aside.
    pub(super) fn repair(&self, world: &World, id: ProcessId) {
        if world.is_up(id) {
            return;
        }
        let pair = {
            let mut exchanged = self.exchanged.borrow_mut();
            let place = exchanged.iter().position(|pair| pair.contains(&id.node));
            place.map(|place| exchanged.swap_remove(place))
        };
        match pair {
            Some(pair) => {
                world.record.note(None, &TraceNote::DisksPutRight(pair));
                for node in pair {
                    world.crash(node.into(), false);
                }
                exchange(world, pair);
                for node in pair {
                    world.start(node.into());
                }
            }
            None => {
                world.record.note(Some(id), &TraceNote::FilesSetAside);
                world.record.count(Occurrence::FilesSetAside);
                world.disks[&id].erase();
                self.admission.borrow_mut().set_aside(replica(&id.node));
                world.start(id);
            }
        }
    }
}

/// Restarts the nodes whose configuration has changed, one after the other.
pub(super) fn reload(world: &World, fault: &Fault) {
    let Fault::Reconfigure { without, at, gap_ms, .. } = fault else { return };
    let nodes = world.setup.nodes().into_iter().filter(|node| node != without);
    for (node, turn) in nodes.filter(|node| at.is_empty() || at.contains(node)).zip(0..) {
        world.timeline.after(turn * gap_ms * MILLI, FaultDue::Reload(node));
    }
}

/// A catalog whose file has as many purchases as the one that it had last, and is older all the same, lacks what was
/// restocked, and nobody can tell (docs/protocol.md, "What cannot be told"): from now on its stock is what its file says.
fn restocks_forgotten(world: &World, before: &stock::Audit) {
    let last = |audit: &stock::Audit| audit.settled + audit.unsettled.len() as u64;
    let Ok(older) = catalog_audit(&world.disks[&NodeId::Catalog.into()]) else { return };
    if last(&older) != last(before) || older.items == before.items {
        return;
    }
    world.record.count(Occurrence::RestockForgotten);
    let stock = older.items.iter().map(|item| (item.name.clone(), item.quantity)).collect();
    let rebuild = CatalogRebuild { at: world.now(), through: last(&older), stock };
    world.record.history.borrow_mut().rebuilds.push(rebuild);
}

fn exchange(world: &World, [one, other]: [NodeId; 2]) {
    let (one, other) = (&world.disks[&one.into()], &world.disks[&other.into()]);
    let files = one.snapshot();
    one.restore(&other.snapshot());
    other.restore(&files);
}

fn replica(node: &NodeId) -> Option<ReplicaId> {
    match node {
        NodeId::Order(id) => Some(*id),
        NodeId::FrontEnd(_) | NodeId::Catalog => None,
    }
}
