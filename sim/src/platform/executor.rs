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
use slab::Slab;

use super::process::ProcessId;

/// Names a task; never used twice in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TaskId {
    /// Where it is kept; another task may be there once it has ended.
    slot: usize,
    number: u64,
}

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
    number: u64,
    owner: Option<ProcessId>,
    /// Absent while it is polled.
    body: Option<TaskBody>,
    wake: Arc<TaskWaker>,
}

struct TaskBody {
    future: LocalBoxFuture<'static, ()>,
    waker: Waker,
}

/// A task panicked.
pub struct Panicked {
    /// Whose task it was.
    pub owner: Option<ProcessId>,
    /// With what.
    pub payload: Box<dyn Any + Send>,
}

/// The tasks of one world.
#[derive(Default)]
pub struct Executor {
    tasks: RefCell<Slab<Task>>,
    ready: Arc<Ready>,
    next: Cell<u64>,
    /// The woken tasks of paused nodes.
    paused: RefCell<BTreeMap<ProcessId, Vec<TaskId>>>,
    /// What was killed, until it is safe to drop it: a future's drop may run code of an actor.
    killed: RefCell<Vec<Box<dyn Any>>>,
}

impl Executor {
    /// Runs a future as a task of `owner`, or of nobody that can crash.
    pub fn spawn(&self, owner: Option<ProcessId>, future: LocalBoxFuture<'static, ()>) {
        let number = self.next.get();
        self.next.set(number + 1);
        let mut tasks = self.tasks.borrow_mut();
        let slot = tasks.vacant_entry();
        let id = TaskId { slot: slot.key(), number };
        let wake = Arc::new(TaskWaker { id, queued: AtomicBool::new(false), ready: self.ready.clone() });
        let body = TaskBody { future, waker: Waker::from(wake.clone()) };
        wake.wake_by_ref();
        slot.insert(Task { number, owner, body: Some(body), wake });
    }

    /// Takes all tasks of a node away; they are not polled again. They are dropped by [`Executor::drop_killed`].
    pub fn kill(&self, owner: ProcessId) {
        let mut tasks = self.tasks.borrow_mut();
        let mut killed = self.killed.borrow_mut();
        tasks.retain(|_, task| {
            let spared = task.owner != Some(owner);
            if !spared {
                killed.extend(task.body.take().map(|body| Box::new(body.future) as Box<dyn Any>));
            }
            spared
        });
        self.paused.borrow_mut().remove(&owner);
    }

    /// Keeps something until the next [`Executor::drop_killed`].
    pub fn drop_later(&self, dead: Box<dyn Any>) {
        self.killed.borrow_mut().push(dead);
    }

    /// Drops what was killed.
    pub fn drop_killed(&self) {
        loop {
            let dead = std::mem::take(&mut *self.killed.borrow_mut());
            if dead.is_empty() {
                return;
            }
            drop(dead);
        }
    }

    /// From now on, no task of this node is polled.
    pub fn pause(&self, node: ProcessId) {
        self.paused.borrow_mut().entry(node).or_default();
    }

    /// Polls this node's tasks again, first those that were woken meanwhile.
    pub fn resume(&self, node: ProcessId) {
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
        let (mut body, owner) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = named(&mut tasks, id) else { return Ok(true) };
            if let Some(owner) = task.owner
                && let Some(held) = self.paused.borrow_mut().get_mut(&owner)
            {
                held.push(id);
                return Ok(true);
            }
            task.wake.queued.store(false, Ordering::Relaxed);
            let Some(body) = task.body.take() else { return Ok(true) };
            (body, task.owner)
        };
        let mut cx = Context::from_waker(&body.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| body.future.as_mut().poll(&mut cx)));
        if matches!(polled, Ok(Poll::Pending)) {
            match named(&mut self.tasks.borrow_mut(), id) {
                Some(task) => task.body = Some(body),
                // It was killed while it ran.
                None => self.drop_later(Box::new(body.future)),
            }
            return Ok(true);
        }
        if named(&mut self.tasks.borrow_mut(), id).is_some() {
            self.tasks.borrow_mut().remove(id.slot);
        }
        match polled {
            Ok(_) => Ok(true),
            Err(payload) => {
                // A future that panicked may panic again when it is dropped; that tells nothing new.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(body)));
                Err(Panicked { owner, payload })
            }
        }
    }

    /// Drops every task; the world ends.
    pub fn clear(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
        self.drop_killed();
        self.ready.lock().clear();
    }
}

fn named(tasks: &mut Slab<Task>, id: TaskId) -> Option<&mut Task> {
    tasks.get_mut(id.slot).filter(|task| task.number == id.number)
}
