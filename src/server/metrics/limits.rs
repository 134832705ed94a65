//! How full the limits of a node are. What there is belongs to the node's thread, and so is counted there.

use tokio::sync::{mpsc, oneshot};
use toystore_actors::host::Gauge;
use toystore_actors::probe::Limit;

/// How much there is of something, and how much there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    pub limit: Limit,
    pub now: usize,
    pub most: usize,
}

type Ask = oneshot::Sender<Vec<Fill>>;

/// Asks, from any thread.
#[derive(Debug)]
pub struct LimitReader(mpsc::Sender<Ask>);

/// Answers, on the node's thread.
#[derive(Debug)]
pub struct LimitAnswers(mpsc::Receiver<Ask>);

/// The two ends.
pub fn limits() -> (LimitReader, LimitAnswers) {
    // Questions that a busy thread has not come to make no queue: whoever asks more goes without.
    let (asks, answers) = mpsc::channel(4);
    (LimitReader(asks), LimitAnswers(answers))
}

impl LimitReader {
    /// How full they are; `None` if the node does not run, or has too much to do.
    pub async fn read(&self) -> Option<Vec<Fill>> {
        let (ask, answer) = oneshot::channel();
        self.0.try_send(ask).ok()?;
        answer.await.ok()
    }
}

impl LimitAnswers {
    /// Answers until nobody can ask any more.
    pub async fn answer(mut self, gauges: Vec<Gauge>) {
        while let Some(ask) = self.0.recv().await {
            let fill = |gauge: &Gauge| Fill { limit: gauge.what, now: gauge.now(), most: gauge.limit };
            // Whoever asked may have stopped waiting.
            let _ = ask.send(gauges.iter().map(fill).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use futures_util::future::{Either, select};

    use super::*;

    #[actix_web::test]
    async fn they_are_counted_when_asked_and_not_without_a_node() {
        let (reader, answers) = limits();
        let pages = Rc::new(Cell::new(3));
        let counted = pages.clone();
        let gauges = vec![Gauge::new(Limit::Readers, 8, move || counted.get())];
        let node = actix_web::rt::spawn(answers.answer(gauges));
        for now in [3, 5] {
            pages.set(now);
            assert_eq!(reader.read().await, Some(vec![Fill { limit: Limit::Readers, now, most: 8 }]));
        }
        node.abort();
        assert!(node.await.is_err());
        assert_eq!(reader.read().await, None);
    }

    #[actix_web::test]
    async fn a_node_that_answers_nobody_is_not_asked_for_ever() {
        let (reader, _answers) = limits();
        let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(reader.read())).collect();
        for asked in &mut waiting {
            let polled = select(asked, std::future::ready(())).await;
            assert!(matches!(polled, Either::Right(_)));
        }
        assert_eq!(reader.read().await, None);
    }
}
