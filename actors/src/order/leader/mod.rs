//! Replication by a leader that the front-end chooses: primary and backups under a view service, with the
//! epochs and the log matching of Raft (docs/protocol.md has the rules and where each is enforced).
//!
//! [`reign`] decides for a leader, [`super::book::Write::Merge`] for a follower; [`membership`] adopts views and
//! takes over, [`follower`] answers a leader's messages, [`feed`] sends the book to one replica, [`rejoin`]
//! catches up.

mod feed;
mod follower;
mod membership;
mod reign;
mod rejoin;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::{Mutex, Notify};

use self::reign::Reign;
use super::OrderConfig;
use super::book::{BookSummary, Write, Written};
use super::messages::{NotServing, ReplicaStatus, Role};
use super::replication::{Observer, Replication, Standing};
use super::writer::Writer;
use crate::domain::{Entry, Epoch, OrderNumber, Purchase, ReplicaId};
use crate::host::Host;
use crate::net::NodeId;
use crate::probe::Event;
use crate::tasks::Tasks;

/// One replica of the book, follower or leader.
pub struct Leader {
    host: Host,
    config: OrderConfig,
    tasks: Tasks,
    writer: Rc<Writer>,
    reign: RefCell<Option<Reign>>,
    /// The newest epoch heard of, saved or not: a takeover that a newer view has overtaken does not begin.
    newest_heard: Cell<Epoch>,
    /// What some leader has said to be acknowledged, of what is on this disk.
    known_acknowledged: Cell<OrderNumber>,
    /// Views are adopted one after the other.
    adoption: Mutex<()>,
    /// The epoch of a view that names this replica leader and is being adopted. Between its save and its
    /// adoption this replica looks like a follower of its own epoch, which would have it deposed (E2).
    adopting: Cell<Option<Epoch>>,
    /// Wakes the task that feeds a replica.
    feeds: BTreeMap<ReplicaId, Notify>,
    observer: RefCell<Option<Box<dyn Observer>>>,
}

impl Leader {
    /// A follower, to begin with: a replica that restarts never leads under an epoch saved before (D5).
    pub fn new(host: Host, config: OrderConfig, tasks: Tasks, writer: Rc<Writer>) -> Rc<Leader> {
        let newest_heard = Cell::new(writer.summary().epoch());
        let feeds = config.replicas.iter().map(|id| (*id, Notify::new())).collect();
        Rc::new(Leader {
            host,
            config,
            tasks,
            writer,
            reign: RefCell::default(),
            newest_heard,
            known_acknowledged: Cell::default(),
            adoption: Mutex::default(),
            adopting: Cell::default(),
            feeds,
            observer: RefCell::default(),
        })
    }

    /// Makes known who is told of takeovers and acknowledgements.
    pub fn observe(&self, observer: Box<dyn Observer>) {
        self.observer.replace(Some(observer));
    }

    /// What this replica is doing.
    pub fn status(&self) -> ReplicaStatus {
        let BookSummary { view, last } = self.writer.summary().clone();
        let epoch = view.as_ref().map_or(0, |view| view.epoch);
        let reign = self.reign.borrow();
        let role = match &*reign {
            None if self.adopting.get() == Some(epoch) => Role::TakingOver,
            None => Role::Follower,
            Some(reign) if reign.serves() => Role::Leader,
            Some(_) => Role::TakingOver,
        };
        let acknowledged = reign.as_ref().map_or(0, Reign::acknowledged).max(self.known_acknowledged.get());
        ReplicaStatus { id: self.config.id, role, epoch, last, acknowledged, view }
    }

    /// Up to where this replica knows the book on its own disk to be acknowledged.
    pub fn known_acknowledged(&self) -> OrderNumber {
        self.status().acknowledged
    }

    /// Decides something within the reign that began in epoch `since`; `None` once it has ended.
    fn within_reign<T>(&self, since: Epoch, decide: impl FnOnce(&mut Reign) -> T) -> Option<T> {
        self.reign.borrow_mut().as_mut().filter(|reign| reign.since() == since).map(decide)
    }

    /// Acknowledges what can be, tells the observer, and wakes those who feed the followers.
    fn advance(&self, since: Epoch) {
        let moved = self.within_reign(since, |reign| {
            let served = reign.serves();
            reign.advance().then(|| (served, standing_of(reign)))
        });
        if let Some(Some((served, standing))) = moved {
            if served {
                self.host.emit(Event::Acknowledged { through: standing.acknowledged, epoch: standing.epoch });
                self.tell(|observer| observer.acknowledged(standing));
            } else {
                self.host.emit(Event::Serving { epoch: standing.epoch, last: standing.acknowledged });
                self.tell(|observer| observer.serving(standing));
            }
        }
        self.wake_feeds();
    }

    fn tell(&self, what: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &*self.observer.borrow() {
            what(&**observer);
        }
    }

    fn wake_feeds(&self) {
        for feed in self.feeds.values() {
            feed.notify_one();
        }
    }

    fn front_end(&self) -> NodeId {
        NodeId::FrontEnd(self.config.front_ends.first().copied().unwrap_or(1))
    }

    /// Hands a leader's own entries to its disk, at once: appends reach it in the order of their numbers.
    fn append_on_disk(self: &Rc<Self>, since: Epoch, entries: Vec<Entry>) {
        let Some(last) = entries.last().map(|entry| entry.number) else { return };
        let written = self.writer.write(Write::Append(entries));
        let leader = self.clone();
        self.tasks.spawn(async move {
            if let Ok(Written::Appended) = written.await {
                leader.within_reign(since, |reign| reign.durable(last));
                leader.advance(since);
            }
        });
    }
}

fn standing_of(reign: &Reign) -> Standing {
    Standing { reign: reign.since(), epoch: reign.view().epoch, acknowledged: reign.acknowledged() }
}

/// What the desk sees of a [`Leader`]; a handle, so that tasks can be spawned from it.
pub struct LeaderReplication(pub Rc<Leader>);

impl Replication for LeaderReplication {
    fn standing(&self, named: Epoch) -> Result<Standing, NotServing> {
        let reign = self.0.reign.borrow();
        let current = self.0.writer.summary().epoch();
        match &*reign {
            Some(reign) if reign.leads(named) && reign.serves() => Ok(standing_of(reign)),
            Some(reign) if reign.leads(named) => Err(NotServing::TakingOver { epoch: reign.view().epoch }),
            _ if self.0.adopting.get() == Some(named) => Err(NotServing::TakingOver { epoch: named }),
            _ => Err(NotServing::NotLeader { named, current }),
        }
    }

    fn reigns(&self, reign: Epoch) -> bool {
        self.0.within_reign(reign, |_| ()).is_some()
    }

    fn append(&self, reign: Epoch, purchases: Vec<Purchase>) -> Option<OrderNumber> {
        let entries = self.0.within_reign(reign, |reign| reign.append(purchases))?;
        let first = entries.first().map(|entry| entry.number);
        self.0.append_on_disk(reign, entries);
        self.0.wake_feeds();
        first
    }

    fn superseded(&self, reign: Epoch) {
        if self.reigns(reign) {
            self.0.depose();
        }
    }

    fn inheritance_appended(&self, reign: Epoch) {
        self.0.within_reign(reign, Reign::inheritance_appended);
        self.0.advance(reign);
    }
}
