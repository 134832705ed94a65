use std::time::Duration;

use super::{at, e, n, r, run, sold, view};
use crate::clock::Timestamp;
use crate::order::rules::{LeaderState, SendState, Step};

const PATIENCE: Duration = Duration::from_millis(100);

/// A leader of ten orders with replicas 2 and 3 in sync, which may send its book.
fn leader() -> LeaderState {
    let mut leader = LeaderState::new(view(5, 3, &[2, 3]), r(3), run(3), &[1, 2, 3].map(r), at(10, 4));
    leader.inheritance_appended();
    leader
}

fn at_ms(ms: u64) -> Timestamp {
    Timestamp::default() + Duration::from_millis(ms)
}

/// Rules E4 and M4: what a replica is sent next.
#[test]
fn a_replica_is_sent_what_it_has_not_confirmed() {
    let mut state = SendState::new(n(10), PATIENCE);
    let mut taking_over = LeaderState::new(view(5, 3, &[2, 3]), r(3), run(3), &[1, 2, 3].map(r), at(10, 4));
    assert_eq!(state.next(&taking_over, r(2), false, false), Step::Rest, "the catalog has not answered");
    taking_over.inheritance_appended();
    assert_eq!(state.next(&taking_over, r(2), false, false), Step::Send(n(10)));
    assert_eq!(state.next(&taking_over, r(2), false, false), Step::Send(n(10)), "until it confirms");
    state.missing(n(10), n(4));
    assert_eq!(state.next(&taking_over, r(2), false, false), Step::Send(n(4)));
    state.missing(n(4), n(9));
    assert_eq!(state.next(&taking_over, r(2), false, false), Step::Send(n(3)), "back at least one");
    assert_eq!(state.next(&taking_over, r(1), false, false), Step::Rest, "it is out");
}

/// A follower hears of acknowledgements with the next entries, or after a while without any.
#[test]
fn what_is_acknowledged_is_told_with_the_next_entries_or_after_a_while() {
    let (mut leader, mut state) = (leader(), SendState::new(n(10), PATIENCE));
    leader.confirmed(r(2), run(2), e(5), n(10));
    leader.advance();
    state.confirmed(n(10), n(0), PATIENCE);
    assert_eq!(state.next(&leader, r(2), false, false), Step::RestThenTell);
    assert_eq!(state.next(&leader, r(2), true, false), Step::Send(n(10)));
    state.confirmed(n(10), n(10), PATIENCE);
    assert_eq!(state.next(&leader, r(2), false, false), Step::Rest);
    leader.append(vec![sold("a", 1)]);
    assert_eq!(state.next(&leader, r(2), false, false), Step::Send(n(10)));
}

/// Rules D3 and M10: one that has caught up is to be added, one that nobody can reach by the configuration to be dropped.
#[test]
fn the_front_end_is_asked_once_at_a_time() {
    let (mut leader, mut state) = (leader(), SendState::new(n(10), PATIENCE));
    leader.confirmed(r(2), run(2), e(5), n(10));
    leader.advance();
    leader.count(r(1), run(1));
    assert_eq!(state.next(&leader, r(1), false, false), Step::Send(n(10)));
    leader.confirmed(r(1), run(1), e(5), n(10));
    assert_eq!(state.next(&leader, r(1), false, false), Step::Add(run(1)));
    assert_eq!(state.next(&leader, r(1), false, true), Step::RestThenTell, "it is being asked");
    let unconfigured = LeaderState::new(view(5, 3, &[2, 3]), r(3), run(3), &[1, 3].map(r), at(10, 4));
    assert_eq!(state.next(&unconfigured, r(2), false, false), Step::Drop);
    assert_eq!(state.next(&unconfigured, r(2), false, true), Step::Rest);
}

/// Rule E3: a replica may owe a confirmation only for so long.
#[test]
fn a_replica_that_confirms_nothing_is_given_up() {
    let mut state = SendState::new(n(10), PATIENCE);
    state.sends(at_ms(0));
    state.sends(at_ms(50));
    assert!(!state.is_given_up(at_ms(99)) && state.is_given_up(at_ms(100)), "since it owes the first");
    state.confirmed(n(10), n(10), PATIENCE * 2);
    assert!(!state.is_given_up(at_ms(100)));
    state.sends(at_ms(100));
    assert!(
        !state.is_given_up(at_ms(299)) && state.is_given_up(at_ms(300)),
        "from now on with more patience"
    );
    let mut gone = SendState::new(n(10), PATIENCE);
    gone.unanswered(true);
    gone.unanswered(false);
    gone.unanswered(true);
    assert!(!gone.is_given_up(at_ms(0)));
    gone.unanswered(true);
    assert!(gone.is_given_up(at_ms(0)), "nobody listens there, twice in a row");
}
