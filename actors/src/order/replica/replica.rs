//! The shell of [`ReplicaRules`]: it has them decide, and does what they say.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::{Mutex, Notify};

use crate::domain::{Entry, Epoch, Line, OrderNumber, ReplicaId, Run, Term};
use crate::duplicate_processes::DuplicateProcesses;
use crate::host::Host;
use crate::messages::catalog::{Leadership, Refusal};
use crate::messages::order::{NotServing, ReplicaStatus};
use crate::net::NodeId;
use crate::order::book::{Write, Written};
use crate::order::config::OrderConfig;
use crate::order::rules::{Command, LeaderState, Me, ReplicaRules, Serving, Sold};
use crate::order::summary::BookSummary;
use crate::order::writer::Writer;
use crate::tasks::Tasks;

/// What a replica tells whoever turns requests into orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leading {
    /// It leads from now on, but does not serve yet: first what the leaders before have left must be appended.
    TookOver(Term),
    /// All the book so far is acknowledged, and it serves.
    Serving(Serving),
    /// More orders are acknowledged.
    Acknowledged(Serving),
    /// The term has ended. What was not acknowledged may yet be, by another leader.
    Ended,
}

/// One replica of the book, follower or leader.
pub struct Replica {
    pub(super) host: Host,
    pub(super) config: OrderConfig,
    pub(super) tasks: Tasks,
    pub(super) writer: Rc<Writer>,
    pub(super) run: Run,
    pub(super) rules: RefCell<ReplicaRules>,
    /// Views are adopted one after the other.
    pub(super) adoption: Mutex<()>,
    /// Wakes the task that sends the book to a replica.
    replicators: RefCell<BTreeMap<ReplicaId, Rc<Notify>>>,
    duplicates: RefCell<DuplicateProcesses>,
    listener: RefCell<Box<dyn Fn(Leading)>>,
}

impl Replica {
    /// The replica whose book `writer` writes, as the process of this run.
    pub fn new(host: Host, config: OrderConfig, tasks: Tasks, writer: Rc<Writer>, run: Run) -> Rc<Replica> {
        let me = Me { id: config.id, run, replicas: config.replicas.clone() };
        let rules = RefCell::new(ReplicaRules::new(me, &writer.summary()));
        Rc::new(Replica {
            host,
            config,
            tasks,
            writer,
            run,
            rules,
            adoption: Mutex::default(),
            replicators: RefCell::default(),
            duplicates: RefCell::default(),
            listener: RefCell::new(Box::new(|_| ())),
        })
    }

    /// Makes known who is told that this replica leads. It is told at once, and must not hold this replica.
    pub fn tell_leading(&self, listener: impl Fn(Leading) + 'static) {
        drop(self.listener.replace(Box::new(listener)));
    }

