//! A front-end, as the view service.

use crate::state::{Backup, FrontEnd, Run, State, View, has};
use crate::step::{Action, Model, Visit};

impl Model {
    pub fn front_end(&self, state: &State, f: usize, visit: Visit) {
        let front_end = &state.front_ends[f];
        if !front_end.up {
            // One that ended is started again as often as one may crash.
            let ended = front_end.run == 0;
            if !ended
                || (front_end.file.line != 0 && state.used.front_end_crashes < self.bounds.front_end_crashes)
            {
                let mut next = *state;
                next.used.front_end_crashes += u8::from(ended);
                self.start_front_end(&mut next, f);
                visit(Action::StartFrontEnd(f), next, None);
            }
            return;
        }
        if state.used.front_end_crashes < self.bounds.front_end_crashes {
            let mut next = *state;
            next.used.front_end_crashes += 1;
            self.stop_front_end(&mut next, f);
            visit(Action::CrashFrontEnd(f), next, None);
        }
        let has_view = front_end.file.view.exists() && !front_end.lost;
        if !has_view {
            self.look(state, f, visit);
        } else if !front_end.registered {
            let mut next = *state;
            self.register(&mut next, f);
            visit(Action::Register(f), next, None);
        } else if !front_end.ready {
            if let Some(next) = self.begin(state, f) {
                visit(Action::Begin(f), next, None);
            }
        } else {
            self.serve_views(state, f, visit);
        }
        if has_view {
            for i in 0..self.bounds.replicas {
                if let Some(next) = self.hear(state, f, i) {
                    visit(Action::Hear { front_end: f, replica: i }, next, None);
                }
            }
        }
    }

    pub fn stop_front_end(&self, state: &mut State, f: usize) {
        let front_end = &mut state.front_ends[f];
        *front_end = FrontEnd { file: front_end.file, run: front_end.run, ..FrontEnd::default() };
    }

    fn start_front_end(&self, state: &mut State, f: usize) {
        let front_end = &mut state.front_ends[f];
        front_end.up = true;
        front_end.mark = front_end.file.mark;
        if self.rules.front_end_runs {
            state.front_end_runs += 1;
            front_end.run = state.front_end_runs;
        } else {
            front_end.run = 1;
        }
        front_end.file.line |= 1 << front_end.run;
    }

    /// Makes its run known to the catalog, which says which term it knows.
    fn register(&self, state: &mut State, f: usize) {
        let front_end = &mut state.front_ends[f];
        let catalog = &mut state.catalog;
        if !self.rules.registered_first {
            front_end.registered = true;
        } else if (catalog.by != 0 && !has(front_end.file.line, catalog.by))
            || catalog.term > front_end.file.view.epoch.max(front_end.epoch)
        {
            self.lose(front_end);
            front_end.epoch = catalog.term;
        } else {
            catalog.by = front_end.run;
            front_end.registered = true;
        }
    }

    /// Saves a view of its own run, which changes nothing else.
    fn begin(&self, state: &State, f: usize) -> Option<State> {
        let mut next = *state;
        let front_end = &mut next.front_ends[f];
        front_end.ready = true;
        if self.rules.front_end_runs && self.rules.first_view_saved {
            let view = &mut front_end.file.view;
            view.epoch = view.epoch.max(front_end.epoch) + 1;
            (view.by, view.line) = (front_end.run, front_end.file.line);
            if view.epoch > self.bounds.epochs {
                return None;
            }
        }
        Some(next)
    }

    /// Takes its own file for a copy of before.
    fn lose(&self, front_end: &mut FrontEnd) {
        front_end.lost = true;
        (front_end.registered, front_end.ready) = (false, false);
        front_end.answered = 0;
        front_end.newest = front_end.file.view;
        front_end.epoch = front_end.epoch.max(front_end.file.view.epoch);
    }

    /// A replica tells which view it has heard of; something comes of it when it is not one from here.
    fn hear(&self, state: &State, f: usize, i: usize) -> Option<State> {
        let view = state.replicas[i].file.view;
        if !state.answers(i) || !self.unheard_of(state, f, &view) {
            return None;
        }
        let mut next = *state;
        let front_end = &mut next.front_ends[f];
        let own = front_end.file.view;
        let superseded =
            self.rules.front_end_runs && !has(front_end.file.line, view.by) && front_end.registered;
        if superseded && self.rules.superseded_ends {
            self.stop_front_end(&mut next, f);
            next.front_ends[f].run = 0;
        } else if !self.rules.front_end_runs || view.newer_than(&own) || !has(front_end.file.line, view.by) {
            self.lose(front_end);
        } else if front_end.ready {
            let epoch = view.epoch + 1;
            if epoch > self.bounds.epochs {
                return None;
            }
            let view = &mut front_end.file.view;
            view.epoch = epoch;
        } else {
            return None;
        }
        Some(next)
    }

    /// This view was saved elsewhere, or is newer.
    fn unheard_of(&self, state: &State, f: usize, view: &View) -> bool {
        let front_end = &state.front_ends[f];
        let own = front_end.file.view;
        if !view.exists() || view.is(&own) {
            return false;
        }
        if !self.rules.front_end_runs {
            return view.epoch > own.epoch;
        }
        view.newer_than(&own)
            || !has(front_end.file.line, view.by)
            || (front_end.ready && view.epoch >= own.epoch)
    }

