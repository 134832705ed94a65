//! Replication by a leader that the front-end chooses: primary and backups under a view service, with the
//! epochs and the log matching of Raft (docs/protocol.md has the rules and where each is enforced).
//!
//! [`reign`] decides for a leader, [`super::book::Write::Merge`] for a follower; [`membership`] adopts views and
//! takes over, [`follower`] answers a leader's messages, [`feed`] sends the book to one replica, [`rejoin`]
//! catches up; [`operator`] does what a person asks for.

mod feed;
mod follower;
mod membership;
mod operator;
mod reign;
mod rejoin;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tokio::sync::{Mutex, Notify};

use self::reign::Reign;
use super::OrderConfig;
use super::book::{BookSummary, Write, Written};
use super::messages::{NotServing, ReplicaStatus, Role};
use super::placing::Sold;
use super::replication::{Observer, Replication, Standing};
use super::writer::Writer;
use crate::catalog::messages::{Leadership, Refusal};
use crate::clock::Timestamp;
use crate::domain::{Entry, Epoch, Line, OrderNumber, ReplicaId, Run, View};
use crate::doubles::Doubles;
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
    /// The run of this process.
    run: Run,
    reign: RefCell<Option<Reign>>,
    /// The newest view heard of, saved or not: a takeover that a newer view has overtaken does not begin.
    newest_heard: RefCell<Option<View>>,
    /// The epoch in which this run was made leader and lacked what the catalog knew to be acknowledged (M4).
    unfit: Cell<Option<Epoch>>,
    /// Why the catalog does not sell to this leader.
    hindered: Cell<Option<Refusal>>,
    /// What some leader has said to be acknowledged, of what is on this disk.
    known_acknowledged: Cell<OrderNumber>,
    /// Views are adopted one after the other.
    adoption: Mutex<()>,
    /// The epoch of a view that names this replica leader and is being adopted. Between its save and its
    /// adoption this replica looks like a follower of its own epoch, which would have it deposed (E2).
    adopting: Cell<Option<Epoch>>,
    /// Wakes the task that feeds a replica.
    feeds: RefCell<BTreeMap<ReplicaId, Rc<Notify>>>,
    /// Until when no joiner is counted, because one was let go (E5).
    counts_nobody_until: Cell<Timestamp>,
    /// Those who asked to be counted and could not be reached.
    unreached: RefCell<BTreeSet<ReplicaId>>,
    /// The runs that the others have shown.
    doubles: RefCell<Doubles>,
    observer: RefCell<Option<Box<dyn Observer>>>,
}

impl Leader {
    /// A follower, to begin with: a replica that restarts never leads under an epoch saved before (D5).
    pub fn new(host: Host, config: OrderConfig, tasks: Tasks, writer: Rc<Writer>, run: Run) -> Rc<Leader> {
        let newest_heard = RefCell::new(writer.summary().view.clone());
        Rc::new(Leader {
            host,
            config,
            tasks,
            writer,
            run,
            reign: RefCell::default(),
            newest_heard,
            unfit: Cell::default(),
            hindered: Cell::default(),
            known_acknowledged: Cell::default(),
            adoption: Mutex::default(),
            adopting: Cell::default(),
            feeds: RefCell::default(),
            counts_nobody_until: Cell::default(),
            unreached: RefCell::default(),
            doubles: RefCell::default(),
            observer: RefCell::default(),
        })
    }

    /// Makes known who is told of takeovers and acknowledgements.
    pub fn observe(&self, observer: Box<dyn Observer>) {
        self.observer.replace(Some(observer));
    }

    /// What this replica is doing.
    pub fn status(&self) -> ReplicaStatus {
        let BookSummary { view, last, line } = self.writer.summary().clone();
        let epoch = view.as_ref().map_or(0, |view| view.epoch);
        let unfit =
            self.unfit.get().is_some() && view.as_ref().is_some_and(|view| view.leader == self.config.id);
        let reign = self.reign.borrow();
        let role = match &*reign {
            None if self.adopting.get() == Some(epoch) => Role::TakingOver,
            None if unfit => Role::Unfit,
            None => Role::Follower,
            Some(reign) if reign.serves() => Role::Leader,
            Some(_) => Role::TakingOver,
        };
        let acknowledged = reign.as_ref().map_or(0, Reign::acknowledged).max(self.known_acknowledged.get());
        let hindered = self.hindered.get().filter(|_| reign.is_some());
        let (id, run) = (self.config.id, self.run);
        ReplicaStatus { id, run, line, role, epoch, last, acknowledged, view, hindered }
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
            let (served, by) = (reign.serves(), reign.view().by);
            reign.advance().then(|| (served, by, standing_of(reign)))
        });
        if let Some(Some((served, by, standing))) = moved {
            let Standing { epoch, acknowledged: through, .. } = standing;
            if served {
                self.host.emit(Event::Acknowledged { through, by, epoch });
                self.tell(|observer| observer.acknowledged(standing));
            } else {
                self.host.emit(Event::Serving { by, epoch, last: through });
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
        for feed in self.feeds.borrow().values() {
            feed.notify_one();
        }
    }

    /// What wakes the task that feeds a replica.
    fn feed_of(&self, peer: ReplicaId) -> Rc<Notify> {
        self.feeds.borrow_mut().entry(peer).or_default().clone()
    }

    fn is_configured(&self, id: ReplicaId) -> bool {
        self.config.replicas.contains(&id)
    }

    /// Takes note of a view before it is saved.
    fn hear(&self, view: &View) {
        let newer = view.may_follow(self.newest_heard.borrow().as_ref());
        if newer {
            self.newest_heard.replace(Some(view.clone()));
        }
    }

    /// A replica shows its run, to this leader.
    fn shows(&self, peer: ReplicaId, run: Run) {
        if self.doubles.borrow_mut().shows(peer, run) {
            log::warn!(
                node:% = self.host.id;
                "{}: two processes answer as {}, in turn: stop one of them",
                self.host.id,
                NodeId::Order(peer)
            );
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

    fn leadership(&self, reign: Epoch) -> Option<(Leadership, Line)> {
        self.0.within_reign(reign, |reign| {
            let view = reign.view();
            let (reign, last) = (reign.since(), reign.last().number);
            (Leadership { reign, epoch: view.epoch, by: view.by, last }, view.line.clone())
        })
    }

    fn append(&self, reign: Epoch, sold: &Sold) -> bool {
        let Some(next) = self.0.within_reign(reign, |reign| reign.last().number + 1) else { return false };
        if sold.first != next {
            self.0.host.emit(Event::OtherNumberSold { expected: next, sold: sold.first });
            self.0.depose();
            return false;
        }
        let purchases = sold.purchases.clone();
        let Some(entries) = self.0.within_reign(reign, |reign| reign.append(purchases)) else { return false };
        self.0.append_on_disk(reign, entries);
        self.0.wake_feeds();
        true
    }

    fn hindered(&self, why: Option<Refusal>) {
        let needs_operator = why.filter(|why| why.needs_operator());
        if let Some(why) = needs_operator
            && self.0.hindered.get() != needs_operator
        {
            self.0.host.emit(Event::CatalogRefuses { why });
        }
        self.0.hindered.set(needs_operator);
    }

    fn unfit(&self, reign: Epoch) {
        if self.reigns(reign) {
            self.0.host.emit(Event::Unfit { epoch: reign });
            self.0.unfit.set(Some(reign));
            self.0.depose();
        }
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
