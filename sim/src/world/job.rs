//! A job of a disk, and the signal that it is done.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures_util::future;
use toystore_actors::storage::Job;

#[derive(Default)]
struct SignalState {
    done: bool,
    waker: Option<Waker>,
}

/// Tells whoever waits for a job that it is done.
#[derive(Clone, Default)]
pub(super) struct Signal(Rc<RefCell<SignalState>>);

impl Signal {
    pub(super) fn finish(&self) {
        let waker = {
            let mut state = self.0.borrow_mut();
            state.done = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) async fn wait(self) {
        future::poll_fn(|cx| {
            let mut state = self.0.borrow_mut();
            if state.done {
                return Poll::Ready(());
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A job in a disk's queue; without the job itself once it has run.
pub(super) struct QueuedJob {
    pub(super) job: Option<Job>,
    pub(super) signal: Signal,
}
