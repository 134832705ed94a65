//! The tables of runs.

use explorer::{How, Run, Table, breaks, fails, holds};

pub const TABLES: &[Table] = &[
    Table { name: "quick", about: "the rules as they stand", how: How::Search, runs: QUICK },
    Table { name: "full", about: "the same, larger: 6 minutes, 0.6 GiB", how: How::Search, runs: FULL },
    Table { name: "large", about: "two more: 10 minutes, 4 GiB", how: How::Search, runs: LARGE },
    Table {
        name: "broken",
        about: "each rule broken: what goes wrong, in how many steps",
        how: How::Search,
        runs: BROKEN,
    },
    Table { name: "drafts", about: "ways that were tried and not taken", how: How::Search, runs: DRAFTS },
    Table {
        name: "history",
        about: "random walks, judged by a search for a linear order that knows nothing of the model",
        how: How::Walks(100_000),
        runs: HISTORIES,
    },
];

/// The rules as they stand, in less than a minute.
const QUICK: &[Run] = &[
    holds("one order sent twice, 2 leaders, progress", "progress"),
    holds("two orders, both sent twice, 3 leaders", "copies=220 log=6 terms=3"),
    holds("confirmations travel", "copies=210 log=5 slow=1"),
    holds("restock before the late copy of a refused order", "copies=120 log=5 restocks=1"),
    holds("two products, one front-end", "copies=101 log=4 products=2 front_ends=1 sessions=1"),
    holds(
        "three front-ends, the third begins without a session",
        "copies=100 log=4 front_ends=3 sessions=3 opens=1 lease=1 wait=1",
    ),
    holds("sessions close and open again", "copies=100 log=4 opens=1 closes=1 lease=1 wait=1"),
    holds("an election unnoticed", "copies=100 log=4 terms=3 unnoticed=1 lease=1 wait=1"),
];

/// The rules as they stand.
const FULL: &[Run] = &[
    holds("two orders, one sent twice, 4 leaders", "copies=210 log=6 terms=4"),
    holds("two orders, both sent twice, 3 leaders, confirmations travel", "copies=220 log=6 terms=3 slow=1"),
    holds("drift within the margin", "copies=200 log=4 terms=3 lease=3 wait=3"),
    holds(
        "restock before the late copy of a refused order, 3 leaders",
        "copies=120 log=6 terms=3 restocks=1",
    ),
    holds("refuse-only orders", "copies=110 log=5 restocks=1 refusals=1 lease=1 wait=1"),
    holds("entries of an older leadership come late, 4 leaders", "copies=200 log=6 terms=4 late=1"),
    holds("an election unnoticed", "copies=200 log=5 terms=3 unnoticed=1"),
    holds(
        "an election unnoticed, and late entries",
        "copies=200 log=5 terms=3 unnoticed=1 late=1 lease=1 wait=1",
    ),
    holds(
        "an election unnoticed, and sessions close",
        "copies=100 log=5 terms=3 unnoticed=1 closes=1 lease=1 wait=1",
    ),
    holds("sessions close and open again, 3 leaders", "copies=100 log=4 terms=3 opens=1 closes=1"),
    holds("sessions close, 4 leaders", "copies=100 log=5 terms=4 closes=1"),
    holds("one front-end begins without a session", "copies=100 log=4 opens=1 closes=1 sessions=1"),
    holds("three front-ends", "copies=100 log=4 front_ends=3 sessions=7"),
    holds("two products", "copies=101 log=4 products=2 lease=1 wait=1"),
    holds(
        "two products, one front-end, 3 leaders",
        "copies=101 log=4 terms=3 products=2 front_ends=1 sessions=1",
    ),
    holds("progress: 3 leaders", "copies=100 log=4 terms=3 progress"),
    holds("progress: sessions close and open", "copies=100 log=4 opens=1 closes=1 lease=1 wait=1 progress"),
    holds(
        "progress: two products, one front-end",
        "copies=101 log=4 products=2 front_ends=1 sessions=1 progress",
    ),
    holds("progress: an election unnoticed", "copies=100 log=4 terms=3 unnoticed=1 lease=1 wait=1 progress"),
];

