//! Injects the faults of a schedule into a world.

mod admission;
mod effects;
mod injector;
mod memory;

pub use injector::FaultInjector;
