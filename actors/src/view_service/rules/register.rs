//! The catalog is told of this run (M7).

use super::procedure::{Next, Procedure, misplaced};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::domain::{Epoch, OrderNumber};
use crate::messages::catalog::{Register, Registered};
use crate::probe::ViewEvent;
use crate::view_service::waiting::Waiting;

/// Makes the run known to the catalog, however long that takes.
#[derive(Debug)]
pub struct RegisterRun {
    epoch: Epoch,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Start,
    Asked(Register),
    Waiting(Register),
}

impl RegisterRun {
    /// `epoch` is that of the view that it has; 0 when it founds a store.
    pub fn new(epoch: Epoch) -> RegisterRun {
        RegisterRun { epoch, phase: Phase::Start }
    }

    fn ask(&mut self, ask: Register) -> Next<Registered> {
        self.phase = Phase::Asked(ask.clone());
        Step::Register(ask).into()
    }
}

impl Procedure for RegisterRun {
    type Output = Registered;

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, _: Timestamp) -> Next<Registered> {
        match (std::mem::replace(&mut self.phase, Phase::Start), reply) {
            (Phase::Start, Reply::Begun) => {
                let (run, saved) = (rules.views.run(), rules.views.file().clone());
                // A file without a store asks for nothing.
                let Some(store) = saved.store else { return Next::Done(Registered::NotNew) };
                // A new store has no orders.
                let orders = if self.epoch == Epoch::NONE { Some(OrderNumber::NONE) } else { rules.orders };
                self.ask(Register { store, run, line: saved.line, epoch: self.epoch, orders })
            }
            (Phase::Asked(ask), Reply::Registered(Some(answer))) => {
                if matches!(answer, Registered::Welcome) {
                    rules.emit(ViewEvent::FrontEndRegistered { run: ask.run });
                }
                Next::Done(answer)
            }
            (Phase::Asked(ask), Reply::Registered(None)) => {
                self.phase = Phase::Waiting(ask);
                rules.pause_for(Waiting::Catalog).into()
            }
            (Phase::Waiting(ask), Reply::Done) => self.ask(ask),
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}
