//! What the clients do: shop for some rounds, then check that every order is there.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use rand::rngs::StdRng;
use rand::{Rng, RngExt};

use super::counts::Counts;
use super::history::{History, Operation, OperationInput, OperationKind, OperationOutcome, nanoseconds};
use super::judge::{self, Fault, OrderResult};
use super::silence::Silence;
use super::store_client::{FinishedRequest, StoreClient, StoreRequest};
use crate::console::progress::Progress;
use crate::wire::answers;

/// In one of so many rounds a client looks an order up that is not there yet.
const PEEKS: u32 = 8;

/// An acknowledged order, as its client remembers it.
#[derive(Debug)]
pub struct Remembered {
    /// The key it was ordered under.
    pub key: String,
    /// The order as a lookup must show it.
    pub order: answers::Order,
}

/// All that the clients of one run share.
pub struct ShopState {
    /// Where they shop.
    pub store: StoreClient,
    /// The names of the products that they choose from.
    pub products: Vec<String>,
    /// What they write down.
    pub history: History,
    /// What they count.
    pub counts: RefCell<Counts>,
    /// Every acknowledged order by its number.
    pub orders: RefCell<BTreeMap<u64, Remembered>>,
    /// Set when nobody shall begin another round.
    pub closing: Cell<bool>,
    /// How long nobody's order was placed.
    pub silence: RefCell<Silence>,
}

/// What one client does in the shopping phase.
pub struct ShopperPlan {
    /// Who it is.
    pub client: u32,
    /// How many rounds; `None` for as many as there is time for.
    pub rounds: Option<u32>,
    /// The chance that a round has an order.
    pub buy: f64,
    /// Whether it orders what it has just seen to be sold out, too.
    pub blind: bool,
    /// Chooses toys and quantities; two runs with one seed choose alike.
    pub choices: StdRng,
    /// Makes keys; two runs must never make the same.
    pub keys: StdRng,
}

impl ShopState {
    /// Shops for some rounds. A client that had no answer within a whole deadline goes home: the store is
    /// gone, and its remaining rounds would only repeat that.
    pub async fn go_round(self: Rc<Self>, mut plan: ShopperPlan, progress: Option<Rc<Progress>>) {
        let mut gone = 0;
        while plan.rounds.is_none_or(|rounds| gone < rounds) && !self.closing.get() {
            gone += 1;
            let name = &self.products[plan.choices.random_range(0..self.products.len())];
            let wants = plan.choices.random_bool(plan.buy).then(|| plan.choices.random_range(1..=3));
            let curious = plan.choices.random_ratio(1, PEEKS);
            let Ok(seen) = self.query(plan.client, name).await else { return };
            if let Some(quantity) = wants.filter(|_| seen > 0 || plan.blind)
                && self.order(plan.client, new_key(&mut plan.keys), name, quantity).await.is_err()
            {
                return;
            }
            if curious && self.peek(plan.client).await.is_err() {
                return;
            }
            if let Some(progress) = &progress {
                progress.step(|| self.note());
            }
        }
    }

    /// Looks up orders from `queue` until it is empty, and repeats those that are marked.
    pub async fn check(
        self: Rc<Self>,
        client: u32,
        queue: Rc<RefCell<OrdersToCheck>>,
        progress: Rc<Progress>,
    ) {
        loop {
            // Taken in a statement of its own: the queue is not borrowed while this waits.
            let next = queue.borrow_mut().pop();
            let Some((Remembered { key, order }, repeated)) = next else { return };
            let sound = match self.look_up(client, &order).await {
                Ok(()) if repeated => self.repeat(client, &key, &order).await,
                looked_up => looked_up,
            };
            if sound.is_err() {
                return;
            }
            progress.step(|| self.note());
        }
    }

    /// Queries a product, and says how many pieces of it were seen.
    async fn query(&self, client: u32, name: &str) -> Result<u64, GaveUp> {
        let request = StoreRequest::Product(name);
        let call = self.call(client, OperationKind::Query, &request).await;
        let verdict = judge::query(name, &call.asked);
        let outcome = match &verdict {
            Ok(answers::Product { name, price, quantity }) => {
                OperationOutcome::Product { name, price, quantity: *quantity }
            }
            Err(fault) => fault.into(),
        };
        self.record(&call, None, OperationInput::Product { name }, outcome);
        let seen = verdict.as_ref().map_or(0, |product| product.quantity);
        self.conclude(&request, verdict.map(drop)).map(|()| seen)
    }

