//! What is told of the services, as it is sent and shown.

use std::fmt;

use serde::{Deserialize, Serialize};
use toystore_actors::domain::Run;

/// What one service says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Which it is.
    pub node: String,
    /// What it does: `leader`, `follower`, `taking over`, `unfit`, `catalog`.
    pub role: String,
    /// Its run; the catalog has none.
    #[serde(default)]
    pub run: Option<Run>,
    /// Its epoch; the catalog's is that of its newest term.
    pub epoch: u64,
    /// The last order of its book; the catalog's last purchase.
    pub last: u64,
    /// The last order that it knows to be acknowledged; at the catalog, to be settled.
    pub acknowledged: u64,
    /// Why it cannot go on, as a sentence; empty if it can.
    pub waits: String,
    /// What it told since it was asked before.
    pub lines: Vec<ObservedLine>,
}

/// A turning point that a service told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedLine {
    /// Its number at that service.
    pub id: u64,
    /// When, in UTC.
    pub at: String,
    /// `info`, `warn` or `error`.
    pub level: String,
    /// A sentence without its subject, which is the service.
    pub text: String,
}

/// Whether a service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// It answers.
    Up,
    /// It takes calls and does not answer them.
    Silent,
    /// Nobody is there.
    Down,
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reach::Up => "up",
            Reach::Silent => "silent",
            Reach::Down => "down",
        })
    }
}

/// One service, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeShown {
    /// Its name.
    pub node: String,
    /// `front-end`, `catalog` or `order`.
    pub kind: &'static str,
    /// Where it listens.
    pub address: String,
    /// Whether it answers.
    pub state: Reach,
    /// What it does, as far as is known.
    pub role: String,
    /// Its epoch.
    pub epoch: Option<u64>,
    /// The last order of its book.
    pub last: Option<u64>,
    /// The last one that it knows to be acknowledged.
    pub acknowledged: Option<u64>,
    /// How many orders its book is behind the leader's.
    pub lag: Option<u64>,
    /// Whether it is in the in-sync set.
    pub in_sync: Option<bool>,
    /// What it waits for, and why; empty if for nothing.
    pub waits: String,
}

/// Who leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViewShown {
    /// Its number.
    pub epoch: u64,
    /// Who leads.
    pub leader: String,
    /// Who is in sync.
    pub in_sync: Vec<String>,
}

/// A view that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastView {
    /// It.
    #[serde(flatten)]
    pub view: ViewShown,
    /// Why it was saved.
    pub why: String,
    /// When, in UTC.
    pub at: String,
    /// How long orders waited before its leader served, in milliseconds; `None` as long as it does not.
    pub took_ms: Option<u64>,
}

/// The cache, counted since the front-end started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CacheShown {
    /// Queries that it answered.
    pub hits: u64,
    /// Queries that it did not.
    pub misses: u64,
    /// Products that made room for others.
    pub evictions: u64,
    /// Products that were dropped because they were about to change.
    pub invalidations: u64,
    /// Products that it holds.
    pub products: usize,
    /// Products that it can hold.
    pub capacity: usize,
}

/// The front-end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FrontEndShown {
    /// Its name.
    pub node: String,
    /// Whether orders can be placed.
    pub ready: bool,
    /// What they wait for, if they cannot.
    pub waits: String,
    /// Its cache.
    pub cache: CacheShown,
}

/// All services at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// When, in UTC.
    pub at: String,
    /// The front-end.
    pub front_end: FrontEndShown,
    /// Who leads, once anybody was chosen.
    pub view: Option<ViewShown>,
    /// All services.
    pub nodes: Vec<NodeShown>,
    /// The views of this run of the front-end, the newest first.
    pub views: Vec<PastView>,
}

/// One line of what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Grows from one to the next.
    pub id: u64,
    /// When, in UTC.
    pub at: String,
    /// Of which service.
    pub node: String,
    /// A sentence without its subject.
    pub text: String,
    /// `info`, `warn` or `error`.
    pub level: String,
}

/// Some lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lines {
    /// Oldest first.
    pub lines: Vec<Line>,
}
