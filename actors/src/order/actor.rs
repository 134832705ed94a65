//! The order replica as an actor: it receives messages and hands them to the pipeline or to the replication.

use std::rc::Rc;

use actix::{Actor, Context, Handler};

use super::book::{begin_run, convert, read};
use super::config::{BOOK_FILE, OrderConfig, book_owner};
use super::pipeline::OrderPipeline;
use super::replica::Replica;
use super::writer::{Stopped, Writer};
use crate::bugs::order as bent;
use crate::domain::{Entry, Order, OrderNumber, Position, Run};
use crate::host::{Gauge, Host, Node};
use crate::lifecycle::Lifecycle;
use crate::messages::catalog::Rebuilt;
use crate::messages::order::{
    Announce, AppendEntries, AppendReply, FetchEntries, FetchReply, Fill, Join, JoinError, Last, Lookup,
    NotServing, Page, Place, PlaceError, Placed, RebuildCatalog, RebuildError, ReplicaStatus, Status,
};
use crate::net::Bridge;
use crate::probe::{Limit, ServiceEvent};
use crate::storage::{DataFile, OpenError};
use crate::tasks::{Deferred, Tasks};

/// One replica of the order service.
pub struct OrderReplica {
    tasks: Tasks,
    parts: Rc<Parts>,
    host: Host,
    max_page: u32,
    lifecycle: Lifecycle,
}

struct Parts {
    writer: Rc<Writer>,
    replica: Rc<Replica>,
    pipeline: Rc<OrderPipeline>,
}

/// Opens the replica's book and makes the actor ready to run.
///
/// # Errors
/// When the book cannot be opened or read; see [`OpenError`].
pub fn start(host: Host, config: OrderConfig) -> Result<Node<OrderReplica>, OpenError> {
    let file = DataFile::open(host.storage.clone(), BOOK_FILE, &book_owner(config.id), convert)?;
    let run = Run::new(file.draw()?);
    let summary = file.load(|book| begin_run(book, config.id, run))?;
    let (max_calls, max_page, readers) = (config.max_calls, config.limits.page, config.limits.readers);
    let tasks = Tasks::default();
    let identity = host.identity.clone();
    let lifecycle = Lifecycle::new(host.clone());
    let writer = Writer::new(file, summary, host.clone(), tasks.clone(), readers, lifecycle.clone());
    let replica = Replica::new(host.clone(), config.clone(), tasks.clone(), writer.clone(), run);
    let pipeline = OrderPipeline::new(host.clone(), config, tasks.clone(), writer.clone(), replica.clone());
    let gauges = gauges(&pipeline, &writer, max_calls, readers);
    let parts = Rc::new(Parts { writer, replica, pipeline });
    let actor = OrderReplica { tasks, parts, host, max_page, lifecycle };
    let node = Node::new(actor, max_calls, |addr| {
        Bridge::new(identity, max_calls)
            .route::<Place, _>(addr)
            .route::<Lookup, _>(addr)
            .route::<Page, _>(addr)
            .control::<Status, _>(addr)
            .control::<Last, _>(addr)
            .control::<Announce, _>(addr)
            .control::<AppendEntries, _>(addr)
            .control::<FetchEntries, _>(addr)
            .control::<Join, _>(addr)
            .control::<Fill, _>(addr)
            .control::<RebuildCatalog, _>(addr)
    });
    Ok(node.with(gauges))
}

fn gauges(pipeline: &Rc<OrderPipeline>, writer: &Rc<Writer>, orders: usize, readers: usize) -> Vec<Gauge> {
    // A gauge must not keep alive what the crash of its actor is to drop.
    let (pipeline, writer) = (Rc::downgrade(pipeline), Rc::downgrade(writer));
    vec![
        Gauge::new(Limit::PendingOrders, orders, move || {
            pipeline.upgrade().map_or(0, |pipeline| pipeline.waiting())
        }),
        Gauge::new(Limit::Readers, readers, move || writer.upgrade().map_or(0, |writer| writer.reading())),
    ]
}

impl Actor for OrderReplica {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        self.lifecycle.run(self, &self.tasks, context);
        self.tasks.spawn(self.parts.replica.clone().keep_in_sync());
    }
}

/// A message that the disk's failure leaves without an answer: the actor is stopping, and the caller will
/// see that it stopped.
async fn or_never<T>(answer: impl Future<Output = Result<T, Stopped>>) -> T {
    match answer.await {
        Ok(answer) => answer,
        Err(Stopped) => std::future::pending().await,
    }
}

impl Handler<Place> for OrderReplica {
    type Result = Deferred<Vec<Result<Placed, PlaceError>>>;

    fn handle(&mut self, place: Place, _: &mut Context<Self>) -> Self::Result {
        let pipeline = self.parts.pipeline.clone();
        self.tasks.reply(async move { pipeline.place(place).await })
    }
}

