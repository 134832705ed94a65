//! Places orders and looks them up, through whoever leads.
//!
//! Whatever goes wrong with an attempt, it is tried again through the leader of the then current view, until
//! the shopper's deadline; an order always under the same request id, so that it is placed once.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::FrontEndConfig;
use super::in_flight::{InFlight, Joined};
use super::leader_batcher::LeaderBatcher;
use crate::bugs::{Bug, planted};
use crate::clock::{Timestamp, within};
use crate::domain::{Order, OrderNumber, Purchase, View};
use crate::host::{Gauge, Host};
use crate::messages::front_end::{Copied, CopyBook, OrderError, PlaceOrder, Unavailable};
use crate::messages::order::{
    AppendEntries, FetchEntries, FetchReply, Lookup, NotServing, Page, PlaceError, Placed,
};
use crate::net::NetError;
use crate::probe::FrontEndEvent;
use crate::retry::{Backoff, left};
use crate::tasks::Tasks;
use crate::view_service::ViewService;

type Outcome = Result<OrderNumber, OrderError>;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The shell around [`InFlight`], and the retries.
pub struct Orders {
    host: Host,
    config: FrontEndConfig,
    tasks: Tasks,
    service: Rc<ViewService>,
    batcher: Rc<LeaderBatcher>,
    joins: RefCell<InFlight<oneshot::Sender<Outcome>>>,
}

/// One attempt of several.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    /// Which, from 1.
    number: u32,
    /// How long it may take.
    limit: Duration,
}

/// What an answer of a leader amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict<T> {
    /// The shopper may have it.
    Final(T),
    /// It does not serve.
    NotServing(NotServing),
    /// Perhaps true, perhaps the word of a leader that is no more.
    Again,
}

impl Orders {
    /// Orders go to the leader that `service` knows.
    pub fn new(host: Host, config: FrontEndConfig, tasks: Tasks, service: Rc<ViewService>) -> Orders {
        let batcher = LeaderBatcher::new(host.clone(), tasks.clone(), service.clone(), &config);
        Orders { host, config, tasks, service, batcher, joins: RefCell::default() }
    }

    /// How many calls with orders are under way.
    pub fn gauge(&self) -> Gauge {
        self.batcher.gauge()
    }

