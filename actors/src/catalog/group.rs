//! The calls that may change something, and how those that arrived while a group was under way are decided
//! as the next one (cache rule 3).

use tokio::sync::oneshot;

use super::messages::{Buy, Refusal, Restock, Unsettled};
use super::stock::{Changes, Draft, Stock};
use crate::net::Rpc;
use crate::probe::Event;

/// Where the answer to a message goes; nowhere if nobody wants it.
pub(super) type Way<M> = Option<oneshot::Sender<<M as Rpc>::Reply>>;

/// A call that waits for its group.
#[derive(Debug)]
pub(super) enum Call {
    Buy(Buy, Way<Buy>),
    Unsettled(Unsettled, Way<Unsettled>),
    Restock(Way<Restock>),
}

/// A message that waits for its group.
pub(super) trait Change: Rpc {
    fn call(self, way: Way<Self>) -> Call;
}

impl Change for Buy {
    fn call(self, way: Way<Buy>) -> Call {
        Call::Buy(self, way)
    }
}

impl Change for Unsettled {
    fn call(self, way: Way<Unsettled>) -> Call {
        Call::Unsettled(self, way)
    }
}

impl Change for Restock {
    fn call(self, way: Way<Restock>) -> Call {
        Call::Restock(way)
    }
}

impl Call {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool {
        match self {
            Call::Buy(_, way) => way.as_ref().is_none_or(oneshot::Sender::is_closed),
            Call::Unsettled(_, way) => way.as_ref().is_none_or(oneshot::Sender::is_closed),
            Call::Restock(way) => way.as_ref().is_none_or(oneshot::Sender::is_closed),
        }
    }

    /// Answers it without acting on it.
    pub(super) fn refuse(self, refusal: Refusal) {
        match self {
            Call::Buy(_, way) => answer(way, Err(refusal))(),
            Call::Unsettled(_, way) => answer(way, Err(refusal))(),
            Call::Restock(way) => answer(way, Err(refusal))(),
        }
    }
}

/// The calls that wait while a group is under way.
///
/// A caller that gives up frees its place among the calls of the bridge, but not here, so the bridge's limit
/// alone would not bound this queue.
#[derive(Debug)]
pub(super) struct Queue {
    calls: Vec<Call>,
    limit: usize,
}

impl Queue {
    pub(super) fn new(limit: usize) -> Queue {
        Queue { calls: Vec::new(), limit }
    }

    /// Lets a call wait. If it is full even without the abandoned calls, the new one is dropped: its caller
    /// sees a lost connection, and repeats what it asked.
    pub(super) fn push(&mut self, call: Call) {
        if self.calls.len() >= self.limit {
            self.calls.retain(|call| !call.is_abandoned());
        }
        if self.calls.len() < self.limit {
            self.calls.push(call);
        }
    }

    /// All that waits, in the order of arrival; the queue is empty then.
    pub(super) fn take(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.calls)
    }
}

/// A decided group. Nothing of it may be told before its changes are durable and visible.
pub(super) struct Group {
    /// What it changes.
    pub(super) changes: Changes,
    /// What it has to tell the probe once it is visible.
    pub(super) events: Vec<Event>,
    /// Sends the answers to its calls.
    pub(super) answers: Vec<Box<dyn FnOnce()>>,
}

/// Decides calls in their order, each against what those before it left.
pub(super) fn decide(stock: &Stock, calls: Vec<Call>, restock_to: u64) -> Group {
    let mut draft = Draft::new(stock);
    let mut answers = Vec::with_capacity(calls.len());
    for call in calls {
        answers.push(match call {
            Call::Buy(buy, way) => answer(way, draft.buy(&buy)),
            Call::Unsettled(unsettled, way) => answer(way, draft.unsettled(unsettled.reign)),
            Call::Restock(way) => answer(way, Ok(draft.restock(restock_to))),
        });
    }
    let (changes, events) = draft.finish();
    Group { changes, events, answers }
}

fn answer<T: 'static>(way: Option<oneshot::Sender<T>>, answer: T) -> Box<dyn FnOnce()> {
    Box::new(move || {
        if let Some(way) = way {
            // The caller gave up, which is its right.
            let _ = way.send(answer);
        }
    })
}