    /// Looks up the order that comes after the last that was heard of. There is none as yet, or somebody has just placed it:
    /// a cache on the way that keeps the one answer gives it to whoever looks the order up later.
    async fn peek(&self, client: u32) -> Result<(), GaveUp> {
        let last = self.orders.borrow().last_key_value().map_or(0, |(number, _)| *number);
        let request = StoreRequest::Lookup(last + 1);
        let shown = self.find(client, last + 1).await;
        self.conclude(&request, shown.map(drop))
    }

    async fn find(&self, client: u32, number: u64) -> Result<Option<answers::Order>, Fault> {
        let call = self.call(client, OperationKind::Lookup, &StoreRequest::Lookup(number)).await;
        let shown = judge::shown(&call.asked);
        let outcome = match &shown {
            Ok(Some(found)) => {
                OperationOutcome::Order { number: found.number, name: &found.name, quantity: found.quantity }
            }
            Ok(None) => OperationOutcome::Absent,
            Err(fault) => fault.into(),
        };
        self.record(&call, None, OperationInput::Number { number }, outcome);
        shown
    }

    async fn order(&self, client: u32, key: String, name: &str, quantity: u64) -> Result<(), GaveUp> {
        let request = StoreRequest::Order { key: &key, order: &answers::NewOrder { name, quantity } };
        let call = self.call(client, OperationKind::Order, &request).await;
        let verdict = judge::order(&call.asked);
        self.record(&call, Some(&key), OperationInput::Order { name, quantity }, ordered(&verdict));
        let verdict = verdict.and_then(|ordered| match ordered {
            OrderResult::Placed(number) => {
                self.counts.borrow_mut().placed += 1;
                self.silence.borrow_mut().ends();
                let order = answers::Order { number, name: name.to_owned(), quantity };
                self.remember(Remembered { key: key.clone(), order })
            }
            OrderResult::OutOfStock(_) => {
                self.counts.borrow_mut().out_of_stock += 1;
                Ok(())
            }
        });
        self.conclude(&request, verdict)
    }

    fn remember(&self, new: Remembered) -> Result<(), Fault> {
        let mut orders = self.orders.borrow_mut();
        let number = new.order.number;
        if let Some(first) = orders.get(&number) {
            return Err(Fault::Mismatch(format!(
                "number {number} was given to two orders, under the keys {} and {}",
                first.key, new.key
            )));
        }
        orders.insert(number, new);
        Ok(())
    }

    async fn look_up(&self, client: u32, expected: &answers::Order) -> Result<(), GaveUp> {
        let request = StoreRequest::Lookup(expected.number);
        let shown = self.find(client, expected.number).await;
        let verdict = shown.and_then(|shown| judge::lookup(expected, shown.as_ref()));
        self.counts.borrow_mut().confirmed += u64::from(verdict.is_ok());
        self.conclude(&request, verdict)
    }

    async fn repeat(&self, client: u32, key: &str, order: &answers::Order) -> Result<(), GaveUp> {
        let (name, quantity) = (order.name.as_str(), order.quantity);
        let request = StoreRequest::Order { key, order: &answers::NewOrder { name, quantity } };
        let call = self.call(client, OperationKind::Repeat, &request).await;
        let answered = judge::order(&call.asked);
        self.record(&call, Some(key), OperationInput::Order { name, quantity }, ordered(&answered));
        let verdict = answered.and_then(|ordered| judge::repeat(order.number, &ordered));
        self.counts.borrow_mut().repeated += u64::from(verdict.is_ok());
        self.conclude(&request, verdict)
    }

    async fn call(&self, client: u32, kind: OperationKind, request: &StoreRequest<'_>) -> Call {
        let invoked_ns = nanoseconds(self.history.elapsed());
        let asked = self.store.ask(request).await;
        self.counts.borrow_mut().operation(kind, asked.attempts, asked.took);
        Call { client, kind, invoked_ns, asked }
    }

