//! A world together with what goes wrong in it and who looks on, and the loop that moves its time.

use std::rc::Rc;

use toystore_checks::data::{Promise, Violation};

use super::observer::RunObserver;
use crate::fault_injector::FaultInjector;
use crate::plan::Setup;
use crate::platform::timeline::Due;
use crate::world::{Trace, World};

/// A run under way.
pub struct Simulation {
    /// The nodes.
    pub world: Rc<World>,
    /// What goes wrong with them.
    pub injector: Rc<FaultInjector>,
    /// Who looks on.
    pub observer: Rc<RunObserver>,
}

impl Simulation {
    /// A run that has yet to begin.
    #[must_use]
    pub fn new(setup: Setup, trace: Trace) -> Rc<Simulation> {
        let injector = Rc::<FaultInjector>::default();
        let observer = Rc::new(RunObserver::new(injector.clone()));
        let world = World::new(setup, trace, observer.clone());
        Rc::new(Simulation { world, injector, observer })
    }

    /// Polls what is woken, then moves virtual time to what comes due next, until the run is finished.
    pub fn run(&self) {
        let world = &self.world;
        while !world.record.finished() {
            match world.executor.step() {
                Ok(true) => world.executor.drop_killed(),
                Ok(false) => match world.timeline.take() {
                    Some(due) => {
                        self.handle(due);
                        world.executor.drop_killed();
                    }
                    None => {
                        let why = "nothing is left to happen".to_owned();
                        world.record.broken(Violation::new(Promise::SimulatorWorks, [why]));
                    }
                },
                Err(panicked) => world.panicked(&panicked),
            }
        }
    }

    fn handle(&self, due: Due) {
        match due {
            Due::Wake(waker) => waker.wake(),
            Due::Node(due) => self.world.handle(due),
            Due::Fault(due) => self.injector.handle(&self.world, due),
        }
    }
}
