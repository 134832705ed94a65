//! One answer for all who ask for the same at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// Finds something out for all who want to know it. It is found out by one at a time, and what was found is told to all who had
/// asked before that one began: for each of them it is from between its question and its answer.
#[derive(Debug)]
pub struct SingleFlight<T> {
    /// Numbers what happens: questions, and the beginnings of finding out.
    events: AtomicU64,
    last: Mutex<Option<(u64, T)>>,
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        SingleFlight { events: AtomicU64::new(0), last: Mutex::new(None) }
    }
}

impl<T: Clone + PartialEq> SingleFlight<T> {
    /// What `find_out` says, or said to somebody else since this was called.
    pub async fn ask(&self, find_out: impl AsyncFnOnce() -> T) -> T {
        let asked = self.event();
        let mut last = self.last.lock().await;
        if let Some((began, found)) = &*last
            && *began > asked
        {
            return found.clone();
        }
        let began = self.event();
        let found = find_out().await;
        // Those who have the same share the memory, too, whenever they asked.
        let found = match last.take() {
            Some((_, before)) if before == found => before,
            _ => found,
        };
        *last = Some((began, found.clone()));
        found
    }

    fn event(&self) -> u64 {
        self.events.fetch_add(1, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use futures_util::future::join_all;
    use tokio::task::yield_now;

    use super::*;

    #[actix_web::test]
    async fn what_is_told_was_found_out_after_the_question() {
        let (flight, clock, found_out) = (SingleFlight::default(), Cell::new(0), Cell::new(0));
        let ask = async |delay: u32| {
            for _ in 0..delay {
                yield_now().await;
            }
            let asked = clock.get();
            let found = flight
                .ask(async || {
                    found_out.set(found_out.get() + 1);
                    let now = clock.get();
                    for _ in 0..10 {
                        clock.set(clock.get() + 1);
                        yield_now().await;
                    }
                    now
                })
                .await;
            assert!(found >= asked, "asked at {asked}, told of {found}");
        };
        join_all((0..100).map(|index| ask(index / 10))).await;
        // All that came while one was found out were told the next.
        assert!((2..10).contains(&found_out.get()), "{}", found_out.get());
        let before = found_out.get();
        ask(0).await;
        assert_eq!(found_out.get(), before + 1, "an old answer is told to nobody");
    }

    #[actix_web::test]
    async fn what_is_the_same_is_kept_once() {
        let flight = SingleFlight::default();
        let mut before = flight.ask(async || Arc::new(7)).await;
        for (found, same) in [(7, true), (8, false), (8, true), (7, false)] {
            let told = flight.ask(async || Arc::new(found)).await;
            assert_eq!((*told, Arc::ptr_eq(&told, &before)), (found, same));
            before = told;
        }
    }

    #[actix_web::test]
    async fn who_goes_away_keeps_nobody_waiting() {
        let flight = SingleFlight::default();
        let gone = tokio::time::timeout(
            std::time::Duration::ZERO,
            flight.ask(async || std::future::pending().await),
        );
        assert!(gone.await.is_err());
        assert_eq!(flight.ask(async || 7).await, 7);
    }
}
