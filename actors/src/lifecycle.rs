//! How an actor of a service runs, and how it ends by itself: once, for a reason that a person is told.
//!
//! An actor whose disk failed knows no longer what is on it. So it says so, stops, and answers nobody any more: a caller
//! sees that it stopped, and not an answer that the disk may not bear out. It is the poll in which it ends that is the
//! last one of its context; until then a task that depended on the disk has to wait for ever.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};
use futures_util::future::select;
use tokio::sync::Notify;

use crate::host::Host;
use crate::probe::ServiceEvent;
use crate::tasks::Tasks;

/// Whether an actor goes on; clones share it.
#[derive(Clone)]
pub struct Lifecycle(Rc<Inner>);

struct Inner {
    host: Host,
    over: Cell<bool>,
    end: Notify,
}

impl Lifecycle {
    /// That of an actor of this host, which has not started yet.
    pub fn new(host: Host) -> Lifecycle {
        Lifecycle(Rc::new(Inner { host, over: Cell::new(false), end: Notify::new() }))
    }

    /// For [`Actor::started`]: drives the actor's tasks until it ends, and then stops its context.
    pub fn run<A: Actor<Context = Context<A>>>(&self, actor: &A, tasks: &Tasks, context: &mut Context<A>) {
        let (driver, inner) = (tasks.driver(), self.0.clone());
        let run = async move {
            select(driver, std::pin::pin!(inner.end.notified())).await;
        };
        context.spawn(run.into_actor(actor).map(|(), _, context| context.stop()));
    }

    /// The disk failed, as the event says by `why`, and the host by `report`: the actor ends.
    pub fn fail(&self, why: impl fmt::Display, report: impl fmt::Display) {
        if !self.is_over() {
            self.0.host.emit(ServiceEvent::DiskFailed { why: why.to_string() });
            self.end(report);
        }
    }

    /// The actor must not go on, for a reason that a person is told. Only the first one is.
    pub fn end(&self, why: impl fmt::Display) {
        if !self.0.over.replace(true) {
            self.0.host.fail(why);
            self.0.end.notify_one();
        }
    }

    /// Whether it has ended: nothing that depends on the disk may be told any more.
    pub fn is_over(&self) -> bool {
        self.0.over.get()
    }
}
