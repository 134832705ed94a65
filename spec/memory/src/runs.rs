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
        name: "limits",
        about: "what cannot be told, what more memory buys, which rules do without which",
        how: How::Search,
        runs: LIMITS,
    },
    Table {
        name: "without",
        about: "the protocol without these rules: it loses orders",
        how: How::Search,
        runs: WITHOUT,
    },
];

/// What the catalog says at a takeover, and nothing else of these rules.
macro_rules! m4_m5 {
    ($faults:literal) => {
        concat!(
            "none +all_answer +settled_checked +catalog_before_push +another_chosen +numbered replicas=2 ",
            $faults
        )
    };
}

/// The rules that rest on the catalog's memory, without those that rest on the view's.
macro_rules! m4_to_m9 {
    ($faults:literal) => {
        concat!(
            "none +settled_checked +catalog_before_push +another_chosen +numbered +front_end_runs +superseded_ends +registered_first ",
            "+first_view_saved +lost_draws_run +catalog_checked +catalog_asks replicas=2 ",
            $faults
        )
    };
}

/// The protocol as it was built: what it does about a front-end without a file, and nothing else of this.
const WITHOUT: &[Run] = &[
    holds("nothing is lost, 2 replicas", "none +all_answer crashes=2 silent=1 replicas=2"),
    holds("nothing is lost, the front-end crashes", "none +all_answer front_end_crashes=1 replicas=2"),
    fails("a replica's file is removed, 2 replicas", "none +all_answer wipes=1 orders=1 replicas=2"),
    fails("a replica's file is removed, 3 replicas", "none +all_answer wipes=1 orders=1 replicas=3"),
    fails("a replica's file is older", "none +all_answer within=1 orders=1 replicas=2"),
    fails(
        "two replicas get each other's files",
        "none +all_answer exchanges=1 orders=1 crashes=2 replicas=2",
    ),
    fails(
        "the front-end's file is older",
        "none +all_answer front_end_older=1 front_end_crashes=1 crashes=2 orders=1 replicas=2",
    ),
    fails("a second front-end", "none +all_answer seconds=1 silent=1 crashes=0 orders=1 replicas=2"),
    fails("the catalog's file is removed", "none +all_answer catalog_wipes=1 crashes=0 replicas=2"),
    fails(
        "a replica leaves the configuration and comes back",
        "none +all_answer reconfigured=2 orders=1 crashes=0 replicas=2",
    ),
];

/// The rules as they stand, in less than a minute.
const QUICK: &[Run] = &[
    holds("crashes, progress", "replicas=2 crashes=2 progress"),
    holds("the front-end crashes, progress", "replicas=2 front_end_crashes=1 progress"),
    holds("a replica's file is removed, progress", "replicas=2 wipes=1 progress"),
    holds("a replica's file is removed, 3 replicas, progress", "replicas=3 wipes=1 orders=1 progress"),
    holds(
        "a replica's file is of an earlier run, progress",
        "replicas=2 earlier=1 crashes=2 orders=1 progress",
    ),
    holds(
        "a replica's file is of the run that the view names, progress",
        "replicas=2 within=1 orders=1 progress",
    ),
    holds(
        "of that run, and a leader is not heard, progress",
        "replicas=2 within=1 silent=1 changes=0 crashes=2 progress",
    ),
    holds("two replicas get each other's files, progress", "replicas=2 exchanges=1 crashes=2 progress"),
    holds(
        "the front-end's file is removed, progress",
        "replicas=2 front_end_wipes=1 front_end_crashes=1 progress",
    ),
    holds(
        "the front-end's file is removed twice, progress",
        "replicas=2 front_end_wipes=2 front_end_crashes=2 crashes=0 orders=1 progress",
    ),
    holds("the front-end's file is older", "replicas=2 front_end_older=1 front_end_crashes=1 orders=1"),
    holds("a second front-end", "replicas=2 seconds=1 crashes=0 orders=1 silent=1 changes=1"),
    holds("the catalog's file is removed, progress", "replicas=2 catalog_wipes=1 progress"),
    holds("the catalog's file is older, progress", "replicas=2 catalog_older=1 progress"),
    holds(
        "the catalog's file is older, a leader is not heard, progress",
        "replicas=2 catalog_older=1 silent=1 changes=1 progress",
    ),
    holds("the catalog's and a replica's file are removed", "replicas=2 catalog_wipes=1 wipes=1 crashes=2"),
    holds(
        "a replica leaves the configuration and comes back, progress",
        "replicas=2 reconfigured=2 progress",
    ),
    holds("the operator goes on without who does not answer", "replicas=2 recovers=1 crashes=2 changes=1"),
];

