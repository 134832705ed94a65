//! The running store: services as nodes of this process, and their HTTP.

pub mod host;
pub mod http;
pub mod node;
mod rejoin;
pub mod serve;
pub mod services;
pub mod transport;
pub mod up;
