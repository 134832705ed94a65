//! How the store starts, refuses to start, and stops: each with one clear sentence and the right status.

mod commands;
mod files;
mod stop;
#[path = "../support/mod.rs"]
mod support;
mod together;
mod usage;
