//! Memories in a world: files that are lost, older, or another's, and the person who sees to what does not start.

use std::collections::{BTreeMap, BTreeSet};

use toystore_actors::catalog::stock;
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;
use toystore_actors::storage::JOURNAL;

use super::fault_injector::counted;
use super::{MILLI, World};
use crate::audit;
use crate::clock::Due;
use crate::disk::Snapshot;
use crate::faults::{Back, Fault, Files};
use crate::history::Rebuild;
use crate::losses::{Loss, Losses};
use crate::process::ProcessId;

/// For how long a node is stopped while its files are copied.
const COPYING_MS: u64 = 50;

/// How long it takes until somebody sees to a node that refuses its files.
const SEEN_TO_MS: u64 = 1_000;

/// A copy of a node's files.
struct Copied {
    files: Snapshot,
    /// How often the node had been started.
    starts: u32,
}

#[derive(Default)]
pub(super) struct Memories {
    pub(super) losses: Losses,
    /// By the place of the fault in the schedule.
    copies: BTreeMap<usize, Copied>,
    /// Nodes whose files are, or were, not those that they wrote last. They may refuse them.
    touched: BTreeSet<NodeId>,
    /// Nodes that have each other's files.
    exchanged: Vec<[NodeId; 2]>,
}

impl World {
    pub(super) fn memory_fault_begins(&self, index: usize, fault: &Fault) {
        match fault {
            Fault::LoseDisk { node, down_ms, files } => {
                self.lose_disk(*node, *files, *down_ms, &counted(fault));
            }
            Fault::OldDisk { node, back, after_ms, .. } => {
                self.copy_disk(index, *node, *back);
                self.timeline.after(after_ms * MILLI, Due::FaultGoesOn(index));
            }
            Fault::SecondProcess { node, after_ms, .. } => {
                self.copy_disk(index, *node, Back::Moment);
                self.timeline.after(after_ms * MILLI, Due::FaultGoesOn(index));
            }
            Fault::SwapDisks { one, other, down_ms } => {
                self.swap_disks([*one, *other], *down_ms, &counted(fault));
            }
            Fault::Reconfigure { without, .. } if self.admit(Loss::ReplicaOutside, &[*without]) => {
                self.activate(index, fault);
                self.reload(fault);
            }
            _ => {}
        }
    }

    pub(super) fn memory_fault_goes_on(&self, index: usize, fault: &Fault) {
        match fault {
            Fault::OldDisk { node, down_ms, .. } => self.put_back(index, *node, *down_ms, &counted(fault)),
            Fault::SecondProcess { node, empty, .. } if self.double(index, *node, *empty) => {
                self.trouble.borrow_mut().addresses_wrong = true;
                self.activate(index, fault);
                self.start(ProcessId::second(*node));
            }
            _ => {}
        }
    }

    /// Whether a loss may take place; see [`Losses`].
    fn admit(&self, loss: Loss, nodes: &[NodeId]) -> bool {
        let replicas: Vec<ReplicaId> = nodes.iter().filter_map(replica).collect();
        let mut memories = self.memories.borrow_mut();
        if let Err(why) = memories.losses.admit(loss, &replicas) {
            if !self.setup.unlimited_losses {
                self.note(None, || format!("not admitted: {why}"));
                self.count("memory fault not admitted");
                return false;
            }
            memories.losses.suffer(loss);
        }
        memories.touched.extend(nodes);
        true
    }

    fn lose_disk(&self, node: NodeId, files: Files, down_ms: u64, what: &str) {
        if !self.admit(Loss::gone(node), &[node]) {
            return;
        }
        self.crash_for(node, false, down_ms, what);
        let is_journal = |name: &str| name.ends_with(&format!(".{JOURNAL}"));
        self.disks[&node.into()].keep(|name| match files {
            Files::All => false,
            Files::Data => is_journal(name),
            Files::Journal => !is_journal(name),
        });
        self.forgotten(node);
    }

    /// The views that only a lost view service knew were never made.
    fn forgotten(&self, node: NodeId) {
        if matches!(node, NodeId::FrontEnd(_)) {
            self.watch.borrow_mut().disk_lost();
        }
    }

    /// Copies a node's files, to be put back later.
    fn copy_disk(&self, index: usize, node: NodeId, back: Back) {
        if back == Back::Run && self.is_up(node.into()) {
            self.crash(node.into(), false);
            self.timeline.after(COPYING_MS * MILLI, Due::Restart(node.into()));
        }
        let copied = Copied { files: self.disks[&node.into()].snapshot(), starts: self.starts(node) };
        self.memories.borrow_mut().copies.insert(index, copied);
    }

