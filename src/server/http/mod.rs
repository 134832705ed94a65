//! The services on the network. What the public, the peers and an operator may ask is in rooms that do not know each
//! other; [`routes`] puts them together.

mod admin;
mod connection;
mod document;
pub mod listen;
mod metrics;
mod pages;
mod peers;
pub mod public;
pub mod routes;
pub(crate) mod shared;

pub use self::shared::shapes::product as render_product;