    /// Without a view of its own.
    fn look(&self, state: &State, f: usize, visit: Visit) {
        let front_end = &state.front_ends[f];
        for i in (0..self.bounds.replicas).filter(|i| !has(front_end.answered.into(), *i as Run)) {
            let replica = &state.replicas[i];
            if !state.answers(i) || (self.rules.blank_is_no_answer && !replica.file.view.exists()) {
                continue;
            }
            let mut next = *state;
            let front_end = &mut next.front_ends[f];
            front_end.answered |= 1 << i;
            let view = replica.file.view;
            if view.exists() && (view.newer_than(&front_end.newest) || !front_end.newest.exists()) {
                front_end.newest = view;
            }
            front_end.epoch = front_end.epoch.max(view.epoch);
            visit(Action::Ask { front_end: f, replica: i }, next, None);
        }
        let all = ((1 << self.bounds.replicas) - 1) & !state.unconfigured;
        let enough =
            if self.rules.all_answer { front_end.answered & all == all } else { front_end.answered != 0 };
        if enough && front_end.newest.exists() && state.front_end_runs < self.bounds.front_end_runs {
            let mut next = *state;
            let front_end = &mut next.front_ends[f];
            front_end.file.view = front_end.newest;
            front_end.file.line |= front_end.newest.line;
            if self.rules.front_end_runs && self.rules.lost_draws_run {
                next.front_end_runs += 1;
                front_end.run = next.front_end_runs;
                front_end.file.line |= 1 << front_end.run;
            }
            front_end.lost = false;
            front_end.newest = View::default();
            front_end.answered = 0;
            if !self.rules.front_end_runs {
                front_end.file.view.epoch = front_end.epoch + 1;
                if front_end.epoch + 1 > self.bounds.epochs {
                    return;
                }
            }
            let by = state.catalog.by;
            if self.rules.gone_is_disowned
                && by != 0
                && !has(next.front_ends[f].file.line, by)
                && is_gone(state, f, by)
            {
                let mut next = next;
                next.front_ends[f].file.line |= 1 << by;
                visit(Action::Disown(f), next, None);
            }
            visit(Action::Recover(f), next, None);
        }
    }

    fn serve_views(&self, state: &State, f: usize, visit: Visit) {
        let front_end = &state.front_ends[f];
        let view = front_end.file.view;
        let by = state.catalog.by;
        if state.catalog_starts && (by == 0 || has(view.line, by) || !self.rules.registered_first) {
            let mut next = *state;
            next.catalog_starts = false;
            (next.catalog.by, next.catalog.floor) = (view.by, view.epoch);
            visit(Action::CatalogAsks(f), next, None);
        }
        for i in 0..self.bounds.replicas {
            let mut next = *state;
            if !state.answers(i) || state.replicas[i].file.line == 0 {
                continue;
            }
            if let Some(violation) = self.adopt(&mut next, i, &view) {
                visit(Action::Announce { front_end: f, replica: i }, next, violation);
            }
        }
        if view.epoch < self.bounds.epochs {
            let most = if state.used.silent < self.bounds.silent { self.bounds.replicas } else { 0 };
            for silent in std::iter::once(None).chain((0..most).map(Some)) {
                self.select(state, f, silent, visit);
            }
        }
    }

    fn select(&self, state: &State, f: usize, silent: Option<usize>, visit: Visit) {
        let front_end = &state.front_ends[f];
        let view = front_end.file.view;
        let answers = |i: usize| state.answers(i) && silent != Some(i);
        if silent.is_some_and(|i| !state.answers(i))
            || (0..self.bounds.replicas)
                .any(|i| answers(i) && self.unheard_of(state, f, &state.replicas[i].file.view))
        {
            return;
        }
        let leader = view.leader as usize;
        let replica = &state.replicas[leader];
        let unfit = answers(leader) && replica.lead.unfit;
        if answers(leader) && !unfit {
            let named = !self.rules.view_names_runs || replica.run == view.members[leader];
            let to_come = view.newer_than(&replica.file.view) && view.epoch > replica.file.view.epoch;
            if named && (replica.lead.term > 0 || to_come) {
                return;
            }
        }
        if unfit && !self.rules.another_chosen {
            return;
        }
        let mut next = *state;
        let front_end = &mut next.front_ends[f];
        next.used.silent += u8::from(silent.is_some());
        if unfit {
            front_end.unfit |= 1 << replica.run;
        }
        let stands = |i: &usize| {
            let replica = &state.replicas[*i];
            let is_fit = !has(front_end.unfit, replica.run) && replica.file.book.length >= front_end.mark;
            answers(*i) && self.is_member(&view, *i, replica) && is_fit
        };
        let candidates = (0..self.bounds.replicas).filter(stands);
        let by_book = self.bounds.best > 0 || (self.bounds.waits > 0 && state.catalog_blank);
        let best = |i: &usize| {
            if by_book { state.replicas[*i].file.book.last() } else { (0, 0) }
        };
        let Some(chosen) = candidates.max_by_key(|i| (best(i), *i)) else {
            return;
        };
        let run = state.replicas[chosen].run;
        let view = &mut front_end.file.view;
        view.epoch += 1;
        view.leader = chosen as u8;
        view.members[chosen] = run;
        front_end.file.mark = front_end.mark;
        visit(Action::Select { front_end: f, leader: chosen, silent }, next, None);
    }
}

/// Neither a process nor a file of another front-end has that run.
fn is_gone(state: &State, f: usize, run: Run) -> bool {
    let others = state.front_ends.iter().enumerate().filter(|(other, _)| *other != f);
    let has_run = |front_end: &FrontEnd| front_end.run == run || has(front_end.file.line, run);
    let kept = match state.backup {
        Backup::FrontEnd(file) | Backup::Image(file, _) => has(file.line, run),
        _ => false,
    };
    !kept && !others.into_iter().any(|(_, other)| has_run(other))
}
