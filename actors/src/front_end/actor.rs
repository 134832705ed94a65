//! The front-end's shell: takes messages and hands them to whoever decides.

use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler, MessageResult};
use futures_util::future;

use super::admission::{Admission, Admitted};
use super::cache::Cache;
use super::orders::Orders;
use super::products::Products;
use super::{FrontEndConfig, Started};
use crate::bugs::{Bug, planted};
use crate::domain::{FrontEndId, Order, OrderNumber, Product, Run, View};
use crate::host::{Host, Node};
use crate::lifecycle::Lifecycle;
use crate::messages::catalog::{Imported, Rebuilt, Stocked};
use crate::messages::front_end::{
    Copied, CopyBook, CopyStock, FindOrder, GetReadiness, ImportProducts, Invalidate, ListOrders,
    ListProducts, OrderError, PlaceOrder, QueryProduct, Readiness, Unavailable,
};
use crate::messages::view_service::{
    ChangeView, GetView, NotRecovered, Recover, RecoverCatalog, Recovery, Vouch,
};
use crate::net::{Bridge, NodeId};
use crate::probe::{FrontEndEvent, Limit, ServiceEvent};
use crate::storage::{DataFile, OpenError};
use crate::tasks::{Deferred, Tasks};
use crate::view_service::{self, ViewConfig, ViewService};

/// The name of a front-end's data file.
pub const FILE: &str = "front-end.redb";

/// Whose data it is, as the file says: this, and the front-end's number.
pub const OWNER: &str = "front-end";

/// Whose data the file of the front-end of that number is.
pub(super) fn owner(number: FrontEndId) -> String {
    format!("{OWNER} {number}")
}

/// The front-end actor.
pub struct FrontEnd {
    host: Host,
    tasks: Tasks,
    cache: Arc<Cache>,
    admission: Admission,
    products: Rc<Products>,
    orders: Rc<Orders>,
    service: Rc<ViewService>,
    lifecycle: Lifecycle,
}

/// Opens the front-end's file and makes the actor ready to run.
///
/// # Errors
/// See [`OpenError`].
pub fn start(host: Host, config: FrontEndConfig) -> Result<Started, OpenError> {
    let file = DataFile::open(host.storage.clone(), FILE, &owner(config.number))?;
    let run = Run::new(file.draw()?);
    let saved = file.load(|database| {
        let mut saved = view_service::load(database)?;
        saved.line.add(run);
        // Before anything is said (M1).
        view_service::store(database, &saved)?;
        Ok(saved)
    })?;
    let lifecycle = Lifecycle::new(host.clone());
    let tasks = Tasks::default();
    let cache = Cache::new(config.cache_capacity, config.limits.exact_cache, config.lease, config.render);
    let cache = Arc::new(cache);
    let identity = host.identity.clone();
    let service = ViewService::new(
        host.clone(),
        view_config(&config),
        tasks.clone(),
        file,
        (run, saved),
        lifecycle.clone(),
    );
    let products = Products::new(host.clone(), config.clone(), tasks.clone(), cache.clone());
    let orders = Orders::new(host.clone(), config.clone(), tasks.clone(), service.clone());
    let admission = Admission::new(config.max_requests);
    let gauges = vec![admission.gauge(), orders.gauge()];
    let actor = FrontEnd {
        host,
        tasks,
        cache: cache.clone(),
        admission,
        products: Rc::new(products),
        orders: Rc::new(orders),
        service,
        lifecycle,
    };
    let node = Node::new(actor, config.max_calls, |addr| {
        Bridge::new(identity, config.max_calls)
            .route::<QueryProduct, _>(addr)
            .route::<ListProducts, _>(addr)
            .route::<ImportProducts, _>(addr)
            .route::<PlaceOrder, _>(addr)
            .route::<FindOrder, _>(addr)
            .route::<ListOrders, _>(addr)
            .control::<GetView, _>(addr)
            .control::<GetReadiness, _>(addr)
            .route::<CopyBook, _>(addr)
            .route::<CopyStock, _>(addr)
            .control::<ChangeView, _>(addr)
            .control::<Vouch, _>(addr)
            .control::<Recover, _>(addr)
            .control::<RecoverCatalog, _>(addr)
            .control::<Invalidate, _>(addr)
    });
    Ok(Started { node: node.with(gauges), cache })
}

fn view_config(config: &FrontEndConfig) -> ViewConfig {
    ViewConfig {
        replicas: config.replicas.clone(),
        heartbeat: config.heartbeat,
        suspect_after: config.suspect_after,
        call_limit: config.call_limit,
    }
}

impl FrontEnd {
    /// A shopper's request takes its place, if there is one.
    fn enter(&self) -> Result<Admitted, Unavailable> {
        let place = self.admission.enter();
        if place.is_err() {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::Requests });
        }
        place
    }
}

impl Actor for FrontEnd {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.tasks.spawn(self.service.clone().run());
        self.lifecycle.run(self, &self.tasks, ctx);
    }
}

impl Handler<QueryProduct> for FrontEnd {
    type Result = Deferred<Result<Option<Product>, Unavailable>>;

