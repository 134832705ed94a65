//! What a leader does in its leadership: propose, and ask holders to drop what it wants to change.

use crate::machine::{Command, Entry, Outcome};
use crate::rules::KEYS;
use crate::state::{Leader, PRODUCTS, State};
use crate::step::{Action, Model, Visit};

impl Model {
    /// The mark is applied: the table begins with all that older leaderships may have granted.
    pub fn begin_leadership(&self, state: &mut State, index: usize) {
        if index > 0 && !self.keeps_past_tables() {
            return;
        }
        let rules = &self.rules;
        let leader = state.leader(index);
        let known = if rules.sessions_at_mark { leader.first } else { 0 };
        let sessions = self.machine(&leader.log, known).sessions;
        let table = &mut state.leader_mut(index).table;
        for session in (0..self.bounds.front_ends).filter(|session| sessions >> session & 1 == 1) {
            let asked_before = !rules.asked_after_mark && table.all_confirmed >> session & 1 == 1;
            if rules.held_assumed && !asked_before {
                table.assumed[session] = self.bounds.wait - u8::from(!rules.counted_from_mark);
            }
        }
        table.all_confirmed = 0;
    }

    pub fn propose(&self, state: &State, visit: Visit) {
        if state.leader.log.len() >= self.bounds.log {
            return;
        }
        for command in self.commands(state) {
            let entry = Entry { command, late: self.is_over(&state.leader) };
            if self.may_propose(&state.leader, entry) {
                visit(Action::Propose(entry), self.proposed(state, entry), None);
            }
        }
        let late = state.leader.log.all().filter(|entry| entry.late).count() as u8;
        for key in (0..KEYS as u8).filter(|key| self.bounds.copies[*key as usize] > 0) {
            if late < self.bounds.late && state.leader.leadership > 1 {
                let entry = Entry { command: Command::Place(key), late: true };
                visit(Action::Propose(entry), self.proposed(state, entry), None);
            }
        }
    }

    /// Another leadership's mark follows its own in its log.
    fn is_over(&self, leader: &Leader) -> bool {
        let last_mark = leader.log.all().rev().find_map(|entry| match entry.command {
            Command::Mark(leadership) => Some(leadership),
            _ => None,
        });
        last_mark.unwrap_or(1) != leader.leadership
    }

    /// What the leader may want to propose now, within the bounds.
    fn commands(&self, state: &State) -> Vec<Command> {
        let (leader, bounds) = (&state.leader, &self.bounds);
        let log = &leader.log;
        let applied = self.machine(log, leader.applied);
        let sessions = self.machine(log, log.len()).sessions;
        let mut commands = Vec::new();
        for key in 0..KEYS as u8 {
            let copies = log.all().filter(|entry| entry.key() == Some(key) && !entry.late).count() as u8;
            let found = !self.rules.key_when_applied && applied.outcome[key as usize] != Outcome::Unknown;
            // The first two keys are alike, so the first is used first.
            let in_turn = key != 1 || log.all().any(|entry| entry.key() == Some(0));
            if copies < bounds.copies[key as usize] && in_turn && !found {
                let sold = applied.stock[bounds.product(key)] > 0;
                let decided = Command::Decided { key, sold };
                commands.push(if self.rules.outcome_when_applied { Command::Place(key) } else { decided });
            }
            if bounds.copies[key as usize] > 0 && log.count(Command::Refuse(key)) < bounds.refusals {
                commands.push(Command::Refuse(key));
            }
        }
        if log.count(Command::Restock) < bounds.restocks {
            commands.push(Command::Restock);
        }
        for session in 0..bounds.front_ends as u8 {
            let open = sessions >> session & 1 == 1;
            let (opening, closing) = (Command::Open(session), Command::Close(session));
            if !open && log.count(opening) < bounds.opens {
                commands.push(opening);
            }
            if open && log.count(closing) < bounds.closes && self.rules.silent_closed {
                commands.push(closing);
            }
        }
        commands
    }

    fn may_propose(&self, leader: &Leader, entry: Entry) -> bool {
        match (entry.command, entry.product(&self.bounds)) {
            (_, Some(product)) => !self.rules.dropped_first || self.is_free(leader, product),
            (Command::Close(session), _) => self.may_close(leader, session as usize),
            _ => true,
        }
    }

