//! Futures that live and die with their actor.
//!
//! `actix::spawn` and [`actix::ResponseFuture`] put a future on the runtime, where it outlives a crashed
//! actor. `Context::spawn` ties it to the actor, but polls *every* future of the actor at every wake: with
//! a thousand orders waiting for one fsync, each confirmation would poll a thousand futures. A [`Tasks`] is
//! one future in the actor's context that holds all others in a `FuturesUnordered` and polls only those
//! that were woken. Dropping the actor's context drops them all.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix::dev::{MessageResponse, OneshotSender};
use actix::{Actor, Message};
use futures_util::Stream;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;

#[derive(Default)]
struct Inbox {
    arrived: Vec<LocalBoxFuture<'static, ()>>,
    waker: Option<Waker>,
}

/// The set of an actor's running tasks; clones share it.
#[derive(Clone, Default)]
pub struct Tasks(Rc<RefCell<Inbox>>);

impl Tasks {
    /// Runs a future until it ends or the actor does.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let waker = {
            let mut inbox = self.0.borrow_mut();
            inbox.arrived.push(Box::pin(task));
            inbox.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Answers a message with what a future ends with.
    pub fn reply<T>(&self, answer: impl Future<Output = T> + 'static) -> Deferred<T> {
        Deferred { tasks: self.clone(), answer: Box::pin(answer) }
    }

    /// The future that drives all tasks; the actor spawns it once, in its own context, when it starts.
    #[must_use]
    pub fn driver(&self) -> Driver {
        Driver { tasks: self.clone(), running: FuturesUnordered::new() }
    }
}

/// Drives the tasks of one actor; see [`Tasks::driver`]. It never ends by itself.
pub struct Driver {
    tasks: Tasks,
    running: FuturesUnordered<LocalBoxFuture<'static, ()>>,
}

impl Drop for Driver {
    /// A task that has not been polled yet may hold the very set that it waits in; without this such a pair
    /// would outlive the actor, and with it the actor's open files.
    fn drop(&mut self) {
        let Inbox { arrived, waker } = std::mem::take(&mut *self.tasks.0.borrow_mut());
        drop((arrived, waker));
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let arrived = std::mem::take(&mut self.tasks.0.borrow_mut().arrived);
            let idle = arrived.is_empty();
            self.running.extend(arrived);
            let pending = match Pin::new(&mut self.running).poll_next(cx) {
                Poll::Ready(Some(())) => false,
                Poll::Ready(None) | Poll::Pending => true,
            };
            if idle && pending && self.tasks.0.borrow().arrived.is_empty() {
                self.tasks.0.borrow_mut().waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
    }
}

/// The answer to a message that is still being worked on, as one of the actor's [`Tasks`].
pub struct Deferred<T> {
    tasks: Tasks,
    answer: LocalBoxFuture<'static, T>,
}

impl<A: Actor, M: Message> MessageResponse<A, M> for Deferred<M::Result> {
    fn handle(self, _: &mut A::Context, tx: Option<OneshotSender<M::Result>>) {
        let answer = self.answer;
        self.tasks.spawn(async move {
            let answer = answer.await;
            if let Some(tx) = tx {
                // Nobody waits any more: the caller gave up, which is its right.
                let _ = tx.send(answer);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::FutureExt;
    use tokio::sync::Notify;

    use super::*;

    #[test]
    fn a_task_runs_when_it_is_woken_and_may_spawn_others() {
        let (tasks, done, wake) = (Tasks::default(), Rc::new(Cell::new(0)), Rc::new(Notify::new()));
        let mut driver = Box::pin(tasks.driver());
        let waits = {
            let (tasks, done, wake) = (tasks.clone(), done.clone(), wake.clone());
            async move {
                wake.notified().await;
                done.set(done.get() + 1);
                tasks.spawn(async move { done.set(done.get() + 10) });
            }
        };
        tasks.spawn(waits);
        assert!(driver.as_mut().now_or_never().is_none(), "it never ends by itself");
        assert_eq!(done.get(), 0);
        wake.notify_one();
        assert!(driver.as_mut().now_or_never().is_none());
        assert_eq!(done.get(), 11);
    }

    #[test]
    fn tasks_die_with_their_driver_also_those_that_hold_the_set_they_wait_in() {
        let (tasks, alive) = (Tasks::default(), Rc::new(()));
        let mut driver = Box::pin(tasks.driver());
        let waits = |alive: Rc<()>| {
            let tasks = tasks.clone();
            async move {
                let _held = (alive, tasks);
                std::future::pending().await
            }
        };
        tasks.spawn(waits(alive.clone()));
        assert!(driver.as_mut().now_or_never().is_none());
        tasks.spawn(waits(alive.clone()));
        assert_eq!(Rc::strong_count(&alive), 3, "one has been polled, one has not");
        drop(driver);
        assert_eq!(Rc::strong_count(&alive), 1);
    }
}
