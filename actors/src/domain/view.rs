//! Who leads the order service, and the runs by which a view names its members.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{Epoch, ReplicaId, Run, StoreId};

/// All runs of one file, the oldest first. A file that was put back to an earlier copy lacks the runs since, a new
/// one has none, and another's has others (rule M1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line(Vec<Run>);

impl Line {
    /// Whether this run was one of the file's.
    #[must_use]
    pub fn has(&self, run: Run) -> bool {
        // The newest are asked about most.
        self.0.iter().rev().any(|own| *own == run)
    }

    /// Adds a run, unless it is there.
    pub fn add(&mut self, run: Run) {
        if !self.has(run) {
            self.0.push(run);
        }
    }

    /// Adds the runs of another line that this one lacks.
    pub fn add_all(&mut self, other: &Line) {
        other.0.iter().for_each(|run| self.add(*run));
    }

    /// Forgets the runs before this one, if it is there.
    pub fn begin_at(&mut self, run: Run) {
        if let Some(at) = self.0.iter().position(|own| *own == run) {
            self.0.drain(..at);
        }
    }

    /// The newest run; `None` for a new file.
    #[must_use]
    pub fn last(&self) -> Option<Run> {
        self.0.last().copied()
    }
}

impl FromIterator<Run> for Line {
    fn from_iter<I: IntoIterator<Item = Run>>(runs: I) -> Line {
        Line(runs.into_iter().collect())
    }
}

/// The members of a view: replicas by their numbers, each with the run that holds every acknowledged order. A number
/// says where a replica is, not what it remembers (rule M2).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Members(BTreeMap<ReplicaId, Run>);

impl Members {
    /// Whether a replica of this number is a member, whoever stands for it.
    #[must_use]
    pub fn contains(&self, id: ReplicaId) -> bool {
        self.0.contains_key(&id)
    }

    /// The run that is the member of this number.
    #[must_use]
    pub fn run(&self, id: ReplicaId) -> Option<Run> {
        self.0.get(&id).copied()
    }

    /// Whether a process whose file has this line stands for the member of this number.
    #[must_use]
    pub fn is_stood_for(&self, id: ReplicaId, line: &Line) -> bool {
        self.run(id).is_some_and(|run| line.has(run))
    }

    /// Makes a run the member of its number, instead of any other.
    pub fn insert(&mut self, id: ReplicaId, run: Run) {
        self.0.insert(id, run);
    }

    /// There is no member of this number any more.
    pub fn remove(&mut self, id: ReplicaId) {
        self.0.remove(&id);
    }

    /// The members' numbers, ascending.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = ReplicaId> + ExactSizeIterator {
        self.0.keys().copied()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(ReplicaId, Run)> for Members {
    fn from_iter<I: IntoIterator<Item = (ReplicaId, Run)>>(members: I) -> Members {
        Members(members.into_iter().collect())
    }
}

/// Who leads the order service and whom the leader must wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub store: StoreId,
    /// The front-end's run that saved it: two front-ends may save the same epochs (rule M6).
    pub by: Run,
    /// The line of that front-end's file.
    pub line: Line,
    /// Higher is newer, among the views of one front-end's file.
    pub epoch: Epoch,
    /// The replica that leads in this epoch.
    pub leader: ReplicaId,
    /// The replicas that hold every acknowledged order; the leader is one.
    pub in_sync: Members,
}

impl View {
    /// Whether it is the very same view.
    #[must_use]
    pub fn is(&self, other: &View) -> bool {
        (self.by, self.epoch) == (other.by, other.epoch)
    }

    /// Whether it comes after the other: of one front-end's run, by its higher epoch; of two runs, if its front-end's
    /// file has the other run (rule M6).
    #[must_use]
    pub fn is_newer_than(&self, other: &View) -> bool {
        if self.by == other.by {
            self.epoch > other.epoch
        } else {
            self.line.has(other.by) && !other.line.has(self.by)
        }
    }

    /// Whether who follows the other may follow this one from now on.
    #[must_use]
    pub fn may_follow(&self, other: Option<&View>) -> bool {
        other.is_none_or(|other| {
            self.store == other.store && self.is_newer_than(other) && self.epoch > other.epoch
        })
    }

    /// Whether it names this very run as its leader.
    #[must_use]
    pub fn is_led_by(&self, id: ReplicaId, run: Run) -> bool {
        self.leader == id && self.in_sync.run(id) == Some(run)
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_sync: Vec<_> = self.in_sync.ids().map(|id| id.to_string()).collect();
        write!(f, "epoch {}, leader {}, in sync {}", self.epoch, self.leader, in_sync.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A view of the front-end's run `by`, whose file has the runs before it too.
    fn view(by: u64, epoch: u64) -> View {
        View {
            store: StoreId::new(1),
            by: Run::new(by),
            line: (1..=by).map(Run::new).collect(),
            epoch: Epoch::new(epoch),
            leader: ReplicaId::new(3),
            in_sync: [(ReplicaId::new(3), Run::new(30))].into_iter().collect(),
        }
    }

    #[test]
    fn views_follow_one_another_along_the_line_of_their_front_end() {
        let mut stranger = view(9, 8);
        stranger.line = [1, 9].map(Run::new).into_iter().collect();
        let mut elsewhere = view(2, 8);
        elsewhere.store = StoreId::new(2);
        for (case, next, before, follows) in [
            ("the next epoch", view(2, 6), view(2, 5), true),
            ("the same view", view(2, 5), view(2, 5), false),
            ("an older epoch", view(2, 4), view(2, 5), false),
            ("a later run's", view(3, 6), view(2, 5), true),
            ("a later run's of the same epoch", view(3, 5), view(2, 5), false),
            ("an earlier run's, of a higher epoch", view(2, 9), view(3, 5), false),
            ("a run that grew from an older copy", stranger.clone(), view(2, 5), false),
            ("and that run's own from here", view(2, 9), stranger, false),
            ("another store's", elsewhere, view(2, 5), false),
        ] {
            assert_eq!(next.may_follow(Some(&before)), follows, "{case}");
            assert!(next.may_follow(None), "{case}");
        }
    }

    #[test]
    fn only_a_file_with_the_run_stands_for_a_member() {
        let members: Members = [(ReplicaId::new(2), Run::new(7))].into_iter().collect();
        for (id, runs, stands) in
            [(2, vec![5, 7, 8], true), (2, vec![5, 6], false), (2, vec![], false), (1, vec![7], false)]
        {
            let line: Line = runs.iter().copied().map(Run::new).collect();
            assert_eq!(members.is_stood_for(ReplicaId::new(id), &line), stands, "{id}: {runs:?}");
        }
        let mut line: Line = [1, 2, 3].map(Run::new).into_iter().collect();
        line.begin_at(Run::new(9));
        line.begin_at(Run::new(2));
        assert_eq!(line, [2, 3].map(Run::new).into_iter().collect());
    }
}
