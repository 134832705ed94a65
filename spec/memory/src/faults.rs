//! What can happen to a memory, and what an operator can do about it.

use crate::state::{Backup, Catalog, Entry, FrontEnd, FrontEndFile, Lead, Replica, ReplicaFile, State, has};
use crate::step::{Action, Model, Visit};

impl Model {
    pub fn faults(&self, state: &State, visit: Visit) {
        let (used, bounds) = (&state.used, &self.bounds);
        for i in 0..bounds.replicas {
            self.replica_faults(state, i, visit);
            self.configure(state, i, visit);
        }
        let first = &state.front_ends[0];
        let no_backup = state.backup == Backup::None;
        if !first.up && used.front_end_wipes < bounds.front_end_wipes && first.file.line != 0 {
            let mut next = *state;
            next.used.front_end_wipes += 1;
            next.front_ends[0].file = FrontEndFile::default();
            visit(Action::WipeFrontEnd, next, None);
        }
        if no_backup && used.front_end_older < bounds.front_end_older {
            let mut next = *state;
            next.backup = Backup::FrontEnd(first.file);
            visit(Action::CopyFrontEnd, next, None);
        }
        if let Backup::FrontEnd(file) = state.backup
            && !first.up
            && used.front_end_older < bounds.front_end_older
            && file != first.file
        {
            let mut next = *state;
            next.used.front_end_older += 1;
            next.front_ends[0].file = file;
            next.backup = Backup::None;
            visit(Action::PutBackFrontEnd, next, None);
        }
        if no_backup && used.images < bounds.images {
            let mut next = *state;
            next.backup = Backup::Image(first.file, state.catalog);
            visit(Action::CopyImage, next, None);
        }
        if let Backup::Image(file, catalog) = state.backup
            && !first.up
            && used.images < bounds.images
        {
            let mut next = *state;
            next.used.images += 1;
            next.front_ends[0].file = file;
            next.catalog = catalog;
            next.catalog_starts = self.rules.catalog_asks;
            next.backup = Backup::None;
            visit(Action::PutBackImage, next, None);
        }
        if used.seconds < bounds.seconds {
            for copied in [false, true] {
                let mut next = *state;
                next.used.seconds += 1;
                let file = if copied { first.file } else { FrontEndFile::default() };
                // It is started at once: until then it is nothing.
                next.front_ends[1] = FrontEnd { file, run: 1, ..FrontEnd::default() };
                visit(Action::Second { copied }, next, None);
            }
        }
        if used.catalog_wipes < bounds.catalog_wipes {
            let mut next = *state;
            next.used.catalog_wipes += 1;
            (next.catalog, next.catalog_blank, next.catalog_starts) =
                (Catalog::default(), true, self.rules.catalog_asks);
            visit(Action::WipeCatalog, next, None);
        }
        if no_backup && used.catalog_older < bounds.catalog_older {
            let mut next = *state;
            next.backup = Backup::Catalog(state.catalog);
            visit(Action::CopyCatalog, next, None);
        }
        if let Backup::Catalog(catalog) = state.backup
            && used.catalog_older < bounds.catalog_older
            && catalog != state.catalog
        {
            let mut next = *state;
            next.used.catalog_older += 1;
            next.catalog = catalog;
            next.catalog_starts = self.rules.catalog_asks;
            next.backup = Backup::None;
            visit(Action::PutBackCatalog, next, None);
        }
    }

    fn configure(&self, state: &State, i: usize, visit: Visit) {
        if state.used.reconfigured < self.bounds.reconfigured {
            let mut next = *state;
            next.used.reconfigured += 1;
            next.unconfigured ^= 1 << i;
            visit(Action::Configure(i), next, None);
        }
    }

    fn replica_faults(&self, state: &State, i: usize, visit: Visit) {
        let (used, bounds) = (&state.used, &self.bounds);
        let replica = &state.replicas[i];
        let copies = used.earlier < bounds.earlier || used.within < bounds.within;
        if copies && state.backup == Backup::None && replica.file.line != 0 {
            let mut next = *state;
            next.backup = Backup::Replica(i as u8, state.starts[i], replica.file);
            visit(Action::Copy(i), next, None);
        }
        if replica.up {
            return;
        }
        if used.wipes < bounds.wipes && replica.file.line != 0 {
            let mut next = *state;
            next.used.wipes += 1;
            next.replicas[i].file = ReplicaFile::default();
            visit(Action::Wipe(i), next, None);
        }
        if let Backup::Replica(of, start, file) = state.backup
            && of as usize == i
            && file != replica.file
        {
            let mut next = *state;
            let within = match self.counts_starts() {
                true => start >= state.active[i],
                false => self.newest_names(state, i, &file),
            };
            let count = if within { &mut next.used.within } else { &mut next.used.earlier };
            *count += 1;
            next.replicas[i].file = file;
            next.backup = Backup::None;
            if next.used.within <= bounds.within && next.used.earlier <= bounds.earlier {
                visit(Action::PutBack(i), next, None);
            }
        }
        for j in i + 1..bounds.replicas {
            if used.exchanges < bounds.exchanges && !state.replicas[j].up {
                let mut next = *state;
                next.used.exchanges += 1;
                (next.replicas[i].file, next.replicas[j].file) = (state.replicas[j].file, replica.file);
                visit(Action::Exchange(i, j), next, None);
            }
        }
    }

