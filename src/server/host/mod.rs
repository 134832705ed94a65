//! What the actors are given of the real machine: clock, disk, randomness, log.

mod clock;
mod environment;
mod links;
mod log;

pub use self::clock::SystemClock;
pub use self::environment::{Environment, OnFailure};
pub use self::links::Links;
