//! A replica, as follower and as leader.

use explorer::Violation;

use crate::state::{Book, Entry, Lead, Replica, ReplicaFile, Run, State, View, has};
use crate::step::{Action, Model, Visit};

pub const LOST: Violation = "LOST: a leader serves without an acknowledged order";
pub const TWICE: Violation = "TWICE: one number is given to two orders";
pub const TWO: Violation = "TWO LEADERS: one acknowledges what the newest that serves does not have";
pub const CUT: Violation = "CUT: a book that has everything acknowledged is cut to one that has not";
pub const AGAIN: Violation = "SOLD AGAIN: the catalog sells what an acknowledged order has taken";

impl Model {
    /// Whether the view's member of this number is this replica.
    pub fn is_member(&self, view: &View, i: usize, replica: &Replica) -> bool {
        let run = view.members[i];
        run != 0 && (!self.rules.view_names_runs || has(replica.file.line, run))
    }

    pub fn replica(&self, state: &State, i: usize, visit: Visit) {
        let replica = &state.replicas[i];
        if !replica.up {
            let mut next = *state;
            self.start(&mut next, i);
            visit(Action::Start(i), next, None);
        } else if state.used.crashes < self.bounds.crashes {
            let mut next = *state;
            next.used.crashes += 1;
            next.replicas[i] = Replica { file: replica.file, ..Replica::default() };
            visit(Action::Crash(i), next, None);
        }
    }

    fn start(&self, state: &mut State, i: usize) {
        if self.counts_starts() {
            state.starts[i] += 1;
        }
        let replica = &mut state.replicas[i];
        replica.up = true;
        if self.rules.run_each_start || replica.file.line == 0 {
            state.runs += 1;
            replica.run = state.runs;
            if self.rules.run_saved_first || replica.file.line == 0 {
                replica.file.line |= 1 << replica.run;
            }
        } else {
            replica.run = replica.file.line.trailing_zeros() as Run;
        }
    }

    /// Without these rules the runs do not say which copy is of an earlier run.
    pub fn counts_starts(&self) -> bool {
        !self.rules.run_each_start || !self.rules.listed_before_counted
    }

    /// A replica hears of a view, and saves it. `None` if it refuses it; else what is wrong with what follows.
    pub fn adopt(&self, state: &mut State, i: usize, view: &View) -> Option<Option<Violation>> {
        let replica = &mut state.replicas[i];
        let old = replica.file.view;
        if !view.newer_than(&old) || view.epoch <= old.epoch {
            return None;
        }
        replica.file.view = *view;
        let is_named = !self.rules.view_names_runs || view.members[i] == replica.run;
        if is_named && view.members[i] == replica.run {
            replica.file.line |= 1 << replica.run;
        }
        if view.leader as usize != i || !is_named || view.members[i] == 0 {
            replica.lead = Lead::default();
            return Some(None);
        }
        let follows = view.epoch == old.epoch + 1 && old.leader == view.leader;
        if replica.lead.term > 0 && follows {
            replica.lead.counted = Default::default();
        } else {
            replica.lead = Lead { term: view.epoch, ..Lead::default() };
            state.active[i] = state.starts[i];
        }
        Some(self.advance(state, i))
    }

    pub fn lead(&self, state: &State, i: usize, visit: Visit) {
        let replica = &state.replicas[i];
        let lead = &replica.lead;
        if !replica.up || lead.term == 0 || lead.unfit {
            return;
        }
        if !lead.fetched && self.admitted(state, i) {
            let mut next = *state;
            let violation = self.fetch(&mut next, i);
            visit(Action::Fetch(i), next, violation);
        }
        if lead.serving {
            self.place(state, i, visit);
        }
        for follower in 0..self.bounds.replicas {
            let pushes = lead.fetched || !self.rules.catalog_before_push;
            if follower != i && state.answers(follower) && pushes {
                self.sync(state, i, follower, visit);
            }
        }
        for (f, front_end) in state.front_ends.iter().enumerate() {
            let is_asked = front_end.up && front_end.ready && front_end.file.view.is(&replica.file.view);
            if is_asked
                && state.used.changes < self.bounds.changes
                && replica.file.view.epoch < self.bounds.epochs
            {
                self.change(state, f, i, visit);
            }
        }
    }

