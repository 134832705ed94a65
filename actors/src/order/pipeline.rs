//! The placing of orders, around whatever replicates the book: the shell of [`super::request_table`].
//!
//! A leader's term has a session here. Requests that arrive while the book is being asked are looked up
//! together next, requests that arrive while a batch is at the catalog make the next batch, and so on: no
//! stage ever holds more than one thing in flight, and each takes all that waits.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::OrderConfig;
use super::book::read;
use super::replication::{Observer, Replication, Standing};
use super::request_table::{Answer, Batch, Placement, RequestTable, Sold};
use super::writer::Writer;
use crate::bugs::{Bug, planted};
use crate::clock::within;
use crate::domain::{Entry, Epoch, Line, OrderNumber, Purchase, RequestId, Term};
use crate::host::Host;
use crate::messages::catalog::{Buy, Inheritance, Leadership, Refusal, Sale, TakeOver};
use crate::messages::order::{NotServing, Place, PlaceError};
use crate::net::{NodeId, Rpc};
use crate::probe::{ReplicaEvent, ServiceEvent};
use crate::tasks::Tasks;

/// Acknowledged orders are settled with the next batch of purchases; when none comes, after this time.
const SETTLE_AFTER: Duration = Duration::from_millis(50);

type Waiter = oneshot::Sender<Answer>;

/// What became of a purchase at once.
enum Taken {
    Answered(Answer),
    /// The answer comes when it is acknowledged or refused; never, when the term ends before.
    Waits(oneshot::Receiver<Answer>),
}

/// One term, as the pipeline sees it.
struct Session {
    term: Term,
    /// `None` once the term has ended; dropping it tells everyone who waits.
    table: RefCell<Option<RequestTable<Waiter>>>,
    unlooked: RefCell<Vec<RequestId>>,
    look: Notify,
    buy: Notify,
}

impl Session {
    fn with<T>(&self, decide: impl FnOnce(&mut RequestTable<Waiter>) -> T) -> Option<T> {
        self.table.borrow_mut().as_mut().map(decide)
    }

    /// Takes one purchase on.
    fn take(&self, purchase: Purchase, epoch: Epoch) -> Taken {
        let (waiter, answer) = oneshot::channel();
        let key = purchase.key.clone();
        let placement = self.with(|table| {
            table.prune(&key, Waiter::is_closed);
            table.place(purchase, waiter, epoch)
        });
        match placement {
            Some(Placement::Waits { look }) => {
                if look {
                    self.unlooked.borrow_mut().push(key);
                    self.look.notify_one();
                }
                Taken::Waits(answer)
            }
            Some(Placement::Answered(_, answer)) => Taken::Answered(answer),
            Some(Placement::Full(_)) => Taken::Answered(Err(PlaceError::NotServing(NotServing::Overloaded))),
            // The term has ended; so does the waiting.
            None => Taken::Waits(answer),
        }
    }

    fn end(&self) {
        self.table.take();
        self.look.notify_one();
        self.buy.notify_one();
    }
}

/// Turns requests into orders while this replica leads.
pub struct OrderPipeline {
    host: Host,
    config: OrderConfig,
    tasks: Tasks,
    writer: Rc<Writer>,
    replication: Rc<dyn Replication>,
    session: RefCell<Option<Rc<Session>>>,
}

impl OrderPipeline {
    /// A pipeline over a replicated book; it must be made known to it as its [`Observer`].
    pub fn new(
        host: Host,
        config: OrderConfig,
        tasks: Tasks,
        writer: Rc<Writer>,
        replication: Rc<dyn Replication>,
    ) -> Rc<OrderPipeline> {
        Rc::new(OrderPipeline { host, config, tasks, writer, replication, session: RefCell::default() })
    }

    /// Places orders and waits until each is acknowledged or refused. Of those that are answered
    /// [`PlaceError::NotServing`] it is not known whether they will come to pass.
    pub async fn place(&self, place: Place) -> Vec<Answer> {
        let count = place.purchases.len();
        let standing = match self.replication.standing(place.epoch) {
            Ok(standing) => standing,
            Err(why) => return vec![Err(PlaceError::NotServing(why)); count],
        };
        let ended = Err(PlaceError::NotServing(NotServing::NotLeader {
            named: place.epoch,
            current: standing.epoch,
        }));
        let Some(session) = self.session.borrow().clone() else { return vec![ended; count] };
        let taken: Vec<_> =
            place.purchases.into_iter().map(|purchase| session.take(purchase, standing.epoch)).collect();
        self.tell_limits(&session);
        let mut answers = Vec::with_capacity(count);
        let all = async {
            for taken in taken {
                answers.push(match taken {
                    Taken::Answered(answer) => answer,
                    Taken::Waits(answer) => answer.await.unwrap_or(ended.clone()),
                });
            }
        };
        // When the time is up, whoever asked has given up; the purchases go on all the same (C5).
        if within(&*self.host.clock, self.config.call_limit * 2, all).await.is_err() {
            answers.resize(count, Err(PlaceError::NotServing(NotServing::Overloaded)));
        }
        answers
    }

