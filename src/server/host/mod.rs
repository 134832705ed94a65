//! What the actors are given of the real machine: clock, disk, randomness, log.

mod addresses;
mod clock;
mod environment;
mod event_log;
mod interposer;
mod links;
mod log;

pub use self::addresses::Addresses;
pub use self::clock::SystemClock;
pub use self::environment::{Environment, OnFailure};
pub use self::event_log::{EventLog, Told};
pub use self::interposer::{Gate, Hold, Interposer};
pub use self::links::Links;
