//! Runs the toy store's own actors on virtual time, with every fault that a seed can draw.

pub mod clock;
pub mod disk;
pub mod executor;
