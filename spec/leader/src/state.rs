//! One moment of the world: every file, every process, what is in flight, and what was promised.

use crate::book::{Book, ORDERS, Set};
use crate::message::Messages;

pub const REPLICAS: usize = 3;
/// How many saved views somebody may still have to hear of.
const VIEWS: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct View {
    pub epoch: u8,
    pub leader: u8,
    pub in_sync: u8,
}

impl View {
    pub fn leader(&self) -> usize {
        self.leader as usize
    }

    pub fn in_sync(&self) -> Set {
        Set(self.in_sync)
    }
}

/// What the front-end has saved, and the views that somebody may still hear of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ViewService {
    pub view: View,
    count: u8,
    /// Sorted.
    views: [View; VIEWS],
}

impl ViewService {
    pub fn announced(&self) -> &[View] {
        &self.views[..self.count as usize]
    }

    pub fn save(&mut self, view: View) {
        self.view = view;
        let Err(index) = self.announced().binary_search(&view) else { return };
        let count = self.count as usize;
        assert!(count < VIEWS, "more views to hear of than there is room for");
        self.views.copy_within(index..count, index + 1);
        self.views[index] = view;
        self.count += 1;
    }

    pub fn retain(&mut self, keep: impl Fn(View) -> bool) {
        let mut kept = 0;
        for index in 0..self.count as usize {
            if keep(self.views[index]) {
                self.views[kept] = self.views[index];
                kept += 1;
            }
        }
        self.views[kept..].fill(View::default());
        self.count = kept as u8;
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Replica {
    pub up: bool,
    /// The newest epoch that it has heard of, on its disk.
    pub epoch: u8,
    pub book: Book,
    /// So many entries of the book are on its disk.
    pub durable: u8,
    pub lead: Lead,
}

impl Replica {
    pub fn leads(&self) -> bool {
        self.lead.role != Role::Follower
    }

    pub fn serves(&self) -> bool {
        self.lead.role == Role::Serving
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Role {
    #[default]
    Follower,
    TakingOver,
    Serving,
}

/// What a leader keeps in memory. `Default` is a follower.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Lead {
    pub role: Role,
    /// The epoch in which its term began.
    pub term: u8,
    pub in_sync: Set,
    /// Counted joiners.
    pub joining: Set,
    /// Those whose add was sent.
    pub add_sent: Set,
    /// By replica: how much it has confirmed in this term.
    pub confirmed: [u8; REPLICAS],
    pub acknowledged: u8,
    /// It has the catalog's unsettled purchases.
    pub fetched: bool,
    pub buying: Set,
    pub refused: Set,
    /// The number of its newest buy.
    pub batch: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Catalog {
    pub stock: u8,
    pub unsettled: Set,
    /// The newest term, the number of its newest buy, and whether that was sold.
    pub term: u8,
    pub batch: u8,
    pub sold: bool,
    /// Only in the variant `remembers`: what was settled and refused in this term.
    pub settled: Set,
    pub refused: Set,
    /// Only with late requests: the requests it has refused, over all terms.
    pub refused_ever: Set,
}

impl Catalog {
    pub fn raise(&mut self, term: u8) {
        if term > self.term {
            let Catalog { stock, unsettled, refused_ever, .. } = *self;
            *self = Catalog { stock, unsettled, refused_ever, term, ..Catalog::default() };
        }
    }
}

/// What was promised and done, whoever remembers it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Record {
    /// By number: the order that was acknowledged under it; 0 is none.
    pub acknowledged: [u8; ORDERS],
    /// By order: how often it was sold.
    pub sold: [u8; ORDERS],
    /// By order: in which term somebody was told that it is refused; 0 is none.
    pub refused: [u8; ORDERS],
}

impl Record {
    pub fn sold_mut(&mut self, order: u8) -> &mut u8 {
        &mut self.sold[order as usize - 1]
    }

    pub fn sold(&self, order: u8) -> u8 {
        self.sold[order as usize - 1]
    }

    pub fn refused_in(&self, order: u8) -> u8 {
        self.refused[order as usize - 1]
    }

    pub fn is_acknowledged(&self, order: u8) -> bool {
        self.acknowledged.contains(&order)
    }

    pub fn acknowledgements(&self) -> u8 {
        self.acknowledged.iter().filter(|order| **order != 0).count() as u8
    }
}

/// How often each fault may still happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Left {
    pub crashes: u8,
    pub suspicions: u8,
    pub copies: u8,
    pub losses: u8,
    pub restocks: u8,
    pub lookups: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct State {
    pub messages: Messages,
    pub view_service: ViewService,
    pub replicas: [Replica; REPLICAS],
    pub catalog: Catalog,
    pub record: Record,
    pub left: Left,
    /// What has gone wrong.
    pub wrong: Option<Wrong>,
}

impl State {
    pub fn wrong(&mut self, wrong: Wrong) {
        self.wrong.get_or_insert(wrong);
    }

    pub fn leader(&self) -> &Replica {
        &self.replicas[self.view_service.view.leader()]
    }

    /// The replica that the newest view names serves under it.
    pub fn is_led(&self) -> bool {
        let leader = self.leader();
        leader.up && leader.serves() && leader.epoch == self.view_service.view.epoch
    }

    /// It leads, and has led without a break since this epoch.
    pub fn led_since(&self, replica: usize, epoch: u8) -> bool {
        let replica = &self.replicas[replica];
        replica.up && replica.leads() && (replica.lead.term..=replica.epoch).contains(&epoch)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Wrong {
    Lost,
    Twice,
    BoughtTwice,
    NotSold,
    NotPurchased,
    NoOrder,
    Disagree,
    LookupMisses,
    RefusedAndSold,
    AppendedTwice,
}

impl Wrong {
    pub fn text(self) -> &'static str {
        match self {
            Wrong::Lost => "LOST: the leader serves without an acknowledged order",
            Wrong::Twice => "TWICE: one request is acknowledged under two numbers",
            Wrong::BoughtTwice => "BOUGHT TWICE: one request is sold again",
            Wrong::NotSold => "NOT SOLD: more is acknowledged than sold",
            Wrong::NotPurchased => "NOT PURCHASED: an order is in a book, and was never sold",
            Wrong::NoOrder => "NO ORDER: all is quiet, and what was sold is not what is in the book",
            Wrong::Disagree => "DISAGREE: two orders are acknowledged under one number",
            Wrong::LookupMisses => "LOOKUP: it misses an order that was acknowledged before it began",
            Wrong::RefusedAndSold => {
                "REFUSED AND SOLD: somebody was told that an order is refused, and it is sold"
            }
            Wrong::AppendedTwice => "APPENDED TWICE: one request is in a book twice",
        }
    }
}
