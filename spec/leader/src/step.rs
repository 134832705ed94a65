//! What can happen next.
//!
//! A message in flight may be delivered at any time or never, and so may a replica be slow: nobody is forced to take a
//! step. A crash loses what a replica keeps in memory and what of its own appends is not on its disk.

use explorer::Violation;

use crate::book::Set;
use crate::message::Message;
use crate::rules::{Bounds, Rules};
use crate::state::{Lead, Left, REPLICAS, Role, State, View, Wrong};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Deliver(Message),
    /// It is delivered, and a copy stays in flight.
    DeliverCopy(Message),
    Lose(Message),
    Crash(usize),
    Start(usize),
    /// A replica hears of a view.
    Hear(usize, View),
    /// Only without D5: a replica that restarted goes on in its epoch.
    GoOn(usize),
    /// A follower asks for the leader's book.
    AskBook {
        follower: usize,
        leader: usize,
    },
    /// The leader's own append is on its disk.
    Persist(usize),
    /// A request for the order reaches the leader.
    Place {
        leader: usize,
        order: u8,
    },
    /// Only without A2: a repeated request is answered by what is in the book.
    AnswerUnacknowledged {
        leader: usize,
        order: u8,
    },
    RefuseAgain {
        leader: usize,
        order: u8,
    },
    Settle {
        leader: usize,
        order: u8,
    },
    BuyAgain {
        leader: usize,
        order: u8,
    },
    /// Only without C5.
    GiveUp {
        leader: usize,
        order: u8,
    },
    FetchAgain(usize),
    SyncAgain {
        leader: usize,
        follower: usize,
    },
    AskDrop {
        leader: usize,
        replica: usize,
        wrongly: bool,
    },
    /// The leader begins to count a joiner, or ceases to.
    Count {
        leader: usize,
        joiner: usize,
    },
    Uncount {
        leader: usize,
        joiner: usize,
    },
    AskAdd {
        leader: usize,
        joiner: usize,
    },
    /// The front-end chooses another leader.
    Select {
        leader: usize,
        wrongly: bool,
    },
    /// Only without E1: a view is announced once, and that is lost.
    LoseView(View),
    Lookup,
    Restock,
}

pub struct Model {
    pub rules: Rules,
    pub bounds: Bounds,
    pub progress: bool,
}

/// What is called with each successor.
pub type Visit<'a> = &'a mut dyn FnMut(Action, State, Option<Violation>);

impl Model {
    /// The highest replica leads and serves, everybody has heard of it, and there are no orders.
    pub fn initial(&self) -> State {
        let all = Set::up_to(self.bounds.replicas);
        let leader = self.bounds.replicas - 1;
        let in_sync = match self.bounds.begins {
            0 => all,
            1 => Set::default().with(leader),
            _ => all.without(0),
        };
        let mut state = State::default();
        for replica in &mut state.replicas[..self.bounds.replicas] {
            (replica.up, replica.epoch) = (true, 1);
        }
        state.replicas[leader].lead =
            Lead { role: Role::Serving, term: 1, in_sync, fetched: true, ..Lead::default() };
        state.view_service.view = View { epoch: 1, leader: leader as u8, in_sync: in_sync.0 };
        (state.catalog.stock, state.catalog.term) = (self.bounds.stock, 1);
        state.left = Left {
            crashes: self.bounds.crashes,
            suspicions: self.bounds.suspicions,
            copies: self.bounds.copies,
            losses: self.bounds.losses,
            restocks: self.bounds.restocks,
            lookups: self.bounds.lookups,
        };
        state
    }

    pub fn successors(&self, state: &State, visit: Visit) {
        let visit = &mut |action, mut next: State| {
            self.forget(&mut next);
            self.check(&mut next);
            visit(action, next, next.wrong.map(Wrong::text));
        };
        for message in state.messages.all() {
            self.message(state, message, visit);
        }
        for replica in 0..self.bounds.replicas {
            self.replica(state, replica, visit);
        }
        self.select(state, visit);
        self.lose_view(state, visit);
        self.shopper(state, visit);
    }

