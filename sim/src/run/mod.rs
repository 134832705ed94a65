//! A run, from its beginning to what it ends with.

mod driver;
mod health_client;
mod observer;
mod operator;
mod runner;
mod shopper;
mod shrink;
mod simulation;

pub use runner::run;
pub use shrink::{Shrunk, shrink};
