//! Which losses of memory may take place in a run that still has to keep its promises.
//!
//! The store promises to lose no order as long as somebody whom the newest view names remembers everything, and to wait
//! where it cannot tell. A schedule is drawn without knowing who that will be; so each loss is decided on when it comes
//! due, here. What is not admitted does not take place. The pairs that may come together are those that the model of lost
//! memory has shown to hold (its tables have the rows that are named below); what docs/protocol.md lists as what cannot be told
//! is not among them.

use std::collections::{BTreeMap, BTreeSet};

use toystore_actors::domain::{Epoch, ReplicaId, Run, View};
use toystore_actors::probe::{Event, ReplicaEvent, ViewEvent};
use toystore_checks::data::{Loss, Losses};

/// What may come together in one run, in either order. Everything else comes alone: above all, a copy of the run that the
/// view names with a lost catalog, and a front-end with the catalog, both older, lose orders in the model.
const TOGETHER: [(Loss, Loss); 8] = [
    // "3 replicas, two replicas' files are removed"
    (Loss::ReplicaGone, Loss::ReplicaGone),
    // "one file is removed, another is older, the front-end crashes"
    (Loss::ReplicaGone, Loss::ReplicaOlder),
    // "the front-end's file is removed", again and again: what it knew, it was told again
    (Loss::FrontEndGone, Loss::FrontEndGone),
    // "the front-end's and a replica's file are removed"
    (Loss::FrontEndGone, Loss::ReplicaGone),
    // "a second front-end, and the first one's file is older"
    (Loss::FrontEndTwice, Loss::FrontEndOlder),
    // "the catalog's and a replica's file are removed"
    (Loss::CatalogGone, Loss::ReplicaGone),
    // "the catalog's file is removed, a replica's is of an earlier run"
    (Loss::CatalogGone, Loss::ReplicaOlder),
    // "3 replicas, one leaves the configuration and comes back", and again
    (Loss::ReplicaOutside, Loss::ReplicaOutside),
];

fn together(one: Loss, other: Loss) -> bool {
    TOGETHER.contains(&(one, other)) || TOGETHER.contains(&(other, one))
}

/// Decides which losses may take place, by what was lost so far in a run and who remembers.
#[derive(Debug, Default)]
pub(super) struct LossAdmission {
    /// The newest view that was saved.
    newest: Option<View>,
    /// Whom its leader asked to drop: the next view may lack them.
    leaving: BTreeSet<ReplicaId>,
    /// Whose memory was touched, with the run that the view named then: the next run that one names was added, and has
    /// everything.
    doubtful: BTreeMap<ReplicaId, Option<Run>>,
    /// Those that begin with nothing, and were not added since.
    blank: BTreeSet<ReplicaId>,
    /// The front-end has begun with nothing, and has saved no view since.
    front_end_blank: bool,
    losses: Losses,
}

