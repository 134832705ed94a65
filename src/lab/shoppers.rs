//! People who shop in the store while it is being broken: tasks of this process that come in by the front door.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::Arbiter;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::refusal::Refusal;
use crate::client::shop::judge::{self, Fault, OrderResult};
use crate::client::shop::store_client::{StoreClient, StoreRequest, StoreUrl};
use crate::console::failure::Failure;
use crate::wire::answers::NewOrder;

/// As many may shop at once.
const MOST: u32 = 200;

/// How long one waits between two requests, in milliseconds.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 50..=350;

/// How long one asks for the same before it looks whether it may go home. It then goes on with the same.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked what the store sells.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How long until that is tried again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How many shop, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopperPlan {
    /// How many.
    pub count: u32,
    /// The chance that one who has looked at a toy orders it, in percent.
    pub buy_percent: u32,
}

impl Default for ShopperPlan {
    fn default() -> ShopperPlan {
        ShopperPlan { count: 0, buy_percent: 20 }
    }
}

impl ShopperPlan {
    /// Itself, if it can be.
    ///
    /// # Errors
    /// With what can be.
    pub fn checked(self) -> Result<ShopperPlan, Refusal> {
        let ShopperPlan { count, buy_percent } = self;
        if count > MOST {
            return Err(Refusal::Wrong(format!("count is {count}; use a number from 0 to {MOST}")));
        }
        if buy_percent > 100 {
            return Err(Refusal::Wrong(format!("buy_percent is {buy_percent}; use a number from 0 to 100")));
        }
        Ok(self)
    }
}

/// What became of what shoppers asked for, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ShopperCounts {
    /// Looked at a toy, and were shown it.
    pub seen: u64,
    /// Orders acknowledged.
    pub placed: u64,
    /// Orders refused for lack of stock.
    pub sold_out: u64,
    /// Requests that were repeated, because their outcome was not known.
    pub retries: u64,
    /// Answers that nobody should get.
    pub refused: u64,
}

/// The counters behind [`ShopperCounts`].
#[derive(Debug, Default)]
pub struct ShopperTally {
    seen: AtomicU64,
    placed: AtomicU64,
    sold_out: AtomicU64,
    retries: AtomicU64,
    refused: AtomicU64,
}

impl ShopperTally {
    /// What it has counted.
    pub fn counts(&self) -> ShopperCounts {
        let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ShopperCounts {
            seen: now(&self.seen),
            placed: now(&self.placed),
            sold_out: now(&self.sold_out),
            retries: now(&self.retries),
            refused: now(&self.refused),
        }
    }
}

fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// The shoppers, on a thread of their own.
pub struct Shoppers(Arbiter);

impl Shoppers {
    /// Lets people in at the front door, as many as the plan says at any time.
    ///
    /// # Errors
    /// When the system gives no thread or no random numbers.
    pub fn start(
        door: SocketAddr,
        plan: watch::Receiver<ShopperPlan>,
        tally: Arc<ShopperTally>,
    ) -> Result<Shoppers, Failure> {
        let could_not = |what: &dyn std::fmt::Display| {
            Failure::CouldNotRun(format!("the lab's shoppers cannot come in: {what}"))
        };
        let url: StoreUrl = format!("http://{door}").parse().map_err(|why: String| could_not(&why))?;
        let chance = StdRng::try_from_rng(&mut SysRng).map_err(|error| could_not(&error))?;
        let arbiter = Arbiter::try_with_tokio_rt(|| {
            tokio::runtime::Builder::new_current_thread().enable_all().thread_name("shoppers").build()
        })
        .map_err(|error| could_not(&error))?;
        arbiter.spawn_fn(move || {
            let client = StoreClient::new(url, MOST as usize, PATIENCE);
            let street =
                Street { client, tally, plan, chance: RefCell::new(chance), toys: RefCell::default() };
            let street = Rc::new(street);
            actix::spawn(street.clone().look_around());
            actix::spawn(street.open());
        });
        Ok(Shoppers(arbiter))
    }

    /// Sends everybody home at once.
    pub fn leave(self) {
        self.0.stop();
        if self.0.join().is_err() {
            log::warn!("the thread of the lab's shoppers panicked while it was stopped");
        }
    }
}

/// What all shoppers share.
struct Street {
    client: StoreClient,
    tally: Arc<ShopperTally>,
    plan: watch::Receiver<ShopperPlan>,
    chance: RefCell<StdRng>,
    /// What the store sells.
    toys: RefCell<Vec<String>>,
}

