//! Deciding what becomes of requests to order something, during one term.
//!
//! Data in, decisions out; the shell around it is [`super::pipeline`]. Each request id goes through the stages
//! looking (is it in the book?), queued, buying, appended, and leaves when its order is acknowledged or
//! refused. `W` is whoever waits for the answer.

use std::collections::{BTreeMap, VecDeque};

use super::Limits;
use crate::bugs::{Bug, planted};
use crate::domain::{Entry, Epoch, OrderNumber, Purchase, RequestId};
use crate::messages::catalog::Sale;
use crate::messages::order::{PlaceError, Placed};
use crate::probe::Limit;

/// What is answered to a request.
pub type Answer = Result<Placed, PlaceError>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Looking,
    Queued,
    Buying,
    Appended,
}

#[derive(Debug)]
struct Pending<W> {
    stage: Stage,
    purchase: Purchase,
    waiters: Vec<W>,
}

/// One batch for the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number within the term.
    pub number: u64,
    /// What to buy.
    pub purchases: Vec<Purchase>,
    /// Orders up to this number are acknowledged.
    pub settled: OrderNumber,
}

/// What a batch brought, to be appended: purchases with consecutive numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// The number of the first purchase; the others follow (rule M5).
    pub first: OrderNumber,
    /// The purchases.
    pub purchases: Vec<Purchase>,
}

/// What became of a request at once.
#[derive(Debug, PartialEq, Eq)]
pub enum Placement<W> {
    /// It waits; if `look`, its key must first be looked up in the book.
    Waits {
        /// Whether the book must be asked.
        look: bool,
    },
    /// It is answered.
    Answered(W, Answer),
    /// Too many wait.
    Full(W),
}

/// The requests of one term.
#[derive(Debug)]
pub struct RequestTable<W> {
    capacity: usize,
    limits: Limits,
    pending: BTreeMap<RequestId, Pending<W>>,
    queue: VecDeque<RequestId>,
    buying: Vec<RequestId>,
    appended: BTreeMap<OrderNumber, RequestId>,
    /// Orders up to this number are acknowledged, and those up to `settled` are settled, or will be by the batch in
    /// flight.
    acknowledged: OrderNumber,
    settled: OrderNumber,
    batches: u64,
    refusals: BTreeMap<RequestId, (Purchase, Sale)>,
    refusal_order: VecDeque<RequestId>,
    /// What there was more of than is allowed, since it was last asked.
    reached: Vec<Limit>,
}

impl<W> RequestTable<W> {
    /// No requests yet; at most `capacity` may wait at a time. Orders up to `acknowledged` are acknowledged, and
    /// will be settled, whoever bought them (rule C6).
    #[must_use]
    pub fn new(capacity: usize, limits: Limits, acknowledged: OrderNumber) -> RequestTable<W> {
        RequestTable {
            capacity,
            limits,
            pending: BTreeMap::new(),
            queue: VecDeque::new(),
            buying: Vec::new(),
            appended: BTreeMap::new(),
            acknowledged,
            settled: OrderNumber::NONE,
            batches: 0,
            refusals: BTreeMap::new(),
            refusal_order: VecDeque::new(),
            reached: Vec::new(),
        }
    }

    /// A request arrives. A request id that waits already is joined: it is answered when the first is, and
    /// never before its order is acknowledged (rule A2). One that was refused is refused again (rule C3).
    pub fn place(&mut self, purchase: Purchase, waiter: W, epoch: Epoch) -> Placement<W> {
        if let Some(pending) = self.pending.get_mut(&purchase.key) {
            if pending.purchase != purchase {
                return Placement::Answered(waiter, Err(PlaceError::KeyReused));
            }
            let mut unacknowledged = self.appended.iter();
            if let Some((number, _)) = unacknowledged.find(|(_, key)| **key == purchase.key)
                && planted(Bug::DuplicateAnsweredEarly)
            {
                return Placement::Answered(waiter, Ok(Placed { number: *number }));
            }
            pending.waiters.push(waiter);
            return Placement::Waits { look: false };
        }
        if let Some((refused, sale)) = self.refusals.get(&purchase.key)
            && !planted(Bug::RefusalForgotten)
        {
            let answer = if *refused == purchase { refusal(*sale, epoch) } else { PlaceError::KeyReused };
            return Placement::Answered(waiter, Err(answer));
        }
        if self.pending.len() >= self.capacity {
            self.reached.push(Limit::PendingOrders);
            return Placement::Full(waiter);
        }
        let key = purchase.key.clone();
        self.pending.insert(key, Pending { stage: Stage::Looking, purchase, waiters: vec![waiter] });
        Placement::Waits { look: true }
    }

