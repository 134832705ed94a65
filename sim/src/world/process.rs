//! A process of a node, or the lack of one.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use toystore_actors::domain::ReplicaId;
use toystore_actors::host::Gauge;
use toystore_actors::net::Bridge;
use toystore_actors::probe::Limit;

use super::job::QueuedJob;
use crate::platform::network::Packet;

/// Whether a process runs.
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
    pub(super) jobs: BTreeMap<u64, QueuedJob>,
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
