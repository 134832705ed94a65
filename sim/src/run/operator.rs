//! The operator: does what the store says that only a person may do.
//!
//! A store that cannot tell whether somebody remembers more waits, and says so. In a run, this is who reads that, and
//! sends the command that is named there, as the deployed command line does; whoever waits for the store asks again
//! afterwards. (Files on which a process does not start are repaired by the fault injector.)

use std::cell::RefCell;
use std::time::Duration;

use toystore_actors::messages::front_end::GetReadiness;
use toystore_actors::messages::view_service::{Recover, RecoverCatalog};
use toystore_actors::net::Net;
use toystore_checks::data::{Promise, Violation};
use toystore_checks::time::Nanos;

use super::simulation::Simulation;
use crate::coverage::Occurrence;
use crate::nodes::FRONT_END;
use crate::world::TraceNote;

const CALL: Duration = Duration::from_secs(2);

/// How long the store must name the same command before the operator believes that it does not get on by itself: as long as the
/// deployed command waits for it. Messages that are late may be on their way for half of that after all has healed.
const PATIENCE: Nanos = 5_000_000_000;

/// Whoever looks after the store.
#[derive(Debug, Default)]
pub struct Operator {
    /// Which command the store named last, and since when.
    said: RefCell<(String, Nanos)>,
}

impl Operator {
    /// Reads what the store waits for, and does what it asks for. Nobody is gone for good in a run that has healed, so
    /// nothing is gone on without.
    pub async fn act(&self, simulation: &Simulation, net: &Net) {
        let world = &simulation.world;
        if !world.setup.operator {
            return;
        }
        let Ok(readiness) = net.send(FRONT_END, &GetReadiness {}, CALL).await else { return };
        if readiness.ready || !self.says_long(world.now(), &readiness.why) {
            return;
        }
        world.record.note(None, &TraceNote::StoreWaits(&readiness.why));
        if !simulation.injector.losses().any() {
            let fact = format!("although no memory was lost, it waits for an operator: {}", readiness.why);
            return world.record.broken(Violation::new(Promise::ComesBack, [fact]));
        }
        let says = |command: &str| readiness.why.contains(&format!("`toystore {command}`"));
        if says("recover catalog") {
            let rebuilt = net.send(FRONT_END, &RecoverCatalog { without: Vec::new() }, CALL).await;
            world.record.note(None, &TraceNote::CatalogRecovery(&rebuilt));
            if matches!(rebuilt, Ok(Ok(_))) {
                world.record.count(Occurrence::CatalogRebuiltByOperator);
            }
        } else if says("recover") {
            let recover = Recover { without: Vec::new(), confirmed: true };
            let recovered = net.send(FRONT_END, &recover, CALL).await;
            world.record.note(None, &TraceNote::Recovery(&recovered));
            if matches!(recovered, Ok(Ok(_))) {
                world.record.count(Occurrence::OperatorWentOn);
            }
        }
    }

    /// Whether the store has named the same command for a while; what else it says may change meanwhile. Without a command
    /// it waits for nobody.
    fn says_long(&self, now: Nanos, why: &str) -> bool {
        let (said, since) = &mut *self.said.borrow_mut();
        let named = why.split('`').nth(1).unwrap_or_default();
        if said != named || named.is_empty() {
            (*said, *since) = (named.to_owned(), now);
        }
        now - *since >= PATIENCE
    }
}