    /// Forgets waiters that nobody is behind any more.
    pub fn prune(&mut self, key: &RequestId, gone: impl Fn(&W) -> bool) {
        if let Some(pending) = self.pending.get_mut(key) {
            pending.waiters.retain(|waiter| !gone(waiter));
        }
    }

    /// The book was asked for a request id, and what it holds is acknowledged. Not there: it is queued to
    /// be bought. There: it is answered with the order it already has.
    pub fn looked(&mut self, key: &RequestId, found: Option<Entry>) -> Vec<(W, Answer)> {
        let Some(pending) = self.pending.get_mut(key).filter(|pending| pending.stage == Stage::Looking)
        else {
            return Vec::new();
        };
        let Some(entry) = found else {
            pending.stage = Stage::Queued;
            self.queue.push_back(key.clone());
            return Vec::new();
        };
        let same = entry.purchase.as_ref() == Some(&pending.purchase);
        let answer = if same { Ok(Placed { number: entry.number }) } else { Err(PlaceError::KeyReused) };
        self.answer(key, &answer)
    }

    /// The next batch for the catalog, if none is in flight and there is something to buy, or (when
    /// `settle_alone`) at least something to settle. Rule C2: numbered, and one at a time.
    pub fn next_batch(&mut self, settle_alone: bool) -> Option<Batch> {
        let due = !self.queue.is_empty() || (settle_alone && self.must_settle());
        if !self.buying.is_empty() || !due {
            return None;
        }
        let over = self.queue.len() > self.limits.batch;
        self.reached.extend(over.then_some(Limit::BatchPurchases));
        let keys: Vec<_> = self.queue.drain(..self.queue.len().min(self.limits.batch)).collect();
        let mut purchases = Vec::with_capacity(keys.len());
        if !self.queue.is_empty() && planted(Bug::BatchRestForgotten) {
            self.queue.clear();
        }
        for key in &keys {
            if let Some(pending) = self.pending.get_mut(key) {
                pending.stage = Stage::Buying;
                purchases.push(pending.purchase.clone());
            }
        }
        self.buying = keys;
        self.batches += 1;
        self.settled = self.acknowledged;
        if let Some((last, _)) = self.appended.last_key_value()
            && planted(Bug::SettledEarly)
        {
            self.settled = *last;
        }
        Some(Batch { number: self.batches, purchases, settled: self.settled })
    }

    /// The limits that were reached since this was last asked.
    pub fn reached(&mut self) -> Vec<Limit> {
        std::mem::take(&mut self.reached)
    }

    /// How many requests wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Whether something waits to be settled.
    #[must_use]
    pub fn must_settle(&self) -> bool {
        self.acknowledged > self.settled
    }

    /// The catalog answered the batch in flight, one sale for each purchase. Returns what must be appended
    /// and who is refused. Rule A3: what has been appended meanwhile is not appended again. `None` if the catalog
    /// gave numbers that do not follow one another: it sold before what this leader does not know of.
    pub fn bought(&mut self, sales: &[Sale], epoch: Epoch) -> Option<(Sold, Vec<(W, Answer)>)> {
        let keys = std::mem::take(&mut self.buying);
        let (mut sold, mut answers) = (Sold { first: OrderNumber::NONE, purchases: Vec::new() }, Vec::new());
        for (key, sale) in keys.iter().zip(sales) {
            let Some(pending) = self.pending.get(key).filter(|pending| pending.stage == Stage::Buying) else {
                continue;
            };
            if let Sale::Sold { number } = *sale {
                if sold.purchases.is_empty() {
                    sold.first = number;
                }
                if number != sold.first + sold.purchases.len() as u64 {
                    return None;
                }
                sold.purchases.push(pending.purchase.clone());
            } else {
                self.remember_refusal(pending.purchase.clone(), *sale);
                answers.extend(self.answer(key, &Err(refusal(*sale, epoch))));
            }
        }
        Some((sold, answers))
    }