impl LossAdmission {
    /// Takes note of what a node tells.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::View(ViewEvent::ViewSaved { view, .. }) => self.view_saved(view),
            Event::Replica(ReplicaEvent::DropAsked { replica, epoch }) => self.drop_asked(*replica, *epoch),
            _ => {}
        }
    }

    fn view_saved(&mut self, view: &View) {
        // A front-end that lost its file may save an epoch once more, of which nobody had heard.
        if self.newest.as_ref().is_some_and(|newest| newest.epoch > view.epoch) {
            return;
        }
        let added = |id: &ReplicaId, before: &Option<Run>| {
            let named = view.in_sync.run(*id);
            named.is_some() && named != *before
        };
        for (id, _) in self.doubtful.extract_if(.., |id, before| added(id, before)) {
            self.blank.remove(&id);
        }
        self.leaving.clear();
        self.front_end_blank = false;
        self.newest = Some(view.clone());
    }

    fn drop_asked(&mut self, replica: ReplicaId, epoch: Epoch) {
        if self.newest.as_ref().is_some_and(|newest| newest.epoch == epoch) {
            self.leaving.insert(replica);
        }
    }

    /// Takes note of a loss that is not to be judged: the run may lose more than the promise allows.
    pub(super) fn take_note(&mut self, loss: Loss) {
        self.losses.add(loss);
    }

    /// Admits a loss, of these replicas' memories if it is one of replicas, and takes note of it.
    ///
    /// # Errors
    /// Why it must not take place.
    pub(super) fn admit(&mut self, loss: Loss, replicas: &[ReplicaId]) -> Result<(), &'static str> {
        if !self.losses.iter().all(|before| together(before, loss)) {
            return Err("not together with what was lost before");
        }
        if !replicas.is_empty() && !self.remembered_without(replicas) {
            return Err("nobody whom the newest view names would remember everything");
        }
        let waits = match loss {
            Loss::FrontEndGone => !self.blank.is_empty(),
            Loss::ReplicaGone => self.front_end_blank,
            _ => false,
        };
        if waits {
            return Err(
                "a replica with a new file tells a front-end with a new file nothing: they would wait",
            );
        }
        self.losses.add(loss);
        for id in replicas {
            let named = self.newest.as_ref().and_then(|newest| newest.in_sync.run(*id));
            self.doubtful.insert(*id, named);
        }
        match loss {
            Loss::ReplicaGone => self.blank.extend(replicas),
            Loss::FrontEndGone => self.front_end_blank = true,
            _ => {}
        }
        Ok(())
    }

    /// What was lost so far.
    pub(super) fn losses(&self) -> &Losses {
        &self.losses
    }

    /// What a replica could not start on was set aside: it begins with nothing.
    pub(super) fn set_aside(&mut self, replica: Option<ReplicaId>) {
        self.blank.extend(replica);
    }

    /// Whether the newest view names a replica besides these whose memory is whole, and that is to stay.
    fn remembered_without(&self, replicas: &[ReplicaId]) -> bool {
        self.newest.iter().flat_map(|newest| newest.in_sync.ids()).any(|id| {
            !replicas.contains(&id) && !self.doubtful.contains_key(&id) && !self.leaving.contains(&id)
        })
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::Members;

    use super::*;
    use crate::examples::view_saved;

    /// `view EPOCH IDS`, `ask EPOCH ID`, and losses by their names, with replicas; a loss that is refused ends in `!`. In a
    /// view, each `'` behind an id is one run later.
    fn check(text: &str) {
        let mut admission = LossAdmission::default();
        for step in text.split(';').map(str::trim) {
            let refused = step.ends_with('!');
            let words: Vec<&str> = step.trim_end_matches('!').split_whitespace().collect();
            let ids = |from: usize| -> Vec<ReplicaId> {
                words[from..].iter().map(|id| id.parse().expect("an id")).collect()
            };
            let epoch = || words[1].parse().expect("an epoch");
            let loss = match words[0] {
                "view" => {
                    let member = |word: &&str| {
                        let id: ReplicaId = word.trim_end_matches('\'').parse().expect("an id");
                        (id, Run::new(u64::from(id.get()) * 10 + word.matches('\'').count() as u64))
                    };
                    let in_sync: Members = words[2..].iter().map(member).collect();
                    let leader = in_sync.ids().next().expect("a member");
                    admission.event(&view_saved(epoch(), leader, in_sync));
                    continue;
                }
                "ask" => {
                    admission.event(&Event::Replica(ReplicaEvent::DropAsked {
                        replica: ids(2)[0],
                        epoch: epoch(),
                    }));
                    continue;
                }
                "gone" => Loss::ReplicaGone,
                "older" => Loss::ReplicaOlder,
                "copied" => Loss::ReplicaCopied,
                "exchanged" => Loss::ReplicaExchanged,
                "outside" => Loss::ReplicaOutside,
                "front-end-gone" => Loss::FrontEndGone,
                "front-end-older" => Loss::FrontEndOlder,
                "front-end-twice" => Loss::FrontEndTwice,
                "catalog-gone" => Loss::CatalogGone,
                "catalog-older" => Loss::CatalogOlder,
                other => panic!("{other}?"),
            };
            assert_eq!(admission.admit(loss, &ids(1)).is_err(), refused, "{text}: {step}");
        }
    }

    #[test]
    fn somebody_remembers() {
        for text in [
            // Before there is a view, nobody is known to remember.
            "gone 1!",
            "view 1 1 2 3; gone 1; gone 2; gone 3!",
            "view 1 1 2; gone 1; gone 2!",
            "view 1 1; gone 1!; gone 2",
            // The view must name it, and not be about to drop it.
            "view 1 1 2 3; view 2 3; gone 1; gone 2; gone 3!",
            "view 1 1 2; ask 1 2; gone 1!; gone 2",
            "view 1 1 2; ask 1 2; view 2 1 2; gone 1",
            "view 1 1 2; view 2 1 2; ask 1 2; gone 1",
            // Only a view that adds it again makes a memory whole.
            "view 1 1 2; gone 1; view 2 1 2; gone 2!",
            "view 1 1 2; gone 1; view 2 2; gone 2!; view 3 1' 2; gone 2",
            "view 1 1 2; gone 1; view 2 1' 2; gone 2",
            "view 1 2; gone 1; view 2 1 2; gone 2",
            "view 1 1 2; gone 1; view 2 2; gone 1; view 3 1' 2; gone 2",
            "view 1 1 2; gone 1; view 2 1' 2; gone 1; view 3 1' 2; gone 2!",
            // What is older than the newest view tells nothing.
            "view 1 1 2; view 3 1; view 2 1 2; gone 1!",
            // Both memories are another's.
            "view 1 1 2; exchanged 1 2!",
            "view 1 1 2 3; exchanged 1 2",
            "view 1 1 2; copied 1; copied 1!",
        ] {
            check(text);
        }
    }

    #[test]
    fn what_does_not_hold_together_is_not_admitted() {
        for text in [
            "view 1 1 2 3; gone 1; older 2; gone 1",
            "view 1 1 2 3; copied 1; gone 2!; catalog-gone!; front-end-gone!",
            "view 1 1 2 3; catalog-gone; copied 1!; older 1; catalog-older!; front-end-older!; gone 2",
            "view 1 1 2 3; front-end-older; catalog-older!; front-end-twice; gone 1!",
            "view 1 1 2 3; front-end-gone; front-end-gone; front-end-older!; catalog-gone!",
            "view 1 1 2 3; outside 1; outside 2; gone 3!; outside 3!",
        ] {
            check(text);
        }
    }

    /// A new file is no answer to a front-end that asks what the newest view is.
    #[test]
    fn two_new_files_do_not_meet() {
        for text in [
            "view 1 1 2 3; gone 1; front-end-gone!; view 2 2 3; front-end-gone!; view 3 1' 2 3; front-end-gone",
            "view 1 1 2 3; front-end-gone; gone 1!; view 1 1 2 3; gone 1",
        ] {
            check(text);
        }
    }
}
