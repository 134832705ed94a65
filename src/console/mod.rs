//! What a person reads of a command: its result, its progress, its log, and why it failed.

pub mod failure;
pub mod logging;
pub mod price;
pub mod progress;
pub mod result;
pub mod utc;