    /// The newest view that anybody saved names a run of this file, or a leader counts on what it confirmed.
    fn newest_names(&self, state: &State, i: usize, file: &ReplicaFile) -> bool {
        let views = state.front_ends.iter().map(|front_end| front_end.file.view);
        let views = views.chain(state.replicas.iter().map(|replica| replica.file.view));
        let newest = views.max_by_key(|view| view.epoch).unwrap_or_default();
        let counted = state.replicas.iter().map(|replica| replica.lead.confirmed[i].0);
        counted.chain([newest.members[i]]).any(|run| run != 0 && has(file.line, run))
    }

    pub fn operator(&self, state: &State, visit: Visit) {
        for i in 0..self.bounds.replicas {
            if let Some(next) = self.rebuilt(state, i) {
                visit(Action::Rebuild(i), next, None);
            }
        }
        if state.used.recovers < self.bounds.recovers {
            for f in 0..state.front_ends.len() {
                self.go_on_without(state, f, visit);
            }
        }
    }

    /// `recover catalog`: the catalog takes what was sold from the book of the leader, which has taken over but for
    /// that.
    pub fn rebuilt(&self, state: &State, i: usize) -> Option<State> {
        let replica = &state.replicas[i];
        let behind = state.catalog_blank || state.catalog.bought < replica.file.book.length;
        if !self.rules.catalog_checked || !replica.up || replica.lead.term == 0 || !behind {
            return None;
        }
        let is_current =
            |front_end: &&FrontEnd| front_end.ready && front_end.file.view.is(&replica.file.view);
        state.front_ends.iter().find(is_current)?;
        if state.catalog.by != 0 && !has(replica.file.view.line, state.catalog.by) {
            return None;
        }
        let mut next = *state;
        if self.bounds.waits > 0 {
            let all = (0..self.bounds.replicas).filter(|j| !has(state.unconfigured.into(), *j as u8));
            let mut others = all.map(|j| &state.replicas[j]);
            if others.clone().any(|other| !other.up || !other.file.view.is(&replica.file.view)) {
                return None;
            }
            if others.any(|other| other.file.book.last() > replica.file.book.last()) {
                next.replicas[i].lead.unfit = true;
                return (!replica.lead.unfit).then_some(next);
            }
        }
        let catalog = &mut next.catalog;
        let view = replica.file.view;
        *catalog = Catalog { by: view.by, term: replica.lead.term, floor: view.epoch, ..Catalog::default() };
        for (at, entry) in replica.file.book.all().iter().enumerate() {
            catalog.purchases[at] = entry.purchase;
        }
        catalog.bought = replica.file.book.length;
        catalog.settled = catalog.bought;
        (next.catalog_blank, next.catalog_starts) = (false, false);
        next.replicas[i].lead = Lead { term: replica.lead.term, ..Lead::default() };
        Some(next)
    }

    /// `recover`: of the replicas that answer, the one with the best book leads alone. What it lacks is given up.
    fn go_on_without(&self, state: &State, f: usize, visit: Visit) {
        let front_end = &state.front_ends[f];
        let up: Vec<usize> = (0..self.bounds.replicas).filter(|i| state.replicas[*i].up).collect();
        let views =
            up.iter().map(|i| state.replicas[*i].file.view).chain([front_end.file.view, front_end.newest]);
        let epoch = views.clone().map(|view| view.epoch).max().unwrap_or(0).max(state.catalog.term) + 1;
        let Some(&chosen) = up.iter().max_by_key(|i| (state.replicas[**i].file.book.last(), **i)) else {
            return;
        };
        let serves = up.iter().any(|i| state.replicas[*i].lead.serving);
        if serves || !front_end.up || epoch > self.bounds.epochs || state.replicas[chosen].file.line == 0 {
            return;
        }
        let mut next = *state;
        next.used.recovers += 1;
        let line = views.clone().fold(front_end.file.line, |line, view| line | view.line);
        let Replica { file, run, .. } = &mut next.replicas[chosen];
        if self.rules.recover_fills {
            while file.book.length < next.catalog.settled {
                file.book.push(Entry { term: epoch, purchase: 0 });
            }
        }
        let file_of = &mut next.front_ends[f];
        file_of.file.line = line | 1 << state.catalog.by;
        let view = &mut file_of.file.view;
        *view = crate::state::View {
            by: file_of.run,
            line: file_of.file.line,
            epoch,
            leader: chosen as u8,
            members: [0; 3],
        };
        view.members[chosen] = *run;
        (file_of.registered, file_of.ready, file_of.lost) = (true, true, false);
        let length = file.book.length;
        next.replicas[chosen].lead = Lead::default();
        let catalog = &mut next.catalog;
        (catalog.by, catalog.term) = (file_of.run, epoch - 1);
        catalog.floor = epoch;
        if catalog.settled > length {
            // The purchases of settled orders are not kept.
            catalog.purchases.copy_within(catalog.settled as usize.., length as usize);
            catalog.bought -= catalog.settled - length;
            catalog.purchases[catalog.bought as usize..].fill(0);
            catalog.settled = length;
        }
        next.given_up = next.told.length;
        visit(Action::GoOnWithout { front_end: f, chosen }, next, None);
    }
}
