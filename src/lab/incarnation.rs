//! One start of a node: whether it goes on, is held still, or is gone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use futures_util::future::LocalBoxFuture;
use parking_lot::{Condvar, Mutex};

use crate::server::host::Gate;

/// One start of a node. What it had of the disk and of the network ends with it: a job that is late writes nothing to
/// files that are its successor's by then.
#[derive(Debug, Default)]
pub struct Incarnation {
    standing: Mutex<Standing>,
    turned: Condvar,
}

#[derive(Debug, Default)]
struct Standing {
    motion: Motion,
    waiting: Vec<Waker>,
}

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Motion {
    #[default]
    Going,
    Paused,
    Gone,
}

impl Incarnation {
    /// Holds it still, as SIGSTOP does.
    pub fn pause(&self) {
        self.turn(Motion::Paused);
    }

    /// Lets it go on, as SIGCONT does.
    pub fn resume(&self) {
        self.turn(Motion::Going);
    }

    /// Ends it, as `kill -9` does: from now on it writes and sends nothing.
    pub fn kill(&self) {
        self.turn(Motion::Gone);
    }

    fn turn(&self, to: Motion) {
        let mut standing = self.standing.lock();
        if standing.motion != Motion::Gone {
            standing.motion = to;
        }
        let waiting = if to == Motion::Paused { Vec::new() } else { std::mem::take(&mut standing.waiting) };
        drop(standing);
        self.turned.notify_all();
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Whether it is held still.
    pub fn is_paused(&self) -> bool {
        self.standing.lock().motion == Motion::Paused
    }

    /// Whether it has ended.
    pub fn is_gone(&self) -> bool {
        self.standing.lock().motion == Motion::Gone
    }

    /// Waits until it is not held still, on a thread that may block.
    ///
    /// # Errors
    /// When it has ended.
    pub fn hold(&self) -> io::Result<()> {
        let mut standing = self.standing.lock();
        self.turned.wait_while(&mut standing, |standing| standing.motion == Motion::Paused);
        drop(standing);
        self.alive()
    }

    /// Lets time pass, on a thread that may block.
    ///
    /// # Errors
    /// When it has ended, or ends meanwhile.
    pub fn sleep(&self, span: Duration) -> io::Result<()> {
        let until = Instant::now() + span;
        let mut standing = self.standing.lock();
        self.turned.wait_while_until(&mut standing, |standing| standing.motion != Motion::Gone, until);
        drop(standing);
        self.hold()
    }

    fn alive(&self) -> io::Result<()> {
        if self.is_gone() { Err(io::Error::other("the process was killed, in the lab")) } else { Ok(()) }
    }

    /// Ready while it is not held still; true says that it goes on.
    pub fn poll_moving(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut standing = self.standing.lock();
        match standing.motion {
            Motion::Going => Poll::Ready(true),
            Motion::Gone => Poll::Ready(false),
            Motion::Paused => {
                // A task that is woken by something else meanwhile asks again.
                if !standing.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    standing.waiting.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Waits until it is not held still; true says that it goes on.
    pub async fn moving(&self) -> bool {
        std::future::poll_fn(|cx| self.poll_moving(cx)).await
    }
}

impl Gate for Incarnation {
    fn poll_open(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_moving(cx).map(drop)
    }
}

/// An actor that is polled only while its incarnation goes on.
pub struct Pausable {
    incarnation: Arc<Incarnation>,
    actor: LocalBoxFuture<'static, ()>,
}

impl Pausable {
    /// The actor of an incarnation.
    pub fn new(incarnation: Arc<Incarnation>, actor: LocalBoxFuture<'static, ()>) -> Pausable {
        Pausable { incarnation, actor }
    }
}

impl Future for Pausable {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Who is gone does not find out that its files are, and has nothing to say about it.
        if ready!(self.incarnation.poll_moving(cx)) { self.actor.as_mut().poll(cx) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::thread;

    use futures_util::FutureExt as _;
    use futures_util::future;

    use super::*;

    #[test]
    fn an_actor_is_polled_only_while_it_goes_on() {
        let (incarnation, polls) = (Arc::new(Incarnation::default()), Rc::new(Cell::new(0)));
        let counted = polls.clone();
        let actor = future::poll_fn(move |_| {
            counted.set(counted.get() + 1);
            Poll::<()>::Pending
        });
        let mut pausable = Pausable::new(incarnation.clone(), Box::pin(actor));
        for (turn, polled) in [
            (Incarnation::resume as fn(&Incarnation), 1),
            (Incarnation::pause, 1),
            (Incarnation::pause, 1),
            (Incarnation::resume, 2),
            (Incarnation::kill, 2),
        ] {
            turn(&incarnation);
            assert!((&mut pausable).now_or_never().is_none());
            assert_eq!(polls.get(), polled);
        }
    }

    #[test]
    fn whoever_waits_is_woken_when_it_goes_on_or_ends() {
        for (end, goes_on) in [(Incarnation::resume as fn(&Incarnation), true), (Incarnation::kill, false)] {
            let incarnation = Arc::new(Incarnation::default());
            incarnation.pause();
            let job = thread::spawn({
                let incarnation = incarnation.clone();
                move || incarnation.hold().is_ok()
            });
            let moved =
                tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
                    let (moved, ()) = future::join(incarnation.moving(), async { end(&incarnation) }).await;
                    moved
                });
            assert_eq!((moved, job.join().expect("it waits")), (goes_on, goes_on));
        }
    }

    #[test]
    fn what_is_gone_stays_gone() {
        let incarnation = Incarnation::default();
        incarnation.kill();
        incarnation.resume();
        incarnation.pause();
        assert!(incarnation.is_gone() && incarnation.hold().is_err());
        assert!(incarnation.sleep(Duration::from_secs(3600)).is_err(), "nobody sleeps on");
    }
}
