//! Virtual time: one timeline for the world, and each node's own clock on it.
//!
//! Everything that will happen is in one queue, ordered by virtual nanosecond and, within it, by the order in
//! which it was scheduled. Tokio's timers round up to a millisecond, so there are none in a world: what an actor
//! waits for is handed to it as its clock.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use parking_lot::Mutex;
use toystore_actors::clock::{Clock, Timestamp};
use toystore_actors::net::NodeId;

use crate::process::ProcessId;

/// A point in virtual time, in nanoseconds since the world began.
pub type Nanos = u64;

/// A span as virtual nanoseconds; what does not fit is longer than any run.
#[must_use]
pub fn nanos(span: Duration) -> Nanos {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// What comes due at a point in virtual time.
#[derive(Debug)]
pub enum Due {
    /// A sleeper.
    Wake(Waker),
    /// A message arrives; by its number.
    Packet(u64),
    /// A node's disk takes up its next job, if the node still is in this incarnation.
    DiskStart(ProcessId, u32),
    /// A node's disk is done with this job.
    DiskDone(ProcessId, u32, u64),
    /// A fault begins; by its place in the schedule.
    FaultBegins(usize),
    /// A fault ends.
    FaultEnds(usize),
    /// A node is started, unless it runs.
    Restart(ProcessId),
    /// A node's process ends, if it still is in this incarnation.
    Exit(ProcessId, u32),
    /// A node is restarted to read its configuration.
    Reload(NodeId),
    /// Somebody sees to a process that does not start on its files.
    SeenTo(ProcessId),
    /// A fault that takes several steps takes its next one.
    FaultGoesOn(usize),
}

/// Where something scheduled stands in the queue.
pub type Place = (Nanos, u64);

#[derive(Debug, Default)]
struct Inner {
    now: Nanos,
    sequence: u64,
    queue: BTreeMap<Place, Due>,
}

/// The world's queue of what will happen. Shared with the clocks, which have to be `Sync`; there is no
/// second thread.
#[derive(Debug, Default)]
pub struct Timeline(Mutex<Inner>);

impl Timeline {
    /// Virtual time now.
    pub fn now(&self) -> Nanos {
        self.0.lock().now
    }

    /// Lets something come due after `delay` nanoseconds.
    pub fn after(&self, delay: Nanos, due: Due) -> Place {
        let mut inner = self.0.lock();
        let place = (inner.now.saturating_add(delay), inner.sequence);
        inner.sequence += 1;
        inner.queue.insert(place, due);
        place
    }

    /// Lets something come due at a point in time, or now if that is past.
    pub fn at(&self, when: Nanos, due: Due) -> Place {
        self.after(when.saturating_sub(self.now()), due)
    }

    /// Moves the time to the next thing, and takes it.
    pub fn take(&self) -> Option<Due> {
        let mut inner = self.0.lock();
        let (place, due) = inner.queue.pop_first()?;
        inner.now = place.0;
        Some(due)
    }

    /// Forgets everything; the world ends.
    pub fn clear(&self) {
        let queue = std::mem::take(&mut self.0.lock().queue);
        drop(queue);
    }

    fn rearm(&self, place: Place, waker: &Waker) {
        if let Some(Due::Wake(old)) = self.0.lock().queue.get_mut(&place) {
            old.clone_from(waker);
        }
    }

    fn cancel(&self, place: Place) {
        let cancelled = self.0.lock().queue.remove(&place);
        drop(cancelled);
    }

    /// Waits for `span` nanoseconds of virtual time.
    pub fn sleep(self: &Arc<Self>, span: Nanos) -> Sleep {
        let deadline = self.now().saturating_add(span);
        Sleep { timeline: self.clone(), deadline, place: None }
    }
}

/// Waits until a point in virtual time.
#[derive(Debug)]
pub struct Sleep {
    timeline: Arc<Timeline>,
    deadline: Nanos,
    place: Option<Place>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.timeline.now() >= self.deadline {
            return Poll::Ready(());
        }
        match self.place {
            None => self.place = Some(self.timeline.at(self.deadline, Due::Wake(cx.waker().clone()))),
            Some(place) => self.timeline.rearm(place, cx.waker()),
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.timeline.cancel(place);
        }
    }
}

/// One node's clock: virtual time from an origin of its own, running fast or slow.
pub struct NodeClock {
    timeline: Arc<Timeline>,
    origin: Nanos,
    drift_ppm: i64,
}

impl NodeClock {
    /// A clock that shows `origin` when the world begins and gains `drift_ppm` millionths.
    #[must_use]
    pub fn new(timeline: Arc<Timeline>, origin: Nanos, drift_ppm: i64) -> NodeClock {
        NodeClock { timeline, origin, drift_ppm }
    }

    fn rate(&self) -> i128 {
        1_000_000 + i128::from(self.drift_ppm)
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        let shown = i128::from(self.timeline.now()) * self.rate() / 1_000_000;
        Timestamp(self.origin.saturating_add(u64::try_from(shown).unwrap_or(u64::MAX)))
    }

    fn sleep(&self, span: Duration) -> LocalBoxFuture<'static, ()> {
        // Rounded up, so that this clock shows at least `span` more when the sleep ends.
        let real = (i128::from(nanos(span)) * 1_000_000 + self.rate() - 1) / self.rate();
        Box::pin(self.timeline.sleep(u64::try_from(real).unwrap_or(u64::MAX)))
    }
}

impl fmt::Debug for NodeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeClock").field("drift_ppm", &self.drift_ppm).finish_non_exhaustive()
    }
}
