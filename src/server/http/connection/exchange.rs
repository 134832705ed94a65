//! What a connection's socket and the services know of each other, about the request that is being answered.

use std::cell::{Cell, RefCell};

use super::super::shared::errors::ApiError;
use super::limits::{BODY_WINDOW, FREE_BODY};

/// One for each connection; both sides are on the same thread.
#[derive(Debug, Default)]
pub struct Exchange {
    refusal: RefCell<Option<ApiError>>,
    /// How many bytes of the body may be handed on.
    allowed: Cell<usize>,
    /// Whether the socket waits for leave to hand on more.
    withheld: Cell<bool>,
    /// Whether a service wants the body.
    wanted: Cell<bool>,
    received: Cell<bool>,
    /// The answer takes memory that others may need.
    large: Cell<bool>,
    answered: Cell<bool>,
}

impl Exchange {
    /// A request begins. `received`: its body is there, or it has none. `waits`: the client sends it only when told to.
    pub(super) fn begin(&self, received: bool, waits: bool) {
        self.refusal.take();
        self.allowed.set(if waits { 0 } else { FREE_BODY });
        self.withheld.set(false);
        self.wanted.set(false);
        self.received.set(received);
        self.large.set(false);
        self.answered.set(false);
    }

    /// A request begins that is no request, to be answered with this.
    pub(super) fn refuse(&self, error: ApiError) {
        self.begin(true, false);
        self.refusal.replace(Some(error));
    }

    /// Why the request is refused, if it is.
    pub(super) fn refusal(&self) -> Option<ApiError> {
        self.refusal.take()
    }

    /// The services want the body and have taken all that there was. Says whether the socket must be woken.
    pub(super) fn want(&self) -> bool {
        self.wanted.set(true);
        self.allowed.set(BODY_WINDOW);
        self.withheld.take()
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.get()
    }

    /// How many bytes of the body may be handed on; none makes the socket wait.
    pub(super) fn allowed(&self) -> usize {
        let allowed = self.allowed.get();
        self.withheld.set(allowed == 0);
        allowed
    }

    pub(super) fn handed_on(&self, bytes: usize) {
        self.allowed.set(self.allowed.get().saturating_sub(bytes));
    }

    /// The body has been read to its end.
    pub(super) fn receive(&self) {
        self.received.set(true);
    }

    /// Whether the body has been read to its end.
    pub(super) fn is_received(&self) -> bool {
        self.received.get()
    }

    /// The answer takes much memory.
    pub(super) fn enlarge(&self) {
        self.large.set(true);
    }

    /// Whether the answer takes memory that others may need.
    pub(super) fn is_large(&self) -> bool {
        self.large.get()
    }

    /// The answer is in the hands of actix-http, whole.
    pub(super) fn answer(&self) {
        self.answered.set(true);
    }

    /// Whether actix-http has the whole answer.
    pub(super) fn is_answered(&self) -> bool {
        self.answered.get()
    }
}