impl Street {
    /// Keeps as many shopping as the plan says.
    async fn open(self: Rc<Street>) {
        let mut inside: Vec<Rc<Cell<bool>>> = Vec::new();
        let mut plan = self.plan.clone();
        loop {
            let wanted = plan.borrow_and_update().count as usize;
            while inside.len() < wanted {
                let may_go = Rc::new(Cell::new(false));
                inside.push(may_go.clone());
                actix::spawn(self.clone().shop(may_go));
            }
            inside.drain(wanted..).for_each(|may_go| may_go.set(true));
            if plan.changed().await.is_err() {
                // The lab is over.
                return;
            }
        }
    }

    /// Keeps an eye on what the store sells, while somebody shops.
    async fn look_around(self: Rc<Street>) {
        let mut plan = self.plan.clone();
        while plan.wait_for(|plan| plan.count > 0).await.is_ok() {
            let pause = match self.list().await {
                Ok(toys) if !toys.is_empty() => {
                    *self.toys.borrow_mut() = toys;
                    LOOK_EVERY
                }
                _ => LOOK_AGAIN,
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn list(&self) -> Result<Vec<String>, Fault> {
        let (mut toys, mut after) = (Vec::new(), None);
        loop {
            let page =
                judge::products(&self.client.ask(&StoreRequest::Products { after: after.as_deref() }).await)?;
            toys.extend(page.data.into_iter().map(|product| product.name));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(toys),
            }
        }
    }

    /// One shopper, until it may go.
    async fn shop(self: Rc<Street>, may_go: Rc<Cell<bool>>) {
        while !may_go.get() {
            let pause = self.chance.borrow_mut().random_range(PAUSE_MS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let Some(toy) = self.choose() else { continue };
            if self.look_at(&toy).await && self.wants_it() {
                self.order(&toy, &may_go).await;
            }
        }
    }

    fn choose(&self) -> Option<String> {
        let toys = self.toys.borrow();
        let last = toys.len().checked_sub(1)?;
        Some(toys[self.chance.borrow_mut().random_range(0..=last)].clone())
    }

    fn wants_it(&self) -> bool {
        let percent = self.plan.borrow().buy_percent;
        self.chance.borrow_mut().random_ratio(percent.min(100), 100)
    }

    /// Whether there is any of it.
    async fn look_at(&self, toy: &str) -> bool {
        let asked = self.client.ask(&StoreRequest::Product(toy)).await;
        count(&self.tally.retries, u64::from(asked.attempts.saturating_sub(1)));
        match judge::query(toy, &asked) {
            Ok(product) => {
                count(&self.tally.seen, 1);
                product.quantity > 0
            }
            Err(fault) => {
                self.note(&fault);
                false
            }
        }
    }

    /// Orders some, and asks under the same key until it knows what became of it.
    async fn order(&self, name: &str, may_go: &Cell<bool>) {
        let (key, quantity) = {
            let mut chance = self.chance.borrow_mut();
            (format!("{:016x}{:016x}", chance.next_u64(), chance.next_u64()), chance.random_range(1..=3))
        };
        let request = StoreRequest::Order { key: &key, order: &NewOrder { name, quantity } };
        loop {
            let asked = self.client.ask(&request).await;
            let answer = judge::order(&asked);
            let is_unknown = matches!(answer, Err(Fault::Unknown(_)));
            count(&self.tally.retries, u64::from(asked.attempts.saturating_sub(u32::from(!is_unknown))));
            match answer {
                Ok(OrderResult::Placed(_)) => count(&self.tally.placed, 1),
                Ok(OrderResult::OutOfStock(_)) => count(&self.tally.sold_out, 1),
                Err(Fault::Unknown(_)) if !may_go.get() => continue,
                Err(fault) => self.note(&fault),
            }
            return;
        }
    }

    fn note(&self, fault: &Fault) {
        if let Fault::Refused(why) | Fault::Mismatch(why) = fault {
            log::warn!("a shopper of the lab was answered what nobody should be: {why}");
            count(&self.tally.refused, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_may_come() {
        for (count, buy_percent, may) in
            [(0, 0, true), (200, 100, true), (201, 20, false), (5, 101, false), (u32::MAX, 0, false)]
        {
            assert_eq!(ShopperPlan { count, buy_percent }.checked().is_ok(), may, "{count} {buy_percent}");
        }
    }
}
