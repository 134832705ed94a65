//! The tables of runs.

use explorer::{How, Run, Table, breaks, fails, holds};

pub const TABLES: &[Table] = &[
    Table { name: "quick", about: "the rules as they stand", how: How::Search, runs: QUICK },
    Table { name: "full", about: "the same, larger: 2 minutes", how: How::Search, runs: FULL },
    Table {
        name: "broken",
        about: "each rule broken: what goes wrong, in how many steps",
        how: How::Search,
        runs: BROKEN,
    },
    Table {
        name: "drafts",
        about: "ways that were tried and not taken, one lease for each front-end above all",
        how: How::Search,
        runs: DRAFTS,
    },
    Table {
        name: "history",
        about: "random walks, judged by a search for a linear order that knows nothing of the model",
        how: How::Walks(100_000),
        runs: HISTORIES,
    },
];

/// The rules as they stand.
const QUICK: &[Run] = &[
    holds("one front-end, calls of before are followed, progress", "front_ends=1 progress"),
    holds("one front-end, progress", "endless=1 front_ends=1 progress"),
    holds("the same, drops at the start", "endless=1 front_ends=1 drops_at_start=1 progress"),
    holds(
        "one front-end, 3 changes, drift within the margin, drops at the start",
        "endless=1 front_ends=1 changes=3 lease=4 wait=4 drops_at_start=1",
    ),
    holds("one front-end, hits of two steps", "endless=1 front_ends=1 two_step_hits=1"),
    holds("2 front-ends, one change, progress", "endless=1 changes=1 progress"),
    holds("2 front-ends, progress", "endless=1 progress"),
    holds("2 front-ends, drops at the start", "endless=1 drops_at_start=1"),
    holds(
        "2 front-ends, drift within the margin, drops at the start",
        "endless=1 lease=3 wait=3 drops_at_start=1",
    ),
    holds(
        "groups over 2 products, progress",
        "endless=1 front_ends=1 products=2 groups=1 serial=1 apart=1 progress",
    ),
    holds(
        "groups over 2 products, drops at the start",
        "endless=1 front_ends=1 products=2 groups=1 serial=1 apart=1 drops_at_start=1",
    ),
];

/// The rules as they stand, larger.
const FULL: &[Run] = &[
    holds("2 front-ends, 3 groups one after the other", "endless=1 changes=3 serial=1 drops_at_start=1"),
    holds("2 front-ends, 3 changes", "endless=1 changes=3 drops_at_start=1"),
    holds("2 products, calls of before are followed, progress", "front_ends=1 products=2 fills=3 progress"),
    holds("2 front-ends, one change, calls of before are followed, progress", "changes=1 progress"),
    holds(
        "a group over 2 products, 2 front-ends, calls of before are followed, progress",
        "products=2 groups=1 serial=1 apart=1 changes=1 fills=1 progress",
    ),
];

/// One rule broken each.
const BROKEN: &[Run] = &[
    breaks("lease_from_send front_ends=1"),
    fails("without 1's margin for drift", "front_ends=1 lease=3 wait=2"),
    breaks("holder_noted front_ends=1"),
    breaks("none_cacheable_meanwhile front_ends=1"),
    breaks("holders_awaited front_ends=1"),
    breaks("durable_first front_ends=1"),
    breaks("visible_at_once front_ends=1 products=2"),
    breaks("visible_at_once front_ends=1 products=2 apart=1 fills=3"),
    breaks("confirmation_of_call front_ends=1"),
    breaks("confirmation_of_call front_ends=1 drops_at_start=1 crashes=2"),
    breaks("confirmation_of_named front_ends=1 endless=1 products=2 groups=1 serial=1 apart=1"),
    breaks("nothing_revealed_before front_ends=1"),
    breaks("waits_at_start front_ends=1"),
    breaks("silent_at_start front_ends=1"),
    breaks("fill_marked front_ends=1"),
    breaks("fill_marked_by_drop_all front_ends=1 drops_at_start=1"),
    breaks("looked_and_inserted_at_once front_ends=1"),
    breaks("answer_of_fill front_ends=1"),
    breaks("no_late_join front_ends=1"),
];

/// One lease for each front-end, which it renews.
macro_rules! front_end_leases {
    ($others:literal) => {
        concat!($others, " front_end_leases=1 renewals=2 serial=1 front_ends=1 progress")
    };
}

/// Ways to do it that were tried and not taken.
const DRAFTS: &[Run] = &[
    fails("a confirmation counts for a version", "by_version=1 front_ends=1 changes=3"),
    holds("front-end leases", front_end_leases!("")),
    holds("front-end leases, endless", front_end_leases!("endless=1")),
    holds("front-end leases, endless, drops at the start", front_end_leases!("endless=1 drops_at_start=1")),
    holds("front-end leases, waits only for those that had one", front_end_leases!("snapshot=1")),
    holds(
        "front-end leases, hits look at the lease, then at the entry",
        front_end_leases!("two_step_hits=2"),
    ),
    holds(
        "front-end leases, hits look at the entry, then at the lease",
        front_end_leases!("two_step_hits=1"),
    ),
    holds("front-end leases, dropped at the next grant", front_end_leases!("lazy_lapse=1")),
    fails(
        "front-end leases, dropped at the next grant, entry, then lease",
        front_end_leases!("lazy_lapse=1 two_step_hits=1"),
    ),
    holds(
        "front-end leases, dropped at the next grant, lease, then entry",
        front_end_leases!("lazy_lapse=1 two_step_hits=2"),
    ),
    breaks(front_end_leases!("lapse_drops")),
    breaks(front_end_leases!("filled_under_lease")),
    breaks(front_end_leases!("filled_under_lease snapshot=1")),
    breaks(front_end_leases!("owing_not_renewed")),
    breaks(front_end_leases!("none_renewed_at_start")),
    breaks(front_end_leases!("drop_all_ends_lease drops_at_start=1")),
    fails(
        "front-end leases, without 7 fill_marked_by_drop_all",
        front_end_leases!("fill_marked_by_drop_all drops_at_start=1"),
    ),
    fails("front-end leases, without 4 confirmation_of_call", front_end_leases!("confirmation_of_call")),
    fails("front-end leases, without 8 answer_of_fill", front_end_leases!("answer_of_fill")),
    fails("front-end leases, without 8 no_late_join", front_end_leases!("no_late_join")),
    fails(
        "front-end leases, without 5 nothing_revealed_before",
        front_end_leases!("nothing_revealed_before"),
    ),
];

macro_rules! long {
    ($others:literal) => {
        concat!($others, " fills=200 changes=4 crashes=2 front_end_crashes=2 drops_at_start=1")
    };
}

/// Less of everything else, and so more of what chance would seldom bring about.
macro_rules! few {
    ($others:literal) => {
        concat!($others, " front_ends=1 fills=50 changes=2 front_end_crashes=0")
    };
}

/// For the judge that knows nothing of the model's invariants.
const HISTORIES: &[Run] = &[
    holds("the rules", long!("")),
    holds("the rules, drift within the margin", long!("lease=3 wait=3")),
    fails("without 1's margin for drift", long!("lease=3 wait=1")),
    breaks(long!("durable_first")),
    breaks(long!("nothing_revealed_before")),
    breaks(long!("no_late_join")),
    breaks(few!("silent_at_start crashes=2 lease=4 wait=4")),
    breaks(few!("fill_marked crashes=0 lease=4 wait=4")),
    breaks(few!("fill_marked_by_drop_all crashes=2 lease=6 wait=6 drops_at_start=1")),
];
