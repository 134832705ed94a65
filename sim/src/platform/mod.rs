//! What a machine gives a process, simulated: time, tasks, a network and a disk. All of it follows from a seed.

pub mod clock;
pub mod disk;
pub mod executor;
pub mod network;
pub mod panics;
pub mod process;
pub mod timeline;
