//! One moment of the world: every file, every process, and what was promised.

pub const REPLICAS: usize = 3;
pub const FRONT_ENDS: usize = 2;
pub const BOOK: usize = 4;

/// A number drawn by a start; 0 is none. Real ones are random, here they count up, which only makes them easier to
/// read.
pub type Run = u8;
/// A set of runs.
pub type Line = u16;

pub fn has(line: Line, run: Run) -> bool {
    line >> run & 1 == 1
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct View {
    /// The front-end's run that saved it, and that file's line.
    pub by: Run,
    pub line: Line,
    /// 0: no view.
    pub epoch: u8,
    pub leader: u8,
    /// The run of each member; 0 is none.
    pub members: [Run; REPLICAS],
}

impl View {
    pub fn exists(&self) -> bool {
        self.epoch > 0
    }

    pub fn is(&self, other: &View) -> bool {
        (self.by, self.epoch) == (other.by, other.epoch)
    }

    /// Of one front-end's run the higher epoch; of two runs the one whose file has the other in its line.
    pub fn newer_than(&self, other: &View) -> bool {
        if self.by == other.by || !other.exists() {
            self.epoch > other.epoch
        } else {
            has(self.line, other.by) && !has(other.line, self.by)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Entry {
    pub term: u8,
    /// Which purchase it is the order for; 0 says that the order of this number is lost.
    pub purchase: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Book {
    pub length: u8,
    entries: [Entry; BOOK],
}

impl Book {
    pub fn push(&mut self, entry: Entry) {
        self.entries[self.length as usize] = entry;
        self.length += 1;
    }

    pub fn all(&self) -> &[Entry] {
        &self.entries[..self.length as usize]
    }

    pub fn has(&self, purchase: u8) -> bool {
        self.all().iter().any(|entry| entry.purchase == purchase)
    }

    pub fn last(&self) -> (u8, u8) {
        (self.all().last().map_or(0, |entry| entry.term), self.length)
    }

    pub fn is_full(&self) -> bool {
        self.length as usize == BOOK
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ReplicaFile {
    /// Every run of this file; none: a new file.
    pub line: Line,
    pub view: View,
    pub book: Book,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Replica {
    pub file: ReplicaFile,
    pub up: bool,
    pub run: Run,
    pub lead: Lead,
}

/// What a leader keeps in memory. `Default` is a follower.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Lead {
    /// The epoch in which its term began; 0: it does not lead.
    pub term: u8,
    /// It has the catalog's unsettled purchases.
    pub fetched: bool,
    pub serving: bool,
    /// The catalog knows of orders that its book lacks.
    pub unfit: bool,
    /// Bought, and not yet in the book.
    pub bought: u8,
    pub acknowledged: u8,
    /// By replica: which run confirmed how much in this term.
    pub confirmed: [(Run, u8); REPLICAS],
    /// Joiners whose add was sent.
    pub counted: [Run; REPLICAS],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct FrontEndFile {
    pub line: Line,
    pub view: View,
    pub mark: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct FrontEnd {
    pub file: FrontEndFile,
    pub up: bool,
    pub run: Run,
    /// The catalog knows this run.
    pub registered: bool,
    /// It has saved a view of its own run.
    pub ready: bool,
    /// Its file is known to be older than what others remember.
    pub lost: bool,
    /// While it looks for a view: who has answered, the newest view and the highest epoch heard of.
    pub answered: u8,
    pub newest: View,
    pub epoch: u8,
    /// Runs that turned out unfit to lead.
    pub unfit: Line,
    /// How much was acknowledged through it.
    pub mark: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Catalog {
    /// The newest run of a front-end, and the newest term.
    pub by: Run,
    pub term: u8,
    /// The epoch of the view that the front-end had when the catalog started last.
    pub floor: u8,
    /// Purchases in the order in which they were bought.
    pub bought: u8,
    pub purchases: [u8; BOOK],
    /// So many of them are known to be acknowledged orders.
    pub settled: u8,
}

/// A copy that was made of one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Backup {
    #[default]
    None,
    /// Of which replica, made after how many of its starts.
    Replica(u8, u8, ReplicaFile),
    FrontEnd(FrontEndFile),
    Catalog(Catalog),
    Image(FrontEndFile, Catalog),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct State {
    pub replicas: [Replica; REPLICAS],
    pub front_ends: [FrontEnd; FRONT_ENDS],
    pub catalog: Catalog,
    /// The catalog was made anew and has not been told of any store.
    pub catalog_blank: bool,
    /// It has started and not asked the front-end yet.
    pub catalog_starts: bool,
    pub backup: Backup,
    /// The runs drawn so far.
    pub runs: Run,
    pub front_end_runs: Run,
    /// The purchases made so far, whoever remembers them.
    pub purchases: u8,
    /// What was acknowledged, by number, whoever remembers it.
    pub told: Book,
    /// So much of it the operator may have given up.
    pub given_up: u8,
    /// By replica: how often it started, and in which start it confirmed or led last. Counted only with a rule broken,
    /// to tell which copy is of an earlier run.
    pub starts: [u8; REPLICAS],
    pub active: [u8; REPLICAS],
    /// Replicas that are taken out of the configuration.
    pub unconfigured: u8,
    /// Who took over last at the catalog, and who began to serve last.
    pub took_over: (u8, Run),
    pub serves: (u8, Run),
    pub used: Used,
}

/// How often each fault has happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Used {
    pub crashes: u8,
    pub front_end_crashes: u8,
    pub silent: u8,
    pub wipes: u8,
    pub earlier: u8,
    pub within: u8,
    pub exchanges: u8,
    pub front_end_wipes: u8,
    pub front_end_older: u8,
    pub seconds: u8,
    pub catalog_wipes: u8,
    pub catalog_older: u8,
    pub images: u8,
    pub recovers: u8,
    pub reconfigured: u8,
    pub changes: u8,
}

impl State {
    /// It is up, and whoever reads the configuration knows of it.
    pub fn answers(&self, i: usize) -> bool {
        self.replicas[i].up && !has(self.unconfigured.into(), i as Run)
    }

    pub fn leader_of(&self, view: &View) -> &Replica {
        &self.replicas[view.leader as usize]
    }
}