    /// What was sold was appended.
    pub fn appended(&mut self, sold: &Sold) {
        for (number, purchase) in sold.first.onward().zip(&sold.purchases) {
            if let Some(pending) = self.pending.get_mut(&purchase.key) {
                pending.stage = Stage::Appended;
            }
            self.appended.insert(number, purchase.key.clone());
        }
    }

    /// Orders up to `number` are acknowledged: they are answered, and will be settled (rule C6).
    pub fn acknowledged(&mut self, number: OrderNumber) -> Vec<(W, Answer)> {
        self.acknowledged = self.acknowledged.max(number);
        let later = self.appended.split_off(&(number + 1));
        let mut answers = Vec::new();
        for (number, key) in std::mem::replace(&mut self.appended, later) {
            answers.extend(self.answer(&key, &Ok(Placed { number })));
        }
        answers
    }

    fn answer(&mut self, key: &RequestId, answer: &Answer) -> Vec<(W, Answer)> {
        let waiters = self.pending.remove(key).map(|pending| pending.waiters).unwrap_or_default();
        waiters.into_iter().map(|waiter| (waiter, answer.clone())).collect()
    }

    fn remember_refusal(&mut self, purchase: Purchase, sale: Sale) {
        if self.refusal_order.len() >= self.limits.refusals {
            self.reached.push(Limit::LeaderRefusals);
            if planted(Bug::NewestRefusalForgotten) {
                return;
            }
            self.refusal_order.pop_front().map(|oldest| self.refusals.remove(&oldest));
        }
        self.refusal_order.push_back(purchase.key.clone());
        self.refusals.insert(purchase.key.clone(), (purchase, sale));
    }
}

