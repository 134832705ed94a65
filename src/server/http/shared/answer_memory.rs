//! Memory for long answers, which are in memory until the client has taken them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// How much of a server's memory is for long answers.
const CAPACITY: usize = 64 << 20;

/// From here on, whoever does not take its answer gives way.
const TIGHT: usize = CAPACITY / 2;

/// The memory of one server.
#[derive(Debug, Default)]
pub struct AnswerMemory {
    taken: AtomicUsize,
}

/// Some of it, until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    memory: Arc<AnswerMemory>,
    bytes: usize,
}

/// The memory of an answer that many clients have at the same time: it is taken once for all of them, and is given back when none
/// of them has it any more.
#[derive(Debug, Clone, Default)]
pub struct SharedReservation(Arc<Mutex<Weak<Reservation>>>);

impl SharedReservation {
    /// Takes memory for the answer unless somebody has, if there is any.
    pub fn take(&self, memory: &Arc<AnswerMemory>, bytes: usize) -> Option<Arc<Reservation>> {
        let mut kept = self.0.lock();
        if let Some(reservation) = kept.upgrade() {
            return Some(reservation);
        }
        let reservation = Arc::new(memory.take(bytes)?);
        *kept = Arc::downgrade(&reservation);
        Some(reservation)
    }
}

impl AnswerMemory {
    /// Takes memory for an answer, if there is any.
    pub fn take(self: &Arc<AnswerMemory>, bytes: usize) -> Option<Reservation> {
        let before = self.taken.fetch_add(bytes, Ordering::Relaxed);
        // Gives it back at once when it is too much.
        let reservation = Reservation { memory: self.clone(), bytes };
        (before + bytes <= CAPACITY).then_some(reservation)
    }

    /// Whether there will soon be none.
    pub fn is_tight(&self) -> bool {
        self.taken.load(Ordering::Relaxed) > TIGHT
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.memory.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let memory = Arc::new(AnswerMemory::default());
        assert!(!memory.is_tight());
        let reservations: Vec<_> = (0..64).map(|_| memory.take(1 << 20).expect("memory")).collect();
        assert!(memory.is_tight());
        assert!(memory.take(1).is_none());
        drop(reservations);
        assert!(!memory.is_tight());
        assert!(memory.take(CAPACITY).is_some());
        assert!(memory.take(CAPACITY + 1).is_none());
        assert!(memory.take(CAPACITY).is_some());
    }
}
