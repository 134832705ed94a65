//! The front-end's shell: takes messages and hands them to whoever decides.

use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler, MessageResult};
use futures_util::future;

use super::admission::{Admission, Admitted};
use super::cache::Cache;
use super::catalog::CatalogClient;
use super::config::FrontEndConfig;
use super::leader::LeaderClient;
use super::orders::Orders;
use super::products::Products;
use super::store::{OrderStore, ProductStore};
use crate::bugs::front_end as bent;
use crate::domain::{Order, OrderNumber, Product, Run, View};
use crate::host::{Gauge, Host};
use crate::lifecycle::Lifecycle;
use crate::messages::catalog::{Changed, Imported, Rebuilt, Stocked};
use crate::messages::front_end::{
    Copied, CopyBook, CopyStock, FindOrder, GetReadiness, ImportProducts, Invalidate, ListOrders,
    ListProducts, OrderError, PlaceOrder, QueryProduct, Readiness, SearchProducts, Unavailable,
    WatchProducts,
};
use crate::messages::view_service::{
    ChangeView, GetView, NotRecovered, Recover, RecoverCatalog, Recovery, Vouch,
};
use crate::net::NodeId;
use crate::probe::{FrontEndEvent, Limit, ServiceEvent};
use crate::storage::DataFile;
use crate::tasks::{Deferred, Tasks};
use crate::view_service::{Saved, ViewService};

/// The front-end actor.
pub struct FrontEnd {
    host: Host,
    tasks: Tasks,
    lifecycle: Lifecycle,
    cache: Arc<Cache>,
    admission: Admission,
    products: Rc<Products<CatalogClient>>,
    orders: Rc<Orders<LeaderClient>>,
    service: Rc<ViewService>,
}

impl FrontEnd {
    /// A front-end that starts from what its file holds, its run included.
    pub(super) fn new(
        host: Host,
        config: FrontEndConfig,
        file: DataFile,
        saved: (Run, Saved),
        cache: Arc<Cache>,
    ) -> FrontEnd {
        let (tasks, lifecycle) = (Tasks::default(), Lifecycle::new(host.clone()));
        let service =
            ViewService::new(host.clone(), config.views(), tasks.clone(), file, saved, lifecycle.clone());
        let catalog = CatalogClient::new(host.clone(), &config);
        let numbers = (config.number, config.deadline);
        let products = Products::new(host.clone(), numbers, tasks.clone(), catalog, cache.clone());
        let leader = LeaderClient::new(host.clone(), &config, tasks.clone(), service.clone());
        let orders = Orders::new(host.clone(), config.deadline, tasks.clone(), leader);
        let admission = Admission::new(config.max_requests);
        let (products, orders) = (Rc::new(products), Rc::new(orders));
        FrontEnd { host, tasks, lifecycle, cache, admission, products, orders, service }
    }

    pub(super) fn gauges(&self) -> Vec<Gauge> {
        vec![self.admission.gauge(), self.orders.store().gauge()]
    }

    /// Works on a shopper's request, if there is room for it.
    fn admit<T, E, F>(&self, start: impl FnOnce() -> F) -> Deferred<Result<T, E>>
    where
        T: 'static,
        E: From<Unavailable> + 'static,
        F: Future<Output = Result<T, E>> + 'static,
    {
        self.admit_until(start, |place, _| drop(place))
    }

    /// The same; `end` has the place back, and whether the work failed.
    fn admit_until<T, E, F>(
        &self,
        start: impl FnOnce() -> F,
        end: fn(Admitted, bool),
    ) -> Deferred<Result<T, E>>
    where
        T: 'static,
        E: From<Unavailable> + 'static,
        F: Future<Output = Result<T, E>> + 'static,
    {
        match self.admission.enter() {
            Err(full) => {
                self.host.emit(ServiceEvent::LimitReached { limit: Limit::Requests });
                self.tasks.reply(future::ready(Err(full.into())))
            }
            Ok(place) => {
                let work = start();
                self.tasks.reply(async move {
                    let done = work.await;
                    end(place, done.is_err());
                    done
                })
            }
        }
    }
}

