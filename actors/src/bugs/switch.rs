//! The switch: which bug is planted on this thread, and how often it made a difference.

use super::Bug;

/// Whether bugs can be planted at all.
pub(crate) const ARMED: bool = cfg!(feature = "planted-bugs");

#[cfg(feature = "planted-bugs")]
mod armed {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
        static FIRED: Cell<u64> = const { Cell::new(0) };
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
        let yes = PLANTED.get() == Some(bug);
        if yes {
            FIRED.set(FIRED.get() + 1);
        }
        yes
    }
}

#[cfg(feature = "planted-bugs")]
pub(crate) use armed::planted;
#[cfg(feature = "planted-bugs")]
pub use armed::{fired, plant};

/// Whether this bug is planted: never, without the feature `planted-bugs`.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn planted(_: Bug) -> bool {
    false
}
