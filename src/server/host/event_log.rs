//! The turning points that the actors of this process told lately, for whoever shows them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use log::Level;
use parking_lot::Mutex;
use toystore_actors::net::NodeId;
use toystore_actors::probe::Event;

/// So many are kept.
const KEPT: usize = 1000;

/// One of them.
#[derive(Debug, Clone)]
pub struct Told {
    /// Grows from one to the next, also over a restart of the process.
    pub id: u64,
    /// When, by the machine's clock as people read it.
    pub at: SystemTime,
    /// When, to tell how long something took.
    pub instant: Instant,
    /// Who told it.
    pub node: NodeId,
    /// How much it matters.
    pub level: Level,
    /// What it is.
    pub event: Event,
}

/// The turning points of this process; clones are the same log.
#[derive(Debug, Clone)]
pub struct EventLog(Arc<Mutex<Ring>>);

#[derive(Debug)]
struct Ring {
    next: u64,
    told: VecDeque<Told>,
}

impl Default for EventLog {
    fn default() -> EventLog {
        // Who asks for what came after an id of an earlier process is told all of this one's.
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let next = u64::try_from(started).unwrap_or(0);
        EventLog(Arc::new(Mutex::new(Ring { next, told: VecDeque::new() })))
    }
}

impl EventLog {
    /// Keeps an event.
    pub fn add(&self, node: NodeId, level: Level, event: Event) {
        let mut ring = self.0.lock();
        let id = ring.next;
        ring.next += 1;
        if ring.told.len() == KEPT {
            ring.told.pop_front();
        }
        ring.told.push_back(Told { id, at: SystemTime::now(), instant: Instant::now(), node, level, event });
    }

    /// What a node told after an id, oldest first.
    pub fn after(&self, node: NodeId, id: u64) -> Vec<Told> {
        let ring = self.0.lock();
        ring.told.iter().filter(|told| told.node == node && told.id > id).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{Epoch, ReplicaId};
    use toystore_actors::probe::ViewEvent;

    use super::*;

    #[test]
    fn each_node_is_asked_for_its_own_and_old_events_make_room() {
        let log = EventLog::default();
        let event = |epoch| ViewEvent::LeaderServes { replica: ReplicaId::new(1), epoch: Epoch::new(epoch) };
        let (one, other) = (NodeId::Order(ReplicaId::new(1)), NodeId::Catalog);
        for epoch in 0..KEPT as u64 {
            log.add(if epoch % 2 == 0 { one } else { other }, Level::Info, event(epoch).into());
        }
        let first = log.after(one, 0);
        assert_eq!(first.len(), KEPT / 2);
        assert_eq!(log.after(one, first[1].id).len(), KEPT / 2 - 2);
        log.add(other, Level::Info, event(7).into());
        assert_eq!(log.after(one, 0).first().map(|told| told.id), Some(first[1].id), "the oldest is gone");
        assert!(EventLog::default().after(one, 0).is_empty());
    }
}
