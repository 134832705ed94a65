use super::{at, e, n, r, run, sold, view, view_of};
use crate::domain::{Entry, Position, Run, View};
use crate::order::rules::leader_state::{LeaderState, Succession};
use crate::order::rules::peer::Membership;

/// A leader, spoken to in plain numbers.
struct Leader(LeaderState);

impl Leader {
    fn append(&mut self, count: usize) {
        self.0.append((0..count).map(|index| sold(&format!("k{index}"), 1)).collect());
    }

    fn durable(&mut self, number: u64) {
        self.0.durable(n(number));
    }

    fn confirmed(&mut self, peer: u8, run: Run, epoch: u64, number: u64) {
        self.0.confirmed(r(peer), run, e(epoch), n(number));
    }

    fn inheritance_appended(&mut self) {
        self.0.inheritance_appended();
    }

    fn advance(&mut self) -> bool {
        self.0.advance()
    }

    fn acknowledged(&self) -> u64 {
        self.0.acknowledged().get()
    }

    fn serves(&self) -> bool {
        self.0.serves()
    }

    fn adopt(&mut self, view: View) {
        self.0.adopt(view);
    }

    fn count(&mut self, peer: u8, run: Run) -> bool {
        self.0.count(r(peer), run)
    }

    fn may_add(&self, peer: u8) -> Option<Run> {
        self.0.may_add(r(peer))
    }

    fn add_sent(&mut self, peer: u8, run: Run) {
        self.0.add_sent(r(peer), run);
    }

    fn stop_counting(&mut self, peer: u8) -> bool {
        self.0.stop_counting(r(peer))
    }

    fn membership(&self, peer: u8) -> Membership {
        self.0.membership(r(peer))
    }

    fn is_configured(&self, peer: u8) -> bool {
        self.0.is_configured(r(peer))
    }

    fn entries_after(&self, after: u64, limit: usize) -> Option<(Position, Vec<Entry>)> {
        self.0.entries_after(n(after), limit)
    }
}

fn taking_over(in_sync: &[u8], last: u64) -> Leader {
    let last = at(last, last.min(1));
    Leader(LeaderState::new(view(5, 3, in_sync), r(3), run(3), &[1, 2, 3].map(r), last))
}

/// A leader of epoch 5 that serves with ten acknowledged orders.
fn serving(in_sync: &[u8]) -> Leader {
    let mut leader = taking_over(in_sync, 10);
    leader.inheritance_appended();
    for peer in in_sync {
        leader.confirmed(*peer, run(*peer), 5, 10);
    }
    assert!(leader.advance());
    leader
}

/// Rule A1.
#[test]
fn an_order_is_acknowledged_when_the_own_disk_and_everyone_counted_have_it() {
    for (durable, by_1, by_2, acknowledged) in
        [(13, 13, 13, 13), (12, 13, 13, 12), (13, 11, 13, 11), (13, 13, 10, 10), (13, 99, 99, 13)]
    {
        let mut leader = serving(&[1, 2, 3]);
        leader.append(3);
        leader.durable(durable);
        leader.confirmed(1, run(1), 5, by_1);
        leader.confirmed(2, run(2), 5, by_2);
        leader.advance();
        assert_eq!(leader.acknowledged(), acknowledged, "{durable} {by_1} {by_2}");
    }
}

/// Rule A4.
#[test]
fn a_takeover_serves_only_once_everyone_has_the_whole_book() {
    let mut leader = taking_over(&[1, 2, 3], 10);
    leader.append(1);
    leader.inheritance_appended();
    leader.durable(11);
    leader.confirmed(1, run(1), 5, 11);
    leader.confirmed(2, run(2), 5, 10);
    assert!(!leader.advance() && !leader.serves() && leader.acknowledged() == 0);
    leader.confirmed(2, run(2), 5, 11);
    assert!(leader.advance() && leader.serves() && leader.acknowledged() == 11);
}

/// Rule A4.
#[test]
fn confirmations_of_another_term_do_not_count() {
    let mut leader = serving(&[1, 2, 3]);
    leader.append(1);
    leader.durable(11);
    for epoch in [4, 6] {
        leader.confirmed(1, run(1), epoch, 11);
        leader.confirmed(2, run(2), epoch, 11);
    }
    assert!(!leader.advance());
}

/// Rule D6.
#[test]
fn only_the_next_view_with_the_same_leader_continues_a_term() {
    let leader = serving(&[1, 2, 3]);
    for (epoch, led_by, expected) in
        [(6, 3, Succession::Continues), (7, 3, Succession::Ends), (6, 2, Succession::Ends)]
    {
        let view = view_of(epoch, led_by, &[(2, run(2)), (3, run(3))]);
        assert_eq!(leader.0.succession(&view, r(3)), expected, "{view}");
    }
    let restarted = view_of(6, 3, &[(2, run(2)), (3, Run::new(31))]);
    assert_eq!(leader.0.succession(&restarted, r(3)), Succession::Ends, "another run of this replica");
}

/// Rule D2.
#[test]
fn a_dropped_replica_is_not_waited_for() {
    let mut leader = serving(&[1, 2, 3]);
    leader.append(1);
    leader.durable(11);
    leader.confirmed(2, run(2), 5, 11);
    assert!(!leader.advance());
    leader.adopt(view(6, 3, &[2, 3]));
    assert!(leader.advance());
    assert_eq!(leader.acknowledged(), 11);
}