impl Handler<Lookup> for OrderReplica {
    type Result = Deferred<Result<Option<Order>, NotServing>>;

    fn handle(&mut self, lookup: Lookup, _: &mut Context<Self>) -> Self::Result {
        let parts = self.parts.clone();
        self.tasks.reply(async move {
            let visible = match lookup.epoch {
                Some(epoch) => parts.replica.serving(epoch)?.acknowledged,
                None => parts.replica.acknowledged(),
            };
            let orders = or_never(parts.orders(lookup.number.before(), 1, visible)).await;
            Ok(orders.into_iter().find(|order| order.number == lookup.number))
        })
    }
}

impl Handler<Page> for OrderReplica {
    type Result = Deferred<Result<Vec<Order>, NotServing>>;

    fn handle(&mut self, page: Page, _: &mut Context<Self>) -> Self::Result {
        let (host, parts, limit) = (self.host.clone(), self.parts.clone(), page.limit.min(self.max_page));
        self.tasks.reply(async move {
            let visible = parts.replica.serving(page.epoch)?.acknowledged;
            let orders = or_never(parts.orders(page.after, limit, visible)).await;
            if limit < page.limit && orders.len() == limit as usize {
                host.emit(ServiceEvent::LimitReached { limit: Limit::PageOrders });
            }
            Ok(orders)
        })
    }
}

impl Parts {
    /// Orders after a number that are acknowledged: a tail that is not, nobody sees (A4).
    async fn orders(
        &self,
        after: OrderNumber,
        limit: u32,
        visible: OrderNumber,
    ) -> Result<Vec<Order>, Stopped> {
        if !bent::is_visible(after < visible) {
            return Ok(Vec::new());
        }
        let limit = limit as usize;
        let (mut after, mut orders) = (after, Vec::new());
        // Where orders are lost there are fewer than entries, and a page is full of orders all the same.
        loop {
            let left = limit - orders.len();
            let entries = self.writer.read(move |book| read::entries(book, after, left)).await?;
            let shown = |entry: &&Entry| bent::is_visible(entry.number <= visible);
            orders.extend(entries.iter().filter(shown).filter_map(Entry::order));
            match entries.last() {
                Some(last) if orders.len() < limit && last.number < visible => after = last.number,
                _ => return Ok(orders),
            }
        }
    }
}

impl Handler<Status> for OrderReplica {
    type Result = Deferred<ReplicaStatus>;

    fn handle(&mut self, _: Status, _: &mut Context<Self>) -> Self::Result {
        let parts = self.parts.clone();
        self.tasks.reply(async move { parts.replica.status() })
    }
}

impl Handler<Last> for OrderReplica {
    type Result = Deferred<Position>;

    fn handle(&mut self, _: Last, _: &mut Context<Self>) -> Self::Result {
        let parts = self.parts.clone();
        self.tasks.reply(async move { parts.replica.status().last })
    }
}

impl Handler<Announce> for OrderReplica {
    type Result = Deferred<ReplicaStatus>;

    fn handle(&mut self, announce: Announce, _: &mut Context<Self>) -> Self::Result {
        let parts = self.parts.clone();
        self.tasks.reply(async move { parts.replica.announced(announce).await })
    }
}

impl Handler<AppendEntries> for OrderReplica {
    type Result = Deferred<AppendReply>;

    fn handle(&mut self, message: AppendEntries, _: &mut Context<Self>) -> Self::Result {
        let parts = self.parts.clone();
        self.tasks.reply(async move { or_never(parts.replica.append_entries(message)).await })
    }
}

impl Handler<FetchEntries> for OrderReplica {
    type Result = Deferred<FetchReply>;

    fn handle(&mut self, ask: FetchEntries, _: &mut Context<Self>) -> Self::Result {
        let parts = self.parts.clone();
        self.tasks.reply(async move { or_never(parts.replica.fetch_entries(ask)).await })
    }
}

impl Handler<Fill> for OrderReplica {
    type Result = Deferred<bool>;

    fn handle(&mut self, fill: Fill, _: &mut Context<Self>) -> Self::Result {
        let parts = self.parts.clone();
        self.tasks.reply(async move { or_never(parts.replica.fill(&fill)).await })
    }
}

impl Handler<RebuildCatalog> for OrderReplica {
    type Result = Deferred<Result<Rebuilt, RebuildError>>;

    fn handle(&mut self, ask: RebuildCatalog, _: &mut Context<Self>) -> Self::Result {
        let parts = self.parts.clone();
        self.tasks.reply(async move { or_never(parts.replica.rebuild_catalog(ask.epoch)).await })
    }
}

impl Handler<Join> for OrderReplica {
    type Result = Deferred<Result<(), JoinError>>;

    fn handle(&mut self, join: Join, _: &mut Context<Self>) -> Self::Result {
        let parts = self.parts.clone();
        self.tasks.reply(async move { parts.replica.join(&join).await })
    }
}
