//! The switch: which bug is planted on this thread or in the whole process, and how often it made a difference.

use super::Bug;

/// Whether bugs can be planted at all.
pub(crate) const ARMED: bool = cfg!(feature = "planted-bugs");

#[cfg(feature = "planted-bugs")]
mod armed {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
        static FIRED: Cell<u64> = const { Cell::new(0) };
    }

    /// The bug that is planted on all threads, by its place in the catalogue. A simulated world has a thread to itself, and
    /// the worlds beside it other bugs; a deployed node has several, and the others of its process the same bug.
    static EVERYWHERE: AtomicU8 = AtomicU8::new(NONE);

    /// There are fewer bugs.
    const NONE: u8 = u8::MAX;

    /// Plants a bug on all threads of the process, or none: beside what is planted on each.
    pub fn plant_everywhere(bug: Option<Bug>) {
        // It guards nothing: a thread that sees it a moment later kept the rule for a moment longer.
        EVERYWHERE.store(bug.map_or(NONE, |bug| bug as u8), Ordering::Relaxed);
    }

    /// Plants a bug on this thread, or none, and begins to count anew.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
        FIRED.set(0);
    }

    /// How often the planted bug has made a difference.
    #[must_use]
    pub fn fired() -> u64 {
        FIRED.get()
    }

    pub(crate) fn planted(bug: Bug) -> bool {
        let yes = PLANTED.get() == Some(bug) || EVERYWHERE.load(Ordering::Relaxed) == bug as u8;
        if yes {
            FIRED.set(FIRED.get() + 1);
        }
        yes
    }
}

#[cfg(feature = "planted-bugs")]
pub(crate) use armed::planted;
#[cfg(feature = "planted-bugs")]
pub use armed::{fired, plant, plant_everywhere};

/// Whether this bug is planted: never, without the feature `planted-bugs`.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn planted(_: Bug) -> bool {
    false
}
