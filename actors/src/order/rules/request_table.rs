//! Deciding what becomes of requests to order something, during one term.
//!
//! Each request id goes through the stages looking (is it in the book?), queued, buying, appended, and leaves when its
//! order is acknowledged or refused. `W` is whoever waits for the answer.

use std::collections::{BTreeMap, VecDeque};

use crate::bugs::{order as bent, refusals};
use crate::domain::{Entry, Epoch, OrderNumber, Purchase, RequestId, SoldPurchase};
use crate::messages::catalog::Sale;
use crate::messages::order::{PlaceError, Placed};
use crate::order::config::Limits;
use crate::probe::Limit;
use crate::refusals::Refusals;

/// What a request is answered.
pub type PlaceReply = Result<Placed, PlaceError>;

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
    /// The purchases, with the catalog's receipts.
    pub purchases: Vec<SoldPurchase>,
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
    Answered(W, PlaceReply),
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
    refusals: Refusals<(Purchase, Sale)>,
    /// What there was more of than is allowed, since it was last asked.
    reached: Vec<Limit>,
}

impl<W> RequestTable<W> {
    /// No requests yet; at most `capacity` may wait at a time. Orders up to `acknowledged` are acknowledged, and
    /// will be settled, whoever bought them (rule C6).
    #[must_use]
    pub fn new(capacity: usize, limits: Limits, acknowledged: OrderNumber) -> RequestTable<W> {
        let refusals = Refusals::new(limits.refusals);
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
            refusals,
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
            let appended = || self.appended.iter().find(|(_, key)| **key == purchase.key);
            if let Some(number) = bent::answered_early(|| appended().map(|(number, _)| *number)) {
                return Placement::Answered(waiter, Ok(Placed { number }));
            }
            pending.waiters.push(waiter);
            return Placement::Waits { look: false };
        }
        if let Some((refused, sale)) = refusals::remembered(self.refusals.get(&purchase.key)) {
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
    pub fn looked(&mut self, key: &RequestId, found: Option<Entry>) -> Vec<(W, PlaceReply)> {
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
        if bent::forgets_rest(!self.queue.is_empty()) {
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
        let appended = self.appended.last_key_value().map(|(number, _)| *number);
        self.settled = bent::settled(self.acknowledged, appended);
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
    pub fn bought(&mut self, sales: &[Sale], epoch: Epoch) -> Option<(Sold, Vec<(W, PlaceReply)>)> {
        let keys = std::mem::take(&mut self.buying);
        let (mut sold, mut answers) = (Sold { first: OrderNumber::NONE, purchases: Vec::new() }, Vec::new());
        for (key, sale) in keys.iter().zip(sales) {
            let Some(pending) = self.pending.get(key).filter(|pending| pending.stage == Stage::Buying) else {
                continue;
            };
            if let Sale::Sold { number, receipt } = *sale {
                if sold.purchases.is_empty() {
                    sold.first = number;
                }
                if number != sold.first + sold.purchases.len() as u64 {
                    return None;
                }
                sold.purchases.push(SoldPurchase { purchase: pending.purchase.clone(), receipt });
            } else {
                self.remember_refusal(pending.purchase.clone(), *sale);
                answers.extend(self.answer(key, &Err(refusal(*sale, epoch))));
            }
        }
        Some((sold, answers))
    }

    /// What was sold was appended.
    pub fn appended(&mut self, sold: &Sold) {
        for (number, SoldPurchase { purchase, .. }) in sold.first.onward().zip(&sold.purchases) {
            if let Some(pending) = self.pending.get_mut(&purchase.key) {
                pending.stage = Stage::Appended;
            }
            self.appended.insert(number, purchase.key.clone());
        }
    }

    /// Orders up to `number` are acknowledged: they are answered, and will be settled (rule C6).
    pub fn acknowledged(&mut self, number: OrderNumber) -> Vec<(W, PlaceReply)> {
        self.acknowledged = self.acknowledged.max(number);
        let later = self.appended.split_off(&(number + 1));
        let mut answers = Vec::new();
        for (number, key) in std::mem::replace(&mut self.appended, later) {
            answers.extend(self.answer(&key, &Ok(Placed { number })));
        }
        answers
    }

    fn answer(&mut self, key: &RequestId, answer: &PlaceReply) -> Vec<(W, PlaceReply)> {
        let waiters = self.pending.remove(key).map(|pending| pending.waiters).unwrap_or_default();
        waiters.into_iter().map(|waiter| (waiter, answer.clone())).collect()
    }

    fn remember_refusal(&mut self, purchase: Purchase, sale: Sale) {
        let full = self.refusals.keep(purchase.key.clone(), (purchase, sale));
        self.reached.extend(full.then_some(Limit::LeaderRefusals));
    }
}

fn refusal(sale: Sale, epoch: Epoch) -> PlaceError {
    match sale {
        Sale::NotEnough { left } => PlaceError::NotEnough { left, epoch },
        Sale::UnknownProduct | Sale::Sold { .. } => PlaceError::UnknownProduct,
    }
}
