//! All that the view service knows, and what it answers from that.

use super::command::{Command, Task};
use super::step::{Pinged, Step};
use crate::bugs::view_service as bent;
use crate::clock::Timestamp;
use crate::domain::{Epoch, OrderNumber, ReplicaId, Run, View};
use crate::duplicate_processes::DuplicateProcesses;
use crate::messages::order::ReplicaStatus;
use crate::messages::view_service::Vouched;
use crate::net::NodeId;
use crate::probe::{SaveReason, ViewEvent};
use crate::view_service::config::ViewConfig;
use crate::view_service::peers::Peers;
use crate::view_service::saved::Saved;
use crate::view_service::views::Views;
use crate::view_service::waiting::{Waiting, named};

/// The rules of the view service and their state.
#[derive(Debug)]
pub struct ViewRules {
    pub(super) me: NodeId,
    pub(super) config: ViewConfig,
    pub(super) views: Views,
    pub(super) peers: Peers,
    pub(super) duplicates: DuplicateProcesses,
    /// A leader is being looked for, or a view.
    pub(super) selecting: bool,
    /// The epoch whose leader is being asked whether it serves yet; 0 for none.
    pub(super) polling_leader: Epoch,
    /// The newest epoch whose leader was suspected.
    pub(super) suspected: Epoch,
    /// Choices of a leader since one served.
    pub(super) failed_choices: u32,
    /// What must happen before there can be a view, or a leader by it.
    pub(super) waiting: Option<Waiting>,
    /// A front-end's run that registered last, and that an operator has said to be gone.
    pub(super) disowned: Option<Run>,
    /// The highest order number heard of; `None` before a member of the view has told of its book.
    pub(super) orders: Option<OrderNumber>,
    /// When the catalog was last asked which front-end has registered.
    pub(super) registration_checked: Timestamp,
    commands: Vec<Command>,
}

impl ViewRules {
    /// A view service that starts from what the file holds, its run included.
    #[must_use]
    pub fn new(me: NodeId, config: ViewConfig, run: Run, saved: Saved) -> ViewRules {
        let mut rules = ViewRules {
            me,
            views: Views::new(config.replicas.clone(), run, saved),
            config,
            peers: Peers::default(),
            duplicates: DuplicateProcesses::default(),
            selecting: false,
            polling_leader: Epoch::NONE,
            suspected: Epoch::NONE,
            failed_choices: 0,
            waiting: None,
            disowned: None,
            orders: None,
            registration_checked: Timestamp::default(),
            commands: Vec::new(),
        };
        rules.identify();
        rules
    }

    /// What is to be done now, in this order.
    pub fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    pub(super) fn command(&mut self, command: Command) {
        self.commands.push(command);
    }

    pub(super) fn emit(&mut self, event: ViewEvent) {
        self.command(Command::Emit(event));
    }

    pub(super) fn start(&mut self, task: Task) {
        self.command(Command::Start(task));
    }

    pub(super) fn end_turn(&mut self) {
        self.command(Command::EndTurn);
    }

    /// The current view, once this front-end has saved one of its own run.
    #[must_use]
    pub fn current(&self) -> Option<&View> {
        self.views.current()
    }

    /// The current view, if its leader serves as far as is known.
    #[must_use]
    pub fn serving(&self) -> Option<&View> {
        if self.peers.serving() { self.current() } else { None }
    }

    /// What a catalog that starts is told (M9).
    #[must_use]
    pub fn vouch(&self) -> Option<Vouched> {
        self.current().map(|view| Vouched { view: view.clone(), orders: self.orders })
    }

    /// Whom orders wait for, and why as a sentence; `None` if a leader serves.
    #[must_use]
    pub fn waits_for(&self, now: Timestamp) -> Option<(Vec<NodeId>, String)> {
        if let Some(waiting) = &self.waiting {
            return Some(waiting.told());
        }
        let Some(view) = self.current() else { return Some((vec![], "there is no view yet".into())) };
        let patience = self.config.suspect_after;
        if let Some(why) = self.peers.hindered() {
            return Some((vec![NodeId::Catalog], format!("{why}; see `toystore recover catalog`")));
        }
        let silent = self.peers.leader_silent(now, patience);
        if self.peers.serving() && !silent {
            return None;
        }
        let members: Vec<_> = view.in_sync.ids().collect();
        let missing = self.peers.silent(&members, now, patience);
        if missing.len() == members.len() {
            return Some(named(&missing, "one that has every order must answer: "));
        }
        let why = if silent { "the leader does not answer: " } else { "the leader is taking over: " };
        Some(named(&[view.leader], why))
    }

    /// Whether these answers are enough to choose a leader.
    #[must_use]
    pub fn is_decided(&self, pinged: &Pinged) -> bool {
        self.views.decided(&pinged.answers, |id| pinged.settled.contains(&id))
    }

    /// The replicas that are configured.
    #[must_use]
    pub fn replicas(&self) -> &[ReplicaId] {
        self.views.replicas()
    }

    pub(super) fn is_current(&self, sent: &View) -> bool {
        self.current().is_some_and(|view| view.epoch == sent.epoch)
    }

    /// Takes note of where the book of a replica ends that stands for a member of the view, as far as it is known.
    pub(super) fn hear_of_book(&mut self, status: &ReplicaStatus) {
        let view = self.views.file().view.as_ref();
        if view.is_some_and(|view| view.in_sync.is_stood_for(status.id, &status.line)) {
            self.orders = self.orders.max(Some(status.last.number));
        }
    }

    /// Takes note of what is waited for, and says so when that is new.
    pub(super) fn wait_for(&mut self, waiting: Waiting) {
        if self.waiting.as_ref() != Some(&waiting) {
            self.command(Command::Warn(format!("{} waits: {}", self.me, waiting.told().1)));
        }
        self.waiting = Some(waiting);
    }

    /// A pause before the next try, as nothing can be done without this.
    pub(super) fn pause_for(&mut self, waiting: Waiting) -> Step {
        self.wait_for(waiting);
        Step::Sleep(self.config.heartbeat / 4)
    }

    /// A view is to be saved, in this turn; nobody hears of it before [`ViewRules::saved`].
    pub(super) fn save(&mut self, view: &View) -> Step {
        let saved = Saved { view: Some(view.clone()), ..self.views.file().clone() };
        bent::told_unsaved(|| {
            self.views.install(view.clone());
            self.announce_to_all();
        });
        Step::Write(saved)
    }

    /// A view is on the disk, and the current one from now on.
    pub(super) fn saved(&mut self, view: View, why: SaveReason) {
        self.command(Command::Belong(view.store));
        self.emit(ViewEvent::ViewSaved { view: view.clone(), why });
        self.views.install(view);
    }

    /// Lets the peers know to which store the front-end belongs: once its file has a view. One that only began to
    /// found a store belongs to whichever comes about.
    pub(super) fn identify(&mut self) {
        if let Some(view) = &self.views.file().view {
            let store = view.store;
            self.command(Command::Belong(store));
        }
    }

    /// Sends the view to every configured replica (M10), also to those that are not in sync: they must know whom to
    /// join.
    pub(super) fn announce_to_all(&mut self) {
        if self.current().is_some() {
            let (to, limit) = (self.views.replicas().to_vec(), self.config.suspect_after);
            self.command(Command::Announce { to, limit });
        }
    }
}
