//! Turning requests into orders: the shell of [`RequestTable`].
//!
//! A leader's term has a session here. Requests that arrive while the book is being asked are looked up
//! together next, requests that arrive while a batch is at the catalog make the next batch, and so on: no
//! stage ever holds more than one thing in flight, and each takes all that waits.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::book::read;
use super::config::OrderConfig;
use super::replica::{Leading, Replica};
use super::rules::buying::{AfterCall, after_call};
use super::rules::inheritance::{self, Claim, Completion};
use super::rules::{Batch, PlaceReply, Placement, RequestTable, Serving};
use super::writer::Writer;
use crate::bugs::order as bent;
use crate::clock::within;
use crate::domain::{Epoch, Line, Purchase, RequestId, Term};
use crate::host::Host;
use crate::messages::catalog::{Buy, Inheritance, Leadership, Refusal, Sale, TakeOver};
use crate::messages::order::{NotServing, Place, PlaceError};
use crate::net::{NodeId, Rpc};
use crate::probe::{ReplicaEvent, ServiceEvent};
use crate::tasks::Tasks;

/// Acknowledged orders are settled with the next batch of purchases; when none comes, after this time.
const SETTLE_AFTER: Duration = Duration::from_millis(50);

type Waiter = oneshot::Sender<PlaceReply>;

/// What became of a purchase at once.
enum Taken {
    Answered(PlaceReply),
    /// The answer comes when it is acknowledged or refused; never, when the term ends before.
    Waits(oneshot::Receiver<PlaceReply>),
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
    replica: Rc<Replica>,
    session: RefCell<Option<Rc<Session>>>,
}

impl OrderPipeline {
    /// The pipeline of a replica, which tells it when it leads.
    pub fn new(
        host: Host,
        config: OrderConfig,
        tasks: Tasks,
        writer: Rc<Writer>,
        replica: Rc<Replica>,
    ) -> Rc<OrderPipeline> {
        let session = RefCell::default();
        let pipeline = Rc::new(OrderPipeline { host, config, tasks, writer, replica, session });
        // The pipeline holds the replica, so the replica must not hold the pipeline.
        let told = Rc::downgrade(&pipeline);
        pipeline.replica.tell_leading(move |what| {
            if let Some(pipeline) = told.upgrade() {
                pipeline.hear(what);
            }
        });
        pipeline
    }

    fn hear(self: &Rc<Self>, what: Leading) {
        match what {
            Leading::TookOver(term) => {
                let pipeline = self.clone();
                self.tasks.spawn(async move { pipeline.inherit(term).await });
            }
            Leading::Serving(serving) => self.open(serving),
            Leading::Acknowledged(serving) => {
                let session = self.session.borrow().clone();
                if let Some(session) = session {
                    send(session.with(|table| table.acknowledged(serving.acknowledged)));
                    session.buy.notify_one();
                }
            }
            Leading::Ended => {
                if let Some(session) = self.session.take() {
                    session.end();
                }
            }
        }
    }

