//! Runs the toy store's own actors on virtual time, with every fault that a seed can draw.
//!
//! From the ground up:
//!
//! - what a run is before it begins: a [`plan`] with its [`faults`];
//! - [`platform`]: time, tasks, a network and disks, all simulated;
//! - [`world`]: the store's own actors as processes on that platform;
//! - [`fault_injector`]: what goes wrong with them;
//! - [`run`]: the course of a run, its shoppers and its operator, up to what it ends with.
//!
//! Beside it stands what a run ended with, its [`outcome`], and [`coverage`]. What is known of it as plain data, and the checks
//! that judge it, are a crate of their own (`toystore-checks`), because a deployed store is judged by them, too; a [`history_file`]
//! is judged by [`external_checkers`]. Above both stand [`report`], [`bug_hunt`] and the [`command_line`].

pub mod bug_hunt;
pub mod command_line;
pub mod coverage;
#[cfg(test)]
mod examples;
pub mod external_checkers;
pub mod fault_injector;
pub mod faults;
pub mod history_file;
pub mod nodes;
pub mod outcome;
pub mod plan;
pub mod platform;
pub mod report;
pub mod run;
pub mod world;
