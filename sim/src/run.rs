//! Runs one world from its beginning to its end.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Once;

use toystore_actors::bugs;

use crate::audit;
use crate::checks;
use crate::driver;
use crate::report::{Outcome, Violation};
use crate::scenario::Setup;
use crate::trace::Trace;
use crate::world::World;

/// Counts how often a planted bug made a difference.
pub const FIRED: &str = "planted bug fired";

thread_local! {
    /// What the last panic in a world on this thread said; none while no world runs here.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// A panic in a world is a finding, which the report tells; it need not be printed when it happens.
fn catch_panics() {
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let quiet = PANIC.with_borrow_mut(|panic| match panic {
                Some(text) => {
                    *text = info.to_string();
                    true
                }
                None => false,
            });
            if !quiet {
                default(info);
            }
        }));
    });
}

/// What a panic said, with its place if it was in a world.
#[must_use]
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    let seen = PANIC.with_borrow(Clone::clone).filter(|text| !text.is_empty());
    let text = seen.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

/// Runs a world on a thread of its own.
#[must_use]
pub fn run(setup: Setup, record: bool) -> Outcome {
    let seed = setup.seed;
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(move || run_here(setup, record));
    let outcome = thread
        .map_err(|error| error.to_string())
        .and_then(|thread| thread.join().map_err(|payload| panic_text(&*payload)));
    outcome.unwrap_or_else(|why| Outcome {
        seed,
        violations: vec![Violation::new("the simulator works", [why])],
        ..Outcome::default()
    })
}

fn run_here(setup: Setup, record: bool) -> Outcome {
    catch_panics();
    PANIC.set(Some(String::new()));
    // The runtime has no timer: whoever asked tokio for the time would panic, rather than wait in no world's time.
    let system = actix::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without input and output needs nothing that can be missing")
    });
    let seed = setup.seed;
    bugs::plant(setup.bug);
    let outcome = system.block_on(tokio::task::unconstrained(async move {
        let world = World::new(setup, if record { Trace::recording() } else { Trace::default() });
        driver::begin(&world);
        drive(&world);
        let virtual_nanos = world.now();
        if !world.violations().is_empty() {
            explain(&world);
        }
        let ended = catch_unwind(AssertUnwindSafe(|| world.end()));
        if let Err(payload) = ended {
            world.broken(Violation::new(
                "no panic",
                [format!("while everything ended: {}", panic_text(&*payload))],
            ));
        }
        let mut counts = world.all_counts();
        counts.extend((bugs::fired() > 0).then(|| (FIRED.to_owned(), bugs::fired())));
        let mut trace = world.trace.borrow_mut();
        Outcome {
            seed,
            violations: world.violations(),
            hash: trace.hash(),
            virtual_nanos,
            counts,
            recovery_nanos: world.recovery(),
            history: world.history.take(),
            lines: trace.take_lines(),
        }
    }));
    PANIC.set(None);
    outcome
}

/// Looks at the disks of a world in which a promise broke.
fn explain(world: &Rc<World>) {
    // A file that cannot be read now is what broke, or tells nothing.
    let audit = catch_unwind(AssertUnwindSafe(|| audit::audit(world)));
    if let Ok(Ok(audit)) = audit {
        world.explain(checks::evidence(&world.history.borrow(), &audit));
    }
}

/// Polls what is woken, then moves virtual time to what comes due next, until the world is finished.
fn drive(world: &World) {
    while !world.finished() {
        match world.executor.step() {
            Ok(true) => world.settle(),
            Ok(false) => match world.timeline.take() {
                Some(due) => {
                    world.handle(due);
                    world.settle();
                }
                None => {
                    let why = "nothing is left to happen".to_owned();
                    world.broken(Violation::new("the simulator works", [why]));
                }
            },
            Err(panicked) => world.panicked(panicked),
        }
    }
}