impl Actor for FrontEnd {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.tasks.spawn(self.service.clone().run());
        self.lifecycle.run(self, &self.tasks, ctx);
    }
}

/// Handlers of shoppers' requests: each is worked on if there is room for it.
macro_rules! admitted {
    ($($message:ty => $answer:ty: $part:ident.$work:ident;)*) => {$(
        impl Handler<$message> for FrontEnd {
            type Result = Deferred<$answer>;

            fn handle(&mut self, ask: $message, _: &mut Context<Self>) -> Self::Result {
                self.admit(|| self.$part.clone().$work(ask))
            }
        }
    )*};
}

admitted! {
    QueryProduct => Result<Option<Product>, Unavailable>: products.fetch;
    ListProducts => Result<Option<Vec<Product>>, Unavailable>: products.list;
    SearchProducts => Result<Option<Vec<Product>>, Unavailable>: products.search;
    WatchProducts => Result<Changed, Unavailable>: products.watch;
    CopyStock => Result<Option<Vec<Stocked>>, Unavailable>: products.inventory;
    PlaceOrder => Result<OrderNumber, OrderError>: orders.place;
    ListOrders => Result<Vec<Order>, Unavailable>: orders.list;
    CopyBook => Result<Copied, Unavailable>: orders.copy;
}

impl Handler<FindOrder> for FrontEnd {
    type Result = Deferred<Result<Option<Order>, Unavailable>>;

    fn handle(&mut self, ask: FindOrder, _: &mut Context<Self>) -> Self::Result {
        self.admit_until(|| self.orders.clone().find(ask), bent::give_back)
    }
}

/// Handlers of what operators and other services ask, which is never turned away.
macro_rules! worked_on {
    ($($message:ty => $answer:ty: $part:ident.$work:ident;)*) => {$(
        impl Handler<$message> for FrontEnd {
            type Result = Deferred<$answer>;

            fn handle(&mut self, ask: $message, _: &mut Context<Self>) -> Self::Result {
                self.tasks.reply(self.$part.clone().$work(ask))
            }
        }
    )*};
}

worked_on! {
    ImportProducts => Result<Imported, Unavailable>: products.import;
    ChangeView => Option<View>: service.change;
    Recover => Result<Recovery, NotRecovered>: service.recover_without;
    RecoverCatalog => Result<Rebuilt, NotRecovered>: service.recover_catalog;
}

impl Handler<GetView> for FrontEnd {
    type Result = Option<View>;

    fn handle(&mut self, _: GetView, _: &mut Context<Self>) -> Self::Result {
        self.service.current()
    }
}

impl Handler<GetReadiness> for FrontEnd {
    type Result = Deferred<Readiness>;

    fn handle(&mut self, _: GetReadiness, _: &mut Context<Self>) -> Self::Result {
        let (orders, products, net) = (self.orders.clone(), self.products.clone(), self.host.net.clone());
        self.tasks.reply(async move {
            let reachable = products.store().is_reachable().await;
            let (mut waiting_for, why) = orders.store().waits_for().unwrap_or_default();
            let mut why = if why.is_empty() { Vec::new() } else { vec![why] };
            // The leader's own complaint of the catalog says more.
            if !reachable && !waiting_for.contains(&NodeId::Catalog) {
                waiting_for.insert(0, NodeId::Catalog);
                why.insert(0, products.store().why_silent());
            }
            // Silence is not all that there may be to say of them.
            why.extend(waiting_for.iter().filter_map(|peer| net.complaint(*peer)));
            let why = why.join("; ");
            Readiness { ready: waiting_for.is_empty(), waiting_for, why }
        })
    }
}

impl Handler<Vouch> for FrontEnd {
    type Result = MessageResult<Vouch>;

    fn handle(&mut self, _: Vouch, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.service.vouch())
    }
}

impl Handler<Invalidate> for FrontEnd {
    type Result = ();

    /// Answered here and now, whatever else is under way: changes of stock wait for this answer, and orders
    /// wait for the changes.
    fn handle(&mut self, ask: Invalidate, _: &mut Context<Self>) {
        self.cache.invalidate(&ask.products);
        self.host.emit(FrontEndEvent::Invalidated { products: ask.products });
    }
}
