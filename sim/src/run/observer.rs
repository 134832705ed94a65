//! Looks at each event of a run while it happens: counts rare states, checks promises, and lets the fault injector crash whom
//! it has to.

use std::cell::RefCell;
use std::rc::Rc;

use toystore_actors::net::NodeId;
use toystore_actors::probe::{CatalogEvent, Event};
use toystore_checks::data::{CatalogRebuild, StoreAudit};
use toystore_checks::promises::OnlineChecks;

use crate::coverage::RareStates;
use crate::fault_injector::FaultInjector;
use crate::platform::process::ProcessId;
use crate::world::{Observer, World, durable_entry};

/// Who looks on in a run.
#[derive(Debug)]
pub struct RunObserver {
    checks: RefCell<OnlineChecks>,
    rare: RefCell<RareStates>,
    injector: Rc<FaultInjector>,
}

impl RunObserver {
    pub(super) fn new(injector: Rc<FaultInjector>) -> RunObserver {
        RunObserver { checks: RefCell::default(), rare: RefCell::default(), injector }
    }

    /// Makes unknown, in a history that ends with these disks, what the catalog could refuse and sell after all; says how
    /// many orders that were.
    pub(super) fn make_forgotten_unknown(&self, world: &World, audit: &StoreAudit) -> u64 {
        let remembered = world.setup.sizes.catalog_refusals;
        let history = &mut world.record.history.borrow_mut();
        self.checks.borrow().make_forgotten_unknown(history, audit, remembered)
    }
}

impl Observer for RunObserver {
    fn event(&self, world: &World, from: ProcessId, event: &Event) {
        let now = world.now();
        let rare = self.rare.borrow_mut().shown_by(event);
        rare.into_iter().for_each(|rare| world.record.count(rare));
        self.injector.event(event);
        if let Event::Catalog(CatalogEvent::CatalogRebuilt { orders, stock }) = event {
            let stock = stock.iter().cloned().collect();
            let rebuild = CatalogRebuild { at: now, through: *orders, stock };
            world.record.history.borrow_mut().rebuilds.push(rebuild);
        }
        let losses = self.injector.losses();
        let found = self.checks.borrow_mut().event(now, from.node, event, &losses);
        let claim = self.checks.borrow_mut().claim(event).filter(|_| !losses.of_books());
        let held = claim.map_or(Ok(()), |claim| {
            claim.check(now, |id, number| durable_entry(&world.disks[&NodeId::Order(id).into()], id, number))
        });
        for violation in [found, held].into_iter().filter_map(Result::err) {
            world.record.broken(violation);
        }
        self.injector.crash_at(world, from, event.kind());
    }

    fn files_lost(&self, node: NodeId) {
        // The views that only a lost view service knew were never made.
        if matches!(node, NodeId::FrontEnd(_)) {
            self.checks.borrow_mut().front_end_lost();
        }
    }
}
