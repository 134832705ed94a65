//! Whether the store keeps what it promises while it is being broken: the simulator's own checks, on what the front door
//! told and on what the store holds.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};
use toystore_actors::domain::ProductName;
use toystore_actors::front_end::FrontEnd;
use toystore_actors::messages::catalog::{MAX_PAGE, Stocked};
use toystore_actors::messages::front_end::{Copied, CopyBook, CopyStock};
use toystore_actors::net::NodeId;
use toystore_actors::probe::{CatalogEvent, Event};
use toystore_checks::live::{BookPage, InventoryPage, LiveJudge, Verdict};
use toystore_checks::time::Nanos;

use crate::console::utc;
use crate::server::actor_handle::ActorHandle;
use crate::server::front_door::{FrontDoor, Told};
use crate::server::host::EventLog;

/// How often it is judged.
const EVERY: Duration = Duration::from_millis(500);

/// So many entries are read of the book at once.
const ENTRIES: u32 = 1000;

/// So many pages of it each time: who asks to buy is not to wait for the judge.
const PAGES: usize = 20;

/// So many times it is judged between two looks at the catalog's counts.
const COUNTED_EVERY: u32 = 4;

/// What is known so far, as it is shown.
#[derive(Debug, Clone, Default, Serialize)]
pub struct VerdictState {
    #[serde(flatten)]
    verdict: Verdict,
    /// Until when all is judged, in UTC.
    judged_through: Option<String>,
}

/// What is known so far, shared by who finds it out and who shows it.
pub type SharedVerdict = Arc<Mutex<VerdictState>>;

/// What the judge is told from.
pub struct Court {
    /// What the front door told.
    pub heard: Receiver<Told>,
    /// The front door.
    pub door: FrontDoor,
    /// Through which the book and the counts are read.
    pub front_end: ActorHandle<FrontEnd>,
    /// What the services told.
    pub events: EventLog,
    /// Up to so many pieces the catalog restocks.
    pub restock_to: u64,
    /// Where what is known is kept.
    pub verdict: SharedVerdict,
}

/// Judges until it is dropped.
pub async fn judge(court: Court) {
    let mut bench = Bench { judge: LiveJudge::new(court.restock_to), began: false, rebuilt: 0 };
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turn = 0;
    loop {
        ticks.tick().await;
        // What was asked before then has been told: the book is read after that.
        let complete = court.door.complete_until();
        bench.hear(&court);
        bench.judge.advance(complete);
        bench.read_book(&court).await;
        if turn % COUNTED_EVERY == 0 || !bench.began {
            bench.read_counts(&court).await;
        }
        turn += 1;
        *court.verdict.lock() = shown(bench.judge.verdict(), court.door.now());
    }
}

struct Bench {
    judge: LiveJudge,
    /// The catalog's counts were read once.
    began: bool,
    /// The last event of a catalog that was made anew.
    rebuilt: u64,
}

impl Bench {
    fn hear(&mut self, court: &Court) {
        for told in court.events.after(NodeId::Catalog, self.rebuilt) {
            self.rebuilt = told.id;
            if matches!(told.event, Event::Catalog(CatalogEvent::CatalogRebuilt { .. })) {
                self.judge.catalog_rebuilt(court.door.at(told.instant));
            }
        }
        for told in court.heard.try_iter() {
            match told {
                Told::Ended(operation) => self.judge.answered(operation),
                Told::Repriced(repricing) => self.judge.repriced(repricing),
            }
        }
    }

    async fn read_book(&mut self, court: &Court) {
        for _ in 0..PAGES {
            if self.read_page(court).await.is_break() {
                break;
            }
        }
    }

    /// Whether there may be more to read now.
    async fn read_page(&mut self, court: &Court) -> ControlFlow<()> {
        let (after, asked) = (self.judge.read_on_from(), court.door.now());
        let copied = court.front_end.ask(CopyBook { after, limit: ENTRIES }).await;
        let answered = court.door.now();
        match copied {
            Ok(Ok(Copied::Entries { acknowledged, entries, .. })) => {
                let full = entries.len() >= usize::try_from(ENTRIES).unwrap_or(usize::MAX);
                let after = after.number;
                self.judge.book(&BookPage { asked, answered, after, entries, acknowledged });
                if full { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            }
            Ok(Ok(Copied::Diverged)) => {
                self.judge.book_diverged();
                ControlFlow::Continue(())
            }
            // Nobody leads; that is no broken promise, and the next time comes soon.
            Ok(Err(_)) | Err(_) => ControlFlow::Break(()),
        }
    }

    async fn read_counts(&mut self, court: &Court) {
        let nobody = court.door.count() == 0;
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let asked = court.door.now();
            let Some(products) = counts(court, after).await else { return };
            let answered = court.door.now();
            let full = products.len() >= usize::try_from(MAX_PAGE).unwrap_or(usize::MAX);
            after = products.last().map(|last| last.name.clone());
            all.extend_from_slice(&products);
            self.judge.inventory(InventoryPage { asked, answered, products });
            if !full || after.is_none() {
                break;
            }
        }
        // What was counted while nobody had asked for anything is certain.
        if !self.began && nobody && court.door.count() == 0 {
            self.judge.begins_with(&all);
        }
        self.began = true;
    }
}

async fn counts(court: &Court, after: Option<ProductName>) -> Option<Vec<Stocked>> {
    court.front_end.ask(CopyStock { after, limit: MAX_PAGE }).await.ok()?.ok()?
}

/// A verdict as it is shown; `now` is the present by the front door's clock.
fn shown(verdict: &Verdict, now: Nanos) -> VerdictState {
    let ago = Duration::from_nanos(now.saturating_sub(verdict.judged_through));
    let through = SystemTime::now().checked_sub(ago).map(utc::millis);
    VerdictState { verdict: verdict.clone(), judged_through: through.filter(|_| verdict.judged_through > 0) }
}
