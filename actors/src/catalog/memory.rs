//! What the catalog remembers of the store around it: to which store it belongs, which run of a front-end
//! registered last, and how new a leader's view must be (rules M7 and M9).
//!
//! Every order passes the catalog, so it is the one place where all front-ends and leaders meet.

use crate::bugs::catalog as bent;
use crate::domain::{Epoch, Line, OrderNumber, Run, StoreId, Term, View};
use crate::messages::catalog::{Leadership, Refusal, Register, Registered};

/// What is on its disk of that. A new file has nothing, and belongs to no store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// The store and the newest run of a front-end.
    pub store: Option<(StoreId, Run)>,
}

/// How far the catalog has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The newest term.
    pub term: Term,
    /// The number of the last purchase.
    pub purchases: OrderNumber,
}

impl Memory {
    /// A front-end told its view, at a start (rule M9): what to remember of that, if its run is the one remembered or one
    /// that has it in its line.
    pub fn vouched(&self, view: &View) -> Option<Memory> {
        let (store, newest) = self.store?;
        let known = view.by == newest || view.line.has(newest);
        (view.store == store && known).then_some(Memory { store: Some((store, view.by)) })
    }

    /// Judges a front-end that makes its run known (rule M7): what to answer, and what to save before that.
    pub fn register(&self, ask: &Register, progress: Progress) -> (Registered, Option<Memory>) {
        let next = Memory { store: Some((ask.store, ask.run)) };
        let founds = ask.epoch == Epoch::NONE;
        match self.store {
            None if founds && progress.purchases == OrderNumber::NONE => (Registered::Welcome, Some(next)),
            // It sells nothing before it is rebuilt, and that names a run anew.
            None => (Registered::Welcome, None),
            // A first start that was cut short: nobody has led yet, and nothing was sold.
            Some(_) if founds && progress == Progress::default() => (Registered::Welcome, Some(next)),
            Some((store, _)) if founds || store != ask.store => (Registered::NotNew, None),
            Some((_, newest)) => {
                let superseded = !ask.line.has(newest);
                if superseded || progress.term.first_epoch() > ask.epoch {
                    return (Registered::Older { term: progress.term, superseded }, None);
                }
                (Registered::Welcome, Some(next))
            }
        }
    }