    fn record(
        &self,
        call: &Call,
        key: Option<&str>,
        input: OperationInput<'_>,
        outcome: OperationOutcome<'_>,
    ) {
        self.history.record(&Operation {
            client: call.client,
            kind: call.kind,
            key,
            input,
            invoked_ns: call.invoked_ns,
            returned_ns: call.invoked_ns.saturating_add(nanoseconds(call.asked.took)),
            attempts: call.asked.attempts,
            outcome,
        });
    }

    fn conclude(&self, request: &StoreRequest<'_>, verdict: Result<(), Fault>) -> Result<(), GaveUp> {
        let Err(fault) = verdict else { return Ok(()) };
        self.counts.borrow_mut().fault(request, &fault);
        match fault {
            Fault::Unknown(_) => Err(GaveUp),
            Fault::Refused(_) | Fault::Mismatch(_) => Ok(()),
        }
    }

    fn note(&self) -> String {
        let counts = self.counts.borrow();
        let faults = match counts.faults() {
            0 => String::new(),
            faults => format!(", {faults} faults"),
        };
        format!("{} orders placed, {} retries{faults}", counts.placed, counts.retries)
    }
}

/// A client had no answer within a whole deadline and stops.
struct GaveUp;

/// One operation with all its attempts.
struct Call {
    client: u32,
    kind: OperationKind,
    invoked_ns: u64,
    asked: FinishedRequest,
}

impl<'a> From<&'a Fault> for OperationOutcome<'a> {
    fn from(fault: &'a Fault) -> OperationOutcome<'a> {
        match fault {
            Fault::Unknown(_) => OperationOutcome::Unknown,
            Fault::Refused(why) | Fault::Mismatch(why) => OperationOutcome::Refused(why),
        }
    }
}

fn ordered(verdict: &Result<OrderResult, Fault>) -> OperationOutcome<'_> {
    match verdict {
        Ok(OrderResult::Placed(number)) => OperationOutcome::Placed(*number),
        Ok(OrderResult::OutOfStock(message)) => OperationOutcome::OutOfStock(message),
        Err(fault) => fault.into(),
    }
}

/// 128 random bits: no two orders of any two runs share a key.
fn new_key(keys: &mut StdRng) -> String {
    format!("{:016x}{:016x}", keys.next_u64(), keys.next_u64())
}

/// The orders that are still to be checked.
#[derive(Debug)]
pub struct OrdersToCheck {
    waiting: std::collections::btree_map::IntoValues<u64, Remembered>,
    taken: usize,
    repeat_every: usize,
}

impl OrdersToCheck {
    /// Orders to look up, of which about `repeats`, evenly spread, are also repeated.
    pub fn new(orders: BTreeMap<u64, Remembered>, repeats: usize) -> OrdersToCheck {
        let repeat_every = orders.len().div_ceil(repeats.max(1)).max(1);
        OrdersToCheck { waiting: orders.into_values(), taken: 0, repeat_every }
    }

    /// The next order, and whether it is one to repeat.
    fn pop(&mut self) -> Option<(Remembered, bool)> {
        let order = self.waiting.next()?;
        let repeated = self.taken.is_multiple_of(self.repeat_every);
        self.taken += 1;
        Some((order, repeated))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn repeats_are_spread_over_all_orders() {
        for (orders, repeats, expected) in
            [(0u64, 10, vec![]), (3, 10, vec![1, 2, 3]), (10, 4, vec![1, 4, 7, 10])]
        {
            let remembered = |number| {
                let order = answers::Order { number, name: "Tux".into(), quantity: 1 };
                (number, Remembered { key: String::new(), order })
            };
            let mut queue = OrdersToCheck::new((1..=orders).map(remembered).collect(), repeats);
            let all: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
            assert_eq!(all.len() as u64, orders);
            let repeated: Vec<_> = all.iter().filter(|(_, repeated)| *repeated).collect();
            let numbers: Vec<_> = repeated.iter().map(|(order, _)| order.order.number).collect();
            assert_eq!(numbers, expected, "{orders} orders");
        }
    }

    #[test]
    fn keys_are_valid_idempotency_keys() {
        let mut keys = StdRng::seed_from_u64(1);
        let (one, two) = (new_key(&mut keys), new_key(&mut keys));
        assert_ne!(one, two);
        assert_eq!(one.len(), 32);
        assert!(toystore_actors::domain::RequestId::new(&one).is_ok());
    }
}