/// The rules as they stand.
const FULL: &[Run] = &[
    holds("3 replicas, crashes, progress", "replicas=3 crashes=2 orders=1 progress"),
    holds("a replica's file is removed, a leader is not heard", "replicas=2 wipes=1 crashes=2 silent=1"),
    holds("3 replicas, a replica's file is removed, 2 crashes", "replicas=3 wipes=1 orders=1 crashes=2"),
    holds("3 replicas, two replicas' files are removed", "replicas=3 wipes=2 orders=1 crashes=2 changes=1"),
    holds("a replica's file is of an earlier run, 2 orders", "replicas=2 earlier=1 crashes=3 changes=1"),
    holds("3 replicas, of an earlier run", "replicas=3 earlier=1 orders=1"),
    holds("of the run that the view names, 2 orders, progress", "replicas=2 within=1 crashes=2 progress"),
    holds(
        "3 replicas, of the run that the view names, progress",
        "replicas=3 within=1 orders=1 changes=1 progress",
    ),
    holds("3 replicas, two get each other's files", "replicas=3 exchanges=1 orders=1 crashes=2 changes=1"),
    holds(
        "one file is removed, another is older, the front-end crashes",
        "replicas=2 wipes=1 earlier=1 front_end_crashes=1 orders=1 crashes=2",
    ),
    holds(
        "3 replicas, the front-end's file is removed",
        "replicas=3 front_end_wipes=1 front_end_crashes=1 orders=1 changes=1",
    ),
    holds(
        "the front-end's file is older, a leader is not heard",
        "replicas=2 front_end_older=1 front_end_crashes=1 silent=1",
    ),
    holds(
        "3 replicas, the front-end's file is older",
        "replicas=3 front_end_older=1 front_end_crashes=1 orders=1 crashes=0 silent=1 changes=1",
    ),
    holds(
        "the front-end's and a replica's file are removed",
        "replicas=2 front_end_wipes=1 front_end_crashes=1 wipes=1 orders=1 crashes=2",
    ),
    holds(
        "a second front-end, and a replica crashes",
        "replicas=2 seconds=1 crashes=1 orders=1 silent=1 changes=1 front_end_runs=4",
    ),
    holds(
        "a second front-end, the first one is restarted",
        "replicas=2 seconds=1 front_end_crashes=1 crashes=0 orders=1 changes=1 silent=1 front_end_runs=3",
    ),
    holds(
        "the catalog's file is removed, a leader is not heard",
        "replicas=2 catalog_wipes=1 silent=1 crashes=2",
    ),
    holds(
        "3 replicas, the catalog's file is older, a leader is not heard",
        "replicas=3 catalog_older=1 silent=1 orders=2 crashes=0",
    ),
    holds(
        "a second front-end, and the first one's file is older",
        "replicas=2 seconds=1 front_end_older=1 front_end_crashes=1 crashes=0 orders=1 changes=1 silent=1 front_end_runs=4",
    ),
    holds(
        "3 replicas, the catalog's and a replica's file are removed",
        "replicas=3 catalog_wipes=1 wipes=1 orders=1 changes=1",
    ),
    holds(
        "the catalog's file is removed, a replica's is of an earlier run",
        "replicas=2 catalog_wipes=1 earlier=1 crashes=2 orders=1",
    ),
    holds("3 replicas, one leaves the configuration and comes back", "replicas=3 reconfigured=2 orders=1"),
    holds(
        "3 replicas, the operator goes on without two",
        "replicas=3 recovers=1 orders=1 crashes=2 changes=1",
    ),
    holds(
        "a replica's file is removed, a leader is not heard, 3 crashes",
        "replicas=2 wipes=1 crashes=3 silent=1 orders=1 changes=3 epochs=7",
    ),
    holds(
        "3 replicas, the front-end's file is older, a replica crashes",
        "replicas=3 front_end_older=1 front_end_crashes=1 orders=1",
    ),
    holds(
        "a second front-end, and everyone crashes",
        "replicas=2 seconds=1 front_end_crashes=1 orders=1 changes=1 front_end_runs=4",
    ),
    holds(
        "the front-end's file is removed, the operator goes on without who does not answer",
        "replicas=2 recovers=1 front_end_wipes=1 front_end_crashes=1 crashes=2 changes=1",
    ),
    holds(
        "of the run that the view names, and the operator goes on",
        "replicas=2 recovers=1 within=1 crashes=2 changes=1",
    ),
    holds("two replicas' files are removed, progress", "replicas=2 wipes=2 crashes=2 changes=1 progress"),
];