    /// The rules, to ask.
    pub(super) fn rules(&self) -> Ref<'_, ReplicaRules> {
        self.rules.borrow()
    }

    /// Has the rules decide by what is on disk.
    pub(super) fn decide<T>(&self, decide: impl FnOnce(&mut ReplicaRules, &BookSummary) -> T) -> T {
        decide(&mut self.rules.borrow_mut(), &self.writer.summary())
    }

    /// Does what the rules say.
    pub(super) fn execute(self: &Rc<Self>, commands: impl IntoIterator<Item = Command>) {
        for command in commands {
            match command {
                Command::Tell(event) => self.host.emit(event),
                Command::Write { term, entries } => self.write(term, entries),
                Command::Replicate { term, peers, suspect } => {
                    for peer in peers {
                        let replica = self.clone();
                        let suspected = suspect == Some(peer);
                        self.tasks.spawn(async move { replica.replicate(term, peer, suspected).await });
                    }
                }
                Command::WakeReplicators => self.wake_replicators(),
                Command::Inherit(term) => self.tell(Leading::TookOver(term)),
                Command::Serve(serving) => self.tell(Leading::Serving(serving)),
                Command::Acknowledge(serving) => self.tell(Leading::Acknowledged(serving)),
                Command::StopServing => self.tell(Leading::Ended),
            }
        }
    }

    fn tell(&self, what: Leading) {
        (self.listener.borrow())(what);
    }

    fn wake_replicators(&self) {
        for replicator in self.replicators.borrow().values() {
            replicator.notify_one();
        }
    }

    /// What wakes the task that sends the book to a replica.
    pub(super) fn replicator_of(&self, peer: ReplicaId) -> Rc<Notify> {
        self.replicators.borrow_mut().entry(peer).or_default().clone()
    }

    /// Hands own entries to the disk, at once: appends reach it in the order of their numbers.
    fn write(self: &Rc<Self>, term: Term, entries: Vec<Entry>) {
        let Some(last) = entries.last().map(|entry| entry.number) else { return };
        let written = self.writer.write(Write::Append(entries));
        let replica = self.clone();
        self.tasks.spawn(async move {
            if let Ok(Written::Appended) = written.await {
                replica.execute(replica.decide(|rules, _| rules.durable(term, last)));
            }
        });
    }

    /// A replica shows its run, to this leader.
    pub(super) fn shows(&self, peer: ReplicaId, run: Run) {
        if self.duplicates.borrow_mut().shows(peer, run) {
            log::warn!(
                node:% = self.host.id;
                "{}: two processes answer as {}, in turn: stop one of them",
                self.host.id,
                NodeId::Order(peer)
            );
        }
    }

    pub(super) fn front_end(&self) -> NodeId {
        NodeId::FrontEnd(self.config.front_end)
    }

    /// What this replica is doing.
    pub fn status(&self) -> ReplicaStatus {
        self.decide(|rules, book| rules.status(book))
    }

    /// Up to where this replica knows its own book to be acknowledged.
    pub fn acknowledged(&self) -> OrderNumber {
        self.rules().acknowledged()
    }

    /// Whether this replica serves as leader for a caller that names epoch `named`.
    ///
    /// # Errors
    /// [`NotServing`], saying why not.
    pub fn serving(&self, named: Epoch) -> Result<Serving, NotServing> {
        self.decide(|rules, book| rules.serving(named, book))
    }

    /// The epoch of the view that the leader of a term leads now, if it serves.
    pub fn epoch_of(&self, term: Term) -> Option<Epoch> {
        let rules = self.rules();
        rules.leader_of(term).filter(|leader| leader.serves()).map(|leader| leader.view().epoch)
    }

    /// Whether this replica leads in the term, and so still does.
    pub fn leads_in(&self, term: Term) -> bool {
        self.rules().leads_in(term)
    }

    /// What the leader of a term shows the catalog now, with the line of its view.
    pub fn leadership(&self, term: Term) -> Option<(Leadership, Line)> {
        self.rules().leadership(term)
    }

    /// Makes purchases the next entries of the book; false when the term has ended, as it may here (M5).
    pub fn append(self: &Rc<Self>, term: Term, sold: &Sold) -> bool {
        let (appended, commands) = self.decide(|rules, _| rules.append(term, sold));
        self.execute(commands);
        appended
    }

    /// Says why the catalog does not sell to this leader; `None` when it does.
    pub fn catalog_said(self: &Rc<Self>, refusal: Option<Refusal>) {
        self.execute(self.decide(|rules, _| rules.catalog_said(refusal)));
    }

    /// Says that the book lacks what the catalog knows to be acknowledged (M4).
    pub fn unfit(self: &Rc<Self>, term: Term) {
        self.execute(self.decide(|rules, _| rules.unfit(term)));
    }

    /// Says that another leader, or the catalog, has shown that this term is over.
    pub fn superseded(self: &Rc<Self>, term: Term) {
        self.execute(self.decide(|rules, _| rules.superseded(term)));
    }

    /// Says that everything a new leader had to append before it serves has been appended.
    pub fn inheritance_appended(self: &Rc<Self>, term: Term) {
        self.execute(self.decide(|rules, _| rules.inheritance_appended(term)));
    }

    /// Looks at the leader of a term, if it still leads.
    pub(super) fn leader_of<T>(&self, term: Term, look: impl FnOnce(&LeaderState) -> T) -> Option<T> {
        self.rules().leader_of(term).map(look)
    }
}
