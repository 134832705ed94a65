//! The tables of runs.

use explorer::{How, Run, Table, breaks, holds};

pub const TABLES: &[Table] = &[
    Table { name: "quick", about: "the rules as they stand", how: How::Search, runs: QUICK },
    Table { name: "full", about: "the same, larger: 4 minutes, 0.7 GiB", how: How::Search, runs: FULL },
    Table {
        name: "broken",
        about: "each rule broken: what goes wrong, in how many steps",
        how: How::Search,
        runs: BROKEN,
    },
    Table {
        name: "variants",
        about: "other ways to do it that hold as well",
        how: How::Search,
        runs: VARIANTS,
    },
];

/// The rules as they stand.
const QUICK: &[Run] = &[
    holds("2 replicas, 2 orders, progress", "replicas=2 progress"),
    holds("2 replicas, 2 crashes, progress", "replicas=2 orders=1 crashes=2 progress"),
    holds("2 replicas, 3 orders, no crash", "replicas=2 orders=3 stock=3 crashes=0"),
    holds("a message is lost, progress", "replicas=2 orders=1 losses=1 progress"),
    holds("a message comes twice, and a lookup", "replicas=2 orders=1 copies=1 lookups=1"),
    holds(
        "restock before a refused request is repeated",
        "replicas=2 orders=1 stock=0 restocks=1 refusals=1 late_requests=1 copies=1",
    ),
    holds("one leader alone is in sync, progress", "replicas=2 orders=1 begins=1 progress"),
    holds("3 replicas, 2 orders, a crash", "suspicions=0"),
    holds("3 replicas, 2 orders, a wrong suspicion", "crashes=0"),
    holds("3 replicas, 2 wrong suspicions", "orders=1 crashes=0 suspicions=2"),
    holds("3 replicas, a crash, a message comes twice", "orders=1 suspicions=0 copies=1"),
];

/// The rules as they stand, larger.
const FULL: &[Run] = &[
    holds("3 replicas, a crash and a wrong suspicion, progress", "orders=1 stock=1 progress"),
    holds("3 replicas, replica 1 is not in sync, a crash and a wrong suspicion", "orders=1 begins=2"),
    holds(
        "3 replicas, 2 crashes, nobody starts again, progress",
        "orders=1 crashes=2 suspicions=0 no_starts=1 progress",
    ),
    holds("2 replicas, 3 crashes, progress", "replicas=2 orders=1 crashes=3 progress"),
    holds(
        "2 replicas, 2 crashes, 2 wrong suspicions, progress",
        "replicas=2 orders=1 crashes=2 suspicions=2 progress",
    ),
    holds("2 orders, a message is lost, progress", "replicas=2 losses=1 progress"),
    holds("2 orders, a message comes twice", "replicas=2 copies=1"),
    holds("2 orders, one leader alone is in sync, progress", "replicas=2 begins=1 progress"),
    holds(
        "2 orders, restock before a refused request is repeated",
        "replicas=2 stock=1 restocks=1 refusals=1 late_requests=1",
    ),
    holds("2 messages are lost, one comes twice, progress", "replicas=2 orders=1 losses=2 copies=1 progress"),
];

/// One rule broken each.
const BROKEN: &[Run] = &[
    breaks("own_disk_waited_for replicas=2 orders=1"),
    breaks("all_waited_for replicas=2 orders=1"),
    breaks("joiner_waited_for replicas=2 orders=1"),
    breaks("repeated_when_acknowledged replicas=2"),
    breaks("looked_up_again replicas=2 orders=1 copies=1"),
    breaks("unsettled_fetched replicas=2 orders=1"),
    breaks("served_when_confirmed replicas=2 orders=1 lookups=1"),
    breaks("tail_hidden replicas=2 lookups=1"),
    breaks("cut_at_difference replicas=2 orders=1"),
    breaks("fetched_names_epoch replicas=2 orders=1"),
    breaks("message_confirmed replicas=2"),
    breaks("epoch_saved replicas=2"),
    breaks("buy_names_term replicas=2 orders=1"),
    breaks("older_term_refused replicas=2 orders=1"),
    breaks("batches_numbered replicas=2 orders=1 copies=1"),
    breaks("lower_number_refused replicas=2 stock=3 copies=1 crashes=0 suspicions=0"),
    breaks("answer_repeated replicas=2 orders=1 copies=1"),
    breaks("refused_again replicas=2 orders=1 stock=0 restocks=1 refusals=1"),
    breaks("refusals_kept replicas=2 orders=1 stock=0 restocks=1 refusals=1 late_requests=1"),
    breaks("current_view_refuses replicas=2 orders=1 stock=0 restocks=1 refusals=1"),
    breaks("buy_repeated replicas=2 orders=1 losses=1"),
    breaks("settled_when_acknowledged replicas=2 orders=1"),
    breaks("fetch_fences replicas=2 orders=1"),
    breaks("change_has_epoch replicas=2 orders=1"),
    breaks("every_drop_has_epoch replicas=2 orders=1 crashes=2"),
    breaks("change_names_epoch replicas=2 orders=1 epochs=7"),
    breaks("added_when_equal replicas=2 orders=1"),
    breaks("counted_until_view replicas=2 orders=1 crashes=2"),
    breaks("restarted_never_leads replicas=2"),
    breaks("next_view_only replicas=2 orders=1"),
    breaks("chosen_in_sync replicas=2 orders=1"),
    breaks("view_repeated replicas=2 orders=1 losses=1 progress"),
    breaks("no_leader_is_replaced replicas=2 orders=1 progress"),
    breaks("dropped_in_takeover replicas=2 orders=1 no_starts=1 progress"),
    breaks("sent_again replicas=2 orders=1 losses=1 progress"),
];

/// Other ways to do it.
const VARIANTS: &[Run] = &[
    holds(
        "the catalog knows a purchase again by its request id, instead of by the buy's number",
        "batches_numbered remembers=1 replicas=2 progress",
    ),
    holds(
        "the same, and restock before the late copy of a refused request",
        "batches_numbered remembers=1 replicas=2 stock=1 restocks=1 refusals=1",
    ),
    holds("the own append is durable before it is sent", "serial=1 replicas=2 progress"),
    holds("followers may fetch the book, too", "fetching=1 replicas=2 orders=1 progress"),
    holds("a sync replaces an older one that is still in flight", "newest_sync=1 replicas=2 progress"),
    holds("lookups that name an older epoch are answered", "looser_lookups=1 replicas=2 lookups=1"),
];