    /// Places orders and waits until each is acknowledged or refused. Of those that are answered
    /// [`PlaceError::NotServing`] it is not known whether they will come to pass.
    pub async fn place(&self, place: Place) -> Vec<PlaceReply> {
        let count = place.purchases.len();
        let serving = match self.replica.serving(place.epoch) {
            Ok(serving) => serving,
            Err(why) => return vec![Err(PlaceError::NotServing(why)); count],
        };
        let ended =
            Err(PlaceError::NotServing(NotServing::NotLeader { named: place.epoch, current: serving.epoch }));
        let Some(session) = self.session.borrow().clone() else { return vec![ended; count] };
        let taken: Vec<_> =
            place.purchases.into_iter().map(|purchase| session.take(purchase, serving.epoch)).collect();
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
    fn open(self: &Rc<Self>, serving: Serving) {
        let table =
            RequestTable::new(self.config.max_calls, self.config.limits.clone(), serving.acknowledged);
        let session = Rc::new(Session {
            term: serving.term,
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

    /// Completes what the predecessor left (rules A4, C7, C8): every purchase that is not in the book becomes an
    /// order as it was sold, before this leader sends its book to anybody or answers. A book that lacks what is settled must not be
    /// led by (M4).
    async fn inherit(self: Rc<Self>, term: Term) {
        let take_over = |leader, line| TakeOver { leader, line };
        let Some(Inheritance { settled, unsettled }) = self.call_catalog(term, take_over).await else {
            return;
        };
        let Some((Leadership { last, .. }, _)) = self.replica.leadership(term) else { return };
        let (after, entries) = match inheritance::claim(settled, last) {
            Claim::Unfit => return self.replica.unfit(term),
            Claim::Compare { after, entries } => (after, entries),
        };
        let held = match entries {
            0 => Ok(Vec::new()),
            _ => self.writer.read(move |book| read::entries(book, after, entries)).await,
        };
        let Ok(held) = held else { return };
        match inheritance::complete(settled, &held, last, &unsettled) {
            Completion::Differs(number, key) => {
                self.host.emit(ReplicaEvent::PurchaseDiffers { number, key });
                return self.replica.superseded(term);
            }
            Completion::Append { in_book, missing } => {
                if in_book > 0 {
                    self.host.emit(ReplicaEvent::UnsettledInBook { term, purchases: in_book });
                }
                if let Some(mut sold) = missing {
                    bent::completes(&mut sold.purchases, || self.host.clock.wall());
                    let purchases = sold.purchases.len();
                    self.host.emit(ReplicaEvent::UnsettledCompleted { term, purchases });
                    if !self.replica.append(term, &sold) {
                        return;
                    }
                }
            }
        }
        self.replica.inheritance_appended(term);
    }

    /// Looks up the request ids of new requests in the book, all that wait at once.
    async fn look_loop(self: Rc<Self>, session: Rc<Session>) {
        while self.replica.leads_in(session.term) {
            let keys = session.unlooked.take();
            if keys.is_empty() {
                session.look.notified().await;
                continue;
            }
            let asked = keys.clone();
            let Ok(found) = self.writer.read(move |book| read::by_keys(book, &asked)).await else { return };
            for (key, found) in keys.iter().zip(found) {
                let found = bent::found_in_book(found);
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
        while self.replica.leads_in(session.term) {
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
        let Some(epoch) = self.replica.epoch_of(session.term) else { return };
        let Some(bought) = session.with(|table| table.bought(sales, epoch)) else { return };
        let Some((sold, answers)) = bought else { return self.replica.superseded(session.term) };
        for (_, answer) in &answers {
            self.emit_refusal(answer);
        }
        self.tell_limits(session);
        send(Some(answers));
        if !sold.purchases.is_empty() && self.replica.append(session.term, &sold) {
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

    fn emit_refusal(&self, answer: &PlaceReply) {
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
        while let Some((leader, line)) = self.replica.leadership(term) {
            let outcome =
                self.host.net.send(NodeId::Catalog, &message(leader, line), self.config.call_limit).await;
            match after_call(outcome) {
                AfterCall::Take(answer) => {
                    self.replica.catalog_said(None);
                    return self.replica.leads_in(term).then_some(answer);
                }
                AfterCall::Superseded => self.replica.superseded(term),
                AfterCall::Again(refusal) => {
                    if refusal.is_some() {
                        self.replica.catalog_said(refusal);
                    }
                    self.host.clock.sleep(self.config.retry_every).await;
                }
                AfterCall::GiveUp => return None,
            }
        }
        None
    }
}

fn send(answers: Option<Vec<(Waiter, PlaceReply)>>) {
    for (waiter, answer) in answers.into_iter().flatten() {
        // Whoever asked may have given up; a retry under the same request id finds the same answer.
        let _ = waiter.send(answer);
    }
}