    /// Opens for the requests of a term.
    fn open(self: &Rc<Self>, standing: Standing) {
        let table =
            RequestTable::new(self.config.max_calls, self.config.limits.clone(), standing.acknowledged);
        let session = Rc::new(Session {
            term: standing.term,
            table: RefCell::new(Some(table)),
            unlooked: RefCell::default(),
            look: Notify::new(),
            buy: Notify::new(),
        });
        self.session.replace(Some(session.clone()));
        let (looking, buying) = (self.clone(), self.clone());
        let bought = session.clone();
        self.tasks.spawn(async move { looking.look_loop(session).await });
        self.tasks.spawn(async move { buying.buy_loop(bought).await });
    }

    /// Completes what the predecessor left (rules A4, C7): every purchase that is not in the book becomes an
    /// order, before this leader sends its book to anybody or answers. A book that lacks what is settled must not be
    /// led by (M4).
    async fn inherit(self: Rc<Self>, term: Term) {
        let take_over = |leader, line| TakeOver { leader, line };
        let Some(Inheritance { settled, unsettled }) = self.call_catalog(term, take_over).await else {
            return;
        };
        let Some((Leadership { last, .. }, _)) = self.replication.leadership(term) else { return };
        if last < settled && !planted(Bug::UnfitLeads) {
            return self.replication.unfit(term);
        }
        let Ok(held) = self.held_of(settled, last, &unsettled).await else { return };
        if let Err((number, key)) = held {
            self.host.emit(ReplicaEvent::PurchaseDiffers { number, key });
            return self.replication.superseded(term);
        }
        let in_book = usize::try_from(last.since(settled)).unwrap_or(usize::MAX).min(unsettled.len());
        if in_book > 0 {
            self.host.emit(ReplicaEvent::UnsettledInBook { term, purchases: in_book });
        }
        let missing = unsettled[in_book..].to_vec();
        if !missing.is_empty() && !planted(Bug::TakeoverForgetsUnsettled) {
            self.host.emit(ReplicaEvent::UnsettledCompleted { term, purchases: missing.len() });
            let first = settled + 1 + in_book as u64;
            if !self.replication.append(term, &Sold { first, purchases: missing }) {
                return;
            }
        }
        self.replication.inheritance_appended(term);
    }

    /// Whether the book's orders after `settled` are the purchases of their numbers (M5): else which is not.
    async fn held_of(
        &self,
        settled: OrderNumber,
        last: OrderNumber,
        unsettled: &[Purchase],
    ) -> Result<Result<(), (OrderNumber, RequestId)>, super::writer::Stopped> {
        if last <= settled {
            return Ok(Ok(()));
        }
        let held = self
            .writer
            .read(move |book| read::entries(book, settled, unsettled_limit(last.since(settled))))
            .await?;
        let differs = |(entry, purchase): (Entry, &Purchase)| {
            (entry.purchase.as_ref() != Some(purchase)).then(|| (entry.number, purchase.key.clone()))
        };
        Ok(held.into_iter().zip(unsettled).find_map(differs).map_or(Ok(()), Err))
    }

    /// Looks up the request ids of new requests in the book, all that wait at once.
    async fn look_loop(self: Rc<Self>, session: Rc<Session>) {
        while self.replication.leads_in(session.term) {
            let keys = session.unlooked.take();
            if keys.is_empty() {
                session.look.notified().await;
                continue;
            }
            let asked = keys.clone();
            let Ok(found) = self.writer.read(move |book| read::by_keys(book, &asked)).await else { return };
            for (key, found) in keys.iter().zip(found) {
                let found = found.filter(|_| !planted(Bug::NoDeduplication));
                if let Some(entry) = &found {
                    self.host
                        .emit(ReplicaEvent::DuplicateSuppressed { key: key.clone(), number: entry.number });
                }
                send(session.with(|table| table.looked(key, found)));
            }
            session.buy.notify_one();
        }
    }