    /// Judges a leader by what it shows of its view and its book. `line` is that of its view, at a takeover.
    /// `oldest_epoch` is the epoch of the view that the front-end had when the catalog started; `None` while that is not
    /// known. Returns the run to remember as the newest, if it is another.
    ///
    /// # Errors
    /// Why nothing is sold to it.
    pub fn admit(
        &self,
        leader: &Leadership,
        line: Option<&Line>,
        oldest_epoch: Option<Epoch>,
        progress: Progress,
    ) -> Result<Option<Run>, Refusal> {
        let Some((_, newest)) = self.store else { return Err(Refusal::Lost) };
        let Some(oldest_epoch) = oldest_epoch else { return Err(Refusal::Starting) };
        let same = leader.by == newest;
        let known = same || line.is_some_and(|line| line.has(newest));
        if !known || leader.epoch < oldest_epoch {
            return Err(Refusal::OutdatedView);
        }
        if bent::is_behind(leader.last > progress.purchases) {
            return Err(Refusal::Behind { purchases: progress.purchases, orders: leader.last });
        }
        Ok((!same).then_some(leader.by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Members, ReplicaId};

    const STORE: StoreId = StoreId::new(1);

    fn runs(runs: &[u64]) -> Line {
        runs.iter().copied().map(Run::new).collect()
    }

    fn memory(newest: u64) -> Memory {
        Memory { store: Some((STORE, Run::new(newest))) }
    }

    /// Rule M7.
    #[test]
    fn a_front_end_whose_file_is_older_is_told() {
        let older = |term, superseded| Registered::Older { term: Term::new(term), superseded };
        for (case, memory, store, line, epoch, term, purchases, expected, saved) in [
            ("a first start", Memory::default(), 1, vec![2], 0, 0, 0, Registered::Welcome, true),
            ("the first start, cut short", memory(2), 1, vec![2, 3], 0, 0, 0, Registered::Welcome, true),
            (
                "the same, and the front-end's file is gone",
                memory(2),
                2,
                vec![3],
                0,
                0,
                0,
                Registered::Welcome,
                true,
            ),
            ("a new front-end, an old store", memory(2), 1, vec![3], 0, 4, 9, Registered::NotNew, false),
            (
                "all books are new, the catalog is not",
                memory(2),
                1,
                vec![2, 3],
                0,
                4,
                9,
                Registered::NotNew,
                false,
            ),
            ("another store's", memory(2), 2, vec![2, 3], 7, 4, 9, Registered::NotNew, false),
            ("a restart", memory(2), 1, vec![2, 3], 7, 4, 9, Registered::Welcome, true),
            ("the same run again", memory(3), 1, vec![2, 3], 7, 4, 9, Registered::Welcome, true),
            ("a copy of before a restart", memory(2), 1, vec![1, 3], 7, 4, 9, older(4, true), false),
            ("a copy of before a takeover", memory(2), 1, vec![2, 3], 3, 4, 9, older(4, false), false),
            (
                "the catalog's file is new",
                Memory::default(),
                1,
                vec![2, 3],
                7,
                0,
                0,
                Registered::Welcome,
                false,
            ),
        ] {
            let run = Run::new(3);
            let ask = Register {
                store: StoreId::new(store),
                run,
                line: runs(&line),
                epoch: Epoch::new(epoch),
                orders: None,
            };
            let (answer, next) = memory
                .register(&ask, Progress { term: Term::new(term), purchases: OrderNumber::new(purchases) });
            assert_eq!((answer, next.is_some()), (expected, saved), "{case}");
        }
    }

    /// Rule M9.
    #[test]
    fn a_leader_must_remember_no_more_than_the_catalog_and_follow_the_newest_front_end() {
        let behind = Refusal::Behind { purchases: OrderNumber::new(9), orders: OrderNumber::new(10) };
        for (case, memory, by, line, epoch, last, oldest_epoch, expected) in [
            ("all is well", memory(2), 2, None, 7, 9, Some(7), Ok(None)),
            ("the book is longer", memory(2), 2, None, 7, 10, Some(7), Err(behind)),
            ("a new file", Memory::default(), 2, None, 7, 0, Some(7), Err(Refusal::Lost)),
            ("not asked yet", memory(2), 2, None, 7, 9, None, Err(Refusal::Starting)),
            ("a view of before the start", memory(2), 2, None, 6, 9, Some(7), Err(Refusal::OutdatedView)),
            ("an earlier front-end's view", memory(2), 1, None, 7, 9, Some(0), Err(Refusal::OutdatedView)),
            (
                "the same, at a takeover",
                memory(2),
                1,
                Some(vec![1]),
                7,
                9,
                Some(0),
                Err(Refusal::OutdatedView),
            ),
            (
                "a later front-end's, at a takeover",
                memory(2),
                3,
                Some(vec![2, 3]),
                7,
                9,
                Some(0),
                Ok(Some(Run::new(3))),
            ),
        ] {
            let leader = Leadership {
                term: Term::new(5),
                epoch: Epoch::new(epoch),
                by: Run::new(by),
                last: OrderNumber::new(last),
            };
            let line = line.map(|line| runs(&line));
            let progress = Progress { term: Term::new(4), purchases: OrderNumber::new(9) };
            let judged = memory.admit(&leader, line.as_ref(), oldest_epoch.map(Epoch::new), progress);
            assert_eq!(judged, expected, "{case}");
        }
    }

    /// Rule M9.
    #[test]
    fn a_view_that_is_told_counts_if_it_comes_after_the_front_end_that_is_remembered() {
        for (case, memory, store, by, line, expected) in [
            ("the same run's", memory(2), 1, 2, vec![1, 2], Some(memory(2))),
            ("a later run's", memory(2), 1, 3, vec![1, 2, 3], Some(memory(3))),
            ("an earlier run's", memory(2), 1, 1, vec![1], None),
            ("a run's that grew from an older copy", memory(2), 1, 3, vec![1, 3], None),
            ("another store's", memory(2), 2, 2, vec![1, 2], None),
            ("told to a new file", Memory::default(), 1, 2, vec![1, 2], None),
        ] {
            let view = View {
                store: StoreId::new(store),
                by: Run::new(by),
                line: runs(&line),
                epoch: Epoch::new(7),
                leader: ReplicaId::new(3),
                in_sync: Members::default(),
            };
            assert_eq!(memory.vouched(&view), expected, "{case}");
        }
    }
}