    /// The catalog answers this leader.
    pub fn admitted(&self, state: &State, i: usize) -> bool {
        let replica = &state.replicas[i];
        let catalog = &state.catalog;
        let registered =
            !self.rules.registered_first || catalog.by == 0 || has(replica.file.view.line, catalog.by);
        let whole = catalog.bought >= replica.file.book.length && !state.catalog_blank;
        let current =
            !self.rules.catalog_asks || (!state.catalog_starts && replica.file.view.epoch >= catalog.floor);
        current && replica.lead.term >= catalog.term && registered && (whole || !self.rules.catalog_checked)
    }

    /// The takeover at the catalog (A4, C7): what is settled, and all purchases that are not.
    fn fetch(&self, state: &mut State, i: usize) -> Option<Violation> {
        let replica = &mut state.replicas[i];
        let catalog = &mut state.catalog;
        catalog.term = replica.lead.term;
        catalog.by = replica.file.view.by;
        state.catalog_blank = false;
        if self.rules.settled_checked && replica.file.book.length < catalog.settled {
            replica.lead.unfit = true;
            return None;
        }
        let mut unsettled = catalog.purchases[..catalog.bought as usize].to_vec();
        unsettled.drain(..catalog.settled as usize);
        if !self.rules.numbered {
            unsettled.reverse();
        }
        for purchase in unsettled {
            if !replica.file.book.has(purchase) && !replica.file.book.is_full() {
                replica.file.book.push(Entry { term: replica.lead.term, purchase });
            }
        }
        replica.lead.fetched = true;
        state.took_over = (i as u8, replica.run);
        self.advance(state, i)
    }

    /// An order in two steps, so that a crash can come between; and a settlement.
    fn place(&self, state: &State, i: usize, visit: Visit) {
        let replica = &state.replicas[i];
        let lead = &replica.lead;
        let catalog = &state.catalog;
        if lead.bought > 0 {
            let mut next = *state;
            let replica = &mut next.replicas[i];
            let purchase = std::mem::take(&mut replica.lead.bought);
            replica.file.book.push(Entry { term: lead.term, purchase });
            let violation = self.advance(&mut next, i);
            visit(Action::Append(i), next, violation);
        } else if self.admitted(state, i)
            && !replica.file.book.is_full()
            && catalog.bought < self.bounds.orders
            && state.purchases < self.bounds.orders + 1
        {
            let mut next = *state;
            next.purchases += 1;
            next.catalog.purchases[catalog.bought as usize] = next.purchases;
            next.catalog.bought += 1;
            next.catalog.term = lead.term;
            next.catalog_blank = false;
            next.replicas[i].lead.bought = next.purchases;
            visit(Action::Buy(i), next, (catalog.bought < state.told.length).then_some(AGAIN));
        }
        if self.admitted(state, i) && catalog.settled < lead.acknowledged.min(catalog.bought) {
            let mut next = *state;
            next.catalog.settled = lead.acknowledged.min(catalog.bought);
            visit(Action::Settle(i), next, None);
        }
    }

    /// The leader sends its whole book; the follower cuts at the first difference, saves and confirms.
    fn sync(&self, state: &State, i: usize, follower: usize, visit: Visit) {
        let mut next = *state;
        let ReplicaFile { view, book, .. } = state.replicas[i].file;
        if !state.replicas[follower].file.view.is(&view) && self.adopt(&mut next, follower, &view).is_none() {
            return;
        }
        let to = &mut next.replicas[follower];
        if to.file.line == 0 {
            return;
        }
        to.file.book = merged(&to.file.book, &book);
        let confirmed = (to.run, book.length);
        if next.replicas[i].lead.confirmed[follower] == confirmed && next == *state {
            return;
        }
        next.replicas[i].lead.confirmed[follower] = confirmed;
        next.active[follower] = next.starts[follower];
        let has_all = |state: &State| {
            let pairs = state.told.all().iter().zip(state.replicas[follower].file.book.all());
            pairs.filter(|(told, entry)| told.purchase == entry.purchase).count()
                == state.told.length as usize
        };
        let is_cut = state.used.recovers == 0 && has_all(state) && !has_all(&next);
        let violation = self.advance(&mut next, i).or(is_cut.then_some(CUT));
        visit(Action::Sync { leader: i, follower }, next, violation);
    }