    /// Puts a copied file back.
    fn put_back(&self, index: usize, node: NodeId, down_ms: u64, what: &str) {
        let Some(copied) = self.memories.borrow_mut().copies.remove(&index) else { return };
        let of_last_run = copied.starts == self.starts(node);
        if !self.admit(Loss::older(node, of_last_run), &[node]) {
            return;
        }
        self.crash_for(node, false, down_ms, what);
        let newer = &self.disks[&node.into()];
        let before = (node == NodeId::Catalog).then(|| audit::catalog(newer));
        newer.restore(&copied.files);
        if let Some(Ok(before)) = before {
            self.restocks_forgotten(&before);
        }
        self.forgotten(node);
    }

    /// A catalog whose file has as many purchases as the one that it had last, and is older all the same, lacks what was
    /// restocked, and nobody can tell (docs/protocol.md, "What cannot be told"): from now on its stock is what its file says.
    fn restocks_forgotten(&self, before: &stock::Audit) {
        let last = |audit: &stock::Audit| audit.settled + audit.unsettled.len() as u64;
        let Ok(older) = audit::catalog(&self.disks[&NodeId::Catalog.into()]) else { return };
        if last(&older) != last(before) || older.items == before.items {
            return;
        }
        self.count("restock forgotten");
        let stock = older.items.iter().map(|item| (item.name.clone(), item.quantity)).collect();
        let rebuild = Rebuild { at: self.now(), through: last(&older), stock };
        self.history.borrow_mut().rebuilds.push(rebuild);
    }

    fn swap_disks(&self, nodes: [NodeId; 2], down_ms: u64, what: &str) {
        if !self.admit(Loss::ReplicaExchanged, &nodes) {
            return;
        }
        for node in nodes {
            self.crash_for(node, false, down_ms, what);
        }
        self.exchange(nodes);
        self.memories.borrow_mut().exchanged.push(nodes);
    }

    fn exchange(&self, [one, other]: [NodeId; 2]) {
        let (one, other) = (&self.disks[&one.into()], &self.disks[&other.into()]);
        let files = one.snapshot();
        one.restore(&other.snapshot());
        other.restore(&files);
    }

    /// A process does not start on its files. False if nothing was done to them, so that it should have.
    pub(super) fn refuses_files(&self, id: ProcessId) -> bool {
        let touched = self.memories.borrow().touched.contains(&id.node);
        if touched {
            self.count("file refused");
            self.timeline.after(SEEN_TO_MS * MILLI, Due::SeenTo(id));
        }
        touched
    }

    /// Whether anything was lost that somebody remembered.
    pub fn lost_memory(&self) -> bool {
        self.memories.borrow().losses.any()
    }

    /// Whether a node may have to make way for another process under its name, or for what it was itself.
    pub(super) fn superseded(&self, node: NodeId) -> bool {
        matches!(node, NodeId::FrontEnd(_)) && self.memories.borrow().touched.contains(&node)
    }

    /// Gives the copy of a node's files, or none, to a second process that is to run under its name. False if it must not.
    fn double(&self, index: usize, node: NodeId, empty: bool) -> bool {
        let Some(copied) = self.memories.borrow_mut().copies.remove(&index) else { return false };
        let second = ProcessId::second(node);
        let admitted = !self.is_up(second) && Loss::twice(node).is_some_and(|loss| self.admit(loss, &[node]));
        if admitted {
            self.disks[&second].restore(&if empty { Snapshot::default() } else { copied.files });
        }
        admitted
    }

    /// Somebody sees to a process that refuses its files: what was exchanged is put right, anything else is set aside.
    pub(super) fn see_to(&self, id: ProcessId) {
        if self.is_up(id) {
            return;
        }
        let pair = {
            let exchanged = &mut self.memories.borrow_mut().exchanged;
            let place = exchanged.iter().position(|pair| pair.contains(&id.node));
            place.map(|place| exchanged.swap_remove(place))
        };
        match pair {
            Some(pair) => {
                self.note(None, || format!("the disks of {} and {} are put right", pair[0], pair[1]));
                for node in pair {
                    self.crash(node.into(), false);
                }
                self.exchange(pair);
                for node in pair {
                    self.start(node.into());
                }
            }
            None => {
                self.note(Some(id), || "its files are set aside".to_owned());
                self.count("files set aside");
                self.disks[&id].erase();
                self.memories.borrow_mut().losses.set_aside(replica(&id.node));
                self.start(id);
            }
        }
    }
}

fn replica(node: &NodeId) -> Option<ReplicaId> {
    match node {
        NodeId::Order(id) => Some(*id),
        NodeId::FrontEnd(_) | NodeId::Catalog => None,
    }
}
