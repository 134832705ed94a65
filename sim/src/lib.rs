//! Runs the toy store's own actors on virtual time, with every fault that a seed can draw.
//!
//! From the top down: [`run`] takes a [`scenario::Setup`] to its [`report::Outcome`]; [`director`] is the
//! course of a run; [`world`] holds the nodes and what goes wrong with them ([`faults`]) on a [`network`],
//! [`disk`]s and [`clock`]s of their own; [`workload`] are the shoppers, whose [`history`] and the final
//! [`audit`] of the disks are judged by [`checks`]. A history can be kept as [`lines`], on which others
//! have a second [`opinion`].

pub mod audit;
pub mod bugs;
pub mod checks;
pub mod clock;
pub mod cluster;
pub mod describe;
pub mod director;
pub mod disk;
pub mod executor;
pub mod faults;
mod files;
pub mod history;
pub mod lines;
pub mod losses;
pub mod network;
pub mod operator;
pub mod opinion;
pub mod process;
pub mod report;
pub mod run;
pub mod scenario;
pub mod shrink;
pub mod sizes;
pub mod sometimes;
pub mod storage;
pub mod trace;
pub mod workload;
pub mod world;
