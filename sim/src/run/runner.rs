//! Runs one world from its beginning to its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use toystore_actors::bugs;
use toystore_checks::data::{Promise, Violation};
use toystore_checks::promises;

use super::driver;
use super::simulation::Simulation;
use crate::coverage::Occurrence;
use crate::outcome::RunOutcome;
use crate::plan::Setup;
use crate::platform::panics;
use crate::world::{self, Trace};

/// Runs a world on a thread of its own.
#[must_use]
pub fn run(setup: Setup, record: bool) -> RunOutcome {
    let seed = setup.seed;
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(move || run_here(setup, record));
    let outcome = thread
        .map_err(|error| error.to_string())
        .and_then(|thread| thread.join().map_err(|payload| panics::text(&*payload)));
    outcome.unwrap_or_else(|why| RunOutcome {
        seed,
        violations: vec![Violation::new(Promise::SimulatorWorks, [why])],
        ..RunOutcome::default()
    })
}

fn run_here(setup: Setup, record: bool) -> RunOutcome {
    panics::keep();
    // The runtime has no timer: whoever asked tokio for the time would panic, rather than wait in no world's time.
    let system = actix::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without input and output needs nothing that can be missing")
    });
    bugs::plant(setup.bug);
    let outcome = system.block_on(tokio::task::unconstrained(async move {
        let trace = if record { Trace::recording() } else { Trace::default() };
        let simulation = Simulation::new(setup, trace);
        driver::begin(&simulation);
        simulation.run();
        end(&simulation)
    }));
    panics::stop();
    outcome
}

/// Ends the world, and says what the run ended with.
fn end(simulation: &Rc<Simulation>) -> RunOutcome {
    let world = &simulation.world;
    let virtual_nanos = world.now();
    if !world.record.violations().is_empty() {
        explain(simulation);
    }
    let ended = catch_unwind(AssertUnwindSafe(|| world.end()));
    if let Err(payload) = ended {
        let fact = format!("while everything ended: {}", panics::text(&*payload));
        world.record.broken(Violation::new(Promise::NoPanic, [fact]));
    }
    let mut counts = world.counts();
    if bugs::fired() > 0 {
        counts.add(Occurrence::BugFired.into(), bugs::fired());
    }
    let mut trace = world.record.trace.borrow_mut();
    RunOutcome {
        seed: world.setup.seed,
        violations: world.record.violations(),
        hash: trace.hash(),
        virtual_nanos,
        counts,
        recovery_nanos: world.record.recovery(),
        history: world.record.history.take(),
        audit: world.record.audit.take(),
        lines: trace.take_lines(),
    }
}

/// Looks at the disks of a world in which a promise broke.
fn explain(simulation: &Simulation) {
    let world = &simulation.world;
    // A file that cannot be read now is what broke, or tells nothing.
    let audit = catch_unwind(AssertUnwindSafe(|| world::audit(&world.disks)));
    if let Ok(Ok(audit)) = audit {
        world.record.explain(promises::evidence_on_disks(&world.record.history.borrow(), &audit));
    }
}
