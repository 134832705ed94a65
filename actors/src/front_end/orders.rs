//! Places orders and looks them up.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::single_flight::{Joined, SingleFlight};
use super::store::OrderStore;
use crate::bugs::front_end as bent;
use crate::clock::{Timestamp, within};
use crate::domain::{Order, OrderNumber, Purchase, RequestId};
use crate::host::Host;
use crate::messages::front_end::{
    Copied, CopyBook, FindOrder, ListOrders, OrderError, PlaceOrder, Unavailable,
};
use crate::tasks::Tasks;

type Outcome = Result<OrderNumber, OrderError>;

/// Attempts under one request id are one attempt: a shopper who repeats an order while the first attempt is still
/// being worked on joins it. Were two attempts made side by side, one of them could be told "not enough in stock" by
/// one leader while the other is sold by the next (rule C4).
pub struct Orders<S> {
    host: Host,
    deadline: Duration,
    tasks: Tasks,
    store: S,
    under_way: RefCell<SingleFlight<RequestId, Purchase, oneshot::Sender<Outcome>>>,
}

impl<S: OrderStore + 'static> Orders<S> {
    /// Orders that `store` keeps; each request may take so long, with all its retries.
    pub fn new(host: Host, deadline: Duration, tasks: Tasks, store: S) -> Orders<S> {
        Orders { host, deadline, tasks, store, under_way: RefCell::default() }
    }

    /// Who keeps them.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Places an order, or joins the attempt that is under way for its request id.
    pub async fn place(self: Rc<Self>, ask: PlaceOrder) -> Outcome {
        let purchase = Purchase { key: ask.key, name: ask.name, quantity: ask.quantity };
        let waits = self.join(purchase)?;
        match within(&*self.host.clock, self.deadline, waits).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(OrderError::Unavailable(self.store.too_late())),
        }
    }

    fn join(self: &Rc<Self>, purchase: Purchase) -> Result<oneshot::Receiver<Outcome>, OrderError> {
        let (tx, rx) = oneshot::channel();
        let (key, until) = (&purchase.key, self.until());
        let mut under_way = self.under_way.borrow_mut();
        if under_way.about(key).is_some_and(|about| *about != purchase) {
            return Err(OrderError::KeyReused);
        }
        let joined = under_way.join(key, purchase.clone(), tx, until);
        drop(under_way);
        match joined {
            Joined::First => self.tasks.spawn(self.clone().work(purchase, Timestamp::default())),
            Joined::Waits if bent::attempts_beside() => self.tasks.spawn(self.clone().work(purchase, until)),
            Joined::Waits => {}
        }
        Ok(rx)
    }

    /// Works on one request id for as long as anybody waits for it, and in any case until `at_least`.
    async fn work(self: Rc<Self>, purchase: Purchase, at_least: Timestamp) {
        let key = purchase.key.clone();
        let until = || self.under_way.borrow().until(&key).unwrap_or(at_least);
        let outcome = self.store.place(purchase, until).await;
        let waiting = self.under_way.borrow_mut().end(&key);
        for waiter in waiting {
            // Whoever gave up needs no answer.
            let _ = waiter.send(outcome.clone());
        }
    }

    /// One order by its number.
    pub async fn find(self: Rc<Self>, ask: FindOrder) -> Result<Option<Order>, Unavailable> {
        self.store.find(ask.number, self.until()).await
    }

    /// Orders after a number.
    pub async fn list(self: Rc<Self>, ask: ListOrders) -> Result<Vec<Order>, Unavailable> {
        self.store.list(ask.after, ask.limit, self.until()).await
    }

    /// What the book has after a place in it.
    pub async fn copy(self: Rc<Self>, ask: CopyBook) -> Result<Copied, Unavailable> {
        self.store.copy(ask, self.until()).await
    }

    fn until(&self) -> Timestamp {
        self.host.clock.now() + self.deadline
    }
}