    /// Buys what is queued, one batch at a time, each until it is answered (rules C2, C5).
    async fn buy_loop(self: Rc<Self>, session: Rc<Session>) {
        let mut settle_alone = false;
        while self.replication.leads_in(session.term) {
            let Some(batch) = session.with(|table| table.next_batch(settle_alone)) else { return };
            settle_alone = false;
            self.tell_limits(&session);
            match batch {
                Some(batch) => {
                    let Some(sales) = self.buy(session.term, batch).await else { return };
                    self.bought(&session, &sales);
                }
                None if session.with(|table| table.must_settle()).unwrap_or(false) => {
                    settle_alone =
                        within(&*self.host.clock, SETTLE_AFTER, session.buy.notified()).await.is_err();
                }
                None => session.buy.notified().await,
            }
        }
    }

    async fn buy(&self, term: Term, batch: Batch) -> Option<Vec<Sale>> {
        let Batch { number, purchases, settled } = batch;
        let buy = |leader, _| Buy { leader, batch: number, purchases: purchases.clone(), settled };
        self.call_catalog(term, buy).await
    }

    fn bought(&self, session: &Session, sales: &[Sale]) {
        let Some(epoch) =
            self.replication.standing(session.term.first_epoch()).ok().map(|standing| standing.epoch)
        else {
            return;
        };
        let Some(bought) = session.with(|table| table.bought(sales, epoch)) else { return };
        let Some((sold, answers)) = bought else { return self.replication.superseded(session.term) };
        for (_, answer) in &answers {
            self.emit_refusal(answer);
        }
        self.tell_limits(session);
        send(Some(answers));
        if !sold.purchases.is_empty() && self.replication.append(session.term, &sold) {
            session.with(|table| table.appended(&sold));
        }
    }

    fn tell_limits(&self, session: &Session) {
        for limit in session.with(RequestTable::reached).into_iter().flatten() {
            self.host.emit(ServiceEvent::LimitReached { limit });
        }
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        let session = self.session.borrow();
        session.as_ref().and_then(|session| session.with(|table| table.waiting())).unwrap_or(0)
    }

    fn emit_refusal(&self, answer: &Answer) {
        if let Err(PlaceError::NotEnough { left, epoch }) = answer {
            self.host.emit(ReplicaEvent::OutOfStock { left: *left, epoch: *epoch });
        }
    }

    /// Repeats a call to the catalog until it is answered (C5); `None` once the term has ended. It ends here
    /// when the catalog knows a newer one. Each attempt shows what this leader remembers at that time.
    async fn call_catalog<M, T>(&self, term: Term, message: impl Fn(Leadership, Line) -> M) -> Option<T>
    where
        M: Rpc<Reply = Result<T, Refusal>>,
    {
        while let Some((leader, line)) = self.replication.leadership(term) {
            let message = message(leader, line);
            match self.host.net.send(NodeId::Catalog, &message, self.config.call_limit).await {
                Ok(Ok(answer)) => {
                    self.replication.hindered(None);
                    return self.replication.leads_in(term).then_some(answer);
                }
                Ok(Err(Refusal::Superseded { .. })) => self.replication.superseded(term),
                Err(_) if planted(Bug::BuyGivenUp) => return None,
                Ok(Err(why)) => {
                    self.replication.hindered(Some(why));
                    self.host.clock.sleep(self.config.retry_every).await;
                }
                Err(_) => self.host.clock.sleep(self.config.retry_every).await,
            }
        }
        None
    }
}

/// As many as there are, if memory has room for them.
fn unsettled_limit(orders: u64) -> usize {
    usize::try_from(orders).unwrap_or(usize::MAX)
}

fn send(answers: Option<Vec<(Waiter, Answer)>>) {
    for (waiter, answer) in answers.into_iter().flatten() {
        // Whoever asked may have given up; a retry under the same request id finds the same answer.
        let _ = waiter.send(answer);
    }
}

/// What the replication tells. The pipeline holds the replication, so this must not hold the pipeline.
pub struct PipelineObserver(pub Weak<OrderPipeline>);

impl Observer for PipelineObserver {
    fn took_over(&self, term: Term) {
        if let Some(pipeline) = self.0.upgrade() {
            pipeline.tasks.clone().spawn(async move { pipeline.inherit(term).await });
        }
    }

    fn serving(&self, standing: Standing) {
        if let Some(pipeline) = self.0.upgrade() {
            pipeline.open(standing);
        }
    }

    fn acknowledged(&self, standing: Standing) {
        let session = self.0.upgrade().and_then(|pipeline| pipeline.session.borrow().clone());
        if let Some(session) = session {
            send(session.with(|table| table.acknowledged(standing.acknowledged)));
            session.buy.notify_one();
        }
    }

    fn deposed(&self) {
        if let Some(session) = self.0.upgrade().and_then(|pipeline| pipeline.session.take()) {
            session.end();
        }
    }
}