/// Rule A1, D3.
#[test]
fn a_joiner_is_waited_for_from_the_moment_it_is_counted() {
    let mut leader = serving(&[2, 3]);
    assert!(leader.count(1, run(1)) && !leader.count(1, run(1)));
    leader.append(1);
    leader.durable(11);
    leader.confirmed(2, run(2), 5, 11);
    assert!(!leader.advance());
    assert_eq!(leader.may_add(1), None, "it has confirmed nothing yet");
    leader.confirmed(1, run(1), 5, 10);
    assert_eq!(leader.may_add(1), Some(run(1)));
}

/// Rule D4.
#[test]
fn a_joiner_whose_add_was_sent_is_given_up_only_by_a_newer_view_without_it() {
    let mut leader = serving(&[2, 3]);
    leader.count(1, run(1));
    leader.confirmed(1, run(1), 5, 10);
    leader.add_sent(1, run(1));
    assert!(!leader.stop_counting(1));
    leader.adopt(view(6, 3, &[2, 3]));
    assert!(leader.stop_counting(1));
    assert_eq!(leader.membership(1), Membership::Out);
}

/// Rule M3.
#[test]
fn a_confirmation_counts_for_the_run_that_gave_it() {
    let restarted = Run::new(11);
    let mut leader = serving(&[1, 2, 3]);
    leader.append(1);
    leader.durable(11);
    leader.confirmed(2, run(2), 5, 11);
    leader.confirmed(1, restarted, 5, 9);
    assert_eq!(leader.membership(1), Membership::Joining { add_sent: false });
    assert_eq!(leader.may_add(1), None, "it lacks what is acknowledged");
    leader.confirmed(1, restarted, 5, 11);
    assert!(!leader.advance(), "the member is another run");
    assert_eq!(leader.may_add(1), Some(restarted));
    leader.add_sent(1, restarted);
    leader.confirmed(1, Run::new(12), 5, 11);
    assert_eq!(leader.may_add(1), Some(restarted), "the add that is on its way may be granted");
    leader.adopt(view_of(6, 3, &[(1, restarted), (2, run(2)), (3, run(3))]));
    assert!(leader.advance(), "the member that the view names has confirmed it");
    assert_eq!(leader.may_add(1), Some(Run::new(12)), "and the one that is there now is the next");
}

/// Rule M3.
#[test]
fn a_second_process_under_a_members_number_holds_up_nobody() {
    let mut leader = serving(&[1, 2, 3]);
    assert!(leader.count(1, Run::new(99)), "it asked to be counted");
    leader.append(1);
    leader.durable(11);
    leader.confirmed(2, run(2), 5, 11);
    assert!(!leader.advance());
    leader.confirmed(1, run(1), 5, 11);
    assert!(leader.advance(), "the one that is there is the member");
    assert_eq!(leader.membership(1), Membership::InSync);
}

/// Rule M3.
#[test]
fn a_member_that_restarts_during_a_takeover_is_added_when_it_has_the_whole_book() {
    let mut leader = taking_over(&[1, 2, 3], 10);
    let restarted = Run::new(11);
    leader.confirmed(1, restarted, 5, 10);
    assert_eq!(leader.may_add(1), None, "the catalog has not been asked");
    leader.append(1);
    leader.inheritance_appended();
    assert_eq!(leader.may_add(1), None);
    leader.durable(11);
    leader.confirmed(1, restarted, 5, 11);
    assert_eq!(leader.may_add(1), Some(restarted));
    leader.confirmed(2, run(2), 5, 11);
    assert!(!leader.advance());
    leader.adopt(view_of(6, 3, &[(1, restarted), (2, run(2)), (3, run(3))]));
    assert!(leader.advance() && leader.serves());
}

/// Rule M10.
#[test]
fn a_member_that_is_not_configured_is_waited_for_until_a_view_drops_it() {
    let mut leader = Leader(LeaderState::new(view(5, 3, &[2, 3]), r(3), run(3), &[1, 3].map(r), at(10, 1)));
    leader.inheritance_appended();
    assert!(!leader.advance() && !leader.is_configured(2));
    leader.adopt(view(6, 3, &[3]));
    assert!(leader.advance());
}

/// Rule E5.
#[test]
fn nobody_is_counted_during_a_takeover() {
    assert!(!taking_over(&[2, 3], 0).count(1, run(1)));
}

#[test]
fn what_everyone_has_is_read_from_disk_and_the_rest_from_memory() {
    let mut leader = serving(&[1, 2, 3]);
    leader.append(3);
    assert_eq!(leader.entries_after(9, 10), None);
    let (after, entries) = leader.entries_after(10, 2).unwrap();
    assert_eq!((after, entries.len()), (at(10, 1), 2));
    let (after, entries) = leader.entries_after(12, 10).unwrap();
    assert_eq!((after, entries[0].number), (at(12, 5), n(13)));
    assert_eq!(leader.entries_after(13, 10).unwrap().1, []);
    assert_eq!(leader.entries_after(14, 10), None);
}