    fn message(&self, state: &State, message: Message, visit: &mut impl FnMut(Action, State)) {
        if message.receiver().is_none_or(|to| state.replicas[to].up) {
            let changes_view = matches!(message, Message::Drop { .. } | Message::Add { .. });
            if !changes_view || self.epochs_left(state) {
                let mut next = *state;
                next.messages.remove(message);
                self.deliver(&mut next, message);
                visit(Action::Deliver(message), next);
            }
            if state.left.copies > 0 && !matches!(message, Message::Lookup { .. }) {
                let mut next = *state;
                next.left.copies -= 1;
                self.deliver(&mut next, message);
                next.messages.insert(message);
                visit(Action::DeliverCopy(message), next);
            }
        }
        if state.left.losses > 0 {
            let mut next = *state;
            next.left.losses -= 1;
            next.messages.remove(message);
            visit(Action::Lose(message), next);
        }
    }

    fn deliver(&self, state: &mut State, message: Message) {
        match message {
            Message::Sync { to, epoch, book } => self.synced(state, to, epoch, &book),
            Message::Confirmed { from, epoch, length } => self.confirmed(state, from, epoch, length),
            Message::Buy { from, term, order, batch } => self.buy(state, from, term, order, batch),
            Message::Sold { to, term, order } => self.sold(state, to, term, order),
            Message::Refused { to, term, order } => self.refused(state, to, term, order),
            Message::FetchUnsettled { from, term } => self.fetch_unsettled(state, from, term),
            Message::Unsettled { to, term, orders } => self.unsettled(state, to, term, orders),
            Message::Settle { order, .. } => self.settle(state, order),
            Message::Drop { from, epoch, replica } => self.drop(state, from, epoch, replica),
            Message::Add { epoch, replica, .. } => self.add(state, epoch, replica),
            Message::AlreadyOut { to, epoch, replica } => self.already_out(state, to, epoch, replica),
            Message::Lookup { to, epoch, acknowledged } => self.look_up(state, to, epoch, acknowledged),
            Message::Fetched { to, epoch, book } => self.fetched(state, to, epoch, &book),
        }
    }

    fn replica(&self, state: &State, replica: usize, visit: &mut impl FnMut(Action, State)) {
        if !state.replicas[replica].up {
            let mut next = *state;
            next.replicas[replica].up = true;
            visit(Action::Start(replica), next);
            return;
        }
        if state.left.crashes > 0 {
            let mut next = *state;
            next.left.crashes -= 1;
            let crashed = &mut next.replicas[replica];
            (crashed.up, crashed.lead) = (false, Lead::default());
            crashed.book.truncate(crashed.durable);
            visit(Action::Crash(replica), next);
        }
        self.hear_views(state, replica, visit);
        if state.replicas[replica].leads() {
            self.lead(state, replica, visit);
        } else {
            self.ask_book(state, replica, visit);
        }
    }

    /// Lookups, and the catalog's restocks.
    fn shopper(&self, state: &State, visit: &mut impl FnMut(Action, State)) {
        if state.left.lookups > 0 {
            let mut next = *state;
            next.left.lookups -= 1;
            let View { leader, epoch, .. } = state.view_service.view;
            let acknowledged = state.record.acknowledgements();
            next.messages.insert(Message::Lookup { to: leader as usize, epoch, acknowledged });
            visit(Action::Lookup, next);
        }
        if state.left.restocks > 0 {
            let mut next = *state;
            next.left.restocks -= 1;
            next.catalog.stock += 1;
            visit(Action::Restock, next);
        }
    }

    pub fn is_fault(&self, action: Action) -> bool {
        match action {
            Action::DeliverCopy(_)
            | Action::Lose(_)
            | Action::Crash(_)
            | Action::AskDrop { wrongly: true, .. }
            | Action::Select { wrongly: true, .. }
            | Action::LoseView(_)
            | Action::Lookup
            | Action::Restock => true,
            Action::Start(_) => self.bounds.no_starts,
            _ => false,
        }
    }

    pub fn epochs_left(&self, state: &State) -> bool {
        state.view_service.view.epoch < self.bounds.epochs
    }

    pub fn others(&self, replica: usize) -> impl Iterator<Item = usize> + use<> {
        (0..self.bounds.replicas.min(REPLICAS)).filter(move |other| *other != replica)
    }

    pub fn orders(&self) -> std::ops::RangeInclusive<u8> {
        1..=self.bounds.orders
    }
}
