//! The views of this run of the front-end, and how long orders waited for each.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use toystore_actors::domain::{Epoch, View};
use toystore_actors::net::NodeId;
use toystore_actors::probe::{Event, ViewEvent};

use super::shapes::{PastView, ViewShown};
use crate::console::utc;
use crate::server::host::Told;

/// So many are remembered.
const KEPT: usize = 50;

/// The views of this run of the front-end.
#[derive(Debug, Default)]
pub struct Views {
    past: VecDeque<Past>,
    /// Since when orders wait for a leader.
    waiting: Option<Instant>,
    /// The last epoch whose leader served.
    served: Option<Epoch>,
}

#[derive(Debug)]
struct Past {
    epoch: Epoch,
    saved: Instant,
    shown: PastView,
}

/// A leader began to serve.
#[derive(Debug, PartialEq, Eq)]
pub struct Served {
    /// Which.
    pub leader: NodeId,
    /// In which epoch.
    pub epoch: Epoch,
    /// How long orders waited for it.
    pub after: Duration,
}

impl Views {
    /// Takes note of what the front-end told.
    pub fn take(&mut self, told: &Told) -> Option<Served> {
        match &told.event {
            Event::View(ViewEvent::LeaderSuspected { .. }) => {
                self.waiting.get_or_insert(told.instant);
                None
            }
            Event::View(ViewEvent::ViewSaved { view, why }) => {
                let shown = PastView {
                    view: shown(view),
                    why: why.to_string(),
                    at: utc::millis(told.at),
                    took_ms: None,
                };
                self.past.truncate(KEPT - 1);
                self.past.push_front(Past { epoch: view.epoch, saved: told.instant, shown });
                None
            }
            Event::View(ViewEvent::LeaderServes { replica, epoch }) => {
                // It paused, and nobody took it for dead.
                if self.served.replace(*epoch) == Some(*epoch) && self.waiting.is_none() {
                    return None;
                }
                let past = self.chosen(*epoch)?;
                let since = self.waiting.take().unwrap_or(self.past[past].saved);
                let after = told.instant.saturating_duration_since(since);
                let took = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                self.past[past].shown.took_ms.get_or_insert(took);
                Some(Served { leader: NodeId::Order(*replica), epoch: *epoch, after })
            }
            _ => None,
        }
    }

    /// Where the view is in which the leader of an epoch was chosen: that of the epoch, or one before it, where the leader
    /// has changed who is in sync before anybody heard that it serves.
    fn chosen(&self, epoch: Epoch) -> Option<usize> {
        let place = self.past.iter().position(|past| past.epoch == epoch)?;
        let leader = &self.past[place].shown.view.leader;
        let before = self.past.range(place + 1..);
        let same =
            before.take_while(|past| past.shown.view.leader == *leader && past.shown.took_ms.is_none());
        Some(place + same.count())
    }

    /// The views, the newest first.
    pub fn shown(&self) -> Vec<PastView> {
        self.past.iter().map(|past| past.shown.clone()).collect()
    }
}

/// A view as it is shown.
pub fn shown(view: &View) -> ViewShown {
    let name = |replica| NodeId::Order(replica).to_string();
    ViewShown {
        epoch: view.epoch.get(),
        leader: name(view.leader),
        in_sync: view.in_sync.ids().map(name).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use log::Level;
    use toystore_actors::domain::{FrontEndId, Line, ReplicaId, Run, StoreId};
    use toystore_actors::probe::{SaveReason, SuspectReason};

    use super::*;

    fn view(epoch: u64, leader: u8) -> View {
        let in_sync = [leader, 1].map(|id| (ReplicaId::new(id), Run::new(7))).into_iter().collect();
        let (store, by, line) = (StoreId::new(1), Run::new(1), Line::default());
        View { store, by, line, epoch: Epoch::new(epoch), leader: ReplicaId::new(leader), in_sync }
    }

    #[test]
    fn a_view_took_as_long_as_orders_waited() {
        let began = Instant::now();
        let told = |after: u64, event: ViewEvent| Told {
            id: after,
            at: SystemTime::UNIX_EPOCH,
            instant: began + Duration::from_millis(after),
            node: NodeId::FrontEnd(FrontEndId::new(1)),
            level: Level::Info,
            event: event.into(),
        };
        let saved = |epoch, leader| ViewEvent::ViewSaved {
            view: view(epoch, leader),
            why: SaveReason::AnotherLeader,
        };
        let serves = |epoch, leader| ViewEvent::LeaderServes {
            replica: ReplicaId::new(leader),
            epoch: Epoch::new(epoch),
        };
        let suspected = |epoch| ViewEvent::LeaderSuspected {
            replica: ReplicaId::new(3),
            epoch: Epoch::new(epoch),
            why: SuspectReason::Silent,
        };
        let mut views = Views::default();
        let mut after = |at, event| views.take(&told(at, event)).map(|served| served.after.as_millis());
        assert_eq!(after(0, saved(1, 3)), None);
        assert_eq!(after(5, serves(1, 3)), Some(5), "the first: since it was saved");
        assert_eq!(after(100, suspected(1)), None);
        assert_eq!(after(110, saved(2, 2)), None);
        assert_eq!(after(150, suspected(2)), None);
        assert_eq!(after(160, saved(3, 1)), None);
        assert_eq!(after(180, serves(3, 1)), Some(80), "since the first that was suspected");
        assert_eq!(after(500, serves(9, 1)), None, "a view that nobody saved");
        let shown: Vec<_> = views.shown().iter().map(|past| (past.view.epoch, past.took_ms)).collect();
        assert_eq!(shown, [(3, Some(80)), (2, None), (1, Some(5))]);

        let mut after = |at, event| views.take(&told(at, event)).map(|served| served.after.as_millis());
        after(600, suspected(3));
        after(610, saved(4, 2));
        after(620, saved(5, 2));
        assert_eq!(after(640, serves(5, 2)), Some(40), "it let somebody go before it was heard");
        assert_eq!(after(650, serves(5, 2)), None, "it paused meanwhile");
        let shown: Vec<_> = views.shown().iter().map(|past| (past.view.epoch, past.took_ms)).collect();
        assert_eq!(shown[..3], [(5, None), (4, Some(40)), (3, Some(80))]);
    }
}