fn refusal(sale: Sale, epoch: Epoch) -> PlaceError {
    match sale {
        Sale::NotEnough { left } => PlaceError::NotEnough { left, epoch },
        Sale::UnknownProduct | Sale::Sold { .. } => PlaceError::UnknownProduct,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProductName, Quantity};

    fn purchase(key: &str, quantity: u64) -> Purchase {
        Purchase {
            key: RequestId::new(key).unwrap(),
            name: ProductName::new("Tux").unwrap(),
            quantity: Quantity::new(quantity).unwrap(),
        }
    }

    fn key(key: &str) -> RequestId {
        RequestId::new(key).unwrap()
    }

    /// A request that is looked for, not found and put into the batch in flight.
    fn buying(table: &mut RequestTable<u32>, text: &str, waiter: u32) -> Batch {
        assert_eq!(table.place(purchase(text, 1), waiter, 7), Placement::Waits { look: true });
        assert_eq!(table.looked(&key(text), None), []);
        table.next_batch(false).unwrap()
    }

    #[test]
    fn a_request_goes_through_its_stages_and_is_answered_once_acknowledged() {
        let mut table = RequestTable::new(10, Limits::default(), 4);
        let batch = buying(&mut table, "a", 1);
        assert_eq!((batch.number, batch.purchases.len()), (1, 1));
        assert_eq!(batch.settled, 4);
        let (sold, answers) = table.bought(&[Sale::Sold { number: 5 }], 7).unwrap();
        assert_eq!(answers, []);
        table.appended(&sold);
        // A repeated request waits for the acknowledgement like the first (A2).
        assert_eq!(table.place(purchase("a", 1), 2, 7), Placement::Waits { look: false });
        assert_eq!(table.acknowledged(4), []);
        assert_eq!(table.acknowledged(5), [(1, Ok(Placed { number: 5 })), (2, Ok(Placed { number: 5 }))]);
        assert_eq!(table.next_batch(true).unwrap().settled, 5);
    }

    #[test]
    fn what_was_sold_is_appended_only_under_numbers_that_follow_one_another() {
        let sold = |number| Sale::Sold { number };
        let little = Sale::NotEnough { left: 0 };
        for (sales, expected) in [
            ([sold(5), sold(6), sold(7)], Some((5, 3))),
            ([sold(5), little, sold(6)], Some((5, 2))),
            ([little, little, little], Some((0, 0))),
            ([sold(5), sold(3), sold(6)], None),
            ([sold(5), little, sold(7)], None),
        ] {
            let mut table = RequestTable::new(10, Limits::default(), 4);
            for (waiter, text) in ["a", "b", "c"].into_iter().enumerate() {
                table.place(purchase(text, 1), waiter as u32, 7);
                table.looked(&key(text), None);
            }
            table.next_batch(false).unwrap();
            let bought = table.bought(&sales, 7).map(|(sold, _)| (sold.first, sold.purchases.len()));
            assert_eq!(bought, expected, "{sales:?}");
        }
    }

    #[test]
    fn one_batch_is_in_flight_and_the_rest_waits_for_the_next() {
        let mut table = RequestTable::new(10, Limits::default(), 4);
        buying(&mut table, "a", 1);
        table.place(purchase("b", 1), 2, 7);
        table.looked(&key("b"), None);
        assert_eq!(table.next_batch(true), None);
        table.bought(&[Sale::Sold { number: 5 }], 7).unwrap();
        assert_eq!(table.next_batch(false).map(|batch| batch.number), Some(2));
    }

    #[test]
    fn a_refusal_is_repeated_within_the_term() {
        let mut table = RequestTable::new(10, Limits::default(), 4);
        buying(&mut table, "a", 1);
        let refused = |epoch| Err(PlaceError::NotEnough { left: 0, epoch });
        assert_eq!(table.bought(&[Sale::NotEnough { left: 0 }], 7).unwrap().1, [(1, refused(7))]);
        assert_eq!(table.place(purchase("a", 1), 2, 8), Placement::Answered(2, refused(8)));
        assert_eq!(table.place(purchase("a", 2), 3, 8), Placement::Answered(3, Err(PlaceError::KeyReused)));
    }

    #[test]
    fn what_exceeds_a_batch_comes_with_the_next_and_the_oldest_refusal_is_forgotten() {
        for (limit, batches) in [(1, vec![1, 1, 1]), (2, vec![2, 1]), (3, vec![3]), (9, vec![3])] {
            let limits = Limits { batch: limit, refusals: limit, ..Limits::default() };
            let mut table = RequestTable::new(10, limits, 4);
            for text in ["a", "b", "c"] {
                table.place(purchase(text, 1), 1, 7);
                table.looked(&key(text), None);
            }
            for size in batches {
                let batch = table.next_batch(false).unwrap();
                assert_eq!((batch.purchases.len(), batch.settled), (size, 4), "limit {limit}");
                table.bought(&vec![Sale::NotEnough { left: 0 }; size], 7).unwrap();
            }
            let again = |text| table.place(purchase(text, 1), 2, 7) == Placement::Waits { look: true };
            assert_eq!(["a", "b", "c"].map(again), [limit < 3, limit < 2, false], "limit {limit}");
            let reached = table.reached();
            let over = [Limit::BatchPurchases, Limit::LeaderRefusals];
            assert!(over.iter().all(|limit_of| reached.contains(limit_of) == (limit < 3)), "limit {limit}");
        }
    }

    #[test]
    fn a_key_of_another_order_is_refused_wherever_the_first_one_is() {
        let mut table = RequestTable::new(10, Limits::default(), 4);
        table.place(purchase("a", 1), 1, 7);
        assert_eq!(table.place(purchase("a", 2), 2, 7), Placement::Answered(2, Err(PlaceError::KeyReused)));
        let entry = Entry { number: 3, epoch: 1, purchase: Some(purchase("a", 9)) };
        assert_eq!(table.looked(&key("a"), Some(entry)), [(1, Err(PlaceError::KeyReused))]);
    }

    #[test]
    fn a_full_queue_turns_away_new_requests_but_not_repeated_ones() {
        let mut table = RequestTable::new(1, Limits::default(), 0);
        table.place(purchase("a", 1), 1, 7);
        assert_eq!(table.place(purchase("b", 1), 2, 7), Placement::Full(2));
        assert_eq!(table.place(purchase("a", 1), 3, 7), Placement::Waits { look: false });
    }
}
