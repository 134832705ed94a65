//! Replication by a leader that the front-end chooses: primary and backups under a view service, with the
//! epochs and the log matching of Raft (docs/protocol.md has the rules and where each is enforced).
//!
//! [`leader_state`] decides for a leader, [`super::book::Write::Merge`] for a follower; [`membership`] adopts views and
//! takes over, [`follower`] answers a leader's messages, [`replicate`] sends the book to one replica, [`rejoin`]
//! catches up; [`operator`] does what a person asks for.

mod follower;
mod leader_state;
mod membership;
mod operator;
mod rejoin;
mod replicator;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tokio::sync::{Mutex, Notify};

use self::leader_state::LeaderState;
use super::OrderConfig;
use super::book::{BookSummary, Write, Written};
use super::replication::{Observer, Replication, Standing};
use super::request_table::Sold;
use super::writer::Writer;
use crate::clock::Timestamp;
use crate::domain::{Entry, Epoch, Line, OrderNumber, ReplicaId, Run, Term, View};
use crate::duplicate_processes::DuplicateProcesses;
use crate::host::Host;
use crate::messages::catalog::{Leadership, Refusal};
use crate::messages::order::{NotServing, ReplicaStatus, Role};
use crate::net::NodeId;
use crate::probe::ReplicaEvent;
use crate::tasks::Tasks;

/// One replica of the book, follower or leader.
pub struct Replica {
    host: Host,
    config: OrderConfig,
    tasks: Tasks,
    writer: Rc<Writer>,
    /// The run of this process.
    run: Run,
    term: RefCell<Option<LeaderState>>,
    /// The newest view heard of, saved or not: a takeover that a newer view has overtaken does not begin.
    newest_heard: RefCell<Option<View>>,
    /// The term in which this run was made leader and lacked what the catalog knew to be acknowledged (M4).
    unfit: Cell<Option<Term>>,
    /// Why the catalog does not sell to this leader.
    hindered: Cell<Option<Refusal>>,
    /// What some leader has said to be acknowledged, of what is on this disk.
    known_acknowledged: Cell<OrderNumber>,
    /// Views are adopted one after the other.
    adoption: Mutex<()>,
    /// The epoch of a view that names this replica leader and is being adopted. Between its save and its
    /// adoption this replica looks like a follower of its own epoch, which would have it deposed (E2).
    adopting: Cell<Option<Epoch>>,
    /// Wakes the task that replicators a replica.
    replicators: RefCell<BTreeMap<ReplicaId, Rc<Notify>>>,
    /// Until when no joiner is counted, because one was let go (E5).
    counts_nobody_until: Cell<Timestamp>,
    /// Those who asked to be counted and could not be reached.
    unreached: RefCell<BTreeSet<ReplicaId>>,
    /// The runs that the others have shown.
    duplicates: RefCell<DuplicateProcesses>,
    observer: RefCell<Option<Box<dyn Observer>>>,
}

