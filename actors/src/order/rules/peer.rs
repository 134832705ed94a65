//! What a leader knows of the replica of one number: the run that the view names, the run that joins, and what each has
//! confirmed.

use std::collections::BTreeMap;

use crate::bugs::order as bent;
use crate::domain::{OrderNumber, Run};

/// How a replica other than the leader takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It holds every acknowledged order, and is waited for.
    InSync,
    /// Its run is being brought in sync, and is waited for already; beside the run that is the member, if one is.
    Joining {
        /// Whether the front-end was asked to add it: it may be a member by now without our knowing (D4).
        add_sent: bool,
    },
    /// It is not waited for and is sent nothing.
    Out,
}

/// A run that is counted before the view names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Joining {
    run: Run,
    add_sent: bool,
}

/// What is known of the replica of one number, in one term.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peer {
    /// The run that the view names.
    member: Option<Run>,
    joining: Option<Joining>,
    /// The run that answered last: the process that is there now.
    heard: Option<Run>,
    /// The book up to here is on the disk of that run, confirmed in this term (M3).
    confirmed: BTreeMap<Run, OrderNumber>,
}

impl Peer {
    /// One of which nothing is known but the run that the view names, if any.
    pub fn new(member: Option<Run>) -> Peer {
        Peer { member, ..Peer::default() }
    }

    pub fn membership(&self) -> Membership {
        match (self.joining, self.member) {
            (Some(Joining { add_sent, .. }), _) => Membership::Joining { add_sent },
            (None, Some(_)) => Membership::InSync,
            (None, None) => Membership::Out,
        }
    }

    /// Up to where the process that is there now has confirmed the book.
    pub fn confirmed_by_present(&self) -> OrderNumber {
        self.heard.and_then(|heard| self.confirmed.get(&heard)).copied().unwrap_or_default()
    }

    /// Up to where this run holds the book, by what counts as its confirmation (M3).
    fn confirmed_by(&self, run: Run) -> OrderNumber {
        self.confirmed.get(&bent::confirming_run(run, self.heard)).copied().unwrap_or_default()
    }

    /// Up to where the member holds the book, if there is one.
    pub fn held_by_member(&self) -> Option<OrderNumber> {
        self.member.map(|run| self.confirmed_by(run))
    }

    /// Up to where the joiner holds the book, if one is counted.
    pub fn held_by_joiner(&self) -> Option<OrderNumber> {
        self.joining.map(|joining| self.confirmed_by(joining.run))
    }

    /// A run has confirmed the book up to `number`. Where another process is than the one that joins, that one is no longer
    /// waited for: nobody would ever confirm for it.
    pub fn confirm(&mut self, run: Run, number: OrderNumber) {
        self.heard = Some(run);
        self.joining = self.joining.filter(|joining| joining.run == run || joining.add_sent);
        let confirmed = self.confirmed.entry(run).or_default();
        *confirmed = number.max(*confirmed);
        self.count_restarted();
    }

    /// The next view of the same leader names this run. A run that was being counted and is not it goes on being counted,
    /// as one that the front-end has not been asked to add (D4).
    pub fn adopt(&mut self, member: Option<Run>) {
        self.member = member;
        let joining = self.joining.filter(|joining| Some(joining.run) != member);
        self.joining = joining.map(|joining| Joining { add_sent: false, ..joining });
        self.count_restarted();
    }

    /// A member that was started again is another run: it is counted as a joiner beside the member that it was (M3),
    /// unless an add is on its way for yet another (D4).
    fn count_restarted(&mut self) {
        let Some(heard) = self.heard.filter(|heard| Some(*heard) != self.member) else { return };
        let add_on_its_way = self.joining.is_some_and(|joining| joining.add_sent);
        if bent::counts_restarted(self.member.is_some() && !add_on_its_way) {
            let same = self.joining.filter(|joining| joining.run == heard);
            self.joining = same.or(Some(Joining { run: heard, add_sent: false }));
        }
    }

    /// Whether this run is neither the member nor counted, and may be counted.
    pub fn may_count(&self, run: Run) -> bool {
        self.member != Some(run)
            && self.joining.is_none_or(|joining| joining.run != run && !joining.add_sent)
            && bent::counts_beside(self.member)
    }

    /// Counts a run that has caught up.
    pub fn count(&mut self, run: Run) {
        // What it confirmed before it was given up, it may have lost since as one that nobody waited for.
        self.confirmed.remove(&run);
        self.heard = Some(run);
        self.joining = Some(Joining { run, add_sent: false });
    }

    /// Stops counting a joiner; not once the front-end was asked to add it, for it may be a member (D4). Returns whether it
    /// is no longer counted.
    pub fn stop_counting(&mut self) -> bool {
        let stops = self.joining.is_some_and(|joining| bent::may_stop_counting(!joining.add_sent));
        if stops && let Some(joining) = self.joining.take() {
            self.confirmed.remove(&joining.run);
            self.heard = self.member;
        }
        stops
    }

    /// The run that joins, if it has confirmed the book up to `needed`.
    pub fn joiner_with(&self, needed: OrderNumber, serving: bool) -> Option<Run> {
        let run = self.joining?.run;
        bent::has_confirmed_enough(self.confirmed_by(run) >= needed, serving).then_some(run)
    }

    /// The front-end is being asked to add this run.
    pub fn add_sent(&mut self, run: Run) {
        if let Some(joining) = &mut self.joining
            && joining.run == run
        {
            joining.add_sent = true;
        }
    }
}
