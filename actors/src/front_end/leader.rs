//! The orders, kept by whichever replica leads.
//!
//! Whatever goes wrong with an attempt, it is tried again through the leader of the then current view, until
//! the time is up; an order always under the same request id, so that it is placed once.

use std::rc::Rc;
use std::time::Duration;

use super::config::FrontEndConfig;
use super::leader_batcher::LeaderBatcher;
use super::store::OrderStore;
use crate::clock::{Timestamp, within};
use crate::domain::{Order, OrderNumber, Purchase, View};
use crate::host::{Gauge, Host};
use crate::messages::front_end::{Copied, CopyBook, OrderError, Unavailable};
use crate::messages::order::{
    AppendEntries, FetchEntries, FetchReply, Lookup, NotServing, Page, PlaceError, Placed,
};
use crate::net::{NetError, NodeId};
use crate::probe::FrontEndEvent;
use crate::retry::Retry;
use crate::tasks::Tasks;
use crate::view_service::ViewService;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Asks the leader that the view service knows.
pub struct LeaderClient {
    host: Host,
    call_limit: Duration,
    service: Rc<ViewService>,
    batcher: Rc<LeaderBatcher>,
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
enum Judged<T> {
    /// The shopper may have it.
    Final(T),
    /// It does not serve.
    NotServing(NotServing),
    /// Perhaps true, perhaps the word of a leader that is no more.
    Again,
}

impl LeaderClient {
    /// Orders go to the leader that `service` knows.
    pub fn new(host: Host, config: &FrontEndConfig, tasks: Tasks, service: Rc<ViewService>) -> LeaderClient {
        let batcher = LeaderBatcher::new(host.clone(), tasks, service.clone(), config);
        LeaderClient { host, call_limit: config.call_limit, service, batcher }
    }

    /// How many calls with orders are under way.
    pub fn gauge(&self) -> Gauge {
        self.batcher.gauge()
    }

    /// Asks the leader, again and again, until `judge` finds an answer final or the time is up, which may be
    /// put off meanwhile.
    async fn through_leader<R, T>(
        &self,
        until: impl Fn() -> Timestamp,
        ask: impl AsyncFn(&View, Attempt) -> Option<Result<R, NetError>>,
        judge: impl Fn(R, &View, Option<&View>) -> Judged<T>,
    ) -> Result<T, Unavailable> {
        let clock = &*self.host.clock;
        let mut retry = Retry::new(clock, FIRST_PAUSE, LONGEST_PAUSE);
        let mut number = 0;
        while let Some(time) = retry.left(until()) {
            let changes = self.service.leader_changes();
            let Some(view) = self.service.serving() else {
                // Either way the next turn looks at what there is.
                let _ = within(clock, time, changes).await;
                continue;
            };
            number += 1;
            match ask(&view, Attempt { number, limit: time.min(self.call_limit) }).await {
                None => continue,
                Some(Ok(reply)) => match judge(reply, &view, self.service.current().as_ref()) {
                    Judged::Final(answer) => return Ok(answer),
                    Judged::NotServing(NotServing::Overloaded) => return Err(overloaded()),
                    Judged::NotServing(why) => self.service.not_serving(&view, why),
                    Judged::Again => {}
                },
                Some(Err(NetError::Overloaded)) => return Err(overloaded()),
                Some(Err(error)) => self.service.unreachable(&view, &error),
            }
            // A leader that begins to serve, or a new one, ends the pause.
            retry.pause_unless(time, changes).await;
        }
        Err(self.too_late())
    }
}

impl OrderStore for LeaderClient {
    async fn place(
        &self,
        purchase: Purchase,
        until: impl Fn() -> Timestamp,
    ) -> Result<OrderNumber, OrderError> {
        let place = async |view: &View, attempt: Attempt| {
            if attempt.number > 1 {
                self.host.emit(FrontEndEvent::OrderRetried { key: purchase.key.clone(), epoch: view.epoch });
            }
            self.batcher.place(view.clone(), purchase.clone()).await
        };
        self.through_leader(until, place, judge).await.unwrap_or_else(|why| Err(OrderError::Unavailable(why)))
    }

    async fn find(&self, number: OrderNumber, until: Timestamp) -> Result<Option<Order>, Unavailable> {
        let ask = async |view: &View, attempt: Attempt| {
            let lookup = Lookup { epoch: Some(view.epoch), number };
            self.service.ask_leader(view, &lookup, attempt.limit).await
        };
        self.through_leader(|| until, ask, passed_on).await
    }

    async fn list(
        &self,
        after: OrderNumber,
        limit: u32,
        until: Timestamp,
    ) -> Result<Vec<Order>, Unavailable> {
        let ask = async |view: &View, attempt: Attempt| {
            let page = Page { epoch: view.epoch, after, limit };
            self.service.ask_leader(view, &page, attempt.limit).await
        };
        self.through_leader(|| until, ask, passed_on).await
    }

