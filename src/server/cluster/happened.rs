//! What happened lately, in sentences, of all services.

use std::collections::VecDeque;
use std::time::SystemTime;

use log::Level;
use toystore_actors::net::NodeId;
use toystore_actors::probe::{Event, ViewEvent};

use super::shapes::{Line, ObservedLine, Reach};
use super::views::{Served, Views};
use crate::console::utc;
use crate::server::host::Told;

/// So many lines are kept for those who come later.
const KEPT: usize = 200;

/// The newest lines.
#[derive(Debug, Default)]
pub struct Happened {
    kept: VecDeque<Line>,
    /// The lines since they were last taken, not yet numbered.
    fresh: Vec<Line>,
    next: u64,
}

impl Happened {
    /// What the front-end told of itself, and of the leader.
    pub fn told(&mut self, told: &Told, views: &mut Views) {
        if let Some(Served { leader, epoch, after }) = views.take(told) {
            let text = format!("leads in epoch {epoch} after {} ms", after.as_millis());
            return self.add(utc::millis(told.at), leader, text, Level::Info);
        }
        // That a leader serves is only said of it.
        if !matches!(told.event, Event::View(ViewEvent::LeaderServes { .. })) {
            self.add(utc::millis(told.at), told.node, told.event.to_string(), told.level);
        }
    }

    /// What another service told of itself.
    pub fn observed(&mut self, node: NodeId, lines: Vec<ObservedLine>) {
        for ObservedLine { at, level, text, .. } in lines {
            self.add(at, node, text, level.parse().unwrap_or(Level::Info));
        }
    }

    /// Another service began to answer, or stopped.
    pub fn reached(&mut self, node: NodeId, before: Option<Reach>, reach: Reach) {
        let (text, level) = match (before, reach) {
            (Some(before), now) if before == now => return,
            (_, Reach::Down) => ("is not there any more: nobody listens at its address", Level::Warn),
            (_, Reach::Silent) => ("does not answer any more", Level::Warn),
            (Some(_), Reach::Up) => ("answers again", Level::Info),
            (None, Reach::Up) => return,
        };
        self.add(utc::millis(SystemTime::now()), node, text.to_owned(), level);
    }

    fn add(&mut self, at: String, node: NodeId, text: String, level: Level) {
        let level = level.as_str().to_lowercase();
        self.fresh.push(Line { id: 0, at, node: node.to_string(), text, level });
    }

    /// The lines since this was called before, oldest first: each service was asked for its own.
    pub fn take_fresh(&mut self) -> Vec<Line> {
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.sort_by(|one, other| one.at.cmp(&other.at));
        for line in &mut fresh {
            self.next += 1;
            line.id = self.next;
            self.kept.truncate(KEPT - 1);
            self.kept.push_front(line.clone());
        }
        fresh
    }

    /// The newest lines, oldest first.
    pub fn lately(&self) -> Vec<Line> {
        self.kept.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::ReplicaId;

    use super::*;

    #[test]
    fn a_service_that_goes_and_comes_back_is_told_once_each() {
        let mut happened = Happened::default();
        let node = NodeId::Order(ReplicaId::new(3));
        let mut before = None;
        for reach in [Reach::Up, Reach::Up, Reach::Silent, Reach::Silent, Reach::Down, Reach::Up] {
            happened.reached(node, before, reach);
            before = Some(reach);
        }
        let texts: Vec<_> = happened.take_fresh().into_iter().map(|line| (line.id, line.text)).collect();
        assert_eq!(
            texts,
            [
                (1, "does not answer any more".to_owned()),
                (2, "is not there any more: nobody listens at its address".to_owned()),
                (3, "answers again".to_owned()),
            ]
        );
        assert!(happened.take_fresh().is_empty());
        assert_eq!(happened.lately().len(), 3);
        happened.reached(node, None, Reach::Down);
        assert_eq!(happened.take_fresh().len(), 1, "one that never answered");

        let line = |id, at: &str| ObservedLine {
            id,
            at: at.into(),
            level: "warn".into(),
            text: format!("line {id}"),
        };
        happened
            .observed(node, vec![line(1, "2026-11-28T12:00:00.002Z"), line(2, "2026-11-28T12:00:00.004Z")]);
        happened.observed(NodeId::Catalog, vec![line(3, "2026-11-28T12:00:00.003Z")]);
        let ids: Vec<_> = happened.take_fresh().into_iter().map(|line| (line.id, line.text)).collect();
        assert_eq!(ids, [(5, "line 1".to_owned()), (6, "line 3".to_owned()), (7, "line 2".to_owned())]);
    }
}
