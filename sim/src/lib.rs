//! Runs the toy store's own actors on virtual time, with every fault that a seed can draw.
//!
//! From the top down: [`run`] takes a [`scenario::Setup`] to its [`report::Outcome`]; [`driver`] is the
//! course of a run; [`world`] holds the nodes and what goes wrong with them ([`faults`]) on a [`network`],
//! [`disk`]s and [`clock`]s of their own; [`workload`] are the shoppers, whose [`history`] and the final
//! [`audit`] of the disks are judged by [`checks`]. A history can be kept as [`lines`], on which others
//! have a second [`external_checkers`].

pub mod audit;
pub mod bugs;
pub mod checks;
pub mod clock;
pub mod cluster;
pub mod coverage;
pub mod describe;
pub mod disk;
pub mod driver;
pub mod executor;
pub mod external_checkers;
pub mod faults;
mod files;
pub mod history;
pub mod lines;
pub mod losses;
pub mod network;
pub mod operator;
pub mod process;
pub mod report;
pub mod run;
pub mod scenario;
pub mod shrink;
pub mod sizes;
pub mod storage;
pub mod trace;
pub mod workload;
pub mod world;
