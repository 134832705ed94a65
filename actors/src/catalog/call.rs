//! The calls that may change something. They wait for one another: each becomes a part of a group.

use tokio::sync::oneshot;

use super::memory::Memory;
use crate::domain::{Epoch, OrderNumber};
use crate::messages::catalog::{Buy, GoOn, Import, Rebuild, Refusal, Register, Restock, TakeOver};
use crate::net::Rpc;

/// Where the answer to a message goes; nowhere if nobody wants it.
pub type ReplyTo<M> = Option<oneshot::Sender<<M as Rpc>::Reply>>;

/// Sends one answer.
pub type Reply = Box<dyn FnOnce()>;

/// A call that waits for its group.
#[derive(Debug)]
pub enum Call {
    Buy(Buy, ReplyTo<Buy>),
    TakeOver(TakeOver, ReplyTo<TakeOver>),
    Restock(ReplyTo<Restock>),
    Register(Register, ReplyTo<Register>),
    Rebuild(Rebuild, ReplyTo<Rebuild>),
    GoOn(GoOn, ReplyTo<GoOn>),
    Import(Import, ReplyTo<Import>),
    /// From the catalog itself: what the front-end told of its view.
    Remember(Memory, Epoch, Option<OrderNumber>),
}

/// A message that waits for its group.
pub trait GroupedMessage: Rpc {
    fn call(self, to: ReplyTo<Self>) -> Call;
}

macro_rules! grouped {
    ($($message:ident)*) => {$(
        impl GroupedMessage for $message {
            fn call(self, to: ReplyTo<$message>) -> Call {
                Call::$message(self, to)
            }
        }
    )*};
}
grouped!(Buy TakeOver Register Rebuild GoOn Import);

impl GroupedMessage for Restock {
    fn call(self, to: ReplyTo<Restock>) -> Call {
        Call::Restock(to)
    }
}

fn is_closed<T>(to: &Option<oneshot::Sender<T>>) -> bool {
    to.as_ref().is_none_or(oneshot::Sender::is_closed)
}

impl Call {
    /// Whether nobody waits for it any more.
    pub fn is_abandoned(&self) -> bool {
        match self {
            Call::Buy(_, to) => is_closed(to),
            Call::TakeOver(_, to) => is_closed(to),
            Call::Restock(to) => is_closed(to),
            Call::Register(_, to) => is_closed(to),
            Call::Rebuild(_, to) => is_closed(to),
            Call::GoOn(_, to) => is_closed(to),
            Call::Import(_, to) => is_closed(to),
            Call::Remember(..) => false,
        }
    }

    /// Whether it changes no stock, so that it need not wait for caches to be dropped: the first that a store
    /// that starts has to say.
    pub fn is_about_the_store(&self) -> bool {
        matches!(self, Call::Register(..) | Call::GoOn(..) | Call::Remember(..))
    }

    /// Whether it is an operator's, or a timer's, about the products: a leader's fence does not judge it.
    pub fn is_about_products(&self) -> bool {
        matches!(self, Call::Restock(..) | Call::Import(..))
    }

    /// Answers it without acting on it.
    pub fn refuse(self, refusal: Refusal) {
        match self {
            Call::Buy(_, to) => reply(to, Err(refusal))(),
            Call::TakeOver(_, to) => reply(to, Err(refusal))(),
            Call::Restock(to) => reply(to, Err(refusal))(),
            Call::Rebuild(_, to) => reply(to, Err(refusal))(),
            Call::Import(_, to) => reply(to, Err(refusal))(),
            // Whoever asked asks again.
            Call::Register(..) | Call::GoOn(..) | Call::Remember(..) => {}
        }
    }
}

/// The answer, to be sent when it may be told.
pub fn reply<T: 'static>(to: Option<oneshot::Sender<T>>, answer: T) -> Reply {
    Box::new(move || {
        if let Some(to) = to {
            // The caller gave up, which is its right.
            let _ = to.send(answer);
        }
    })
}
