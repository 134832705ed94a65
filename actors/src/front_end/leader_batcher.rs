//! Sends orders to the leader in batches: what arrives while calls are under way makes the next one.
//!
//! A call costs both ends about as much for a hundred orders as for one. So few calls are under way at once, deployed
//! two, that one batch is bought while the one before is being synced, and whatever waits goes together. An order
//! that arrives when there is little to do goes at once and alone.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::config::FrontEndConfig;
use crate::bugs::front_end as bent;
use crate::domain::{Purchase, View};
use crate::host::{Gauge, Host};
use crate::messages::order::{Place, PlaceError, Placed};
use crate::net::NetError;
use crate::probe::{Limit, ServiceEvent};
use crate::tasks::Tasks;
use crate::view_service::ViewService;

/// What became of an order that was sent once: the leader's answer, or why there is none; `None` when the
/// leader has changed meanwhile, so that no answer is to be expected.
pub type BatchedReply = Option<Result<Result<Placed, PlaceError>, NetError>>;

struct QueuedOrder {
    view: View,
    purchase: Purchase,
    receipt: oneshot::Sender<BatchedReply>,
}

/// Sends orders to the leader.
pub struct LeaderBatcher {
    host: Host,
    tasks: Tasks,
    service: Rc<ViewService>,
    limit: Duration,
    calls: usize,
    batch: usize,
    waiting: RefCell<VecDeque<QueuedOrder>>,
    under_way: Rc<Cell<usize>>,
}

impl LeaderBatcher {
    /// Nothing to send yet.
    pub fn new(
        host: Host,
        tasks: Tasks,
        service: Rc<ViewService>,
        config: &FrontEndConfig,
    ) -> Rc<LeaderBatcher> {
        Rc::new(LeaderBatcher {
            host,
            tasks,
            service,
            limit: config.call_limit,
            calls: config.limits.leader_calls,
            batch: config.limits.leader_batch,
            waiting: RefCell::default(),
            under_way: Rc::default(),
        })
    }

    /// How many calls are under way.
    pub fn gauge(&self) -> Gauge {
        let under_way = self.under_way.clone();
        Gauge::new(Limit::LeaderCalls, self.calls, move || under_way.get())
    }

    /// Sends an order to the leader of `view`, once.
    pub async fn place(self: &Rc<Self>, view: View, purchase: Purchase) -> BatchedReply {
        let (receipt, reply) = oneshot::channel();
        self.waiting.borrow_mut().push_back(QueuedOrder { view, purchase, receipt });
        let under_way = self.under_way.get();
        if bent::may_call(under_way, self.calls) {
            self.under_way.set(under_way + 1);
            let batcher = self.clone();
            self.tasks.spawn(async move { batcher.send_what_waits().await });
        } else {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::LeaderCalls });
        }
        reply.await.unwrap_or(None)
    }

    async fn send_what_waits(self: Rc<Self>) {
        while let Some((view, queued)) = self.next_batch() {
            let (purchases, receipts): (Vec<_>, Vec<_>) =
                queued.into_iter().map(|order| (order.purchase, order.receipt)).unzip();
            let place = Place { epoch: view.epoch, purchases };
            let reply = self.service.ask_leader(&view, &place, self.limit).await;
            hand_over(reply, receipts);
        }
        self.under_way.set(self.under_way.get() - 1);
    }

    /// What waits for one and the same view. What waits for a leader that no longer leads is sent back.
    fn next_batch(&self) -> Option<(View, Vec<QueuedOrder>)> {
        let mut waiting = self.waiting.borrow_mut();
        let leader = self.service.current().map(|view| view.leader);
        while let Some(stale) = waiting.pop_front_if(|order| Some(order.view.leader) != leader) {
            give(stale.receipt, None);
        }
        let view = waiting.front()?.view.clone();
        let alike = waiting.iter().take(self.batch + 1).take_while(|order| order.view.epoch == view.epoch);
        let same = alike.count();
        if same > self.batch {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::LeaderCallOrders });
        }
        Some((view, waiting.drain(..same.min(self.batch)).collect()))
    }
}

type Reply = Option<Result<Vec<Result<Placed, PlaceError>>, NetError>>;

fn hand_over(reply: Reply, receipts: Vec<oneshot::Sender<BatchedReply>>) {
    let nothing = match reply {
        Some(Ok(answers)) if answers.len() == receipts.len() => {
            return receipts
                .into_iter()
                .zip(answers)
                .for_each(|(receipt, answer)| give(receipt, Some(Ok(answer))));
        }
        Some(Ok(answers)) => {
            let why = format!("{} answers to {} orders", answers.len(), receipts.len());
            Some(Err(NetError::Malformed(why)))
        }
        Some(Err(error)) => Some(Err(error)),
        None => None,
    };
    receipts.into_iter().for_each(|receipt| give(receipt, nothing.clone()));
}

fn give(receipt: oneshot::Sender<BatchedReply>, reply: BatchedReply) {
    // Whoever gave up needs no answer.
    let _ = receipt.send(reply);
}
