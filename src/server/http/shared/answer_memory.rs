//! Room for long answers, which are in memory until the client has taken them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// How much of a server's memory is for long answers.
const ROOM: usize = 64 << 20;

/// From here on, whoever does not take its answer gives way.
const TIGHT: usize = ROOM / 2;

/// The room of one server.
#[derive(Debug, Default)]
pub struct Room {
    taken: AtomicUsize,
}

/// Some of it, until it is dropped.
#[derive(Debug)]
pub struct Place {
    room: Arc<Room>,
    bytes: usize,
}

/// The room of an answer that many clients have at the same time: it is taken once for all of them, and is given back when none
/// of them has it any more.
#[derive(Debug, Clone, Default)]
pub struct Common(Arc<Mutex<Weak<Place>>>);

impl Common {
    /// Takes room for the answer unless somebody has, if there is any.
    pub fn take(&self, room: &Arc<Room>, bytes: usize) -> Option<Arc<Place>> {
        let mut kept = self.0.lock();
        if let Some(place) = kept.upgrade() {
            return Some(place);
        }
        let place = Arc::new(room.take(bytes)?);
        *kept = Arc::downgrade(&place);
        Some(place)
    }
}

impl Room {
    /// Takes room for an answer, if there is any.
    pub fn take(self: &Arc<Room>, bytes: usize) -> Option<Place> {
        let before = self.taken.fetch_add(bytes, Ordering::Relaxed);
        // Gives it back at once when it is too much.
        let place = Place { room: self.clone(), bytes };
        (before + bytes <= ROOM).then_some(place)
    }

    /// Whether there will soon be none.
    pub fn is_tight(&self) -> bool {
        self.taken.load(Ordering::Relaxed) > TIGHT
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let room = Arc::new(Room::default());
        assert!(!room.is_tight());
        let places: Vec<_> = (0..64).map(|_| room.take(1 << 20).expect("room")).collect();
        assert!(room.is_tight());
        assert!(room.take(1).is_none());
        drop(places);
        assert!(!room.is_tight());
        assert!(room.take(ROOM).is_some());
        assert!(room.take(ROOM + 1).is_none());
        assert!(room.take(ROOM).is_some());
    }
}
