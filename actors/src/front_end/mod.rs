//! The front-end: the shoppers' door, the cache of products, and the host of the view service.
//!
//! What keeps the orders and the products is behind the traits of `store`. Here it is a leader among replicas
//! (`leader`, `leader_batcher`, and the view service, which says who leads) and a catalog (`catalog`).

mod actor;
mod admission;
pub mod cache;
mod catalog;
mod config;
mod file;
mod leader;
mod leader_batcher;
mod orders;
mod products;
mod restore;
mod single_flight;
mod start;
mod store;

#[cfg(test)]
mod tests;

pub use actor::FrontEnd;
pub use cache::Cache;
pub use config::{FrontEndConfig, Limits};
pub use file::{FILE, OWNER};
pub use restore::restore;
pub use start::{Started, start};
