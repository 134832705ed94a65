//! One timeline for the world: everything that will happen is in one queue, ordered by virtual nanosecond and, within it,
//! by the order in which it was scheduled.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use toystore_actors::net::NodeId;
use toystore_checks::time::Nanos;

use super::process::ProcessId;

/// What comes due at a point in virtual time.
#[derive(Debug)]
pub enum Due {
    /// A sleeper.
    Wake(Waker),
    /// Something that the nodes, their network or their disks do.
    Node(NodeDue),
    /// Something that goes wrong, or is put right.
    Fault(FaultDue),
}

/// What the nodes, their network and their disks do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeDue {
    /// A message arrives; by its number.
    Packet(u64),
    /// A node's disk takes up its next job, if the node still is in this incarnation.
    DiskStart(ProcessId, u32),
    /// A node's disk is done with this job.
    DiskDone(ProcessId, u32, u64),
    /// A node is started, unless it runs.
    Restart(ProcessId),
    /// A node's process ends, if it still is in this incarnation.
    Exit(ProcessId, u32),
}

/// What the fault injector does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultDue {
    /// A fault begins; by its place in the schedule.
    Begins(usize),
    /// A fault that takes several steps takes its next one.
    GoesOn(usize),
    /// A fault ends.
    Ends(usize),
    /// A node is restarted to read its configuration.
    Reload(NodeId),
    /// Somebody repairs the files on which a process does not start.
    Repair(ProcessId),
}

impl From<NodeDue> for Due {
    fn from(due: NodeDue) -> Due {
        Due::Node(due)
    }
}

impl From<FaultDue> for Due {
    fn from(due: FaultDue) -> Due {
        Due::Fault(due)
    }
}

/// Where something scheduled stands in the queue: when it is due, and as which of those scheduled.
pub type QueueKey = (Nanos, u64);

#[derive(Debug, Default)]
struct Queue {
    now: Nanos,
    sequence: u64,
    due: BTreeMap<QueueKey, Due>,
}

/// The world's queue of what will happen. Shared with the clocks, which have to be `Sync`; there is no
/// second thread.
#[derive(Debug, Default)]
pub struct Timeline(Mutex<Queue>);

impl Timeline {
    /// Virtual time now.
    pub fn now(&self) -> Nanos {
        self.0.lock().now
    }

    /// Lets something come due after `delay` nanoseconds.
    pub fn after(&self, delay: Nanos, due: impl Into<Due>) -> QueueKey {
        let mut queue = self.0.lock();
        let key = (queue.now.saturating_add(delay), queue.sequence);
        queue.sequence += 1;
        queue.due.insert(key, due.into());
        key
    }

    /// Lets something come due at a point in time, or now if that is past.
    pub fn at(&self, when: Nanos, due: impl Into<Due>) -> QueueKey {
        self.after(when.saturating_sub(self.now()), due)
    }

    /// Moves the time to the next thing, and takes it.
    pub fn take(&self) -> Option<Due> {
        let mut queue = self.0.lock();
        let (key, due) = queue.due.pop_first()?;
        queue.now = key.0;
        Some(due)
    }

    /// Forgets everything; the world ends.
    pub fn clear(&self) {
        let due = std::mem::take(&mut self.0.lock().due);
        drop(due);
    }

    fn rearm(&self, key: QueueKey, waker: &Waker) {
        if let Some(Due::Wake(old)) = self.0.lock().due.get_mut(&key) {
            old.clone_from(waker);
        }
    }

    fn cancel(&self, key: QueueKey) {
        let cancelled = self.0.lock().due.remove(&key);
        drop(cancelled);
    }

    /// Waits for `span` nanoseconds of virtual time.
    pub fn sleep(self: &Arc<Self>, span: Nanos) -> Sleep {
        let deadline = self.now().saturating_add(span);
        Sleep { timeline: self.clone(), deadline, key: None }
    }
}

/// Waits until a point in virtual time.
#[derive(Debug)]
pub struct Sleep {
    timeline: Arc<Timeline>,
    deadline: Nanos,
    key: Option<QueueKey>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.timeline.now() >= self.deadline {
            return Poll::Ready(());
        }
        match self.key {
            None => self.key = Some(self.timeline.at(self.deadline, Due::Wake(cx.waker().clone()))),
            Some(key) => self.timeline.rearm(key, cx.waker()),
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.timeline.cancel(key);
        }
    }
}
