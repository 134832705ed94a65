//! One moment of the world: the catalog, each front-end, and the network between them.
//!
//! The network is a set of messages that never shrinks: one may be delivered never, late, in any order and more than
//! once.

pub const FRONT_ENDS: usize = 2;
pub const PRODUCTS: usize = 2;
const CALLS: u8 = 16;

/// A product in a front-end's cache.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cached {
    pub version: u8,
    /// Ticks until its lease ends. 0 with front-end leases.
    pub left: u8,
}

/// A query under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fill {
    pub left: u8,
    /// The oldest version that may answer who began it.
    pub oldest: u8,
    pub marked: bool,
}

/// A hit of two steps, after the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Hit {
    pub copied: Option<Cached>,
    /// The oldest version that may answer it.
    pub oldest: u8,
}

/// A set of calls, by number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Calls(u16);

impl Calls {
    pub fn only(call: u8, there: bool) -> Calls {
        Calls(u16::from(there) << call)
    }

    pub fn add(&mut self, call: u8) {
        self.0 |= 1 << call;
    }

    pub fn has(self, call: u8) -> bool {
        self.0 >> call & 1 == 1
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn numbers() -> std::ops::Range<u8> {
        0..CALLS
    }
}

/// A set of answers to queries: a version, and whether it may be cached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Answers(u16);

impl Answers {
    pub fn add(&mut self, version: u8, cacheable: bool) {
        self.0 |= 1 << (version * 2 + u8::from(cacheable));
    }

    pub fn all(self) -> impl Iterator<Item = (u8, bool)> {
        (0..16).filter(move |bit| self.0 >> bit & 1 == 1).map(|bit| (bit / 2, bit % 2 == 1))
    }
}

/// What travels between a front-end and the catalog.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Network {
    pub answers: [Answers; PRODUCTS],
    /// A grant for the renewal under way.
    pub grant: bool,
    pub invalidations: Calls,
    pub confirmations: Calls,
    pub drops: Calls,
    pub drop_confirmations: Calls,
}

/// What the catalog has in memory about a front-end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Holder {
    /// Ticks until its lease has surely ended; with front-end leases, the first is that of all products.
    pub until: [u8; PRODUCTS],
    /// With front-end leases: it has not confirmed that it dropped the product.
    pub owes: [bool; PRODUCTS],
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FrontEnd {
    pub cached: [Option<Cached>; PRODUCTS],
    pub fill: [Option<Fill>; PRODUCTS],
    /// Only without the one step of rule 7: it is to be inserted.
    pub inserting: Option<Cached>,
    pub hit: Option<Hit>,
    /// With front-end leases: what is left of its lease, and the renewal under way.
    pub lease: u8,
    pub renewal: Option<u8>,
    pub fills: u8,
    pub renewals: u8,
    pub crashes: u8,
    pub network: Network,
    pub holder: Holder,
}

impl FrontEnd {
    /// Drops everything.
    pub fn clear(&mut self, mark: bool) {
        self.cached = [None; PRODUCTS];
        if mark {
            self.fill.iter_mut().flatten().for_each(|fill| fill.marked = true);
        }
    }
}

/// Versions count the changes, all products together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct State {
    pub front_ends: [FrontEnd; FRONT_ENDS],
    /// How many changes are committed, and how many of them are durable.
    pub committed: u8,
    pub durable: u8,
    /// By product: the visible version, and the version when all that is committed is visible.
    pub visible: [u8; PRODUCTS],
    pub coming: [u8; PRODUCTS],
    /// The newest call to front-ends, and how many there were.
    pub call: u8,
    pub calls: u8,
    /// The catalog has started and answers nothing yet, for so many ticks.
    pub starting: bool,
    pub wait: u8,
    pub crashes: u8,
    /// Changes that a crash has undone.
    pub undone: u8,
    /// By product: the newest version that somebody may have been shown.
    pub shown: [u8; PRODUCTS],
}
