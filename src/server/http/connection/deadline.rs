//! A connection's one timer.

use std::pin::Pin;
use std::task::Context;

use tokio::time::{Instant, Sleep, sleep_until};

/// The moment until which something must have happened. Most deadlines are moved before they come, so the timer behind them is
/// only moved when it would be too late: at its time it looks whether the deadline is still the one that it was set for.
#[derive(Default)]
pub struct Deadline {
    at: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// Something must happen until then.
    pub fn set(&mut self, at: Instant) {
        self.at = Some(at);
        match &mut self.timer {
            Some(timer) if timer.deadline() <= at => {}
            Some(timer) => timer.as_mut().reset(at),
            None => self.timer = Some(Box::pin(sleep_until(at))),
        }
    }

    /// It has happened.
    pub fn clear(&mut self) {
        self.at = None;
    }

    /// Whether it is too late. If not, the task is woken when it is.
    pub fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let (Some(at), Some(timer)) = (self.at, &mut self.timer) else { return false };
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= at {
                return true;
            }
            timer.as_mut().reset(at);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use super::*;

    #[actix_web::test]
    async fn a_deadline_can_be_moved_both_ways() {
        let ms = Duration::from_millis;
        // Where it is at first, and where it is moved.
        for (first, then) in [(20, 60), (60_000, 40)] {
            let began = Instant::now();
            let mut deadline = Deadline::default();
            deadline.set(began + ms(first));
            deadline.set(began + ms(then));
            poll_fn(|cx| if deadline.is_over(cx) { Poll::Ready(()) } else { Poll::Pending }).await;
            assert!(began.elapsed() >= ms(then), "{first} {then}");
            assert!(began.elapsed() < ms(30_000), "{first} {then}");
        }
    }
}