    /// As a replica that catches up is told it. The leader of an earlier view may answer after another has come to lead;
    /// but whatever was acknowledged before it was asked, it has acknowledged.
    async fn copy(&self, copy: CopyBook, until: Timestamp) -> Result<Copied, Unavailable> {
        let ask = async |view: &View, attempt: Attempt| {
            let ask = FetchEntries { epoch: view.epoch, after: copy.after, limit: copy.limit };
            self.service.ask_leader(view, &ask, attempt.limit).await
        };
        self.through_leader(|| until, ask, |chunk, _, _| copied(chunk)).await
    }

    fn waits_for(&self) -> Option<(Vec<NodeId>, String)> {
        self.service.waits_for()
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

/// What may be told to the shopper (rule C4). `sent` is the view that the request went out under, `now` the current
/// one.
///
/// A "no" is passed on only if it comes from the leader of the current view, in the current epoch: another's
/// may have been overtaken by a leader that sold it after all. A number is always true, because only an
/// acknowledged order has one.
fn judge(
    reply: Result<Placed, PlaceError>,
    sent: &View,
    now: Option<&View>,
) -> Judged<Result<OrderNumber, OrderError>> {
    let current = |epoch| now.is_some_and(|view| view.leader == sent.leader && view.epoch == epoch);
    match reply {
        Ok(placed) => Judged::Final(Ok(placed.number)),
        Err(PlaceError::NotEnough { left, epoch }) if current(epoch) => {
            Judged::Final(Err(OrderError::NotEnough { left }))
        }
        Err(PlaceError::KeyReused) if current(sent.epoch) => Judged::Final(Err(OrderError::KeyReused)),
        Err(PlaceError::UnknownProduct) => Judged::Final(Err(OrderError::UnknownProduct)),
        Err(PlaceError::NotServing(why)) => Judged::NotServing(why),
        Err(PlaceError::NotEnough { .. } | PlaceError::KeyReused) => Judged::Again,
    }
}

/// Lookups need no judging: a replica answers only in the epoch that the request names.
fn passed_on<T>(reply: Result<T, NotServing>, _: &View, _: Option<&View>) -> Judged<T> {
    reply.map_or_else(Judged::NotServing, Judged::Final)
}

fn copied(chunk: FetchReply) -> Judged<Copied> {
    match chunk {
        FetchReply::Entries(AppendEntries { view, entries, acknowledged, .. }) => {
            Judged::Final(Copied::Entries { store: view.store, acknowledged, entries })
        }
        FetchReply::Diverged { .. } => Judged::Final(Copied::Diverged),
        FetchReply::NotServing(why) => Judged::NotServing(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Epoch, Line, Members, ReplicaId, Run, StoreId};

    // Rule C4.
    #[test]
    fn a_refusal_is_passed_on_only_from_the_current_leader_in_its_epoch() {
        let view = |epoch, leader| {
            let (store, by, line) = (StoreId::new(1), Run::new(1), Line::default());
            let (epoch, leader) = (Epoch::new(epoch), ReplicaId::new(leader));
            View { store, by, line, epoch, leader, in_sync: Members::default() }
        };
        let sold_out = |epoch| Err(PlaceError::NotEnough { left: 2, epoch: Epoch::new(epoch) });
        let four = OrderNumber::new(4);
        let no = Judged::Final(Err(OrderError::NotEnough { left: 2 }));
        let reused = Judged::Final(Err(OrderError::KeyReused));
        let unknown = Judged::Final(Err(OrderError::UnknownProduct));
        let taking_over = NotServing::TakingOver { epoch: Epoch::new(5) };
        for (case, reply, now, expected) in [
            ("placed", Ok(Placed { number: four }), Some(view(5, 3)), Judged::Final(Ok(four))),
            (
                "placed by an old leader",
                Ok(Placed { number: four }),
                Some(view(6, 2)),
                Judged::Final(Ok(four)),
            ),
            ("sold out", sold_out(5), Some(view(5, 3)), no.clone()),
            ("sold out, after a change both know", sold_out(6), Some(view(6, 3)), no),
            ("sold out, before a change", sold_out(5), Some(view(6, 3)), Judged::Again),
            ("sold out, an old leader", sold_out(5), Some(view(6, 2)), Judged::Again),
            ("sold out, an old leader that knows", sold_out(6), Some(view(6, 2)), Judged::Again),
            ("sold out, no view", sold_out(5), None, Judged::Again),
            ("reused", Err(PlaceError::KeyReused), Some(view(5, 3)), reused),
            ("reused, an old leader", Err(PlaceError::KeyReused), Some(view(6, 2)), Judged::Again),
            ("unknown", Err(PlaceError::UnknownProduct), Some(view(6, 2)), unknown),
            ("not now", Err(PlaceError::NotServing(taking_over)), None, Judged::NotServing(taking_over)),
        ] {
            assert_eq!(judge(reply, &view(5, 3), now.as_ref()), expected, "{case}");
        }
    }
}
