//! The catalog as an actor: it takes messages, and answers what is visible or lets them wait for their group.

use std::rc::Rc;

use actix::dev::{MessageResponse, OneshotSender};
use actix::{Actor, Context, Handler, MessageResult};

use super::call::GroupedMessage;
use super::config::CatalogConfig;
use super::service::CatalogService;
use super::visible_stock::VisibleStock;
use crate::host::{Gauge, Host};
use crate::messages::catalog::{
    Buy, Changes, GoOn, Import, Inventory, List, Query, Rebuild, Recall, Register, Restock, Search, TakeOver,
};
use crate::probe::Limit;
use crate::storage::DataFile;
use crate::tasks::Tasks;

/// The catalog service.
pub struct Catalog {
    service: Rc<CatalogService>,
    tasks: Tasks,
}

impl Catalog {
    pub(super) fn new(host: Host, config: CatalogConfig, file: DataFile, visible: VisibleStock) -> Catalog {
        Catalog {
            service: Rc::new(CatalogService::new(host, config, file, visible)),
            tasks: Tasks::default(),
        }
    }

    pub(super) fn gauges(&self) -> Vec<Gauge> {
        // A gauge must not keep alive what the crash of its actor is to drop.
        let (service, limit) = (Rc::downgrade(&self.service), self.service.config.max_calls);
        let queued = move || service.upgrade().map_or(0, |service| service.queue.borrow().len());
        vec![Gauge::new(Limit::QueuedCalls, limit, queued)]
    }
}

impl Actor for Catalog {
    type Context = Context<Catalog>;

    fn started(&mut self, context: &mut Context<Catalog>) {
        self.tasks.spawn(self.service.clone().become_ready());
        self.tasks.spawn(self.service.clone().ask_for_the_view());
        self.tasks.spawn(self.service.clone().run_groups());
        self.tasks.spawn(self.service.clone().restock_for_ever());
        self.service.lifecycle.run(self, &self.tasks, context);
    }
}

impl Handler<Query> for Catalog {
    type Result = MessageResult<Query>;

    fn handle(&mut self, query: Query, _: &mut Context<Catalog>) -> MessageResult<Query> {
        let now = self.service.host.clock.now();
        let shows = self.service.shows();
        MessageResult(shows.map(|()| self.service.visible.borrow_mut().query(&query, now)))
    }
}

/// Handlers of what is answered at once from the visible stock.
macro_rules! shown {
    ($($message:ty: $answer:ident;)*) => {$(
        impl Handler<$message> for Catalog {
            type Result = MessageResult<$message>;

            fn handle(&mut self, ask: $message, _: &mut Context<Catalog>) -> Self::Result {
                let shows = self.service.shows();
                MessageResult(shows.map(|()| self.service.visible.borrow().$answer(&ask)))
            }
        }
    )*};
}

shown! {
    List: list;
    Search: search;
    Changes: changes;
    Inventory: inventory;
}

impl Handler<Recall> for Catalog {
    type Result = MessageResult<Recall>;

    fn handle(&mut self, _: Recall, _: &mut Context<Catalog>) -> MessageResult<Recall> {
        MessageResult(self.service.visible.borrow().state().recall())
    }
}

/// A message on its way into the queue; its answer comes from the group that it becomes a part of, if ever.
pub struct Queued<M> {
    service: Rc<CatalogService>,
    message: M,
}

impl<M: GroupedMessage> MessageResponse<Catalog, M> for Queued<M> {
    fn handle(self, _: &mut Context<Catalog>, to: Option<OneshotSender<M::Reply>>) {
        self.service.accept(self.message.call(to));
    }
}

macro_rules! queued {
    ($($message:ty),*) => {$(
        impl Handler<$message> for Catalog {
            type Result = Queued<$message>;

            fn handle(&mut self, message: $message, _: &mut Context<Catalog>) -> Queued<$message> {
                Queued { service: self.service.clone(), message }
            }
        }
    )*};
}
queued!(Buy, TakeOver, Restock, Register, Rebuild, GoOn, Import);
