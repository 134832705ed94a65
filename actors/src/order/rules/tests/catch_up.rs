use super::{FRONT_END, at, e, entries, n, run, view};
use crate::messages::order::{AppendEntries, AppendReply, FetchReply, NotServing};
use crate::order::rules::catch_up::{Next, is_merged, next};

/// Rule E4: what was fetched says whether there is more, or where to ask again.
#[test]
fn an_answer_to_a_fetch_says_what_comes_next() {
    let message = |count: usize, acknowledged: u64| AppendEntries {
        view: view(5, 2, &[2, 3]),
        after: at(0, 0),
        entries: entries(&vec![4; count]),
        acknowledged: n(acknowledged),
    };
    let merge = |count, acknowledged, more, full| Next::Merge {
        message: message(count, acknowledged),
        end: at(count as u64, 4),
        more,
        full,
    };
    let not_serving = NotServing::NotLeader { named: e(5), current: e(6) };
    for (case, reply, expected) in [
        ("nothing is missing", FetchReply::Entries(message(0, 9)), Next::Done),
        ("as many as asked for", FetchReply::Entries(message(3, 9)), merge(3, 9, true, true)),
        (
            "fewer: the leader has a limit of its own",
            FetchReply::Entries(message(2, 9)),
            merge(2, 9, true, false),
        ),
        ("all that is acknowledged", FetchReply::Entries(message(3, 3)), merge(3, 3, false, true)),
        ("the books part", FetchReply::Diverged { after: at(7, 3) }, Next::StepBack(at(7, 3))),
        ("it does not lead", FetchReply::NotServing(not_serving), Next::GiveUp),
    ] {
        assert_eq!(next(reply, 3), expected, "{case}");
    }
}

#[test]
fn a_chunk_is_merged_when_its_end_is_confirmed() {
    let confirmed = |number| AppendReply::Confirmed { run: FRONT_END, epoch: e(5), number: n(number) };
    for (reply, merged) in [
        (confirmed(7), true),
        (confirmed(6), false),
        (AppendReply::Missing { after: at(3, 2) }, false),
        (AppendReply::Refused { epoch: e(6) }, false),
    ] {
        assert_eq!(is_merged(reply, n(7)), merged, "{reply:?} of {}", run(1));
    }
}
