//! The calls that may change something, and how those that arrived while a group was under way are decided
//! as the next one (cache rule 3).

use tokio::sync::oneshot;

use super::memory::Memory;
use super::stock::{Changes, Draft, Stock};
use crate::domain::{Epoch, OrderNumber};
use crate::messages::catalog::{
    Buy, GoOn, Import, Rebuild, Refusal, Register, Registered, Restock, TakeOver,
};
use crate::net::Rpc;
use crate::probe::CatalogEvent;

/// Where the answer to a message goes; nowhere if nobody wants it.
pub(super) type Way<M> = Option<oneshot::Sender<<M as Rpc>::Reply>>;

/// A call that waits for its group.
#[derive(Debug)]
pub(super) enum Call {
    Buy(Buy, Way<Buy>),
    TakeOver(TakeOver, Way<TakeOver>),
    Restock(Way<Restock>),
    Register(Register, Way<Register>),
    Rebuild(Rebuild, Way<Rebuild>),
    GoOn(GoOn, Way<GoOn>),
    Import(Import, Way<Import>),
    /// From the catalog itself: what the front-end told of its view.
    Remember(Memory, Epoch, Option<OrderNumber>),
}

/// A message that waits for its group.
pub(super) trait Change: Rpc {
    fn call(self, way: Way<Self>) -> Call;
}

macro_rules! change {
    ($($message:ident)*) => {$(
        impl Change for $message {
            fn call(self, way: Way<$message>) -> Call {
                Call::$message(self, way)
            }
        }
    )*};
}
change!(Buy TakeOver Register Rebuild GoOn Import);

impl Change for Restock {
    fn call(self, way: Way<Restock>) -> Call {
        Call::Restock(way)
    }
}

fn is_closed<T>(way: &Option<oneshot::Sender<T>>) -> bool {
    way.as_ref().is_none_or(oneshot::Sender::is_closed)
}

impl Call {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool {
        match self {
            Call::Buy(_, way) => is_closed(way),
            Call::TakeOver(_, way) => is_closed(way),
            Call::Restock(way) => is_closed(way),
            Call::Register(_, way) => is_closed(way),
            Call::Rebuild(_, way) => is_closed(way),
            Call::GoOn(_, way) => is_closed(way),
            Call::Import(_, way) => is_closed(way),
            Call::Remember(..) => false,
        }
    }

    /// Whether it changes no stock, so that it need not wait for caches to be dropped: the first that a store
    /// that starts has to say.
    pub(super) fn is_about_memory(&self) -> bool {
        matches!(self, Call::Register(..) | Call::GoOn(..) | Call::Remember(..))
    }

    /// Answers it without acting on it.
    pub(super) fn refuse(self, refusal: Refusal) {
        match self {
            Call::Buy(_, way) => answer(way, Err(refusal))(),
            Call::TakeOver(_, way) => answer(way, Err(refusal))(),
            Call::Restock(way) => answer(way, Err(refusal))(),
            Call::Rebuild(_, way) => answer(way, Err(refusal))(),
            Call::Import(_, way) => answer(way, Err(refusal))(),
            // Whoever asked asks again.
            Call::Register(..) | Call::GoOn(..) | Call::Remember(..) => {}
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
    /// sees a lost connection, and repeats what it asked. Whether there was room.
    pub(super) fn push(&mut self, call: Call) -> bool {
        if self.calls.len() >= self.limit {
            self.calls.retain(|call| !call.is_abandoned());
        }
        let room = self.calls.len() < self.limit;
        if room {
            self.calls.push(call);
        }
        room
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.calls.len()
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
    pub(super) events: Vec<CatalogEvent>,
    /// Sends the answers to its calls.
    pub(super) answers: Vec<Box<dyn FnOnce()>>,
    /// The epoch of the view that the front-end has, if it said so.
    pub(super) floor: Option<Epoch>,
    /// Why the stock is not to be shown any more: a leader showed that it is older than its book.
    pub(super) behind: Option<Refusal>,
    /// Somebody showed how many orders there are: the stock may be shown, unless it is behind.
    pub(super) vouched: bool,
}

/// Decides calls in their order, each against what those before it left.
pub(super) fn decide(stock: &Stock, floor: Option<Epoch>, calls: Vec<Call>, restock_to: u64) -> Group {
    let mut draft = Draft::new(stock, floor);
    let mut answers = Vec::with_capacity(calls.len());
    let (mut new_floor, mut behind, mut vouched) = (None, None, false);
    let mut note = |refusal: Option<&Refusal>| {
        behind = refusal.filter(|refusal| matches!(refusal, Refusal::Behind { .. })).copied().or(behind);
        vouched |= refusal.is_none();
    };
    for call in calls {
        answers.push(match call {
            Call::Buy(buy, way) => {
                let sales = draft.buy(&buy);
                note(sales.as_ref().err());
                answer(way, sales)
            }
            Call::TakeOver(ask, way) => {
                let found = draft.take_over(&ask);
                note(found.as_ref().err());
                answer(way, found)
            }
            Call::Restock(way) => answer(way, Ok(draft.restock(restock_to))),
            Call::Import(ask, way) => answer(way, Ok(draft.import(&ask))),
            Call::Register(ask, way) => {
                let registered = draft.register(&ask);
                if registered == Registered::Welcome {
                    new_floor = Some(ask.epoch);
                    if let Some(orders) = ask.orders {
                        note(draft.vouch(orders).err().as_ref());
                    }
                }
                answer(way, registered)
            }
            Call::Rebuild(ask, way) => {
                let rebuilt = draft.rebuild(&ask);
                if rebuilt.is_ok() {
                    new_floor = Some(ask.leader.epoch);
                }
                answer(way, rebuilt)
            }
            Call::GoOn(ask, way) => {
                let noted = draft.go_on(&ask);
                if noted {
                    new_floor = Some(ask.epoch);
                }
                answer(way, noted)
            }
            Call::Remember(memory, epoch, orders) => {
                draft.remember(Some(memory));
                new_floor = Some(epoch);
                if let Some(orders) = orders {
                    note(draft.vouch(orders).err().as_ref());
                }
                Box::new(|| ())
            }
        });
    }
    let (changes, events) = draft.finish();
    Group { changes, events, answers, floor: new_floor, behind, vouched }
}

fn answer<T: 'static>(way: Option<oneshot::Sender<T>>, answer: T) -> Box<dyn FnOnce()> {
    Box::new(move || {
        if let Some(way) = way {
            // The caller gave up, which is its right.
            let _ = way.send(answer);
        }
    })
}
