//! This process and its system: limits, signals, panics.

pub mod file_limits;
pub mod panics;
pub mod stop;
pub mod surroundings;
