//! The promises, judged from what was told and what is on disk.
//!
//! From the ground up:
//!
//! - [`time`]: points in time, as numbers;
//! - [`data`]: what is known of a store, as plain data: what the shoppers were told, what is on the disks, which memories were
//!   lost, and how a promise was broken;
//! - [`promises`]: the checks, one promise a file;
//! - [`live`]: a verdict made of them on a store that runs.
//!
//! Nothing here knows how a store runs, simulated or deployed: there is no clock, no thread, no file.

pub mod data;
#[cfg(test)]
mod examples;
pub mod live;
pub mod promises;
pub mod time;