/// One rule broken each.
const BROKEN: &[Run] = &[
    breaks("run_each_start replicas=2 earlier=1 catalog_wipes=1 crashes=2 orders=1"),
    breaks("run_saved_first replicas=2 crashes=2 progress"),
    breaks("view_names_runs replicas=2 wipes=1 catalog_wipes=1"),
    breaks("listed_before_counted replicas=2 earlier=1 catalog_wipes=1 crashes=3 orders=1"),
    breaks("settled_checked replicas=2 within=1 crashes=2 orders=1"),
    breaks("settled_checked replicas=2 front_end_older=1 front_end_crashes=1 crashes=2 orders=1"),
    breaks("catalog_before_push replicas=2 within=1 silent=1 changes=0 crashes=2"),
    breaks("another_chosen replicas=2 within=1 crashes=2 orders=1 progress"),
    breaks("numbered replicas=2 within=1 crashes=2"),
    breaks("front_end_runs replicas=2 seconds=1 orders=1 silent=1"),
    breaks("registered_first replicas=2 seconds=1 orders=1 silent=1"),
    breaks("first_view_saved replicas=2 front_end_crashes=1 progress"),
    breaks("all_answer replicas=2 front_end_wipes=1 front_end_crashes=1 crashes=2 catalog_wipes=1 orders=1"),
    breaks(
        "blank_is_no_answer replicas=2 front_end_wipes=1 front_end_crashes=1 crashes=2 wipes=1 catalog_wipes=1 orders=1",
    ),
    breaks("lost_draws_run replicas=2 seconds=1 front_end_crashes=1 orders=1 changes=1 front_end_runs=4"),
    breaks("catalog_checked replicas=2 catalog_wipes=1"),
    breaks("catalog_checked replicas=2 catalog_older=1"),
    breaks("catalog_asks replicas=2 catalog_older=1 silent=1 changes=1"),
    breaks("set_is_the_views replicas=2 catalog_wipes=1 orders=1 reconfigured=2"),
    breaks("gone_is_disowned replicas=2 front_end_wipes=2 front_end_crashes=2 crashes=0 orders=1 progress"),
    breaks("recover_fills replicas=2 recovers=1 crashes=2"),
];

/// What cannot be told, what more memory buys, and which rules do without which.
const LIMITS: &[Run] = &[
    fails("copy of the named run, catalog lost", "replicas=2 within=1 catalog_wipes=1 crashes=2 orders=1"),
    holds(
        "copy of the named run, catalog lost, rebuilding waits for all, nobody was dropped",
        "replicas=2 within=1 catalog_wipes=1 crashes=2 orders=1 waits=1 changes=0",
    ),
    fails(
        "copy of the named run, catalog lost, rebuilding waits for all",
        "replicas=2 within=1 catalog_wipes=1 crashes=2 orders=1 waits=1",
    ),
    holds(
        "copy of the named run, catalog lost, the front-end remembers what it passed on",
        "replicas=2 within=1 catalog_wipes=1 crashes=2 orders=1 mark=1",
    ),
    fails(
        "copy of the named run, catalog lost, the front-end remembers, and crashes",
        "replicas=2 within=1 catalog_wipes=1 crashes=2 orders=1 mark=1 front_end_crashes=1",
    ),
    fails(
        "front-end older, catalog lost",
        "replicas=2 front_end_older=1 front_end_crashes=1 catalog_wipes=1 crashes=2 orders=1",
    ),
    holds(
        "front-end older, catalog lost, rebuilding waits for all",
        "replicas=2 front_end_older=1 front_end_crashes=1 catalog_wipes=1 crashes=2 orders=1 waits=1",
    ),
    fails(
        "front-end and catalog older, of one moment",
        "replicas=2 images=1 front_end_crashes=1 crashes=2 orders=1",
    ),
    fails(
        "front-end lost, copy of the named run, catalog lost",
        "replicas=2 front_end_wipes=1 front_end_crashes=1 within=1 catalog_wipes=1 crashes=2 orders=1",
    ),
    fails("second front-end, catalog lost", "replicas=2 seconds=1 catalog_wipes=1 silent=1 orders=1"),
    holds(
        "second front-end, catalog lost, rebuilding waits for all",
        "replicas=2 seconds=1 catalog_wipes=1 silent=1 orders=1 waits=1 changes=1",
    ),
    holds(
        "second front-end, without M6's end of who is superseded",
        "superseded_ends replicas=2 seconds=1 crashes=0 orders=1 silent=1 changes=1 front_end_runs=4",
    ),
    fails(
        "copy of the named run, without M4, the best book of those that answer is chosen",
        "settled_checked best=1 replicas=2 within=1 crashes=2 orders=1",
    ),
    holds(
        "front-end lost, a replica lost, without M8's waiting",
        "all_answer blank_is_no_answer replicas=2 front_end_wipes=1 front_end_crashes=1 crashes=2 wipes=1 orders=1",
    ),
    holds("M4, M5 alone: two replicas' files removed", m4_m5!("wipes=2 crashes=3 orders=1")),
    holds("M4, M5 alone: copy of the named run", m4_m5!("within=1 crashes=2")),
    holds("M4, M5 alone: files exchanged", m4_m5!("exchanges=1 crashes=2")),
    holds("M4, M5 alone: out of the configuration and back", m4_m5!("reconfigured=2 silent=1 orders=1")),
    fails(
        "M4, M5 alone: front-end older",
        m4_m5!("front_end_older=1 front_end_crashes=1 crashes=2 silent=1 orders=1"),
    ),
    holds(
        "M4 to M9 without M8's waiting: front-end lost",
        m4_to_m9!("front_end_wipes=1 front_end_crashes=1 orders=1"),
    ),
    holds(
        "M4 to M9 without M8's waiting: front-end older",
        m4_to_m9!("front_end_older=1 front_end_crashes=1 silent=1 orders=1"),
    ),
    holds(
        "M4 to M9 without M8's waiting: second front-end",
        m4_to_m9!("seconds=1 silent=1 crashes=0 changes=1 orders=1"),
    ),
    holds("M4 to M9 without M8's waiting: catalog older", m4_to_m9!("catalog_older=1 silent=1")),
];
