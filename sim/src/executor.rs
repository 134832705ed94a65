//! Runs the tasks of one world, in the order in which they were woken.
//!
//! The world polls every future of its nodes itself: so it knows when nothing more can happen at a point in
//! time, can stop a paused node from being polled, catches a panic where it occurs, and drops a crashed
//! node's futures at a point of its choosing.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::LocalBoxFuture;
use parking_lot::Mutex;
use toystore_actors::net::NodeId;

/// Names a task; never used twice in a world.
pub type TaskId = u64;

/// The tasks that were woken, in that order.
type Ready = Mutex<VecDeque<TaskId>>;

struct TaskWaker {
    id: TaskId,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.ready.lock().push_back(self.id);
        }
    }
}

struct Task {
    owner: Option<NodeId>,
    /// Absent while it is polled.
    future: Option<LocalBoxFuture<'static, ()>>,
    wake: Arc<TaskWaker>,
    waker: Waker,
}

/// A task panicked.
pub struct Panicked {
    /// Whose task it was.
    pub owner: Option<NodeId>,
    /// With what.
    pub payload: Box<dyn Any + Send>,
}

/// The tasks of one world.
#[derive(Default)]
pub struct Executor {
    tasks: RefCell<BTreeMap<TaskId, Task>>,
    ready: Arc<Ready>,
    next: Cell<TaskId>,
    /// The woken tasks of paused nodes.
    paused: RefCell<BTreeMap<NodeId, Vec<TaskId>>>,
    /// What was killed, until it is safe to drop it: a future's drop may run code of an actor.
    graveyard: RefCell<Vec<Box<dyn Any>>>,
}

impl Executor {
    /// Runs a future as a task of `owner`, or of nobody that can crash.
    pub fn spawn(&self, owner: Option<NodeId>, future: LocalBoxFuture<'static, ()>) -> TaskId {
        let id = self.next.get();
        self.next.set(id + 1);
        let wake = Arc::new(TaskWaker { id, queued: AtomicBool::new(false), ready: self.ready.clone() });
        let waker = Waker::from(wake.clone());
        self.tasks.borrow_mut().insert(id, Task { owner, future: Some(future), wake: wake.clone(), waker });
        wake.wake_by_ref();
        id
    }

    /// Takes all tasks of a node away; they are not polled again. They are dropped by [`Executor::bury`].
    pub fn kill(&self, owner: NodeId) {
        let mut tasks = self.tasks.borrow_mut();
        let mut graveyard = self.graveyard.borrow_mut();
        for (_, task) in tasks.extract_if(.., |_, task| task.owner == Some(owner)) {
            graveyard.extend(task.future.map(|future| Box::new(future) as Box<dyn Any>));
        }
        self.paused.borrow_mut().remove(&owner);
    }

    /// Keeps something until the next [`Executor::bury`].
    pub fn bury_later(&self, dead: Box<dyn Any>) {
        self.graveyard.borrow_mut().push(dead);
    }

    /// Drops what was killed.
    pub fn bury(&self) {
        loop {
            let dead = std::mem::take(&mut *self.graveyard.borrow_mut());
            if dead.is_empty() {
                return;
            }
            drop(dead);
        }
    }

    /// From now on, no task of this node is polled.
    pub fn pause(&self, node: NodeId) {
        self.paused.borrow_mut().entry(node).or_default();
    }

    /// Polls this node's tasks again, first those that were woken meanwhile.
    pub fn resume(&self, node: NodeId) {
        if let Some(woken) = self.paused.borrow_mut().remove(&node) {
            self.ready.lock().extend(woken);
        }
    }

    /// Polls the task that was woken first. `Ok(false)` when no task is woken.
    ///
    /// # Errors
    /// When it panicked; the task is gone.
    pub fn step(&self) -> Result<bool, Panicked> {
        let Some(id) = self.ready.lock().pop_front() else { return Ok(false) };
        let (mut future, waker, owner) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(&id) else { return Ok(true) };
            if let Some(owner) = task.owner
                && let Some(held) = self.paused.borrow_mut().get_mut(&owner)
            {
                held.push(id);
                return Ok(true);
            }
            task.wake.queued.store(false, Ordering::Relaxed);
            let Some(future) = task.future.take() else { return Ok(true) };
            (future, task.waker.clone(), task.owner)
        };
        let polled =
            catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker))));
        match polled {
            Ok(Poll::Pending) => {
                let mut tasks = self.tasks.borrow_mut();
                match tasks.get_mut(&id) {
                    Some(task) => task.future = Some(future),
                    // It was killed while it ran.
                    None => self.bury_later(Box::new(future)),
                }
                Ok(true)
            }
            Ok(Poll::Ready(())) => {
                self.tasks.borrow_mut().remove(&id);
                Ok(true)
            }
            Err(payload) => {
                self.tasks.borrow_mut().remove(&id);
                // A future that panicked may panic again when it is dropped; that tells nothing new.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
                Err(Panicked { owner, payload })
            }
        }
    }

    /// Drops every task; the world ends.
    pub fn clear(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
        self.bury();
        self.ready.lock().clear();
    }
}