/// The rules as they stand, two more: 10 minutes, 4 GiB.
const LARGE: &[Run] = &[
    holds(
        "sessions close and open again, an order sent twice, 3 leaders",
        "copies=200 log=5 terms=3 opens=1 closes=1",
    ),
    holds(
        "two orders, 4 leaders, one of them unnoticed",
        "copies=210 log=6 terms=4 unnoticed=1 lease=1 wait=1",
    ),
];

/// One rule broken each.
const BROKEN: &[Run] = &[
    breaks("outcome_when_applied copies=110"),
    breaks("key_when_applied"),
    breaks("refusal_kept copies=120 restocks=1 log=5"),
    breaks("told_when_applied"),
    breaks("mark_applied_first"),
    breaks("restart_is_new_leadership"),
    breaks("entries_name_leadership late=1"),
    breaks("entries_name_leadership copies=100 terms=3 unnoticed=1 log=5"),
    breaks("round_after_arrival"),
    breaks("decided_in_one_step"),
    breaks("lease_from_send"),
    fails("without L1's margin for drift", "lease=3 wait=2"),
    breaks("lease_ends"),
    breaks("lease_noted"),
    breaks("stopped_while_asking slow=1"),
    breaks("stopped_while_asking progress"),
    breaks("stopped_while_proposed"),
    breaks("dropped_first"),
    breaks("holders_asked progress"),
    breaks("confirmation_of_call slow=1"),
    breaks("confirmation_of_named products=2 copies=102"),
    breaks("fill_marked"),
    breaks("answer_of_fill"),
    breaks("no_late_join"),
    breaks("session_applied opens=1 sessions=1 log=5"),
    breaks("closed_when_free closes=1 log=5"),
    breaks("closed_when_known closes=1 terms=3 log=5"),
    breaks("silent_closed progress"),
    breaks("closing_gets_none closes=1 log=5"),
    breaks("held_assumed"),
    breaks("sessions_at_mark opens=1 sessions=1 log=5"),
    breaks("counted_from_mark"),
    breaks("all_asked progress"),
    breaks("asked_after_mark"),
    breaks("assumption_only slow=1"),
    breaks("session_itself"),
];

/// Ways to do it that were tried and not taken.
const DRAFTS: &[Run] = &[
    fails("holders are asked side by side with the commit, the answer waits for both", "dropped_first"),
    holds(
        "the same, and a new leader is silent while it assumes anything",
        "dropped_first gated=1 copies=200 log=5 terms=3",
    ),
    fails("a new leader asks nobody and lets a lease pass", "all_asked progress"),
    fails(
        "a new leader asks the sessions that it happens to have applied",
        "sessions_at_mark opens=1 sessions=1 log=5",
    ),
    fails("a candidate asks, to lose no time", "asked_after_mark"),
    fails("a new leader counts from the old one's last heartbeat", "counted_from_mark"),
    fails("who leads on after a restart is still the leader", "restart_is_new_leadership"),
    fails("whoever does not answer is closed at once", "closed_when_free closed_when_known closes=1 log=5"),
    fails("a refused order leaves no trace", "refusal_kept copies=120 restocks=1 log=5"),
    fails("the leader decides, the log records", "outcome_when_applied copies=110"),
];

/// For the judge that knows nothing of the model's invariants.
const HISTORIES: &[Run] = &[
    holds(
        "the rules, 3 leaders, restock, sessions close and open",
        "copies=220 terms=3 log=9 restocks=1 opens=1 closes=1",
    ),
    holds(
        "the rules, 2 products, 3 front-ends, 4 leaders",
        "copies=212 terms=4 log=10 restocks=1 opens=1 closes=1 products=2 front_ends=3 sessions=3",
    ),
    holds(
        "the rules, an election unnoticed, late entries",
        "copies=220 terms=4 unnoticed=1 late=1 slow=1 log=10 opens=1 closes=1",
    ),
    breaks("outcome_when_applied copies=220 log=6"),
    breaks("key_when_applied stock=2"),
    breaks("refusal_kept copies=220 restocks=2 log=9"),
    breaks("mark_applied_first"),
    breaks("entries_name_leadership late=1 log=5"),
    breaks("round_after_arrival"),
    breaks("decided_in_one_step"),
    breaks("lease_from_send"),
    breaks("lease_noted"),
    breaks("stopped_while_proposed"),
    breaks("dropped_first"),
    breaks("fill_marked"),
    breaks("no_late_join"),
    breaks("held_assumed"),
    breaks("session_itself"),
];