impl Replica {
    /// A follower, to begin with: a replica that restarts never leads under an epoch saved before (D5).
    pub fn new(host: Host, config: OrderConfig, tasks: Tasks, writer: Rc<Writer>, run: Run) -> Rc<Replica> {
        let newest_heard = RefCell::new(writer.summary().view.clone());
        Rc::new(Replica {
            host,
            config,
            tasks,
            writer,
            run,
            term: RefCell::default(),
            newest_heard,
            unfit: Cell::default(),
            hindered: Cell::default(),
            known_acknowledged: Cell::default(),
            adoption: Mutex::default(),
            adopting: Cell::default(),
            replicators: RefCell::default(),
            counts_nobody_until: Cell::default(),
            unreached: RefCell::default(),
            duplicates: RefCell::default(),
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
        let epoch = view.as_ref().map_or(Epoch::NONE, |view| view.epoch);
        let unfit =
            self.unfit.get().is_some() && view.as_ref().is_some_and(|view| view.leader == self.config.id);
        let term = self.term.borrow();
        let role = match &*term {
            None if self.adopting.get() == Some(epoch) => Role::TakingOver,
            None if unfit => Role::Unfit,
            None => Role::Follower,
            Some(term) if term.serves() => Role::Leader,
            Some(_) => Role::TakingOver,
        };
        let acknowledged = term
            .as_ref()
            .map_or(OrderNumber::NONE, LeaderState::acknowledged)
            .max(self.known_acknowledged.get());
        let hindered = self.hindered.get().filter(|_| term.is_some());
        let (id, run) = (self.config.id, self.run);
        ReplicaStatus { id, run, line, role, epoch, last, acknowledged, view, hindered }
    }

    /// Up to where this replica knows the book on its own disk to be acknowledged.
    pub fn known_acknowledged(&self) -> OrderNumber {
        self.status().acknowledged
    }

    /// Decides something within the term that began in epoch `since`; `None` once it has ended.
    fn within_term<T>(&self, since: Term, decide: impl FnOnce(&mut LeaderState) -> T) -> Option<T> {
        self.term.borrow_mut().as_mut().filter(|term| term.since() == since).map(decide)
    }

    /// Acknowledges what can be, tells the observer, and wakes those who replicator the followers.
    fn advance(&self, since: Term) {
        let moved = self.within_term(since, |term| {
            let (served, by) = (term.serves(), term.view().by);
            term.advance().then(|| (served, by, standing_of(term)))
        });
        if let Some(Some((served, by, standing))) = moved {
            let Standing { epoch, acknowledged: through, .. } = standing;
            if served {
                self.host.emit(ReplicaEvent::Acknowledged { through, by, epoch });
                self.tell(|observer| observer.acknowledged(standing));
            } else {
                self.host.emit(ReplicaEvent::Serving { by, epoch, last: through });
                self.tell(|observer| observer.serving(standing));
            }
        }
        self.wake_replicators();
    }

    fn tell(&self, what: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &*self.observer.borrow() {
            what(&**observer);
        }
    }

    fn wake_replicators(&self) {
        for replicator in self.replicators.borrow().values() {
            replicator.notify_one();
        }
    }

    /// What wakes the task that replicators a replica.
    fn replicator_of(&self, peer: ReplicaId) -> Rc<Notify> {
        self.replicators.borrow_mut().entry(peer).or_default().clone()
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
        if self.duplicates.borrow_mut().shows(peer, run) {
            log::warn!(
                node:% = self.host.id;
                "{}: two processes answer as {}, in turn: stop one of them",
                self.host.id,
                NodeId::Order(peer)
            );
        }
    }

    fn front_end(&self) -> NodeId {
        NodeId::FrontEnd(self.config.front_end)
    }

    /// Hands a leader's own entries to its disk, at once: appends reach it in the order of their numbers.
    fn append_on_disk(self: &Rc<Self>, since: Term, entries: Vec<Entry>) {
        let Some(last) = entries.last().map(|entry| entry.number) else { return };
        let written = self.writer.write(Write::Append(entries));
        let leader = self.clone();
        self.tasks.spawn(async move {
            if let Ok(Written::Appended) = written.await {
                leader.within_term(since, |term| term.durable(last));
                leader.advance(since);
            }
        });
    }
}

fn standing_of(term: &LeaderState) -> Standing {
    Standing { term: term.since(), epoch: term.view().epoch, acknowledged: term.acknowledged() }
}

/// What the pipeline sees of a [`Replica`]; a handle, so that tasks can be spawned from it.
pub struct ReplicaHandle(pub Rc<Replica>);

impl Replication for ReplicaHandle {
    fn standing(&self, named: Epoch) -> Result<Standing, NotServing> {
        let term = self.0.term.borrow();
        let current = self.0.writer.summary().epoch();
        match &*term {
            Some(term) if term.leads(named) && term.serves() => Ok(standing_of(term)),
            Some(term) if term.leads(named) => Err(NotServing::TakingOver { epoch: term.view().epoch }),
            _ if self.0.adopting.get() == Some(named) => Err(NotServing::TakingOver { epoch: named }),
            _ => Err(NotServing::NotLeader { named, current }),
        }
    }

    fn leads_in(&self, term: Term) -> bool {
        self.0.within_term(term, |_| ()).is_some()
    }

    fn leadership(&self, term: Term) -> Option<(Leadership, Line)> {
        self.0.within_term(term, |term| {
            let view = term.view();
            let (term, last) = (term.since(), term.last().number);
            (Leadership { term, epoch: view.epoch, by: view.by, last }, view.line.clone())
        })
    }

    fn append(&self, term: Term, sold: &Sold) -> bool {
        let Some(next) = self.0.within_term(term, |term| term.last().number + 1) else { return false };
        if sold.first != next {
            self.0.host.emit(ReplicaEvent::OtherNumberSold { expected: next, sold: sold.first });
            self.0.depose();
            return false;
        }
        let purchases = sold.purchases.clone();
        let Some(entries) = self.0.within_term(term, |term| term.append(purchases)) else { return false };
        self.0.append_on_disk(term, entries);
        self.0.wake_replicators();
        true
    }

    fn hindered(&self, why: Option<Refusal>) {
        let needs_operator = why.filter(|why| why.needs_operator());
        if let Some(why) = needs_operator
            && self.0.hindered.get() != needs_operator
        {
            self.0.host.emit(ReplicaEvent::CatalogRefuses { why });
        }
        self.0.hindered.set(needs_operator);
    }

    fn unfit(&self, term: Term) {
        if self.leads_in(term) {
            self.0.host.emit(ReplicaEvent::Unfit { term });
            self.0.unfit.set(Some(term));
            self.0.depose();
        }
    }

    fn superseded(&self, term: Term) {
        if self.leads_in(term) {
            self.0.depose();
        }
    }

    fn inheritance_appended(&self, term: Term) {
        self.0.within_term(term, LeaderState::inheritance_appended);
        self.0.advance(term);
    }
}