    /// Places an order, or joins the attempt that is under way for its request id.
    pub async fn place(self: Rc<Self>, ask: PlaceOrder) -> Outcome {
        let purchase = Purchase { key: ask.key, name: ask.name, quantity: ask.quantity };
        let (tx, rx) = oneshot::channel();
        let until = self.host.clock.now() + self.config.deadline;
        let joined = self.joins.borrow_mut().join(&purchase, tx, until);
        match joined {
            Joined::Differs => return Err(OrderError::KeyReused),
            Joined::Waits if planted(Bug::AttemptsSideBySide) => {
                self.tasks.spawn(self.clone().work(purchase, until));
            }
            Joined::Waits => {}
            Joined::First => self.tasks.spawn(self.clone().work(purchase, Timestamp::default())),
        }
        match within(&*self.host.clock, self.config.deadline, rx).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(OrderError::Unavailable(self.too_late())),
        }
    }

    /// Works on one request id for as long as anybody waits for it, and in any case until `at_least`.
    async fn work(self: Rc<Self>, purchase: Purchase, at_least: Timestamp) {
        let until = || self.joins.borrow().until(&purchase.key).unwrap_or(at_least);
        let carry = async |view: &View, attempt: Attempt| {
            if attempt.number > 1 {
                self.host.emit(FrontEndEvent::OrderRetried { key: purchase.key.clone(), epoch: view.epoch });
            }
            self.batcher.carry(view.clone(), purchase.clone()).await
        };
        let outcome = self.through_leader(until, carry, judge).await;
        let outcome = outcome.unwrap_or_else(|why| Err(OrderError::Unavailable(why)));
        let waiting = self.joins.borrow_mut().finish(&purchase.key);
        for waiter in waiting {
            // Whoever gave up needs no answer.
            let _ = waiter.send(outcome.clone());
        }
    }

    /// One order by its number.
    pub async fn find(self: Rc<Self>, number: OrderNumber) -> Result<Option<Order>, Unavailable> {
        let until = self.host.clock.now() + self.config.deadline;
        let ask = async |view: &View, attempt: Attempt| {
            let lookup = Lookup { epoch: Some(view.epoch), number };
            self.service.ask_leader(view, &lookup, attempt.limit).await
        };
        self.through_leader(|| until, ask, passed_on).await
    }

    /// Orders after a number.
    pub async fn list(self: Rc<Self>, after: OrderNumber, limit: u32) -> Result<Vec<Order>, Unavailable> {
        let until = self.host.clock.now() + self.config.deadline;
        let ask = async |view: &View, attempt: Attempt| {
            let page = Page { epoch: view.epoch, after, limit };
            self.service.ask_leader(view, &page, attempt.limit).await
        };
        self.through_leader(|| until, ask, passed_on).await
    }

    /// What the leader's book has after a place in it, as a replica that catches up is told it. The leader of an
    /// earlier view may answer after another has come to lead; but whatever was acknowledged before it was asked, it
    /// has acknowledged.
    pub async fn copy(self: Rc<Self>, copy: CopyBook) -> Result<Copied, Unavailable> {
        let until = self.host.clock.now() + self.config.deadline;
        let ask = async |view: &View, attempt: Attempt| {
            let ask = FetchEntries { epoch: view.epoch, after: copy.after, limit: copy.limit };
            self.service.ask_leader(view, &ask, attempt.limit).await
        };
        self.through_leader(|| until, ask, |chunk, _, _| copied(chunk)).await
    }

    /// Asks the leader, again and again, until `judge` finds an answer final or the time is up, which may be
    /// put off meanwhile.
    async fn through_leader<R, T>(
        &self,
        until: impl Fn() -> Timestamp,
        ask: impl AsyncFn(&View, Attempt) -> Option<Result<R, NetError>>,
        judge: impl Fn(R, &View, Option<&View>) -> Verdict<T>,
    ) -> Result<T, Unavailable> {
        let clock = &*self.host.clock;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut number = 0;
        while let Some(time) = left(until(), clock.now()) {
            let changes = self.service.leader_changes();
            let Some(view) = self.service.serving() else {
                // Either way the next turn looks at what there is.
                let _ = within(clock, time, changes).await;
                continue;
            };
            number += 1;
            match ask(&view, Attempt { number, limit: time.min(self.config.call_limit) }).await {
                None => continue,
                Some(Ok(reply)) => match judge(reply, &view, self.service.current().as_ref()) {
                    Verdict::Final(answer) => return Ok(answer),
                    Verdict::NotServing(NotServing::Overloaded) => return Err(overloaded()),
                    Verdict::NotServing(why) => self.service.not_serving(&view, why),
                    Verdict::Again => {}
                },
                Some(Err(NetError::Overloaded)) => return Err(overloaded()),
                Some(Err(error)) => self.service.unreachable(&view, &error),
            }
            // A leader that begins to serve, or a new one, ends the pause.
            let _ = within(clock, backoff.pause().min(time), changes).await;
        }
        Err(self.too_late())
    }

    fn too_late(&self) -> Unavailable {
        let why =
            self.service.waits_for().map_or_else(|| "the leader has not answered".into(), |(_, why)| why);
        // Without a view there is nobody to ask; and once there is one, there always is.
        Unavailable { why: format!("no answer in time ({why})"), asked: self.service.current().is_some() }
    }
}

fn overloaded() -> Unavailable {
    Unavailable { why: "too many orders are waiting".into(), asked: true }
}

