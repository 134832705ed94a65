//! Notices that two processes run under one replica's number: their runs answer in turn. Rules M2, M3 and M6 keep that
//! from losing anything; this is for whoever has to stop one of them.

use std::collections::BTreeMap;

use crate::domain::{ReplicaId, Run};

/// So many times must a run come back after another one: once, a restart looks the same whose answers overtake.
const RETURNS: u32 = 2;

/// The runs that each replica has shown.
#[derive(Debug, Default)]
pub struct DuplicateProcesses(BTreeMap<ReplicaId, Shown>);

#[derive(Debug, Clone, Copy)]
struct Shown {
    now: Run,
    before: Option<Run>,
    returns: u32,
}

impl DuplicateProcesses {
    /// A replica shows its run. True when that tells that two processes are under its number, once for any two.
    pub fn shows(&mut self, id: ReplicaId, run: Run) -> bool {
        let shown = self.0.entry(id).or_insert(Shown { now: run, before: None, returns: 0 });
        if shown.now == run {
            return false;
        }
        let returns = if shown.before == Some(run) { shown.returns.saturating_add(1) } else { 0 };
        *shown = Shown { now: run, before: Some(shown.now), returns };
        returns == RETURNS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_are_two_runs_in_turn() {
        for (case, runs, told) in [
            ("one", vec![1, 1, 1], 0),
            ("it is started again and again", vec![1, 2, 3, 4], 0),
            ("it is started again, and an answer of before is late", vec![1, 2, 1, 1], 0),
            ("two", vec![1, 2, 1, 2], 1),
            ("two, for long", vec![1, 2, 1, 2, 1, 2, 1, 2], 1),
            ("two, then one of them anew", vec![1, 2, 1, 2, 3, 2, 3], 2),
        ] {
            let mut duplicates = DuplicateProcesses::default();
            let count =
                runs.iter().filter(|run| duplicates.shows(ReplicaId::new(2), Run::new(**run))).count();
            assert_eq!(count, told, "{case}");
        }
    }
}
