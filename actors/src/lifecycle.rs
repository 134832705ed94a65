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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix::{Addr, Handler, Message};
    use tokio::task::JoinHandle;

    use super::*;
    use crate::host::{Failure, Node};
    use crate::net::{Bridge, Identity, NodeId};
    use crate::probe::Event;
    use crate::tasks::Deferred;
    use crate::test_doubles::{NobodyListens, TestHost, on_virtual_time, run_node};

    /// What a task of the actor does to its lifecycle before it answers.
    type Deed = fn(&Lifecycle);

    struct Do(Deed);

    impl Message for Do {
        type Result = ();
    }

    struct Service {
        lifecycle: Lifecycle,
        tasks: Tasks,
    }

    impl Actor for Service {
        type Context = Context<Service>;

        fn started(&mut self, context: &mut Context<Service>) {
            self.lifecycle.run(self, &self.tasks, context);
        }
    }

    impl Handler<Do> for Service {
        type Result = Deferred<()>;

        fn handle(&mut self, Do(deed): Do, _: &mut Context<Service>) -> Deferred<()> {
            let lifecycle = self.lifecycle.clone();
            self.tasks.reply(async move {
                deed(&lifecycle);
                if lifecycle.is_over() {
                    std::future::pending().await
                }
            })
        }
    }

    fn start(host: &TestHost) -> (Addr<Service>, JoinHandle<()>) {
        let host = host.host(NodeId::Catalog, [], Rc::new(NobodyListens));
        let service = Service { lifecycle: Lifecycle::new(host), tasks: Tasks::default() };
        let identity = Arc::new(Identity::new(NodeId::Catalog, []));
        run_node(Node::new(service, 4, |_| Bridge::new(identity, 4)))
    }

    #[test]
    fn an_actor_ends_once_says_why_and_answers_nobody_any_more() {
        let fails: Deed = |lifecycle| lifecycle.fail("it is full", "cannot use the file");
        let ends: Deed = |lifecycle| lifecycle.end("another has taken over");
        let both: Deed = |lifecycle| {
            lifecycle.fail("it is full", "cannot use the file");
            lifecycle.fail("it is full again", "cannot use the file");
            lifecycle.end("another has taken over");
        };
        for (case, deed, events, report) in [
            ("its disk fails", fails, vec!["it is full"], "cannot use the file"),
            ("it must not go on", ends, vec![], "another has taken over"),
            ("one after the other", both, vec!["it is full"], "cannot use the file"),
        ] {
            on_virtual_time(async || {
                let host = TestHost::new();
                let (addr, running) = start(&host);
                assert!(addr.send(Do(|_| ())).await.is_ok(), "{case}: it answers as long as it goes on");
                assert!(addr.send(Do(deed)).await.is_err(), "{case}");
                running.await.expect("it ended by itself");
                assert!(addr.send(Do(|_| ())).await.is_err(), "{case}: it has stopped");
                let told = host.events.take().into_iter().map(|event| match event {
                    Event::Service(ServiceEvent::DiskFailed { why }) => why,
                    other => panic!("{case}: {other:?}"),
                });
                assert_eq!(told.collect::<Vec<_>>(), events, "{case}");
                assert_eq!(host.failures.take(), [Failure(report.into())], "{case}");
            });
        }
    }

    #[test]
    fn an_actor_that_ended_before_its_first_poll_stops_all_the_same() {
        on_virtual_time(async || {
            let host = TestHost::new();
            let lifecycle = Lifecycle::new(host.host(NodeId::Catalog, [], Rc::new(NobodyListens)));
            lifecycle.end("it must not begin");
            let service = Service { lifecycle, tasks: Tasks::default() };
            let identity = Arc::new(Identity::new(NodeId::Catalog, []));
            Node::new(service, 4, |_| Bridge::new(identity, 4)).run.await;
            assert_eq!(host.failures.take().len(), 1);
        });
    }
}
