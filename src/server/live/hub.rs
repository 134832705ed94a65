//! The streams of events that are open, and what is sent on them.
//!
//! Nobody waits for one who reads slowly: what is told is put into a queue of its stream, and a stream whose queue is full
//! is ended. Its page begins a new one, which tells all that there is anew.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::topic::{Topic, Topics};

/// So much may wait for one reader: some seconds of all that is told.
const QUEUE: usize = 32;

/// What a stream is sent now and then, so that one whose reader has gone is noticed: nothing else tells.
const NOTHING: &[u8] = b":\n\n";

/// The open streams; clones are the same hub.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Mutex<Streams>>);

#[derive(Debug)]
struct Streams {
    open: Vec<Stream>,
    most: usize,
    /// Numbers the events.
    events: u64,
    closed: bool,
}

#[derive(Debug)]
struct Stream {
    topics: Topics,
    queue: Sender<Bytes>,
}

/// What one reader is sent.
pub type Subscription = Receiver<Bytes>;

/// There are as many streams as there may be, or the store is about to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Hub {
    /// A hub of at most so many streams.
    pub fn new(most: usize) -> Hub {
        Hub(Arc::new(Mutex::new(Streams { open: Vec::new(), most, events: 0, closed: false })))
    }

    /// Opens a stream. What is told from now on comes on it.
    ///
    /// # Errors
    /// [`Full`].
    pub fn open(&self, topics: Topics) -> Result<Subscription, Full> {
        let mut streams = self.0.lock();
        // Who has left makes room.
        streams.open.retain(|stream| !stream.queue.is_closed());
        if streams.closed || streams.open.len() >= streams.most {
            return Err(Full);
        }
        let (queue, subscription) = mpsc::channel(QUEUE);
        streams.open.push(Stream { topics, queue });
        Ok(subscription)
    }

    /// Whether anybody wants to be told of this.
    pub fn is_watched(&self, topic: Topic) -> bool {
        self.0.lock().open.iter().any(|stream| stream.topics.has(topic) && !stream.queue.is_closed())
    }

    /// How many streams are open.
    pub fn count(&self) -> usize {
        self.0.lock().open.iter().filter(|stream| !stream.queue.is_closed()).count()
    }

    /// An event as it is sent, with its number; for who is told something that others were told before.
    pub fn event(&self, name: &str, data: &impl Serialize) -> Bytes {
        let number = {
            let mut streams = self.0.lock();
            streams.events += 1;
            streams.events
        };
        // What is told has no map whose keys are not texts, and so can be written; JSON has no line breaks of its own.
        let data = serde_json::to_string(data).unwrap_or_default();
        Bytes::from(format!("id: {number}\nevent: {name}\ndata: {data}\n\n"))
    }

    /// Tells all who want to be told of a topic.
    pub fn tell(&self, topic: Topic, name: &str, data: &impl Serialize) {
        if !self.is_watched(topic) {
            return;
        }
        let event = self.event(name, data);
        self.send(&event, |topics| topics.has(topic));
    }

    /// Sends all streams a line that says nothing.
    pub fn keep_alive(&self) {
        self.send(&Bytes::from_static(NOTHING), |_| true);
    }

    /// Ends all streams, and opens no other: the store is about to stop, and would wait for them.
    pub fn close(&self) {
        let mut streams = self.0.lock();
        streams.closed = true;
        streams.open.clear();
    }

    fn send(&self, event: &Bytes, wanted: impl Fn(Topics) -> bool) {
        self.0
            .lock()
            .open
            .retain(|stream| !wanted(stream.topics) || stream.queue.try_send(event.clone()).is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(text: &str) -> Topics {
        text.parse().expect("known topics")
    }

    fn next(subscription: &mut Subscription) -> Option<String> {
        subscription.try_recv().ok().map(|event| String::from_utf8_lossy(&event).into_owned())
    }

    #[test]
    fn who_wants_to_be_told_is_told_once_and_in_order() {
        let hub = Hub::new(9);
        let (mut shop, mut cluster) =
            (hub.open(topics("products")).expect("room"), hub.open(topics("cluster")).expect("room"));
        hub.tell(Topic::Products, "products", &[1]);
        hub.tell(Topic::Lab, "lab", &"nobody looks");
        hub.tell(Topic::Products, "products", &"a\nb");
        hub.keep_alive();
        assert_eq!(next(&mut shop).as_deref(), Some("id: 1\nevent: products\ndata: [1]\n\n"));
        assert_eq!(next(&mut shop).as_deref(), Some("id: 2\nevent: products\ndata: \"a\\nb\"\n\n"));
        assert_eq!(next(&mut shop).as_deref(), Some(":\n\n"));
        assert_eq!(next(&mut cluster).as_deref(), Some(":\n\n"));
        assert_eq!(next(&mut shop), None);
    }

    #[test]
    fn there_are_no_more_streams_than_allowed() {
        let hub = Hub::new(2);
        let (first, _second) =
            (hub.open(topics("lab")).expect("room"), hub.open(topics("lab")).expect("room"));
        assert_eq!(hub.open(topics("lab")).err(), Some(Full));
        drop(first);
        assert_eq!(hub.count(), 1);
        let mut third = hub.open(topics("lab")).expect("one has left");
        hub.close();
        assert_eq!(next(&mut third), None);
        assert!(third.is_closed(), "it is ended");
        assert_eq!(hub.open(topics("lab")).err(), Some(Full), "the store stops");
    }

    #[test]
    fn nobody_waits_for_who_reads_slowly() {
        let hub = Hub::new(9);
        let mut slow = hub.open(topics("products")).expect("room");
        let mut quick = hub.open(topics("products")).expect("room");
        for number in 0..=QUEUE {
            hub.tell(Topic::Products, "products", &number);
            assert!(next(&mut quick).is_some());
        }
        assert_eq!(hub.count(), 1);
        let mut read = 0;
        while next(&mut slow).is_some() {
            read += 1;
        }
        assert_eq!(read, QUEUE, "what was in the queue can be read, and then it has ended");
        assert!(slow.is_closed());
    }
}