/// What may be told to the shopper. `sent` is the view that the request went out under, `now` the current
/// one.
///
/// A "no" is passed on only if it comes from the leader of the current view, in the current epoch: another's
/// may have been overtaken by a leader that sold it after all. A number is always true, because only an
/// acknowledged order has one.
fn judge(reply: Result<Placed, PlaceError>, sent: &View, now: Option<&View>) -> Verdict<Outcome> {
    let current = |epoch| now.is_some_and(|view| view.leader == sent.leader && view.epoch == epoch);
    match reply {
        Ok(placed) => Verdict::Final(Ok(placed.number)),
        Err(PlaceError::NotEnough { left, epoch }) if current(epoch) => {
            Verdict::Final(Err(OrderError::NotEnough { left }))
        }
        Err(PlaceError::KeyReused) if current(sent.epoch) => Verdict::Final(Err(OrderError::KeyReused)),
        Err(PlaceError::UnknownProduct) => Verdict::Final(Err(OrderError::UnknownProduct)),
        Err(PlaceError::NotServing(why)) => Verdict::NotServing(why),
        Err(PlaceError::NotEnough { .. } | PlaceError::KeyReused) => Verdict::Again,
    }
}

/// Lookups need no judging: a replica answers only in the epoch that the request names.
fn passed_on<T>(reply: Result<T, NotServing>, _: &View, _: Option<&View>) -> Verdict<T> {
    reply.map_or_else(Verdict::NotServing, Verdict::Final)
}

fn copied(chunk: FetchReply) -> Verdict<Copied> {
    match chunk {
        FetchReply::Entries(AppendEntries { view, entries, acknowledged, .. }) => {
            Verdict::Final(Copied::Entries { store: view.store, acknowledged, entries })
        }
        FetchReply::Diverged { .. } => Verdict::Final(Copied::Diverged),
        FetchReply::NotServing(why) => Verdict::NotServing(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Line, Members, Run, StoreId};

    #[test]
    fn a_refusal_is_passed_on_only_from_the_current_leader_in_its_epoch() {
        let view = |epoch, leader| {
            let (store, by, line) = (StoreId::new(1), Run::new(1), Line::default());
            View { store, by, line, epoch, leader, in_sync: Members::default() }
        };
        let sold_out = |epoch| Err(PlaceError::NotEnough { left: 2, epoch });
        let no = Verdict::Final(Err(OrderError::NotEnough { left: 2 }));
        let reused = Verdict::Final(Err(OrderError::KeyReused));
        let unknown = Verdict::Final(Err(OrderError::UnknownProduct));
        let taking_over = NotServing::TakingOver { epoch: 5 };
        for (case, reply, now, expected) in [
            ("placed", Ok(Placed { number: 4 }), Some(view(5, 3)), Verdict::Final(Ok(4))),
            ("placed by an old leader", Ok(Placed { number: 4 }), Some(view(6, 2)), Verdict::Final(Ok(4))),
            ("sold out", sold_out(5), Some(view(5, 3)), no.clone()),
            ("sold out, after a change both know", sold_out(6), Some(view(6, 3)), no),
            ("sold out, before a change", sold_out(5), Some(view(6, 3)), Verdict::Again),
            ("sold out, an old leader", sold_out(5), Some(view(6, 2)), Verdict::Again),
            ("sold out, an old leader that knows", sold_out(6), Some(view(6, 2)), Verdict::Again),
            ("sold out, no view", sold_out(5), None, Verdict::Again),
            ("reused", Err(PlaceError::KeyReused), Some(view(5, 3)), reused),
            ("reused, an old leader", Err(PlaceError::KeyReused), Some(view(6, 2)), Verdict::Again),
            ("unknown", Err(PlaceError::UnknownProduct), Some(view(6, 2)), unknown),
            ("not now", Err(PlaceError::NotServing(taking_over)), None, Verdict::NotServing(taking_over)),
        ] {
            assert_eq!(judge(reply, &view(5, 3), now.as_ref()), expected, "{case}");
        }
    }
}
