//! The calls that wait while a group is under way; they make the next one (cache rule 4).

use super::call::Call;

/// The calls that wait.
///
/// A caller that gives up frees its place among the calls of the bridge, but not here, so the bridge's limit
/// alone would not bound this queue.
#[derive(Debug)]
pub struct Queue {
    calls: Vec<Call>,
    limit: usize,
}

impl Queue {
    pub fn new(limit: usize) -> Queue {
        Queue { calls: Vec::new(), limit }
    }

    /// Lets a call wait. If it is full even without the abandoned calls, the new one is dropped: its caller
    /// sees a lost connection, and repeats what it asked. Whether there was room.
    pub fn push(&mut self, call: Call) -> bool {
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
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// All that waits, in the order of arrival; the queue is empty then.
    pub fn take(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.calls)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn calls_that_nobody_waits_for_make_room() {
        let (mut queue, mut callers) = (Queue::new(2), Vec::new());
        let mut push = |callers: &mut Vec<_>| {
            let (to, caller) = oneshot::channel();
            callers.push(caller);
            (queue.push(Call::Restock(Some(to))), queue.len())
        };
        assert_eq!([push(&mut callers), push(&mut callers)], [(true, 1), (true, 2)]);
        assert_eq!(push(&mut callers), (false, 2), "both wait");
        assert!(callers.pop().expect("the third").try_recv().is_err(), "it was dropped without an answer");
        drop(callers.remove(0));
        assert_eq!(push(&mut callers), (true, 2), "the first gave up");
        assert_eq!((queue.take().len(), queue.len()), (2, 0));
    }
}