    /// Drops and adds (D1 to D4). The front-end saves the view and answers, but the answer may be late.
    fn change(&self, state: &State, f: usize, i: usize, visit: Visit) {
        let replica = &state.replicas[i];
        let lead = &replica.lead;
        let view = replica.file.view;
        for j in (0..self.bounds.replicas).filter(|j| *j != i) {
            let mut next = *state;
            next.used.changes += 1;
            if view.members[j] != 0 || lead.counted[j] != 0 {
                let view = &mut next.front_ends[f].file.view;
                view.epoch += 1;
                view.members[j] = 0;
                visit(Action::Drop { front_end: f, leader: i, replica: j }, next, None);
            }
            if !state.answers(j) {
                continue;
            }
            let (run, length) = lead.confirmed[j];
            let needed = if lead.serving { lead.acknowledged } else { replica.file.book.length };
            let is_in = view.members[j] == run || (!self.rules.view_names_runs && view.members[j] != 0);
            if run != 0 && !is_in && length >= needed && (lead.fetched || lead.serving) {
                let mut next = *state;
                next.used.changes += 1;
                next.replicas[i].lead.counted[j] = run;
                let view = &mut next.front_ends[f].file.view;
                view.epoch += 1;
                view.members[j] = run;
                visit(Action::Add { front_end: f, leader: i, replica: j }, next, None);
            }
        }
    }

    /// Acknowledges what everyone has who must.
    fn advance(&self, state: &mut State, i: usize) -> Option<Violation> {
        let replica = state.replicas[i];
        let lead = &replica.lead;
        if lead.term == 0 || !lead.fetched {
            return None;
        }
        let book = replica.file.book;
        let mut length = book.length;
        let counts = |j: &usize| self.rules.set_is_the_views || !has(state.unconfigured.into(), *j as Run);
        for j in (0..self.bounds.replicas).filter(|j| *j != i && counts(j)) {
            for run in [replica.file.view.members[j], lead.counted[j]].into_iter().filter(|run| *run != 0) {
                length = length.min(self.confirmed(state, lead, j, run));
            }
        }
        if !lead.serving {
            if length < book.length {
                return None;
            }
            state.replicas[i].lead.serving = true;
            // Who was deposed at the catalog, and does not know it, is asked by nobody: its epoch is not the
            // front-end's.
            let is_deposed = state.took_over != (i as u8, replica.run) && state.took_over == state.serves;
            if !is_deposed {
                state.serves = (i as u8, replica.run);
                if state.told.length > length.max(state.given_up) {
                    return Some(LOST);
                }
            }
        }
        if length <= lead.acknowledged {
            return None;
        }
        state.replicas[i].lead.acknowledged = length;
        for front_end in &mut state.front_ends {
            if self.bounds.mark > 0 && front_end.ready && front_end.file.view.by == replica.file.view.by {
                front_end.mark = front_end.mark.max(length);
            }
        }
        for (at, entry) in book.all()[..length as usize].iter().enumerate() {
            match state.told.all().get(at) {
                Some(told) if told.purchase != entry.purchase && entry.purchase != 0 => return Some(TWICE),
                Some(_) if entry.purchase == 0 && at as u8 >= state.given_up => return Some(LOST),
                Some(_) => {}
                None => {
                    state.told.push(Entry { term: 0, purchase: entry.purchase });
                    let newest = &state.replicas[state.serves.0 as usize];
                    let serves = newest.up && newest.run == state.serves.1 && newest.lead.serving;
                    if serves && !newest.file.book.has(entry.purchase) {
                        return Some(TWO);
                    }
                }
            }
        }
        None
    }

    fn confirmed(&self, state: &State, lead: &Lead, j: usize, member: Run) -> u8 {
        let (run, length) = lead.confirmed[j];
        let counts = run == member
            || !self.rules.view_names_runs
            || (!self.rules.listed_before_counted && has(state.replicas[j].file.line, member));
        if counts { length } else { 0 }
    }
}

/// Cut at the first difference, never because the leader's is shorter (B1).
fn merged(own: &Book, leaders: &Book) -> Book {
    let differs = own.all().iter().zip(leaders.all()).any(|(own, theirs)| own != theirs);
    if differs || own.length < leaders.length { *leaders } else { *own }
}
