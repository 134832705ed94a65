//! How long this node's calls to its peers take.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use toystore_actors::clock::{Clock, Timestamp};
use toystore_actors::net::{NetError, NodeId, Transport};

use super::samples;

/// The durations of calls, by the message's name and what came of it.
pub type CallDurations = Family<[(&'static str, &'static str); 2], Histogram, fn() -> Histogram>;

/// No call was made yet.
pub fn call_durations() -> CallDurations {
    Family::new_with_constructor(samples::durations)
}

/// A transport whose calls are timed.
pub struct TimedTransport {
    /// What carries them.
    pub transport: Rc<dyn Transport>,
    pub clock: Arc<dyn Clock>,
    pub durations: CallDurations,
}

impl Transport for TimedTransport {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        let (clock, durations) = (self.clock.clone(), self.durations.clone());
        let mut call = Call { name, begun: clock.now(), outcome: "given-up", clock, durations };
        let answer = self.transport.call(to, name, body);
        Box::pin(async move {
            let answer = answer.await;
            call.ends(answer.is_ok());
            answer
        })
    }

    fn place(&self, node: NodeId) -> Option<String> {
        self.transport.place(node)
    }
}

/// A call under way. It is counted when it is dropped: whoever stops waiting drops it unanswered.
struct Call {
    name: &'static str,
    begun: Timestamp,
    outcome: &'static str,
    clock: Arc<dyn Clock>,
    durations: CallDurations,
}

impl Call {
    fn ends(&mut self, answered: bool) {
        self.outcome = if answered { "answered" } else { "failed" };
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let took = self.clock.now().since(self.begun);
        let labels = [("message", self.name), ("outcome", self.outcome)];
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use toystore_actors::domain::{ReplicaId, UnixMillis};

    use super::*;
    use crate::server::metrics::samples::Samples;

    /// A clock that goes on by a millisecond whenever it is read.
    #[derive(Debug, Default)]
    struct Steps(AtomicU64);

    impl Clock for Steps {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.fetch_add(1_000_000, Ordering::Relaxed))
        }

        fn wall(&self) -> UnixMillis {
            UnixMillis::default()
        }

        fn sleep(&self, _: Duration) -> LocalBoxFuture<'static, ()> {
            Box::pin(pending())
        }
    }

    struct ByName;

    impl Transport for ByName {
        fn call(
            &self,
            _: NodeId,
            name: &'static str,
            _: Bytes,
        ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
            match name {
                "sync" => Box::pin(ready(Ok(Bytes::new()))),
                "join" => Box::pin(ready(Err(NetError::Refused))),
                _ => Box::pin(pending()),
            }
        }

        fn place(&self, node: NodeId) -> Option<String> {
            Some(node.to_string())
        }
    }

    #[test]
    fn a_call_is_timed_whatever_comes_of_it() {
        let durations = call_durations();
        let clock = Arc::new(Steps::default());
        let timed = TimedTransport { transport: Rc::new(ByName), clock, durations: durations.clone() };
        let to = NodeId::Order(ReplicaId::new(1));
        for (name, outcome) in [("sync", "answered"), ("join", "failed"), ("leader", "given-up")] {
            let mut call = timed.call(to, name, Bytes::new());
            let answered = call.as_mut().now_or_never();
            assert_eq!(answered.is_none(), outcome == "given-up", "{name}");
            drop(call);
            let mut samples = Samples::default();
            samples.register("call_seconds", "Calls", durations.clone());
            let mut text = String::new();
            samples.write(&mut text).expect("it can be written");
            for line in ["count", "sum"]
                .map(|of| format!("call_seconds_{of}{{message=\"{name}\",outcome=\"{outcome}\"}} "))
            {
                let value = text.lines().find_map(|found| found.strip_prefix(&line));
                let expected = if line.contains("count") { "1" } else { "0.001" };
                assert_eq!(value, Some(expected), "{line}:\n{text}");
            }
        }
        assert_eq!(timed.place(to).as_deref(), Some("order-1"));
    }
}
