//! Tells everyone who waits for something that it has happened.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

#[derive(Default)]
struct List {
    next: u64,
    waiting: BTreeMap<u64, oneshot::Sender<()>>,
}

/// Those who wait for one kind of event, woken all together in the order in which they began to wait.
#[derive(Clone, Default)]
pub struct Broadcast(Rc<RefCell<List>>);

/// Ends at the next [`Broadcast::wake_all`] after it was made.
pub struct Wake {
    list: Broadcast,
    id: u64,
    signal: oneshot::Receiver<()>,
}

impl Broadcast {
    /// Begins to wait, here and now.
    #[must_use]
    pub fn wait(&self) -> Wake {
        let (tx, signal) = oneshot::channel();
        let mut list = self.0.borrow_mut();
        list.next += 1;
        let id = list.next;
        list.waiting.insert(id, tx);
        Wake { list: self.clone(), id, signal }
    }

    /// Wakes all who wait.
    pub fn wake_all(&self) {
        let waiting = std::mem::take(&mut self.0.borrow_mut().waiting);
        for signal in waiting.into_values() {
            // Whoever does not wait any more needs no signal.
            let _ = signal.send(());
        }
    }
}

impl Future for Wake {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.signal).poll(cx).map(|_| ())
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.list.0.borrow_mut().waiting.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_wake_reaches_those_who_wait_and_leaves_nothing_behind() {
        let broadcast = Broadcast::default();
        let (first, second) = (broadcast.wait(), broadcast.wait());
        drop(second);
        assert_eq!(broadcast.0.borrow().waiting.len(), 1);
        broadcast.wake_all();
        assert_eq!(first.now_or_never(), Some(()));
        assert_eq!(broadcast.wait().now_or_never(), None);
        assert!(broadcast.0.borrow().waiting.is_empty());
    }
}