    fn may_close(&self, leader: &Leader, session: usize) -> bool {
        let granted = leader.table.held[session].iter().any(|held| *held > 0);
        let assumed = leader.table.assumed[session] > 0;
        !(granted && self.rules.closed_when_free || assumed && self.rules.closed_when_known)
    }

    pub fn proposed(&self, state: &State, entry: Entry) -> State {
        let mut next = *state;
        next.leader.log.push(entry);
        // From now on the entry itself tells that its product is about to change.
        if let Some(product) = entry.product(&self.bounds).filter(|_| self.rules.dropped_first && !entry.late)
        {
            self.resume(&mut next, product);
        }
        next
    }

    fn resume(&self, state: &mut State, product: usize) {
        state.leader.table.stopped &= !(1 << product);
        if self.rules.confirmation_of_call {
            state.leader.table.confirmed.iter_mut().for_each(|confirmed| *confirmed &= !(1 << product));
        }
    }

    pub fn ask(&self, state: &State, visit: Visit) {
        let table = &state.leader.table;
        for product in 0..self.bounds.products {
            let bit = 1 << product;
            if table.stopped & bit != 0 {
                let mut next = *state;
                self.resume(&mut next, product);
                visit(Action::Resume(product), next, None);
            } else if (0..self.bounds.front_ends).any(|f| table.held[f][product] > 0) {
                let mut next = *state;
                next.leader.table.stopped |= bit;
                visit(Action::Stop(product), next, None);
            }
            for front_end in 0..self.bounds.front_ends {
                self.ask_one(state, front_end, product, visit);
            }
        }
    }

    fn ask_one(&self, state: &State, front_end: usize, product: usize, visit: Visit) {
        let (table, bit) = (&state.leader.table, 1 << product);
        let asks = table.stopped & bit != 0 && table.held[front_end][product] > 0;
        if asks && self.rules.holders_asked && table.confirmed[front_end] & bit == 0 {
            let mut next = *state;
            self.drop_at(&mut next, self.who_confirms(front_end), product);
            if self.bounds.slow {
                next.leader.table.confirmed[front_end] |= bit;
            } else {
                self.release(&mut next, front_end, product);
            }
            visit(Action::Drop { front_end, product }, next, None);
        }
        if table.confirmed[front_end] & bit != 0 {
            let mut next = *state;
            next.leader.table.confirmed[front_end] &= !bit;
            self.release(&mut next, front_end, product);
            visit(Action::Confirmed { front_end, product }, next, None);
        }
    }

    fn who_confirms(&self, front_end: usize) -> usize {
        if self.rules.session_itself { front_end } else { (front_end + 1) % self.bounds.front_ends }
    }

    fn release(&self, state: &mut State, front_end: usize, product: usize) {
        let held = &mut state.leader.table.held[front_end];
        if self.rules.confirmation_of_named {
            held[product] = 0;
        } else {
            *held = [0; PRODUCTS];
        }
    }

    pub fn ask_all(&self, state: &State, visit: Visit) {
        for front_end in 0..self.bounds.front_ends {
            let bit = 1 << front_end;
            let confirmed = state.leader.table.all_confirmed & bit != 0;
            let assumed = state.leader.table.assumed[front_end] > 0 && self.leads(&state.leader);
            let too_early = !self.rules.asked_after_mark && state.term < self.bounds.terms && !assumed;
            if (assumed || too_early) && self.rules.all_asked && !confirmed {
                let mut next = *state;
                for product in 0..self.bounds.products {
                    self.drop_at(&mut next, self.who_confirms(front_end), product);
                }
                if self.bounds.slow || too_early {
                    next.leader.table.all_confirmed |= bit;
                } else {
                    self.assume_nothing(&mut next, front_end);
                }
                visit(Action::DropAll { front_end }, next, None);
            }
            if assumed && confirmed {
                let mut next = *state;
                next.leader.table.all_confirmed &= !bit;
                self.assume_nothing(&mut next, front_end);
                visit(Action::AllConfirmed { front_end }, next, None);
            }
        }
    }

    fn assume_nothing(&self, state: &mut State, front_end: usize) {
        let table = &mut state.leader.table;
        table.assumed[front_end] = 0;
        if !self.rules.assumption_only {
            table.held[front_end] = [0; PRODUCTS];
        }
    }
}