    fn handle(&mut self, ask: QueryProduct, _: &mut Context<Self>) -> Self::Result {
        if let Some(product) = self.products.cached(&ask.name) {
            return self.tasks.reply(future::ready(Ok(Some(product))));
        }
        match self.enter() {
            Err(full) => self.tasks.reply(future::ready(Err(full))),
            Ok(place) => {
                let found = self.products.fetch(ask.name);
                self.tasks.reply(async move {
                    let found = found.await;
                    drop(place);
                    found
                })
            }
        }
    }
}

impl Handler<ListProducts> for FrontEnd {
    type Result = Deferred<Result<Option<Vec<Product>>, Unavailable>>;

    fn handle(&mut self, list: ListProducts, _: &mut Context<Self>) -> Self::Result {
        let (place, products) = (self.enter(), self.products.clone());
        self.tasks.reply(async move {
            let _place = place?;
            products.list(list).await
        })
    }
}

impl Handler<ImportProducts> for FrontEnd {
    type Result = Deferred<Result<Imported, Unavailable>>;

    fn handle(&mut self, ask: ImportProducts, _: &mut Context<Self>) -> Self::Result {
        let products = self.products.clone();
        self.tasks.reply(async move { products.import(&ask.import).await })
    }
}

impl Handler<PlaceOrder> for FrontEnd {
    type Result = Deferred<Result<OrderNumber, OrderError>>;

    fn handle(&mut self, ask: PlaceOrder, _: &mut Context<Self>) -> Self::Result {
        let (place, orders) = (self.enter(), self.orders.clone());
        self.tasks.reply(async move {
            let _place = place.map_err(OrderError::Unavailable)?;
            orders.place(ask).await
        })
    }
}

impl Handler<FindOrder> for FrontEnd {
    type Result = Deferred<Result<Option<Order>, Unavailable>>;

    fn handle(&mut self, ask: FindOrder, _: &mut Context<Self>) -> Self::Result {
        let (place, orders) = (self.enter(), self.orders.clone());
        self.tasks.reply(async move {
            let place = place?;
            let found = orders.find(ask.number).await;
            if found.is_err() && planted(Bug::PlaceNotGivenBack) {
                std::mem::forget(place);
            }
            found
        })
    }
}

impl Handler<ListOrders> for FrontEnd {
    type Result = Deferred<Result<Vec<Order>, Unavailable>>;

    fn handle(&mut self, ask: ListOrders, _: &mut Context<Self>) -> Self::Result {
        let (place, orders) = (self.enter(), self.orders.clone());
        self.tasks.reply(async move {
            let _place = place?;
            orders.list(ask.after, ask.limit).await
        })
    }
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
        let (service, products, net) = (self.service.clone(), self.products.clone(), self.host.net.clone());
        self.tasks.reply(async move {
            let catalog = products.reachable().await;
            let (mut waiting_for, why) = service.waits_for().unwrap_or_default();
            let mut why = if why.is_empty() { Vec::new() } else { vec![why] };
            // The leader's own complaint of the catalog says more.
            if !catalog && !waiting_for.contains(&NodeId::Catalog) {
                waiting_for.insert(0, NodeId::Catalog);
                why.insert(0, products.silence());
            }
            // Silence is not all that there may be to say of them.
            why.extend(waiting_for.iter().filter_map(|peer| net.complaint(*peer)));
            let why = why.join("; ");
            Readiness { ready: waiting_for.is_empty(), waiting_for, why }
        })
    }
}

impl Handler<CopyBook> for FrontEnd {
    type Result = Deferred<Result<Copied, Unavailable>>;

    fn handle(&mut self, ask: CopyBook, _: &mut Context<Self>) -> Self::Result {
        let (place, orders) = (self.enter(), self.orders.clone());
        self.tasks.reply(async move {
            let _place = place?;
            orders.copy(ask).await
        })
    }
}

impl Handler<CopyStock> for FrontEnd {
    type Result = Deferred<Result<Option<Vec<Stocked>>, Unavailable>>;

    fn handle(&mut self, copy: CopyStock, _: &mut Context<Self>) -> Self::Result {
        let (place, products) = (self.enter(), self.products.clone());
        self.tasks.reply(async move {
            let _place = place?;
            products.inventory(copy).await
        })
    }
}

impl Handler<ChangeView> for FrontEnd {
    type Result = Deferred<Option<View>>;

    fn handle(&mut self, ask: ChangeView, _: &mut Context<Self>) -> Self::Result {
        self.tasks.reply(self.service.clone().change(ask))
    }
}

impl Handler<Recover> for FrontEnd {
    type Result = Deferred<Result<Recovery, NotRecovered>>;

    fn handle(&mut self, ask: Recover, _: &mut Context<Self>) -> Self::Result {
        self.tasks.reply(self.service.clone().recover_without(ask))
    }
}

impl Handler<RecoverCatalog> for FrontEnd {
    type Result = Deferred<Result<Rebuilt, NotRecovered>>;

    fn handle(&mut self, ask: RecoverCatalog, _: &mut Context<Self>) -> Self::Result {
        self.tasks.reply(self.service.clone().recover_catalog(ask))
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
